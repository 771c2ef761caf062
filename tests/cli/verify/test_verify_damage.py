"""A deployed grant damaged on purpose: each damage has its code, and no other finding."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.verify.drift_findings import KINDS
from tests.cli.verify.verifying import by_caller, codes, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Stage

NOTHING = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ALICE, BOB = (f"arn:aws:iam::111111111111:user/{name}" for name in ("alice", "bob"))
MANAGED = "arn:aws:iam::aws:policy/"


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


def session_of_two_hours(stage: Stage) -> None:
    stage.destination.update_role(RoleName="partner-audit", MaxSessionDuration=7200)


def managed_detached(stage: Stage) -> None:
    stage.destination.detach_role_policy(RoleName="deploy", PolicyArn=f"{MANAGED}PowerUserAccess")


def managed_added(stage: Stage) -> None:
    stage.destination.attach_role_policy(
        RoleName="deploy", PolicyArn=f"{MANAGED}AdministratorAccess"
    )


def inline_gone(stage: Stage) -> None:
    stage.destination.delete_role_policy(RoleName="deploy", PolicyName="pass-service-roles")


# Each damage: the grant, what is done, and the finding's code. What a trust policy may become is in
# test_trust_drift.py.
DAMAGE: dict[str, tuple[str, Callable[[Stage], object], str]] = {
    "a principal more": (
        "deploy",
        trust("deploy", lambda one: one["Principal"]["AWS"].append(BOB)),
        "trust-widened",
    ),
    "no external ID": (
        "partner-audit",
        trust("partner-audit", lambda one: one.pop("Condition")),
        "trust-widened",
    ),
    "no MFA": ("read-only", trust("read-only", lambda one: one.pop("Condition")), "trust-widened"),
    "a principal less": (
        "read-only",
        trust("read-only", lambda one: one["Principal"]["AWS"].remove(ALICE)),
        "trust-narrowed",
    ),
    "another Sid": ("deploy", trust("deploy", lambda one: one.update(Sid="Mine")), "trust-changed"),
    "the principal re-created": ("partner-audit", remade, "principal-dead"),
    "re-created, and the trust saved by hand": (
        "partner-audit",
        remade_and_saved_by_hand,
        "principal-remade",
    ),
    "the role deleted": ("partner-audit", without_the_role, "role-gone"),
    "the role re-created": ("partner-audit", with_another_role, "role-remade"),
    "the source's policy detached": ("deploy", detached, "policy-detached"),
    "the source's policy changed": ("deploy", other_document, "policy-changed"),
    "a boundary of the principal": ("partner-audit", boundary(NOTHING), "boundary-blocks"),
    "a denying boundary": ("partner-audit", boundary(denial()), "boundary-blocks"),
    "a denial": ("partner-audit", inline(denial()), "explicit-deny"),
    "a denial of the role's account": (
        "partner-audit",
        inline(denial({"StringEquals": {"aws:ResourceAccount": "222222222222"}})),
        "explicit-deny",
    ),
    "a group's denial": ("partner-audit", denied_by_a_group, "explicit-deny"),
    "a longer session": ("partner-audit", session_of_two_hours, "duration-changed"),
    "the role's boundary": ("deploy", role_boundary, "role-boundary-changed"),
    "the role's managed policy detached": ("deploy", managed_detached, "role-policy-detached"),
    "a managed policy more": ("deploy", managed_added, "role-policy-added"),
    "the role's inline policy gone": ("deploy", inline_gone, "role-policy-detached"),
    "the role's inline policy changed": (
        "deploy",
        role_inline("pass-service-roles", EVERYTHING),
        "role-policy-changed",
    ),
    "an inline policy more": ("deploy", role_inline("more", NOTHING), "role-policy-added"),
    "a policy by the name of the console's": (
        "deploy",
        role_inline("AWSRevokeOlderSessions", NOTHING),
        "role-policy-added",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_the_only_finding(own: Stage, damage: str) -> None:
    grant, do, code = DAMAGE[damage]
    do(own)
    exit_code, result = by_caller(own, grant)
    assert exit_code == 1
    assert codes(result) == [code], result["findings"]
    [finding] = result["findings"]
    assert finding["half"] == KINDS[code].half
    assert finding["remedy"]
    assert "partner-7f3a" not in json.dumps(result)


def remade_without_its_policy(stage: Stage) -> None:
    remade(stage)
    arn = policy_of(stage, "partner-audit")
    stage.source.detach_user_policy(UserName="auditor", PolicyArn=arn)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (remade_without_its_policy, ["principal-dead", "policy-detached"]),
        (remade_and_saved_by_hand, ["principal-remade"]),
    ],
)
def test_one_command_repairs_a_principal_that_was_made_again(
    own: Stage, damage: Callable[[Stage], None], found: list[str]
) -> None:
    damage(own)
    _, result = by_caller(own, "partner-audit")
    assert codes(result) == found
    assert all("`pulumi up --refresh`" in finding["remedy"] for finding in result["findings"])


def test_no_remedy_is_an_up_without_a_refresh() -> None:
    commands = [kind.remedy for kind in KINDS.values() if "pulumi up" in kind.remedy]
    assert commands != []
    assert all("`pulumi up --refresh`" in remedy for remedy in commands)


def test_a_deleted_principal_is_found_by_another_caller(own: Stage) -> None:
    unmade(own)
    _, result = by_caller(own, "deploy")
    assert codes(result) == []
    options = ("--profile", "outsider", "partner-audit", "--destination-profile", "destination")
    code, report = verify(own, *options)
    assert (code, codes(report["grants"][0])) == (1, ["principal-gone"])


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
    "a denial of other accounts": (
        "partner-audit",
        inline(denial({"StringNotEquals": {"aws:ResourceAccount": "222222222222"}})),
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


@pytest.mark.parametrize(
    ("version", "found"), [(None, []), ("2008-10-17", []), ("2012-10-17", ["explicit-deny"])]
)
def test_a_variable_in_a_denial_is_text_before_2012(
    own: Stage, version: str | None, found: list[str]
) -> None:
    statement = denial({"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}})
    policy = {"Version": version, "Statement": [statement]}
    text = json.dumps({key: value for key, value in policy.items() if value})
    own.source.put_user_policy(UserName="auditor", PolicyName="more", PolicyDocument=text)
    _, result = by_caller(own, "partner-audit")
    assert codes(result) == found


def test_a_denial_under_an_unknown_condition_is_not_checked(own: Stage) -> None:
    condition = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    inline(denial(condition))(own)
    code, result = by_caller(own, "partner-audit")
    assert code == 0
    assert "aws:SourceIp" in result["notChecked"][0]["why"]
