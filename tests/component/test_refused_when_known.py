"""An Output that turns out to be wrong is refused as soon as it is known, and access is not opened
by then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.engine_record import UNKNOWN
from tests.component.harness import refused, run
from tests.component.programs import (
    NEVER_KNOWN,
    access,
    assume_role_grant,
    grant,
    output,
    secret,
    trusted_role,
)
from tests.component.refusals import report
from tests.component.world import DESTINATION, ELSEWHERE, SOURCE, ci_arn, role_arn, user_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program

ACCESS = "CrossAccountAccess team"
SESSION, ROOT = f"arn:aws:sts::{SOURCE}:assumed-role/ci/build", f"arn:aws:iam::{SOURCE}:root"
GROUP = f"arn:aws:iam::{SOURCE}:group/admins"
ELSEWHERE_POLICY, ELSEWHERE_USER = (
    f"arn:aws:iam::{ELSEWHERE}:policy/x",
    f"arn:aws:iam::{ELSEWHERE}:user/alice",
)
OWN_POLICY = f"arn:aws:iam::{DESTINATION}:policy/x"
PRINCIPAL = "grants.deploy.principals[0]"


def principal(kind: str, **more: Any) -> Callable[[Any], Program]:
    return lambda value: access({"deploy": grant(principals=[{kind: value, "label": "x"}], **more)})


def alone(kind: str, **more: Any) -> Callable[[Any], Program]:
    return lambda value: trusted_role(principals=[{kind: value, "label": "x"}], **more)


def reach(kind: str) -> Callable[[Any], Program]:
    return lambda value: assume_role_grant(principal={kind: value, "label": "x"})


def external_id(value: Any) -> Program:
    return access({"deploy": grant(conditions={"external_id": value})})


def boundary(value: Any) -> Program:
    return access({"deploy": grant(role={"permissions_boundary": value})})


def policy(value: Any) -> Program:
    return access({"deploy": grant(role={"managed_policy_arns": {"made": value}})})


def inline(value: Any) -> Program:
    return access({"deploy": grant(role={"inline_policies": {"pass": value}})})


def source(value: Any) -> Program:
    return trusted_role(source_account_id=value)


def unique_id(value: Any) -> Program:
    bob = {"user": "bob", "unique_id": "AIDABOBXXXXXXXXXXXXX"}
    return trusted_role(principals=[bob, {"user": "alice", "unique_id": value}])


def source_ips(value: Any) -> Program:
    return access({"deploy": grant(conditions={"source_ips": ["203.0.113.7", value]})})


def raw_values(value: Any) -> Program:
    raw = {"StringNotEquals": {"aws:PrincipalTag/Cost Center": value}}
    return access({"deploy": grant(conditions={"raw": raw})})


def own_external_id(value: Any) -> Program:
    return trusted_role(
        principals=[{"user": "bob"}, {"user": "alice", "conditions": {"external_id": value}}]
    )


def external_id_beside_a_group(value: Any) -> Program:
    alice = {"user": "alice", "conditions": {"external_id": value}}
    conditions = {"external_id": "xx"}
    return access({"deploy": grant(principals=[{"group": "admins"}, alice], conditions=conditions)})


def exclusion(value: Any) -> Program:
    group = {"group": "admins", "except_": ["eve", value]}
    return access({"deploy": grant(principals=[group, {"permission_set": "Admin"}])})


def arn_beside_a_session(value: Any) -> Program:
    session = {"session": "ci/build", "conditions": {"source_ips": ["203.0.113.7"]}}
    return trusted_role(principals=[session, {"arn": value, "label": "x"}])


def role_to_reach(value: Any) -> Program:
    return assume_role_grant(role_arns={"deploy": value})


PASS = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
MFA = {"mfa": True}


@dataclass(frozen=True)
class Case:
    """How args are made from an Output, a wrong value of it, its path and code, a right value."""

    program: Callable[[Any], Program]
    wrong: Any
    path: str
    code: str
    right: Any


CASES = {
    "user": Case(principal("user"), "a b", f"{PRINCIPAL}.user", "invalid-user-name", "alice"),
    "role": Case(principal("role"), "a b", f"{PRINCIPAL}.role", "invalid-role-name", "ci"),
    "no user": Case(principal("user"), None, f"{PRINCIPAL}.user", "null-value", "alice"),
    "ARN as a name": Case(
        principal("user"), user_arn("x"), f"{PRINCIPAL}.user", "arn-for-name", "alice"
    ),
    "user elsewhere": Case(
        principal("arn"), ELSEWHERE_USER, PRINCIPAL, "principal-in-other-account", user_arn("alice")
    ),
    "session": Case(
        principal("arn"), SESSION, f"{PRINCIPAL}.arn", "invalid-principal-arn", ci_arn("ci")
    ),
    "account": Case(
        principal("arn"), ROOT, f"{PRINCIPAL}.arn", "invalid-principal-arn", user_arn("x")
    ),
    "ARN of a group": Case(
        principal("arn"), GROUP, f"{PRINCIPAL}.arn", "invalid-principal-arn", user_arn("x")
    ),
    "group": Case(principal("group"), "a b", f"{PRINCIPAL}.group", "invalid-group-name", "admins"),
    "source IP": Case(
        source_ips,
        "10.0.0.1",
        "grants.deploy.conditions.source_ips[1]",
        "private-source-ip",
        "2001:db8::/48",
    ),
    "role with MFA": Case(
        principal("arn", conditions=MFA), ci_arn("ci"), PRINCIPAL, "mfa-for-role", user_arn("alice")
    ),
    "external ID": Case(
        external_id, "x", "grants.deploy.conditions.external_id", "external-id-too-short", "xx"
    ),
    "no external ID": Case(
        external_id, None, "grants.deploy.conditions.external_id", "null-value", "xx"
    ),
    **{
        f"{what} for values of raw": Case(
            raw_values,
            wrong,
            "grants.deploy.conditions.raw.StringNotEquals.aws:PrincipalTag/Cost Center",
            "invalid-raw-values",
            right,
        )
        for what, wrong, right in (
            ("null", None, "x"),
            ("nothing", [], ["x", True]),
            ("an object", {"x": "y"}, 7.0),
        )
    },
    "an external ID that a group is spared": Case(
        external_id_beside_a_group, "yy", PRINCIPAL, "conditions-bypassed", "xx"
    ),
    "TrustedRole: the role of a session": Case(
        arn_beside_a_session,
        ci_arn("ci"),
        "principals[1]",
        "conditions-bypassed",
        user_arn("alice"),
    ),
    "exclusion of a role of the grant's permission set": Case(
        exclusion,
        "AWSReservedSSO_Admin_0123456789abcdef",
        f"{PRINCIPAL}.except_[1]",
        "excluded-principal-trusted",
        "mallory",
    ),
    "exclusion of a pattern": Case(
        exclusion, "team-*", f"{PRINCIPAL}.except_[1]", "exclusion-with-wildcard", "mallory"
    ),
    "no exclusion": Case(
        exclusion, None, f"{PRINCIPAL}.except_[1]", "excluded-name-not-string", "mallory"
    ),
    "exclusion of a user elsewhere": Case(
        exclusion,
        ELSEWHERE_USER,
        f"{PRINCIPAL}.except_[1]",
        "exclusion-in-other-account",
        user_arn("mallory"),
    ),
    "boundary elsewhere": Case(
        boundary,
        ELSEWHERE_POLICY,
        "grants.deploy.role.permissions_boundary",
        "policy-in-other-account",
        OWN_POLICY,
    ),
    "policy elsewhere": Case(
        policy,
        ELSEWHERE_POLICY,
        "grants.deploy.role.managed_policy_arns.made",
        "policy-in-other-account",
        OWN_POLICY,
    ),
    "Identity Center's role": Case(
        principal("role"),
        "AWSReservedSSO_Admin_0123456789abcdef",
        f"{PRINCIPAL}.role",
        "reserved-role",
        "ci",
    ),
    "ARN of a service-linked role": Case(
        principal("arn"),
        ci_arn("Odd", "/aws-service-role/es.amazonaws.com/"),
        f"{PRINCIPAL}.arn",
        "reserved-role",
        ci_arn("Odd"),
    ),
    "policy without its path": Case(
        boundary,
        "ViewOnlyAccess",
        "grants.deploy.role.permissions_boundary",
        "managed-policy-without-path",
        "job-function/ViewOnlyAccess",
    ),
    "inline policy with a line end": Case(
        inline,
        {"Statement": [{**PASS["Statement"][0], "Resource": "arn:aws:s3:::x/\n"}]},
        "grants.deploy.role.inline_policies.pass.Statement[0].Resource",
        "control-character",
        PASS,
    ),
    "inline policy with an escaped line end": Case(
        inline,
        '{"Statement": [{"Effect": "Allow", "Action": "s3:x", "Resource": "arn:aws:s3:::x/\\n"}]}',
        "grants.deploy.role.inline_policies.pass.Statement[0].Resource",
        "control-character",
        '{"Statement": [\n{"Effect": "Allow", "Action": "s3:x", "Resource": "arn:aws:s3:::x/"}]}',
    ),
    "inline policy": Case(
        inline,
        {"Statement": []},
        "grants.deploy.role.inline_policies.pass.Statement",
        "no-statement",
        PASS,
    ),
    "TrustedRole: source": Case(source, DESTINATION, "source_account_id", "same-account", SOURCE),
    "TrustedRole: digits": Case(
        source, "1111", "source_account_id", "account-id-too-short", SOURCE
    ),
    "TrustedRole: unique ID": Case(
        unique_id, "alice", "principals[1].unique_id", "unique-id-too-short", "AIDAALICEXXXXXXXXXXX"
    ),
    "TrustedRole: user elsewhere": Case(
        alone("arn"),
        ELSEWHERE_USER,
        "principals[0]",
        "principal-in-other-account",
        user_arn("alice"),
    ),
    "TrustedRole: role with MFA": Case(
        alone("arn", conditions=MFA),
        ci_arn("ci"),
        "principals[0]",
        "mfa-for-role",
        user_arn("alice"),
    ),
    "TrustedRole: session": Case(
        alone("arn"), SESSION, "principals[0].arn", "invalid-principal-arn", ci_arn("ci")
    ),
    "TrustedRole: external ID of one": Case(
        own_external_id, "x", "principals[1].conditions.external_id", "external-id-too-short", "xx"
    ),
    "TrustedRole: previous external ID": Case(
        lambda value: trusted_role(conditions={"external_id": "xx", "previous_external_id": value}),
        "xx",
        "conditions.previous_external_id",
        "previous-external-id-same",
        "yy",
    ),
    "TrustedRole: user": Case(
        alone("user"), "a b", "principals[0].user", "invalid-user-name", "alice"
    ),
    "AssumeRoleGrant: role": Case(
        role_to_reach, user_arn("x"), "role_arns.deploy", "invalid-role-arn", role_arn("x")
    ),
    "AssumeRoleGrant: user": Case(
        reach("user"), "a b", "principal.user", "invalid-user-name", "alice"
    ),
    "AssumeRoleGrant: user elsewhere": Case(
        reach("arn"), ELSEWHERE_USER, "principal", "principal-in-other-account", user_arn("alice")
    ),
    "AssumeRoleGrant: session": Case(
        reach("arn"), SESSION, "principal.arn", "invalid-principal-arn", ci_arn("ci")
    ),
}


# Every wrong value is known in a preview already; that an update refuses it too is one way for all.
TRIED_IN_BOTH = ("user", "external ID", "AssumeRoleGrant: role")
WRONG = [(case, True) for case in CASES] + [(case, False) for case in TRIED_IN_BOTH]


@pytest.mark.parametrize(("case", "preview"), WRONG)
def test_a_wrong_output_is_refused_when_it_is_known(case: str, *, preview: bool) -> None:
    tried = CASES[case]
    component, problems, found = report(tried.program(output(tried.wrong)), preview=preview)
    assert component.partition(" ")[0] == (case.rpartition(": ")[0] or "CrossAccountAccess")
    assert problems == [(tried.path, tried.code)]
    assert found.of("Policy") == found.of("Role") == []


@pytest.mark.parametrize(("case", "preview"), WRONG)
def test_of_a_wrong_secret_only_its_place_and_the_rule_are_told(
    case: str, *, preview: bool
) -> None:
    tried = CASES[case]
    error, found = refused(tried.program(secret(tried.wrong)), preview=preview)
    (problem,) = error.problems
    assert (problem.value or "[secret]", problem.remedy) == ("[secret]", "")
    assert problem.message.endswith(f"{problem.rule}.")
    # Steps inside of a secret are a part of it.
    assert (problem.path, problem.code) == (tried.path.partition(".Statement")[0], tried.code)
    told = str(error) + str(error.errors) + found.visible()
    assert not isinstance(tried.wrong, str) or len(tried.wrong) < 3 or tried.wrong not in told
    assert found.of("Policy") == found.of("Role") == []


@pytest.mark.parametrize("case", CASES)
def test_a_right_output_is_accepted(case: str) -> None:
    tried = CASES[case]
    assert run(tried.program(output(tried.right))).kinds() & {"Role", "Policy"}


@pytest.mark.parametrize("case", CASES)
def test_an_output_that_is_not_known_is_not_refused(case: str) -> None:
    found = run(CASES[case].program(NEVER_KNOWN), preview=True)
    assert any(value is UNKNOWN for made in found.made for value in made.inputs.values())


def test_a_null_in_a_late_list_of_raw_conditions_is_refused() -> None:
    error, _ = refused(raw_values(output(["x", None])))
    (problem,) = error.problems
    assert (problem.path.rpartition("/")[2], problem.value) == ("Cost Center[1]", "null")


@pytest.mark.parametrize("given", [int(SOURCE), output(int(SOURCE))], ids=str)
def test_the_source_may_be_a_number_as_config_gives_it(given: Any) -> None:
    principals = [{"arn": user_arn("alice")}, {"account": SOURCE}]
    found = run(trusted_role(principals=principals, source_account_id=given))
    named = [
        name for part in found.document("Role")["Statement"] for name in part["Principal"]["AWS"]
    ]
    assert sorted(named) == [f"arn:aws:iam::{SOURCE}:root", user_arn("alice")]
