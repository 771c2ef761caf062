"""A grant's summary as an output: open and known wherever it can be, and changed whenever the grant
is, by a secret too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.component.engine_record import SECRET, UNKNOWN
from tests.component.harness import run
from tests.component.programs import (
    ACCOUNTS,
    NEVER_KNOWN,
    access,
    fleet,
    grant,
    output,
    provider,
    secret,
    wide,
)
from tests.component.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, SECOND = "swordfish-one", "swordfish-two"


def allow(resource: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


# A grant with a value somewhere in it.
PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "an external ID": lambda value: grant(conditions={"external_id": value}),
    "an external ID of one principal": lambda value: grant(
        principals=[{"user": "alice", "conditions": {"external_id": value}}, {"user": "bob"}]
    ),
    "a raw condition's value": lambda value: grant(
        conditions={"raw": {"StringEquals": {"aws:PrincipalTag/team": [value]}}}
    ),
    "a tag": lambda value: grant(role={"tags": {"team": value}}),
    "a tag that is called as a key": lambda value: grant(role={"tags": {"principals": value}}),
    "a description": lambda value: grant(role={"description": value}),
    "a leaf of an inline policy": lambda value: grant(
        role={"inline_policies": {"read": allow(value)}}
    ),
}


def shown_of(grants: dict[str, Any], **more: Any) -> Any:
    """The summaries of grants as the engine shows them."""
    return run(access(grants, **more)).shown["summaries"]


def shown_of_re_created(grants: dict[str, Any], *users: str) -> Any:
    """The same once users were deleted and made again."""
    return run(access(grants), world=World(made_again=frozenset(users))).shown["summaries"]


def summary_of(grants: Any, **more: Any) -> str:
    return str(shown_of({"deploy": grants}, **more)["deploy"])


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_not_in_the_summary_but_changes_it(place: str) -> None:
    fill = PLACES[place]
    one, again, two = (
        summary_of(fill(secret(f"arn:aws:s3:::{value}" if "leaf" in place else value)))
        for value in (FIRST, FIRST, SECOND)
    )
    assert one.startswith("user alice")
    assert "swordfish" not in one
    assert one == again
    assert one != two
    assert one[:-4] == two[:-4], "only the two letters of secrets change"


@pytest.mark.parametrize("place", PLACES)
def test_what_comes_from_another_resource_is_told_as_if_it_were_written_there(place: str) -> None:
    fill = PLACES[place]
    value = f"arn:aws:s3:::{FIRST}" if "leaf" in place else FIRST
    assert summary_of(fill(output(value))) == summary_of(fill(value))


@pytest.mark.parametrize("place", PLACES)
def test_a_summary_is_unknown_in_a_preview_while_a_value_of_its_grant_is(place: str) -> None:
    found = run(access({"deploy": PLACES[place](NEVER_KNOWN)}), preview=True)
    assert found.shown["summaries"] is UNKNOWN


def test_a_summary_is_as_open_where_all_other_outputs_are_secret() -> None:
    found = run(access({"deploy": grant(conditions={"external_id": secret(FIRST)})}))
    assert found.shown["documents"] == SECRET
    assert found.shown["summaries"]["deploy"].startswith("user alice (an external ID) may assume ")


def test_the_order_of_principals_with_secrets_of_their_own_changes_nothing() -> None:
    principals = [
        {"user": name, "conditions": {"external_id": secret(value)}}
        for name, value in (("alice", FIRST), ("bob", SECOND))
    ]
    line = summary_of(grant(principals=principals))
    assert summary_of(grant(principals=principals[::-1])) == line
    swapped = [
        {**one, "conditions": other["conditions"]}
        for one, other in zip(principals, principals[::-1], strict=True)
    ]
    assert summary_of(grant(principals=swapped)) != line


def test_the_order_of_a_secret_list_of_raw_conditions_changes_nothing() -> None:
    def summarize(*values: str) -> str:
        raw = {"StringEquals": {"aws:PrincipalTag/Cost Center": secret([*values])}}
        return summary_of(grant(conditions={"raw": raw}))

    line = summarize(FIRST, SECOND)
    assert summarize(SECOND, FIRST) == line != summarize(FIRST, "x")
    assert "principal tag Cost Center = (not shown)" in line


def test_a_secret_tag_of_all_grants_changes_each_of_them() -> None:
    grants = {"deploy": grant(), "read": grant()}
    one, two = (shown_of(grants, tags={"team": secret(value)}) for value in (FIRST, SECOND))
    assert all(one[name] != two[name] for name in grants)
    # Nor does it show that both have the same one.
    assert len({line[-3:] for line in one.values()}) == len(grants)


def test_a_renamed_grant_whose_role_keeps_its_name_keeps_its_summary() -> None:
    conditions = {"external_id": secret(FIRST)}
    before = shown_of({"deploy": grant(conditions=conditions)})
    after = grant(conditions=conditions, formerly=["deploy"], role={"name": "deploy"})
    assert shown_of({"release": after}) == {"release": before["deploy"]}


def test_a_summary_among_many_accounts_says_whose_principals_they_are() -> None:
    accounts = {**ACCOUNTS, "ci": {"provider": provider("ci")}}
    principals = [{"user": "alice"}, {"role": "deployer", "source": "ci"}]
    found = run(fleet({"read": wide(principals=principals)}, accounts)).shown["summaries"]["read"]
    assert set(found) == {"production", "staging"}
    (line,) = set(found.values())
    assert line.startswith("user alice of people and role deployer of ci may assume the role for")


def test_the_unique_id_of_a_secret_principal_is_as_secret_as_it_is() -> None:
    hidden = grant(principals=[{"user": secret("alice"), "label": "lead"}])
    before, after = (summary_of(hidden), shown_of_re_created({"deploy": hidden}, "alice")["deploy"])
    # It would tell which of the account's users it is.
    assert before[:-4] == after[:-4]
    assert before != after


def test_a_re_created_user_changes_the_summaries_of_its_grants_alone() -> None:
    grants = {"deploy": grant(), "read": grant(principals=[{"user": "bob"}])}
    before, after = shown_of(grants), shown_of_re_created(grants, "alice")
    assert {name for name in grants if before[name] != after[name]} == {"deploy"}
