"""A stack that makes one half alone: what it can tell, and who is to act."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.assume_role_call import AssumeRoleCall, CallOverrides
from cross_account_access.cli.caller import CallerIdentity
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.verify.principal_matching import match_principal
from cross_account_access.cli.verify.probe_calls import build_call, select_requirements
from cross_account_access.grants.documents import GrantDocuments
from tests.cli.conftest import restoring
from tests.cli.verify.verifying import by_caller, codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cross_account_access.cli.trust_requirements import TrustRequirements
    from tests.cli.conftest import Stage

ACCOUNT = "111111111111"


def told_by(stage: Stage, side: str, **half: Any) -> None:
    """Let the outputs be those of a stack that makes one side."""
    grants = json.loads(json.dumps(stage.grants))
    for grant in grants.values():
        documents = json.loads(grant["documents"]) | {"side": side}
        documents["principals"] = [one | half for one in documents["principals"]]
        if side == "source":
            documents["role"] |= {"uniqueId": None, "managedPolicies": [], "inlinePolicies": {}}
        grant["documents"] = json.dumps(documents, separators=(",", ":"))
    stage.outputs.write_text(json.dumps({"grants": grants}), encoding="utf-8")


@pytest.fixture
def destination_alone(deployed: Stage) -> Iterator[Stage]:
    with restoring(deployed):
        told_by(deployed, "destination", policyArn=None, policy=None)
        yield deployed


@pytest.fixture
def source_alone(deployed: Stage) -> Iterator[Stage]:
    with restoring(deployed):
        told_by(deployed, "source")
        yield deployed


def test_whoever_makes_the_destination_alone_sees_that_the_source_allows(
    destination_alone: Stage,
) -> None:
    code, result = by_caller(destination_alone, "deploy")
    assert (code, codes(result)) == (0, [])


def test_and_that_it_does_not(destination_alone: Stage) -> None:
    arn = json.loads(destination_alone.grants["deploy"]["documents"])["principals"][0]["policyArn"]
    destination_alone.source.detach_role_policy(RoleName="ci", PolicyArn=arn)
    code, result = by_caller(destination_alone, "deploy")
    assert (code, codes(result)) == (1, ["policy-missing"])
    assert result["findings"][0]["half"] == "source"


def test_whoever_makes_the_source_alone_has_the_trust_compared_and_not_the_policies(
    source_alone: Stage,
) -> None:
    code, result = by_caller(source_alone, "deploy")
    assert (code, codes(result)) == (0, [])
    source_alone.destination.update_role(RoleName="deploy", MaxSessionDuration=7200)
    trusted = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    source_alone.destination.update_assume_role_policy(RoleName="deploy", PolicyDocument=text)
    _, result = by_caller(source_alone, "deploy")
    assert codes(result) == ["trust-widened"]
    assert "account 222222222222" in result["findings"][0]["remedy"]


OF_ANOTHER_STACK: dict[str, dict[str, str]] = {
    "with a digest of other IDs": {"Sid": "Trust0123456789ab"},
    "without a digest": {"Sid": "Trust"},
    "with a Sid of its own": {"Sid": "People"},
    "without a Sid": {"Sid": ""},
}


@pytest.mark.parametrize("change", OF_ANOTHER_STACK)
@pytest.mark.parametrize(
    ("side", "expected"),
    [("source", []), ("destination", ["trust-changed"]), ("both", ["trust-changed"])],
)
def test_the_sid_of_a_trust_policy_is_judged_by_the_stack_that_writes_it(
    deployed: Stage, change: str, side: str, expected: list[str]
) -> None:
    with restoring(deployed):
        told_by(deployed, side)
        write_trust(deployed, **OF_ANOTHER_STACK[change])
        _, result = by_caller(deployed, "deploy")
    assert codes(result) == expected


def test_another_version_of_the_language_is_told_whoever_writes_the_trust_policy(
    deployed: Stage,
) -> None:
    with restoring(deployed):
        told_by(deployed, "source")
        write_trust(deployed, "2008-10-17")
        _, result = by_caller(deployed, "deploy")
    assert codes(result) == ["trust-changed"]


def write_trust(stage: Stage, version: str = "2012-10-17", **elements: str) -> None:
    """Write the trust policy of the grant deploy with these elements; an empty one is left out."""
    document: Any = stage.destination.get_role(RoleName="deploy")["Role"][
        "AssumeRolePolicyDocument"
    ]
    statements = [
        {key: value for key, value in {**one, **elements}.items() if value}
        for one in document["Statement"]
    ]
    text = json.dumps({"Version": version, "Statement": statements})
    stage.destination.update_assume_role_policy(RoleName="deploy", PolicyDocument=text)


def test_a_checksum_of_what_was_damaged_is_told(deployed: Stage, tmp_path: Path) -> None:
    with restoring(deployed):
        _, before = by_caller(deployed, "deploy")
        checksum = before["checksums"]["destination"]
        deployed.destination.detach_role_policy(
            RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess"
        )
        (tmp_path / "CHECKSUM").write_text(checksum, encoding="utf-8")
        code, result = by_caller(deployed, "deploy", "--checksum", str(tmp_path / "CHECKSUM"))
    assert (code, codes(result)) == (1, ["role-policy-detached", "handoff-differs"])


# --- Who is which principal -----------------------------------------------------------------------


def grant(*principals: dict[str, Any], trust: dict[str, Any] | None = None) -> GrantDocuments:
    needs = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "r"},
    }
    none = {"arn": None, "unique_id": None, "attached_to": None, "needs": needs, "narrowing": {}}
    halves = [
        none | {"trusted_as": one.get("arn") or f"arn:aws:iam::{ACCOUNT}:root"} | one
        for one in principals
    ]
    role: dict[str, Any] = {
        "arn": "arn:aws:iam::222222222222:role/x",
        "name": "x",
        "path": "/",
        "trust_policy": {"Version": "2012-10-17", "Statement": trust or []},
        "description": None,
        "max_session_duration": None,
        "permissions_boundary": None,
        "managed_policies": [],
        "inline_policies": {},
        "tags": {},
    }
    return GrantDocuments.model_validate(
        {
            "grant": "x",
            "side": "both",
            "partition": "aws",
            "source_account_id": ACCOUNT,
            "destination_account_id": "222222222222",
            "role": role,
            "principals": halves,
        }
    )


def user(name: str) -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    return {
        "kind": "user",
        "name": name,
        "arn": arn,
        "attached_to": ("user", name.rpartition("/")[2]),
    }


CI = {
    "kind": "role",
    "name": "team/ci",
    "arn": f"arn:aws:iam::{ACCOUNT}:role/team/ci",
    "attached_to": ("role", "ci"),
}
SESSION = {
    "kind": "session",
    "name": "ci/release",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/release",
    "attached_to": ("role", "ci"),
}
SET = {"kind": "permission_set", "name": "Ops"}
GROUP = {"kind": "group", "name": "team/devs", "attached_to": ("group", "devs")}
WHOLE = {"kind": "account", "name": ACCOUNT}


@pytest.mark.parametrize(
    ("arn", "groups", "principals", "expected"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/a", [], [user("a"), user("b")], "a"),
        (f"arn:aws:iam::{ACCOUNT}:user/c", [], [user("a"), user("b")], None),
        (f"arn:aws:iam::{ACCOUNT}:user/other/a", [], [user("a")], None),
        ("arn:aws:iam::999999999999:user/a", [], [user("a"), WHOLE], None),
        (f"arn:aws:iam::{ACCOUNT}:user/a", [], [WHOLE, user("a")], "a"),
        (f"arn:aws:iam::{ACCOUNT}:user/c", [], [WHOLE, user("a")], ACCOUNT),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/any", [], [CI], "team/ci"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/cis/any", [], [CI], None),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/release", [], [SESSION], "ci/release"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/other", [], [SESSION], None),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/m",
            [],
            [SET],
            "Ops",
        ),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Ops_More_0123456789abcdef/m",
            [],
            [SET],
            None,
        ),
        (f"arn:aws:iam::{ACCOUNT}:user/a", ["devs"], [GROUP], "team/devs"),
        (f"arn:aws:iam::{ACCOUNT}:user/a", ["others"], [GROUP], None),
        (f"arn:aws:iam::{ACCOUNT}:user/a", None, [GROUP], "team/devs"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/devs/x", None, [GROUP], None),
    ],
    ids=str,
)
def test_which_principal_a_caller_is(
    arn: str, groups: list[str] | None, principals: list[dict[str, Any]], expected: str | None
) -> None:
    found = match_principal(CallerIdentity(arn, ""), grant(*principals), groups)
    assert (found.name if found else None) == expected


# --- What a call says -----------------------------------------------------------------------------


def trust(principal: str, **condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }


A = f"arn:aws:iam::{ACCOUNT}:user/a"


def call(
    documents: GrantDocuments, wishes: CallOverrides
) -> tuple[TrustRequirements, AssumeRoleCall]:
    terms = select_requirements(documents, documents.principals[0])
    return terms, build_call(DeployedGrant("dev", documents, {}), terms, "a", wishes)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"sts:ExternalId": "an*id"}}, {"ExternalId": "an*id"}),
        ({"StringEquals": {"sts:externalid": ["one", "two"]}}, {"ExternalId": "one"}),
        (
            {"StringLike": {"sts:RoleSessionName": "${aws:username}-*"}},
            {"RoleSessionName": "a-verify"},
        ),
        ({"StringLike": {"sts:SourceIdentity": "a?"}}, {"SourceIdentity": "ax"}),
        (
            {
                "StringEquals": {"aws:RequestTag/Team": ["red", "blue"]},
                "ForAllValues:StringEquals": {
                    "aws:TagKeys": "Team",
                    "sts:TransitiveTagKeys": "Team",
                },
                "Null": {"sts:TransitiveTagKeys": "false"},
            },
            {"Tags": [{"Key": "Team", "Value": "red"}], "TransitiveTagKeys": ["Team"]},
        ),
        ({"StringNotEquals": {"sts:ExternalId": "not-this"}}, {}),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, {}),
    ],
    ids=str,
)
def test_a_call_says_what_the_trust_asks_for(
    condition: dict[str, Any], expected: dict[str, Any]
) -> None:
    documents = grant(user("a"), trust=trust(A, **condition))
    _, made = call(documents, CallOverrides())
    assert made.role_arn == documents.role.arn
    assert made.arguments() == {"RoleSessionName": "verify"} | expected


@pytest.mark.parametrize(
    ("condition", "mfa", "others"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True, ()),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "900"}}, True, ()),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False, ("aws:MultiFactorAuthPresent",)),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False, ("aws:SourceIp",)),
        (
            {"StringEquals": {"aws:PrincipalTag/x": "y", "aws:PrincipalOrgID": "o"}},
            False,
            ("aws:PrincipalTag/x", "aws:PrincipalOrgID"),
        ),
    ],
    ids=str,
)
def test_what_no_parameter_meets_is_told(
    condition: dict[str, Any], mfa: bool, others: tuple[str, ...]
) -> None:
    documents = grant(user("a"), trust=trust(A, **condition))
    terms, _ = call(documents, CallOverrides())
    assert (terms.mfa, terms.other_keys) == (mfa, others)


def test_options_come_before_what_the_trust_asks_for() -> None:
    documents = grant(user("a"), trust=trust(A, StringEquals={"sts:ExternalId": "meant"}))
    wishes = CallOverrides(
        session_name="name", source_identity="me", tags={"k": "v"}, external_id="given"
    )
    _, made = call(documents, wishes)
    assert made.arguments() == {
        "RoleSessionName": "name",
        "ExternalId": "given",
        "SourceIdentity": "me",
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    assert "given" not in f"{made} {wishes}"
