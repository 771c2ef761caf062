"""A grant in one line: its words, and that it changes exactly when the grant does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cross_account_access.errors import find_invisible
from cross_account_access.grants.documents import build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.summary import GrantSummary
from tests.unit.grants.grant_oracle import SOURCE
from tests.unit.grants.grant_worlds import DESTINATION, conditions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALICE = {"user": "alice"}
BOUNDARY = f"arn:aws:iam::{DESTINATION}:policy/team/limit"
_VERSION = re.compile(r" \(version [0-9a-f]{6}(-[a-z2-7]{2})?\)$")


def summarize(grant: dict[str, Any], name: str = "deploy", **more: Any) -> str:
    model = read_model(GrantModel, grant)
    given: dict[str, Any] = {"unique_ids": (), "secrets": (), "salt": "CrossAccountAccess team"}
    return GrantSummary(name, model, tags=model.role.tags, **{**given, **more}).write()


def grant_of(*principals: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"principals": [*principals], **more}


def policy_of(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


SUMMARIES: dict[str, dict[str, Any]] = {
    "user alice may assume the role for up to 1 h": grant_of(ALICE),
    "user alice may assume the role within boundary PowerUserAccess for up to 1 h 30 min": grant_of(
        ALICE, role={"max_session_duration": 5400, "permissions_boundary": "PowerUserAccess"}
    ),
    "role team/ci may use ReadOnlyAccess and inline policy pass for up to 1 h": grant_of(
        {"role": "team/ci"},
        role={"managed_policies": ["ReadOnlyAccess"], "inline_policies": {"pass": policy_of("*")}},
    ),
    f"user alice may use AReadOnlyAccess, BAccess and {BOUNDARY} for up to 12 h": grant_of(
        ALICE,
        role={
            "managed_policies": ["BAccess", "AReadOnlyAccess"],
            "managed_policy_arns": {"limit": BOUNDARY},
            "max_session_duration": 43200,
        },
    ),
    # Who is under the same conditions stands together, whatever their order.
    "user alice and user bob (signed in with MFA); role ci may assume the role for up to 1 h": (
        grant_of(
            {"role": "ci", "conditions": {"mfa": False}},
            {"user": "bob"},
            ALICE,
            conditions={"mfa": True},
        )
    ),
    "user alice (signed in with MFA less than 12 h ago; an external ID; from 203.0.113.0/24) "
    "may assume the role for up to 1 h": grant_of(
        ALICE,
        conditions={
            "external_id": "partner-7f3a",
            "mfa_max_age": 43200,
            "source_ips": ["203.0.113.0/24"],
        },
    ),
    "user alice (one of 2 external IDs) may assume the role for up to 1 h": grant_of(
        ALICE, conditions={"external_id": "partner-7f3a", "previous_external_id": Unresolved()}
    ),
    "permission set Admin, organization o-a1b2c3d4e5 and group team may assume the role for up to "
    "1 h": grant_of(
        {"group": "team"}, {"permission_set": "Admin"}, {"organization": "o-a1b2c3d4e5"}
    ),
    "account 111111111111 except bob and team/eve, user alice and group devs except (not shown) "
    "may assume the role for up to 1 h": grant_of(
        {"account": SOURCE, "except_": ["team/eve", "bob"]},
        {"group": "devs", "except_": [Unresolved()]},
        ALICE,
    ),
    "session ci/release may assume the role for up to 1 h": grant_of({"session": "ci/release"}),
    "user alice of people, user bob of partners and user carol of people may assume the role for "
    "up to 1 h": grant_of(
        {"user": "carol"},
        ALICE,
        {"user": "bob", "source": "partners"},
        source="people",
        destinations=["production"],
    ),
    "user alice may assume the role for up to 1 h; the role may assume itself; sessions issued "
    "before 2026-11-27T10:00:00Z are denied": grant_of(
        ALICE, role={"self_assuming": True, "sessions_issued_after": "2026-11-27T10:00:00Z"}
    ),
    "user alice may assume the role for up to 1 h; sessions issued before (not shown) are denied": (
        grant_of(ALICE, role={"sessions_issued_after": Unresolved()})
    ),
    "user alice; role ci (any session tags allowed; any source identity allowed) may assume the "
    "role for up to 1 h": grant_of(
        {"role": "ci", "conditions": {"allow_session_tags": True, "allow_source_identity": True}},
        ALICE,
    ),
    "user alice may assume the role for up to 1 h; the role (any session tags allowed) may assume "
    "itself": grant_of(
        {"user": "alice", "conditions": {"allow_session_tags": False}},
        conditions={"allow_session_tags": True},
        role={"self_assuming": True},
    ),
    # A secret has no place in it.
    "user alice (from (not shown)) may use limit within boundary (not shown) for up to 1 h": (
        grant_of(
            ALICE,
            conditions={"source_ips": [Unresolved()]},
            role={
                "managed_policy_arns": {"limit": Unresolved()},
                "permissions_boundary": Unresolved(),
            },
        )
    ),
}


@pytest.mark.parametrize("line", SUMMARIES)
def test_a_summary_says_who_may_do_what_under_which_conditions_how_long(line: str) -> None:
    summary = summarize(SUMMARIES[line])
    assert _VERSION.sub("", summary) == line
    assert _VERSION.search(summary)


def test_a_summary_names_everybody_and_every_value_of_a_long_list() -> None:
    names = [f"user-{number:02}" for number in range(12)]
    addresses = [f"203.0.113.{number}/32" for number in range(20)]
    grant = grant_of(*({"user": name} for name in names), conditions={"source_ips": addresses})
    found = set(re.findall(r"user-\d\d|203\.0\.113\.\d+/32", summarize(grant)))
    assert found == {*names, *addresses}


def test_a_version_is_the_same_in_every_release() -> None:
    # Another one would show every grant of every stack as changed.
    assert summarize(grant_of(ALICE)).endswith(" (version bbb5a7)")


# --- What changes it ------------------------------------------------------------------------------

_USERS = st.lists(
    st.builds(
        lambda name, by, own: {"user": name, **by, **own},
        st.sampled_from(["alice", "bob", "team/carol"]),
        st.sampled_from([{}, {"trust_by": "id"}, {"trust_by": "name"}]),
        st.sampled_from([{}, {"mfa": True}, {"mfa": False}, {"external_id": "own-1"}]).map(
            lambda own: {"conditions": own} if own else {}
        ),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda principal: str(principal["user"]),
)
_ROLES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["deploy", "other"]),
        "path": st.sampled_from(["/", "/team/"]),
        "description": st.sampled_from(["one", "two"]),
        "max_session_duration": st.sampled_from([3600, 7200]),
        "managed_policies": st.lists(
            st.sampled_from(["ReadOnlyAccess", "SecurityAudit"]), unique=True
        ),
        "inline_policies": st.dictionaries(
            st.sampled_from(["p", "q"]), st.sampled_from(["s3:Get*", "s3:List*"]).map(policy_of)
        ),
        "permissions_boundary": st.sampled_from([BOUNDARY, "PowerUserAccess"]),
        "tags": st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")),
        "self_assuming": st.booleans(),
        "sessions_issued_after": st.sampled_from(["2026-11-27T10:00:00Z", "2026-11-27T10:00:01Z"]),
    },
)
_PARTS: dict[str, st.SearchStrategy[Any]] = {
    "principals": _USERS,
    "conditions": conditions([ALICE]),
    "role": _ROLES,
}


def make_possible(grant: dict[str, Any]) -> dict[str, Any]:
    """The grant, whose role doesn't assume itself where it couldn't."""
    if "${aws:username}" not in grant.get("conditions", {}).get("session_names", ()):
        return grant
    role = {key: value for key, value in grant["role"].items() if key != "self_assuming"}
    return {**grant, "role": role}


_GRANTS = st.fixed_dictionaries(_PARTS).map(make_possible)


def record(grant: dict[str, Any]) -> str:
    """What both accounts have of a grant."""
    model = read_model(GrantModel, grant)
    accounts = {"partition": "aws", "source": SOURCE, "destination": DESTINATION}
    return build_grant_documents(
        "deploy", model, side="both", tags=model.role.tags, **accounts
    ).as_json()


def replace_part(draw: Callable[..., Any], grant: dict[str, Any], part: str) -> dict[str, Any]:
    """The grant with another of its three parts; of the role one key alone."""
    other = draw(_PARTS[part])
    if part == "role":
        key = draw(st.sampled_from(sorted({"tags", *grant["role"], *other})))
        kept = {name: value for name, value in grant["role"].items() if name != key}
        other = kept | {name: value for name, value in other.items() if name == key}
    return make_possible({**grant, part: other})


@settings(max_examples=150, deadline=None)
@given(_GRANTS, st.sampled_from(sorted(_PARTS)), st.data())
def test_a_summary_changes_exactly_when_something_of_the_grant_does(
    before: dict[str, Any], part: str, data: st.DataObject
) -> None:
    after = replace_part(data.draw, before, part)
    is_changed = record(before) != record(after)
    event(f"{part} changes: {is_changed}")
    assert (summarize(before) != summarize(after)) is is_changed


def reverse_order(value: Any) -> Any:
    """The same with every map and list of it in the opposite order."""
    if isinstance(value, dict):
        return {key: reverse_order(inner) for key, inner in reversed(value.items())}
    return [reverse_order(inner) for inner in reversed(value)] if isinstance(value, list) else value


@settings(max_examples=80, deadline=None)
@given(_GRANTS)
def test_the_same_grant_in_another_order_has_the_same_summary(grant: dict[str, Any]) -> None:
    assert summarize(reverse_order(grant)) == summarize(grant)


def renamed(**role: Any) -> str:
    return summarize(grant_of(ALICE, formerly=["deploy"], role=role), "release", secrets=["a"])


def test_a_grants_own_name_is_not_in_its_summary_but_the_roles_is() -> None:
    before = summarize(grant_of(ALICE), secrets=["a"])
    assert renamed(name="deploy") == before
    assert _VERSION.sub("", renamed()) == _VERSION.sub("", before)
    assert renamed() != before


def test_what_may_become_of_the_role_changes_the_version_alone() -> None:
    kept: list[dict[str, bool]] = [
        {},
        {"protect": True},
        {"protect": False},
        {"retain": True},
        {"retain": False},
        {"protect": True, "retain": True},
    ]
    lines = {summarize(grant_of(ALICE, **keys)) for keys in kept}
    assert len(lines) == len(kept)
    assert {_VERSION.sub("", line) for line in lines} == {
        "user alice may assume the role for up to 1 h"
    }


def test_an_action_that_no_condition_tells_changes_the_version_alone() -> None:
    raw = {"raw": {"StringLike": {"sts:SourceIdentity": ["aa"]}}}
    lines = {
        summarize(grant_of(ALICE, conditions=conditions))
        for conditions in (raw, {"source_identities": ["aa"]})
    }
    assert len(lines) == 2
    assert len({_VERSION.sub("", line) for line in lines}) == 1


@pytest.mark.parametrize("ids", [(), ("AIDA1",), ("AIDA2",), ("AIDA1", "AIDA2")])
def test_a_re_created_principal_changes_the_version_alone(ids: Sequence[str]) -> None:
    line, other = (summarize(grant_of(ALICE), unique_ids=own) for own in (ids, ("AIDA3",)))
    assert line != other
    assert _VERSION.sub("", line) == _VERSION.sub("", other)


# --- Secrets --------------------------------------------------------------------------------------

SECRETS = {
    "us": ["partner-7f3a"],
    "e3": ["partner-7f3c"],
    "as": ["partner-9c1d"],
    "gl": ["partner-9c1d", "partner-7f3a"],
    "2u": ["partner-7f3a", "partner-9c1d"],
}
EQUAL_SIGNS = "partner-04a7"
"""By the signs that are told, it may be the first of these too."""


def test_a_changed_secret_changes_two_letters_or_digits_at_the_end() -> None:
    grant = grant_of(ALICE, conditions={"external_id": Unresolved()})
    starts, ends = zip(
        *(summarize(grant, secrets=secrets).rsplit("-", 1) for secrets in SECRETS.values()),
        strict=True,
    )
    assert ends == tuple(f"{letters})" for letters in SECRETS)
    assert len(set(starts)) == 1


def test_equal_secrets_of_two_roles_or_components_have_other_letters() -> None:
    grant = grant_of(ALICE, conditions={"external_id": Unresolved()})
    own = summarize(grant, secrets=["partner-7f3a"])
    for more in ({"name": "other"}, {"salt": "CrossAccountAccess other"}):
        assert summarize(grant, secrets=["partner-7f3a"], **more)[-3:] != own[-3:]


def test_many_grants_tell_no_more_of_their_secret_than_one() -> None:
    def list_ends(secret: str) -> list[str]:
        names = (f"grant-{number}" for number in range(8))
        return [summarize(grant, name, secrets=[secret])[-3:-1] for name in names]

    grant = grant_of(ALICE, conditions={"external_id": Unresolved()})
    # One guess in 1,024 looks right, and does so in every grant.
    agreed = [
        sum(map(str.__eq__, list_ends("partner-7f3a"), list_ends(guess)))
        for guess in ("partner-7f3a", EQUAL_SIGNS, "partner-7f3c")
    ]
    assert agreed == [8, 8, 0]


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31mred", "\u202eevil", "z\u200bw", "\u2028x"])
@pytest.mark.parametrize("place", ["key", "value"])
def test_nothing_invisible_gets_from_a_condition_into_a_summary(text: str, place: str) -> None:
    # The input's check refuses these; a summary doesn't rely on it.
    raw = {"StringLike": {text: ["a"]} if place == "key" else {"aws:UserAgent": [text]}}
    model = read_model(GrantModel, grant_of(ALICE, conditions={"mfa": True}))
    assert model.conditions
    hostile = model.model_copy(
        update={"conditions": model.conditions.model_copy(update={"raw": raw})}
    )
    summary = GrantSummary("deploy", hostile, (), {}, (), "").write()
    assert "signed in with MFA" in summary
    assert find_invisible(summary) is None
