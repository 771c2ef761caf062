"""What `handoff` says of the quotas of the account that is handed a half."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.handoff.handoff_half import HandoffHalf
from cross_account_access.cli.handoff.handoff_parts import list_folders
from cross_account_access.cli.handoff.handoff_readme import render_readme
from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.grants.account_limits import LimitsModel
from cross_account_access.grants.model import read_model
from tests.cli.handoff.everything import records
from tests.cli.handoff.test_handoff import invoke, outputs

if TYPE_CHECKING:
    from pathlib import Path

    from cross_account_access.grants.documents import GrantDocuments

GROUP = records()["group"]


def in_accounts(kind: str, count: int) -> list[GrantDocuments]:
    """A grant in so many accounts, whose principal has a policy for each."""
    principal = GROUP.principals[0].model_copy(update={"attached_to": (kind, "people")})
    return [
        GROUP.model_copy(
            update={
                "account": f"account-{number}",
                "destination_account_id": f"{444444444400 + number}",
                "principals": [principal],
            }
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("kind", "raised", "most", "remedy"),
    [
        ("user", {}, 10, "use --policies-per-user, at most 20"),
        ("role", {}, 10, "use --policies-per-role, at most 25"),
        ("group", {}, 10, ""),
        ("user", {"policies_per_user": 12}, 12, "use --policies-per-user, at most 20"),
        ("user", {"policies_per_user": 20}, 20, ""),
        ("role", {"policies_per_role": 25}, 25, ""),
        ("group", {"policies_per_user": 20, "policies_per_role": 25}, 10, ""),
    ],
    ids=str,
)
def test_a_principal_gets_as_many_policies_as_the_quota_allows(
    kind: str, raised: dict[str, int], most: int, remedy: str, tmp_path: Path
) -> None:
    limits = read_model(LimitsModel, raised)
    assert len(list_folders(in_accounts(kind, most), "source", tmp_path, limits)) == most
    with pytest.raises(Failure) as refused:
        list_folders(in_accounts(kind, most + 1), "source", tmp_path, limits)
    assert refused.value.exit_code == ExitCode.WRONG_INPUT
    assert remedy in str(refused.value.remedy)
    assert ("--policies-per" in str(refused.value.remedy)) is bool(remedy)


@pytest.mark.parametrize(
    ("option", "code"), [("12", 0), ("20", 0), ("21", 2), ("9", 2), ("many", 2)]
)
def test_the_options_take_what_aws_allows(option: str, code: int, tmp_path: Path) -> None:
    file = outputs(tmp_path, "both", "group")
    given = ("--outputs", str(file), "--for", "source", "--to", str(tmp_path / "to"))
    done: Any = invoke("group", *given, "--policies-per-user", option)
    found = getattr(done.exception, "exit_code", done.exit_code)
    assert found == code, done.output


def with_policies(count: int) -> GrantDocuments:
    policies = [f"arn:aws:iam::aws:policy/P{number}" for number in range(count)]
    role = GROUP.role.model_copy(update={"managed_policies": policies})
    return GROUP.model_copy(update={"role": role})


def with_long_trust(size: int) -> GrantDocuments:
    trust = json.loads(json.dumps(GROUP.role.trust_policy))
    trust["Statement"][0]["Sid"] = ""
    short = len(json.dumps(trust, separators=(",", ":")))
    trust["Statement"][0]["Sid"] = "x" * (size - short)
    role = GROUP.role.model_copy(update={"trust_policy": trust})
    return GROUP.model_copy(update={"role": role})


@pytest.mark.parametrize(
    ("record", "needed"),
    [
        (with_policies(10), []),
        (with_policies(11), ["managed policies per role, 10 by default, to at least 11"]),
        (with_long_trust(2048), []),
        (
            with_long_trust(2049),
            ["the length of a role's trust policy, 2,048 by default, to at least 2,049"],
        ),
    ],
    ids=["10 policies", "11 policies", "2048 characters", "2049 characters"],
)
def test_the_owner_is_told_which_quotas_must_have_been_raised(
    record: GrantDocuments, needed: list[str]
) -> None:
    half = HandoffHalf(record, "destination")
    assert half.needed_quotas == needed
    assert HandoffHalf(record, "source").needed_quotas == []
    readme = render_readme(half)
    assert ("AWS must have raised a quota of your account" in readme) is bool(needed)
    assert all(one in readme for one in needed)
