"""A deployed grant damaged on purpose, each kind named rightly and nothing else said; none where nothing is damaged."""

from __future__ import annotations

import json
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.verify.drift_findings import KINDS
from tests.cli.conftest import deploy
from tests.cli.verify.verifying import by_caller, codes, kept, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.aws.server import Sandbox
    from tests.cli.conftest import Stage

SOURCE = "111111111111"
NOTHING = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture(scope="module")
def once(accounts: Sandbox) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        yield from deploy(accounts, Path(folder))


@pytest.fixture
def own(once: Stage) -> Iterator[Stage]:
    """The stack as it was deployed, for a test that damages it: what it did is undone afterwards."""
    with kept(once):
        yield once


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def trust_of(stage: Stage, grant: str) -> dict[str, Any]:
    documents: dict[str, Any] = json.loads(stage.grants[grant]["documents"])
    trust: dict[str, Any] = deepcopy(documents["role"]["trustPolicy"])
    return trust


def save(stage: Stage, grant: str, trust: dict[str, Any]) -> None:
    stage.destination.update_assume_role_policy(RoleName=grant, PolicyDocument=json.dumps(trust))


def trust(grant: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Stage], None]:
    """Damage that changes the first statement of a trust policy."""

    def damage(stage: Stage) -> None:
        changed = trust_of(stage, grant)
        change(changed["Statement"][0])
        save(stage, grant, changed)

    return damage


def a_statement_more(stage: Stage) -> None:
    changed = trust_of(stage, "deploy")
    more = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:user/bob"},
        "Action": "sts:AssumeRole",
    }
    changed["Statement"].append(more)
    save(stage, "deploy", changed)


def a_denial_more(stage: Stage) -> None:
    changed = trust_of(stage, "deploy")
    changed["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"})
    save(stage, "deploy", changed)


def policy_of(stage: Stage, grant: str) -> str:
    return str(json.loads(stage.grants[grant]["documents"])["principals"][0]["policyArn"])


def remade(stage: Stage) -> None:
    """Delete the auditor and make one of the same name, with all that it had."""
    arn = policy_of(stage, "partner-audit")
    unmade(stage)
    stage.source.create_user(UserName="auditor", Path="/partners/")
    stage.source.attach_user_policy(UserName="auditor", PolicyArn=arn)
    new_key(stage)


def new_key(stage: Stage) -> None:
    key = stage.source.create_access_key(UserName="auditor")["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    path = stage.folder / "aws" / "credentials"
    before, _, after = path.read_text(encoding="utf-8").partition("[auditor]")
    path.write_text(before + after.partition("\n\n")[2], encoding="utf-8")
    stage.profile("auditor", keys)


def unmade(stage: Stage) -> None:
    iam = stage.source
    for key in iam.list_access_keys(UserName="auditor")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="auditor", AccessKeyId=key["AccessKeyId"])
    for device in iam.list_mfa_devices(UserName="auditor")["MFADevices"]:
        iam.deactivate_mfa_device(UserName="auditor", SerialNumber=device["SerialNumber"])
    iam.detach_user_policy(UserName="auditor", PolicyArn=policy_of(stage, "partner-audit"))
    iam.delete_user(UserName="auditor")


def remade_and_saved_by_hand(stage: Stage) -> None:
    remade(stage)
    save(stage, "partner-audit", trust_of(stage, "partner-audit"))


def without_the_role(stage: Stage) -> None:
    iam = stage.destination
    for policy in iam.list_attached_role_policies(RoleName="partner-audit")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="partner-audit", PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName="partner-audit")


def with_another_role(stage: Stage) -> None:
    without_the_role(stage)
    iam = stage.destination
    told = json.dumps(trust_of(stage, "partner-audit"))
    iam.create_role(RoleName="partner-audit", AssumeRolePolicyDocument=told)
    iam.attach_role_policy(
        RoleName="partner-audit", PolicyArn="arn:aws:iam::aws:policy/SecurityAudit"
    )


def detached(stage: Stage) -> None:
    stage.source.detach_role_policy(RoleName="ci", PolicyArn=policy_of(stage, "deploy"))


def other_document(stage: Stage) -> None:
    arn = policy_of(stage, "deploy")
    stage.source.create_policy_version(
        PolicyArn=arn, PolicyDocument=document(NOTHING), SetAsDefault=True
    )


def role_boundary(stage: Stage) -> None:
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    stage.destination.put_role_permissions_boundary(RoleName="deploy", PermissionsBoundary=arn)


