"""An Output that turns out to be wrong is refused as soon as it is known, and access is not opened by then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.harness import UNKNOWN, refused, run
from tests.component.programs import (
    NEVER_KNOWN,
    Late,
    access,
    assume_role_grant,
    grant,
    output,
    secret,
    trusted_role,
)
from tests.component.refusals import report
from tests.component.world import DESTINATION, ELSEWHERE, SOURCE, World, ci_arn, role_arn, user_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program

ACCESS, IN_ROLE, ROLE, GRANT = (
    "CrossAccountAccess team",
    "TrustedRole team-deploy",
    "TrustedRole reader",
    "AssumeRoleGrant reach",
)
NAME = "must have 1–64 characters: letters, digits and _+=,.@-."
GROUP_NAME = "must have 1–128 characters: letters, digits and _+=,.@-."
PUBLIC = (
    "a source IP must be public, because AWS sees no private addresses. Use the VPC "
    "(source_vpcs, sourceVpcs in config), its endpoint, or the public address of the network"
)
EXTERNAL_ID = "an external ID must have 2–1224 characters: letters, digits and _+=,.@:/-."
PRINCIPAL_ARN = "a principal's ARN is that of an IAM user or role, arn:aws:iam::ACCOUNT:user/NAME or …:role/NAME."
OWN = f"a role takes policies of AWS's and of its own account, {DESTINATION}."
NO_MFA = (
    "a role's sessions carry no MFA, so that requiring it would lock it out. "
    "Give it conditions of its own with MFA false, or a grant of its own"
)
TWO_GRANTS = (
    "Make two grants of it, each with a role of its own; or give principals the same conditions, so that they share a "
    "statement; or trust a group, whose members are not listed"
)
NO_VALUE = "a key has a value. Give it one, or leave it out"
TWO_ACCOUNTS = (
    "source and destination are two accounts. Inside one account an identity policy is enough"
)
UNIQUE_ID = (
    "a unique id must have 16–128 characters: capital letters and digits, such as AIDA… or AROA…."
)
ROLE_ARN = "a role's ARN is arn:aws:iam::ACCOUNT:role/NAME."
SESSION, ROOT = f"arn:aws:sts::{SOURCE}:assumed-role/ci/build", f"arn:aws:iam::{SOURCE}:root"
ONE_SESSION = (
    f"This is one session of a role; the role's own ARN is {ci_arn('ci')}, with its path. "
    "For exactly this session use the key session"
)
WHOLE_ACCOUNT = "This is the whole account: if that is meant, use the key account"
GROUP = f"arn:aws:iam::{SOURCE}:group/admins"
ELSEWHERE_POLICY, ELSEWHERE_USER = (
    f"arn:aws:iam::{ELSEWHERE}:policy/x",
    f"arn:aws:iam::{ELSEWHERE}:user/alice",
)
OWN_POLICY = f"arn:aws:iam::{DESTINATION}:policy/x"
ANOTHER = "Another source account takes another stack, or another CrossAccountAccess"
OF_SOURCE = f'"{ELSEWHERE}": a principal is of the source account, {SOURCE}. {ANOTHER}'
PRINCIPALS = "grants.deploy.principals[0]"


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


def own_external_id(value: Any) -> Program:
    return trusted_role(
        principals=[{"user": "bob"}, {"user": "alice", "conditions": {"external_id": value}}]
    )


def role_to_reach(value: Any) -> Program:
    return assume_role_grant(role_arns={"deploy": value})


PASS = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
MFA = {"mfa": True}


@dataclass(frozen=True)
class Case:
    """How args are made from an Output, a wrong value of it, what is said of that, a right value."""

    program: Callable[[Any], Program]
    wrong: Any
    component: str
    message: str
    right: Any


CASES = {
    "user": Case(
        principal("user"), "a b", ACCESS, f'{PRINCIPALS}.user: "a b": a user name {NAME}', "alice"
    ),
    "role": Case(
        principal("role"), "a b", ACCESS, f'{PRINCIPALS}.role: "a b": a role name {NAME}', "ci"
    ),
    "no user": Case(
        principal("user"), None, ACCESS, f"{PRINCIPALS}.user: null: {NO_VALUE}", "alice"
    ),
    "ARN as a name": Case(
        principal("user"),
        user_arn("x"),
        ACCESS,
        f'{PRINCIPALS}.user: "{user_arn("x")}": a user name {NAME} An ARN goes into the key arn',
        "alice",
    ),
    "user elsewhere": Case(
        principal("arn"), ELSEWHERE_USER, ACCESS, f"{PRINCIPALS}: {OF_SOURCE}", user_arn("alice")
    ),
    "session": Case(
        principal("arn"),
        SESSION,
        ACCESS,
        f'{PRINCIPALS}.arn: "{SESSION}": {PRINCIPAL_ARN} {ONE_SESSION}',
        ci_arn("ci"),
    ),
    "account": Case(
        principal("arn"),
        ROOT,
        ACCESS,
        f'{PRINCIPALS}.arn: "{ROOT}": {PRINCIPAL_ARN} {WHOLE_ACCOUNT}',
        user_arn("x"),
    ),
    "ARN of a group": Case(
        principal("arn"),
        GROUP,
        ACCESS,
        f'{PRINCIPALS}.arn: "{GROUP}": {PRINCIPAL_ARN} A group can\'t be a principal: use the key group',
        user_arn("x"),
    ),
    "group": Case(
        principal("group"),
        "a b",
        IN_ROLE,
        f'principals[0].group: "a b": a group name {GROUP_NAME}',
        "admins",
    ),
    "source IP": Case(
        source_ips,
        "10.0.0.1",
        IN_ROLE,
        f'conditions.source_ips[1]: "10.0.0.1": {PUBLIC}',
        "2001:db8::/48",
    ),
    "role with MFA": Case(
        principal("arn", conditions=MFA),
        ci_arn("ci"),
        IN_ROLE,
        f'principals[0]: "{ci_arn("ci")}": {NO_MFA}',
        user_arn("alice"),
    ),
    "external ID": Case(
        external_id, "x", IN_ROLE, f"conditions.external_id: [secret]: {EXTERNAL_ID}", "xx"
    ),
    "no external ID": Case(
        external_id, None, IN_ROLE, f"conditions.external_id: null: {NO_VALUE}", "xx"
    ),
    "boundary elsewhere": Case(
        boundary,
        ELSEWHERE_POLICY,
        IN_ROLE,
        f'role.permissions_boundary: "{ELSEWHERE_POLICY}": {OWN}',
        OWN_POLICY,
    ),
    "policy elsewhere": Case(
        policy,
        ELSEWHERE_POLICY,
        IN_ROLE,
        f'role.managed_policy_arns.made: "{ELSEWHERE_POLICY}": {OWN}',
        OWN_POLICY,
    ),
    "inline policy": Case(
        inline,
        {"Statement": []},
        IN_ROLE,
        "role.inline_policies.pass.Statement: []: a policy has at least one statement.",
        PASS,
    ),
    "TrustedRole: source": Case(
        source, DESTINATION, ROLE, f'source_account_id: "{DESTINATION}": {TWO_ACCOUNTS}', SOURCE
    ),
    "TrustedRole: digits": Case(
        source,
        "1111",
        ROLE,
        'source_account_id: "1111": an account ID must have 12 characters: digits.',
        SOURCE,
    ),
    "TrustedRole: unique id": Case(
        unique_id,
        "alice",
        ROLE,
        f'principals[1].unique_id: "alice": {UNIQUE_ID}',
        "AIDAALICEXXXXXXXXXXX",
    ),
    "TrustedRole: user elsewhere": Case(
        alone("arn"), ELSEWHERE_USER, ROLE, f"principals[0]: {OF_SOURCE}", user_arn("alice")
    ),
    "TrustedRole: role with MFA": Case(
        alone("arn", conditions=MFA),
        ci_arn("ci"),
        ROLE,
        f'principals[0]: "{ci_arn("ci")}": {NO_MFA}',
        user_arn("alice"),
    ),
    "TrustedRole: session": Case(
        alone("arn"),
        SESSION,
        ROLE,
        f'principals[0].arn: "{SESSION}": {PRINCIPAL_ARN} {ONE_SESSION}',
        ci_arn("ci"),
    ),
    "TrustedRole: external ID of one": Case(
        own_external_id,
        "x",
        ROLE,
        f"principals[1].conditions.external_id: [secret]: {EXTERNAL_ID}",
        "xx",
    ),
    "TrustedRole: previous external ID": Case(
        lambda value: trusted_role(conditions={"external_id": "xx", "previous_external_id": value}),
        "xx",
        ROLE,
        "conditions.previous_external_id: the previous external ID is another one.",
        "yy",
    ),
    "TrustedRole: user": Case(
        alone("user"), "a b", ROLE, f'principals[0].user: "a b": a user name {NAME}', "alice"
    ),
    "AssumeRoleGrant: role": Case(
        role_to_reach,
        user_arn("x"),
        GRANT,
        f'role_arns.deploy: "{user_arn("x")}": {ROLE_ARN}',
        role_arn("x"),
    ),
    "AssumeRoleGrant: user": Case(
        reach("user"), "a b", GRANT, f'principal.user: "a b": a user name {NAME}', "alice"
    ),
    "AssumeRoleGrant: user elsewhere": Case(
        reach("arn"), ELSEWHERE_USER, GRANT, f"principal: {OF_SOURCE}", user_arn("alice")
    ),
    "AssumeRoleGrant: session": Case(
        reach("arn"),
        SESSION,
        GRANT,
        f'principal.arn: "{SESSION}": {PRINCIPAL_ARN} {ONE_SESSION}',
        ci_arn("ci"),
    ),
}


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
@pytest.mark.parametrize("case", CASES)
def test_a_wrong_output_is_refused_when_it_is_known(case: str, *, preview: bool) -> None:
    tried = CASES[case]
    (component, *messages), found = report(tried.program(output(tried.wrong)), preview=preview)
    assert (component, messages) == (tried.component, [tried.message])
    assert found.of("Policy") == []
    assert found.of("Role") == []


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
@pytest.mark.parametrize("case", CASES)
def test_of_a_wrong_secret_only_its_place_and_the_rule_are_told(
    case: str, *, preview: bool
) -> None:
    tried = CASES[case]
    error, found = refused(tried.program(secret(tried.wrong)), preview=preview)
    (problem,) = error.problems
    assert (problem.value or "[secret]", problem.remedy) == ("[secret]", "")
    assert problem.message.endswith(f"{problem.rule}.")
    assert problem.rule in tried.message
    told = str(error) + str(error.errors) + found.visible()
    assert not isinstance(tried.wrong, str) or len(tried.wrong) < 3 or tried.wrong not in told
    assert found.of("Policy") == []
    assert found.of("Role") == []


@pytest.mark.parametrize("case", CASES)
def test_a_right_output_is_accepted(case: str) -> None:
    tried = CASES[case]
    assert run(tried.program(output(tried.right))).kinds() & {"Role", "Policy"}


@pytest.mark.parametrize("case", CASES)
def test_an_output_that_is_not_known_is_not_refused(case: str) -> None:
    found = run(CASES[case].program(NEVER_KNOWN), preview=True)
    assert any(value is UNKNOWN for made in found.made for value in made.inputs.values())


def test_a_label_stands_for_one_principal() -> None:
    def of(first: Late, second: Late) -> Program:
        users = {"a": first, "b": second}
        return access(
            {name: grant(principals=[{"user": user, "label": "x"}]) for name, user in users.items()}
        )

    (component, *messages), found = report(of(output("alice"), output("bob")))
    assert component == ACCESS
    assert messages == [
        "grants.a.principals[0]: a label stands for one principal. Here it stands for user alice, user bob"
    ]
    assert found.of("Role") == []
    same = run(of(output("alice"), output("alice")))
    assert same.document("Policy")["Statement"][0]["Resource"] == [role_arn("a"), role_arn("b")]


@pytest.mark.parametrize(
    "given", [{"user": "team/alice"}, {"user": output("team/alice"), "label": "x"}], ids=str
)
@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_path_that_is_not_the_principals_is_refused(
    given: dict[str, Any], *, preview: bool
) -> None:
    program = access({"deploy": grant(principals=[{"user": "bob"}, given])})
    (component, *messages), found = report(
        program, preview=preview, world=World(users={"alice": "/people/"})
    )
    assert component == ACCESS
    assert messages == [
        (
            f'grants.deploy.principals[1]: "{user_arn("alice", "/team/")}": the user\'s path is another one. '
            f"Its ARN is {user_arn('alice', '/people/')}"
        )
    ]
    assert found.of("Role") == found.of("Policy") == []
    assert run(program, world=World(users={"alice": "/team/"})).of("Role")


def test_a_trust_that_gets_too_large_is_refused() -> None:
    def of(count: int) -> Program:
        users = [
            {"user": output(f"{'a' * 60}{number:02}"), "label": str(number)}
            for number in range(count)
        ]
        return access({"deploy": grant(principals=users)})

    (component, *messages), found = report(of(21))
    assert component == IN_ROLE
    assert messages == [
        (
            "principals: a trust policy has at most 2048 characters without white space, this one 2147: 21 principals "
            f"in 1 statement. {TWO_GRANTS}"
        )
    ]
    assert found.of("Role") == found.of("Policy") == []
    assert len(run(of(19)).one("Role").inputs["assumeRolePolicy"]) <= 2048


def test_a_trust_that_is_too_large_in_its_own_partition_alone_is_refused() -> None:
    users = [{"user": f"{'a' * 60}{number:02}"} for number in range(19)]
    grants = {"deploy": grant(principals=users)}
    assert run(access(grants)).of("Role")
    (component, *messages), found = report(access(grants), world=World(partition="aws-us-gov"))
    assert component == IN_ROLE
    assert messages == [
        (
            "principals: a trust policy has at most 2048 characters without white space, this one 2088: 19 principals "
            f"in 1 statement. {TWO_GRANTS}"
        )
    ]
    assert found.of("Role") == found.of("Policy") == []


@pytest.mark.parametrize("given", [int(SOURCE), output(int(SOURCE))], ids=str)
def test_the_source_may_be_a_number_as_config_gives_it(given: Any) -> None:
    principals = [{"arn": user_arn("alice")}, {"account": SOURCE}]
    found = run(trusted_role(principals=principals, source_account_id=given))
    named = [
        name for part in found.document("Role")["Statement"] for name in part["Principal"]["AWS"]
    ]
    assert sorted(named) == [f"arn:aws:iam::{SOURCE}:root", user_arn("alice")]