def boundary(statement: dict[str, Any]) -> Callable[[Stage], None]:
    def damage(stage: Stage) -> None:
        made = stage.source.create_policy(
            PolicyName="boundary", PolicyDocument=document(statement)
        )["Policy"]
        stage.source.put_user_permissions_boundary(
            UserName="auditor", PermissionsBoundary=str(made["Arn"])
        )

    return damage


def denial(condition: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Action": "sts:*",
        "Resource": "*",
        **({"Condition": condition} if condition else {}),
    }


def inline(statement: dict[str, Any]) -> Callable[[Stage], object]:
    return lambda stage: stage.source.put_user_policy(
        UserName="auditor", PolicyName="more", PolicyDocument=document(statement)
    )


def denied_by_a_group(stage: Stage) -> None:
    stage.source.create_group(GroupName="partners")
    stage.source.put_group_policy(
        GroupName="partners", PolicyName="no", PolicyDocument=document(denial())
    )
    stage.source.add_user_to_group(GroupName="partners", UserName="auditor")


def role_inline(name: str, statement: dict[str, Any]) -> Callable[[Stage], object]:
    return lambda stage: stage.destination.put_role_policy(
        RoleName="deploy", PolicyName=name, PolicyDocument=document(statement)
    )


AGE = "aws:MultiFactorAuthAge"
# Kind of damage: the grant, what is done, the finding's code and part of what it says.
DAMAGE: dict[str, tuple[str, Callable[[Stage], object], str, str]] = {
    "a principal more": (
        "deploy",
        trust(
            "deploy", lambda one: one["Principal"]["AWS"].append(f"arn:aws:iam::{SOURCE}:user/bob")
        ),
        "trust-widened",
        "principal arn:aws:iam::111111111111:user/bob more",
    ),
    "another account": (
        "deploy",
        trust(
            "deploy", lambda one: one["Principal"]["AWS"].append("arn:aws:iam::999999999999:root")
        ),
        "trust-widened",
        "principal 999999999999 more",
    ),
    "everybody": (
        "deploy",
        trust("deploy", lambda one: one.update(Principal="*")),
        "trust-widened",
        "principal * more",
    ),
    "a statement more": (
        "deploy",
        a_statement_more,
        "trust-widened",
        "a statement more, which allows",
    ),
    "an action more": (
        "deploy",
        trust("deploy", lambda one: one.update(Action=["sts:AssumeRole", "sts:TagSession"])),
        "trust-widened",
        "action sts:tagsession more",
    ),
    "no external ID": (
        "partner-audit",
        trust("partner-audit", lambda one: one.pop("Condition")),
        "trust-widened",
        "condition StringEquals sts:ExternalId is gone",
    ),
    "another external ID": (
        "partner-audit",
        trust(
            "partner-audit",
            lambda one: one["Condition"].update(StringEquals={"sts:ExternalId": "mine-now"}),
        ),
        "trust-widened",
        "condition StringEquals sts:ExternalId has other values",
    ),
    "no MFA": (
        "read-only",
        trust("read-only", lambda one: one.pop("Condition")),
        "trust-widened",
        "condition Bool aws:MultiFactorAuthPresent is gone",
    ),
    "a longer MFA": (
        "read-only",
        trust("read-only", lambda one: one["Condition"].update(NumericLessThan={AGE: "90000"})),
        "trust-widened",
        f"{AGE} has 90000 instead of 43200",
    ),
    "a shorter MFA": (
        "read-only",
        trust("read-only", lambda one: one["Condition"].update(NumericLessThan={AGE: "3600"})),
        "trust-narrowed",
        f"{AGE} has 3600 instead of 43200",
    ),
    "a principal less": (
        "read-only",
        trust(
            "read-only",
            lambda one: one["Principal"]["AWS"].remove(f"arn:aws:iam::{SOURCE}:user/alice"),
        ),
        "trust-narrowed",
        f"principal arn:aws:iam::{SOURCE}:user/alice less",
    ),
    "a condition more": (
        "deploy",
        trust(
            "deploy",
            lambda one: one.update(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        ),
        "trust-narrowed",
        "condition IpAddress aws:SourceIp more",
    ),
    "a denial more": (
        "deploy",
        a_denial_more,
        "trust-narrowed",
        "a statement more, which denies *",
    ),
    "another Sid": (
        "deploy",
        trust("deploy", lambda one: one.update(Sid="Mine")),
        "trust-changed",
        "another Sid",
    ),
    "the principal made again": (
        "partner-audit",
        remade,
        "principal-dead",
        "user auditor was deleted and made again",
    ),
    "made again, and the trust saved by hand": (
        "partner-audit",
        remade_and_saved_by_hand,
        "principal-remade",
        "user auditor was deleted and made again",
    ),
    "the role deleted": (
        "partner-audit",
        without_the_role,
        "role-gone",
        "role/partner-audit doesn't exist",
    ),
    "the role made again": ("partner-audit", with_another_role, "role-remade", "was made again"),
    "the source's policy detached": (
        "deploy",
        detached,
        "policy-detached",
        "isn't attached to role ci",
    ),
    "the source's policy changed": (
        "deploy",
        other_document,
        "policy-changed",
        "role/deploy less, * more",
    ),
    "a boundary of the principal": (
        "partner-audit",
        boundary(NOTHING),
        "boundary-blocks",
        "the permissions boundary of user auditor",
    ),
    "a denying boundary": (
        "partner-audit",
        boundary(denial()),
        "boundary-blocks",
        "the permissions boundary of user auditor",
    ),
    "a denial": (
        "partner-audit",
        inline(denial()),
        "explicit-deny",
        "inline policy more of user auditor denies",
    ),
    "a group's denial": (
        "partner-audit",
        denied_by_a_group,
        "explicit-deny",
        "inline policy no of user auditor denies",
    ),
    "a longer session": (
        "partner-audit",
        lambda stage: stage.destination.update_role(
            RoleName="partner-audit", MaxSessionDuration=7200
        ),
        "duration-changed",
        "up to 7200 s instead of 3600 s",
    ),
    "the role's boundary": (
        "deploy",
        role_boundary,
        "role-boundary-changed",
        "ReadOnlyAccess instead of none",
    ),
    "the role's managed policy detached": (
        "deploy",
        lambda stage: stage.destination.detach_role_policy(
            RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess"
        ),
        "role-policy-detached",
        "PowerUserAccess isn't attached",
    ),
    "a managed policy more": (
        "deploy",
        lambda stage: stage.destination.attach_role_policy(
            RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        "role-policy-added",
        "AdministratorAccess is attached",
    ),
    "the role's inline policy gone": (
        "deploy",
        lambda stage: stage.destination.delete_role_policy(
            RoleName="deploy", PolicyName="pass-service-roles"
        ),
        "role-policy-detached",
        "inline policy pass-service-roles is gone",
    ),
    "the role's inline policy changed": (
        "deploy",
        role_inline("pass-service-roles", EVERYTHING),
        "role-policy-changed",
        "inline policy pass-service-roles has another document",
    ),
    "an inline policy more": (
        "deploy",
        role_inline("more", NOTHING),
        "role-policy-added",
        "inline policy more",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_and_nothing_else_is_said(own: Stage, damage: str) -> None:
    grant, do, code, told = DAMAGE[damage]
    do(own)
    exit_code, result = by_caller(own, grant)
    assert exit_code == 1
    assert codes(result) == [code], result["findings"]
    [finding] = result["findings"]
    assert told in finding["message"]
    assert finding["half"] == KINDS[code].half
    assert finding["remedy"]
    assert "partner-7f3a" not in json.dumps(result)


def test_who_is_gone_is_named_for_another_caller(own: Stage) -> None:
    unmade(own)
    _, result = by_caller(own, "deploy")
    assert codes(result) == []
    code, told = by_caller_of_partner(own)
    assert (code, codes(told)) == (1, ["principal-gone"])


def by_caller_of_partner(stage: Stage) -> tuple[int, dict[str, Any]]:
    options = ("--profile", "outsider", "partner-audit", "--destination-profile", "destination")
    code, told = verify(stage, *options)
    return code, told["grants"][0]


HARMLESS: dict[str, tuple[str, Callable[[Stage], object]]] = {
    "lists and orders": (
        "read-only",
        trust(
            "read-only",
            lambda one: one.update(
                Action=[one["Action"]], Principal={"AWS": one["Principal"]["AWS"][::-1]}
            ),
        ),
    ),
    "an unrelated denial": (
        "partner-audit",
        inline({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
    ),
    "a wide boundary": ("partner-audit", boundary(EVERYTHING)),
    "more rights of the principal": ("partner-audit", inline(EVERYTHING)),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_what_does_no_harm_is_no_finding(own: Stage, change: str) -> None:
    grant, do = HARMLESS[change]
    do(own)
    code, result = by_caller(own, grant)
    assert (code, codes(result)) == (0, [])
    assert result["became"].endswith(f":assumed-role/{grant}/verify")


def test_a_denial_under_what_is_not_known_is_told_as_that(own: Stage) -> None:
    condition = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    inline(denial(condition))(own)
    code, result = by_caller(own, "partner-audit")
    assert code == 0
    assert "aws:SourceIp" in result["notChecked"][0]["why"]
