"""AWS's documented answers: who, with which policies, against which trust.

One table, grouped by the page of AWS's documentation that gives the answers; test_operators.py
goes on with conditions. The caller is alice of the source account unless a row says otherwise, and
her policies and the trust policy allow what the row doesn't change.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as but
from typing import Any

import pytest

from cross_account_access.iam.evaluator import Caller, Policy, Request, decide

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{DESTINATION}:role/team/deploy"
LOCAL = f"arn:aws:iam::{SOURCE}:role/deploy"  # "at home": in the caller's own account
ROOT = f"arn:aws:iam::{SOURCE}:root"
ALICE_ARN = f"arn:aws:iam::{SOURCE}:user/people/alice"
BOB_ARN = f"arn:aws:iam::{SOURCE}:user/bob"
CI_ROLE = f"arn:aws:iam::{SOURCE}:role/team/ci"
SESSION = f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7"


def inline(*statements: Any, version: str = "2012-10-17") -> Policy:
    return Policy("inline policy p", {"Version": version, "Statement": list(statements)})


def own(resource: Any = "*", action: Any = "sts:*", effect: str = "Allow") -> dict[str, Any]:
    """A statement of a policy of the caller's."""
    return {"Effect": effect, "Action": action, "Resource": resource}


def trusts(
    principal: Any = ALICE_ARN, action: Any = "sts:*", effect: str = "Allow"
) -> dict[str, Any]:
    """A statement of a trust policy."""
    named = principal if isinstance(principal, dict) or principal == "*" else {"AWS": principal}
    return {"Effect": effect, "Principal": named, "Action": action}


def denies(principal: Any) -> dict[str, Any]:
    return trusts(principal, effect="Deny")


def besides(effect: str, *names: str) -> dict[str, Any]:
    """A statement for all but these."""
    return {"Effect": effect, "NotPrincipal": {"AWS": list(names)}, "Action": "*"}


def under(principal: Any, effect: str = "Allow", **condition: dict[str, Any]) -> dict[str, Any]:
    return trusts(principal, effect=effect) | {"Condition": condition}


STS, STS_DENIED, NO_STS = inline(own()), inline(own(effect="Deny")), inline(own(action="s3:*"))
ALICE = Caller(ALICE_ARN, "AIDAALICE", ALICE_ARN, (STS,))
CI = Caller(SESSION, "AROACI:build-7", CI_ROLE, (STS,))
ADMIN = Caller(ROOT, SOURCE, ROOT, (STS,))
ALICE_BARE, CI_BARE = but(ALICE, identity_policies=()), but(CI, identity_policies=())
ALICE_BOUND, CI_BOUND = (
    but(ALICE, permissions_boundary=NO_STS),
    but(CI, permissions_boundary=NO_STS),
)
CI_LIMITED = but(CI, session_policies=(NO_STS,))  # its session policy says nothing of sts


def attached(*policies: Policy) -> Caller:
    """Alice with these identity policies."""
    return but(ALICE, identity_policies=policies)


def limited(*policies: Policy) -> Caller:
    """The role's session with these session policies."""
    return but(CI, session_policies=policies)


@dataclass(frozen=True)
class Case:
    fact: str
    answer: str
    """allowed, or the half that refuses"""
    trust: tuple[dict[str, Any], ...]
    who: Caller
    role: str = ROLE
    action: str = "sts:AssumeRole"


def case(fact: str, answer: str, *trust: dict[str, Any], who: Caller = ALICE, **more: str) -> Case:
    return Case(fact, answer, trust or (trusts(),), who, **more)


def at_home(fact: str, answer: str, *trust: dict[str, Any], who: Caller = ALICE) -> Case:
    """A case of a role in the caller's own account."""
    return case(f"at home, {fact}", answer, *trust, who=who, role=LOCAL)


def having(fact: str, answer: str, *statements: dict[str, Any], **more: str) -> Case:
    """A case whose caller is alice with these statements and no others."""
    return Case(
        fact, answer, (trusts(),), but(ALICE, identity_policies=(inline(*statements),)), **more
    )


ASSUME, TAG, IDENTITY = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
ON_ALL = {"Effect": "Allow", "Resource": "*"}
ANY_ACTION = {"Effect": "Allow", "Action": "*"}
EC2 = {"Service": "ec2.amazonaws.com"}
MFA = {"aws:MultiFactorAuthPresent": "true"}
IF_MFA = {"Condition": {"Bool": MFA}}
IN_CHINA, ROOT_IN_CHINA = (arn.replace("aws", "aws-cn", 1) for arn in (ROLE, ROOT))
NOT_BOB = under("*", "Deny", ArnNotEquals={"aws:PrincipalArn": BOB_ARN})

TABLE: dict[str, list[Case]] = {
    "reference_policies_evaluation-logic-cross-account.html": [
        case("both halves allow", "allowed"),
        case("a trust that names another user", "destination", trusts(BOB_ARN)),
        case("a trust that names the caller's account", "allowed", trusts(ROOT)),
        case("a trust of the account, no identity policy", "source", trusts(ROOT), who=ALICE_BARE),
        case("a trust of the user, no identity policy", "source", who=ALICE_BARE),
        case("a trust of everyone, no identity policy", "source", trusts("*"), who=ALICE_BARE),
        case("a trust of the role, no identity policy", "source", trusts(CI_ROLE), who=CI_BARE),
        case("a trust of the session, no identity policy", "source", trusts(SESSION), who=CI_BARE),
        case("neither half allows", "source", trusts(BOB_ARN), who=ALICE_BARE),
        having("an explicit deny of the caller's", "source", own(), own(effect="Deny")),
        case("an explicit deny in the trust", "destination", trusts(), denies(ROOT)),
        case("an explicit deny in both", "source", denies(ROOT), who=attached(STS_DENIED)),
        case("a trust that denies someone else", "allowed", trusts(), denies(BOB_ARN)),
        having("a deny of another role", "allowed", own(), own(LOCAL, effect="Deny")),
        case("a trust with a deny alone", "destination", denies(BOB_ARN)),
        case(
            "a policy under a condition that isn't met", "destination", under(ALICE_ARN, Bool=MFA)
        ),
        having("an identity policy under one", "source", own() | IF_MFA),
        having("a deny under one", "allowed", own(), own(effect="Deny") | IF_MFA),
        case("one of two identity policies", "allowed", who=attached(NO_STS, STS)),
    ],
    "reference_policies_evaluation-logic_policy-eval-denyallow.html": [
        at_home("a trust of the user", "allowed", who=ALICE_BARE),
        at_home("a trust of everyone", "allowed", trusts("*"), who=ALICE_BARE),
        at_home("the account, no policy", "source", trusts(ROOT), who=ALICE_BARE),
        at_home("the account and a policy", "allowed", trusts(ROOT)),
        at_home("an identity policy alone", "destination", trusts(BOB_ARN)),
        at_home("the role without a policy", "allowed", trusts(CI_ROLE), who=CI_BARE),
        at_home("the user and the account", "allowed", trusts([ROOT, ALICE_ARN]), who=ALICE_BARE),
        at_home("in two statements", "allowed", trusts(ROOT), trusts(), who=ALICE_BARE),
        having("at home, an explicit deny", "source", own(effect="Deny"), role=LOCAL),
        case("a role isn't let into itself", "destination", trusts(BOB_ARN), who=CI, role=CI_ROLE),
        case("a role that trusts itself", "allowed", trusts(CI_ROLE), who=CI_BARE, role=CI_ROLE),
    ],
    "access_policies_boundaries.html": [
        case("a boundary without sts", "source", who=ALICE_BOUND),
        case("a boundary with sts", "allowed", who=but(ALICE, permissions_boundary=STS)),
        case("a boundary that denies", "source", who=but(ALICE, permissions_boundary=STS_DENIED)),
        case("a boundary grants nothing", "source", who=but(ALICE_BARE, permissions_boundary=STS)),
        at_home("a boundary and the user", "allowed", who=ALICE_BOUND),
        at_home("a boundary and everyone", "allowed", trusts("*"), who=ALICE_BOUND),
        at_home("a boundary and the account", "source", trusts(ROOT), who=ALICE_BOUND),
        at_home("a boundary and the role", "source", trusts(CI_ROLE), who=CI_BOUND),
        at_home("a boundary and the session", "allowed", trusts(SESSION), who=CI_BOUND),
        at_home("a denying boundary", "source", who=but(ALICE, permissions_boundary=STS_DENIED)),
    ],
    "access_policies.html#policies_session": [
        case("a session policy without sts", "source", trusts(CI_ROLE), who=CI_LIMITED),
        case("a session policy with sts", "allowed", trusts(CI_ROLE), who=limited(STS)),
        case("one of two", "allowed", trusts(CI_ROLE), who=limited(NO_STS, STS)),
        case("one that denies", "source", trusts(CI_ROLE), who=limited(STS, STS_DENIED)),
        case(
            "it grants nothing",
            "source",
            trusts(CI_ROLE),
            who=but(CI_BARE, session_policies=(STS,)),
        ),
        at_home("a session policy and the role", "source", trusts(CI_ROLE), who=CI_LIMITED),
        at_home("it and the session", "allowed", trusts(SESSION), who=CI_LIMITED),
        at_home("it and the account", "source", trusts(ROOT), who=CI_LIMITED),
    ],
    "id_roles_use_switch-role-api.html": [
        case("the root user of another account", "source", trusts(ROOT), who=ADMIN),
        case("the root user of the role's account", "source", trusts("*"), who=ADMIN, role=LOCAL),
    ],
    "id_roles_compare-resource-policies.html": [
        case("a role in another partition", "destination", trusts("*"), role=IN_CHINA)
    ],
    "reference_policies_elements_principal.html": [
        case("the bare account id", "allowed", trusts(SOURCE)),
        case("another account's id", "destination", trusts(OTHER)),
        case("another account's root", "destination", trusts(f"arn:aws:iam::{OTHER}:root")),
        case("the root of another partition", "destination", trusts(ROOT_IN_CHINA)),
        case("one of several principals", "allowed", trusts([BOB_ARN, ALICE_ARN])),
        case("a role, for its session", "allowed", trusts(CI_ROLE), who=CI),
        case(
            "a role without its path", "destination", trusts(CI_ROLE.replace("team/", "")), who=CI
        ),
        case("another role", "destination", trusts(CI_ROLE + "2"), who=CI),
        case("this session", "allowed", trusts(SESSION), who=CI),
        case("another session", "destination", trusts(SESSION + "7"), who=CI),
        case("all sessions by a wildcard", "destination", trusts(SESSION[:-1] + "*"), who=CI),
        case("all users by a wildcard", "destination", trusts(f"arn:aws:iam::{SOURCE}:user/*")),
        case("a user in other case", "destination", trusts(ALICE_ARN.replace("alice", "Alice"))),
        case("a user without the path", "destination", trusts(ALICE_ARN.replace("people/", ""))),
        case("the user's unique id", "allowed", trusts("AIDAALICE")),
        case("the unique id of the user that was", "destination", trusts("AIDAGONE")),
        case("the role's unique id", "allowed", trusts("AROACI"), who=CI),
        case("the unique id of the role that was", "destination", trusts("AROAGONE"), who=CI),
        at_home("a user's unique id", "allowed", trusts("AIDAALICE"), who=ALICE_BARE),
        at_home("a boundary and a user's", "allowed", trusts("AIDAALICE"), who=ALICE_BOUND),
        at_home("a role's unique id", "source", trusts("AROACI"), who=CI_BOUND),
        case("a group", "destination", trusts(f"arn:aws:iam::{SOURCE}:group/people")),
        case("everyone", "allowed", trusts("*")),
        case("everyone, spelt as AWS", "allowed", trusts({"AWS": "*"})),
        case("a service", "destination", trusts(EC2)),
        case("every service", "destination", trusts({"Service": "*", "Federated": "*"})),
        case("an identity provider", "destination", trusts({"Federated": ALICE_ARN})),
        case("a service beside the user", "allowed", trusts(EC2 | {"AWS": ALICE_ARN})),
        case("an ARN that isn't in a map", "destination", trusts() | {"Principal": ALICE_ARN}),
        case("nobody", "destination", {"Effect": "Allow", "Action": ASSUME}),
        case("a denied account", "destination", trusts("*"), denies(SOURCE)),
        case("a denied role", "destination", trusts("*"), denies(CI_ROLE), who=CI),
        case("a denied session", "destination", trusts("*"), denies(SESSION), who=CI),
        case("all but one, by aws:PrincipalArn", "destination", trusts(ROOT), NOT_BOB),
    ],
    "reference_policies_elements_notprincipal.html": [
        case(
            "a deny for all but the user", "allowed", trusts("*"), besides("Deny", ALICE_ARN, ROOT)
        ),
        case(
            "a deny for all but another", "destination", trusts("*"), besides("Deny", BOB_ARN, ROOT)
        ),
        case(
            "one for all but the role",
            "destination",
            trusts("*"),
            besides("Deny", CI_ROLE, ROOT),
            who=CI,
        ),
        case(
            "one for all but the session",
            "allowed",
            trusts("*"),
            besides("Deny", SESSION, CI_ROLE),
            who=CI,
        ),
        case("an allow for all but the user", "destination", besides("Allow", ALICE_ARN)),
        case("an allow for all but the account", "destination", besides("Allow", ROOT)),
        case("an allow for all but another", "allowed", besides("Allow", BOB_ARN)),
    ],
    "access_policies_boundaries.html#access_policies_boundaries-eval-logic": [
        case(
            "NotPrincipal always denies whoever has a boundary",
            "destination",
            trusts("*"),
            besides("Deny", ALICE_ARN, ROOT),
            who=but(ALICE, permissions_boundary=STS),
        )
    ],
    "reference_policies_elements_action.html": [
        case("an action in other case", "allowed", trusts(action="STS:assumerole")),
        case("a wildcard in an action", "allowed", trusts(action="sts:Assume*")),
        case("every action", "allowed", trusts(action="*")),
        case("one character of an action", "allowed", trusts(action="sts:AssumeRol?")),
        case("one of several actions", "allowed", trusts(action=["sts:TagSession", ASSUME])),
        case("an action that begins alike", "destination", trusts(action="sts:AssumeRoleWithSAML")),
        case("a bracket is no wildcard", "destination", trusts(action="sts:[A]ssumeRole")),
        having("another service's actions", "source", own(action="iam:*")),
        having("an identity policy of the one action", "allowed", own(action=ASSUME)),
    ],
    "reference_policies_elements_notaction.html": [
        having("all but the action", "source", ON_ALL | {"NotAction": "sts:*"}),
        having("all but another action", "allowed", ON_ALL | {"NotAction": "iam:*"}),
        case(
            "a trust of all but it",
            "destination",
            {"Effect": "Allow", "Principal": "*", "NotAction": "sts:*"},
        ),
    ],
    "reference_policies_elements_resource.html": [
        having("the role's ARN", "allowed", own(ROLE)),
        having("another role's ARN", "source", own(LOCAL)),
        having("one of several ARNs", "allowed", own([LOCAL, ROLE])),
        having(
            "a wildcard over a path", "allowed", own(f"arn:aws:iam::{DESTINATION}:role/*/deploy")
        ),
        having("a wildcard for any account", "allowed", own("arn:aws:iam::*:role/team/deploy")),
        having("one character of a name", "allowed", own(ROLE[:-1] + "?")),
        having("one character for two", "source", own(ROLE[:-2] + "?")),
        having("a role in other case", "source", own(ROLE.replace("deploy", "Deploy"))),
        having("the role without its path", "source", own(ROLE.replace("team/", ""))),
        having("no wildcard means no prefix", "source", own(ROLE[:-1])),
        having("a statement without a resource", "source", {"Effect": "Allow", "Action": "*"}),
        having(
            "a * that ends a field runs on over colons",
            "allowed",
            own("arn:aws:iam:*:role/team/deploy"),
        ),
        having("a * within a field doesn't", "source", own("arn:aws:i*2:role/team/deploy")),
    ],
    "reference-arns.html": [
        having("an ARN short of fields", "allowed", own("arn:aws:iam")),
        having("another service's, short of fields", "source", own("arn:aws:s3")),
    ],
    "reference_policies_elements_notresource.html": [
        having("all but the role", "source", ANY_ACTION | {"NotResource": ROLE}),
        having("all but another role", "allowed", ANY_ACTION | {"NotResource": LOCAL}),
        having(
            "a deny for the rest",
            "allowed",
            own(),
            ANY_ACTION | {"Effect": "Deny", "NotResource": ROLE},
        ),
    ],
    "id_session-tags.html#id_session-tags_permissions-required": [
        case("tags that both halves let pass", "allowed", action=TAG),
        case("tags the trust says nothing of", "destination", trusts(action=ASSUME), action=TAG),
        having("tags the caller may not pass", "source", own(action=ASSUME), action=TAG),
    ],
    "id_credentials_temp_control-access_monitor.html": [
        case("a source identity that both halves let pass", "allowed", action=IDENTITY),
        case(
            "one the trust says nothing of", "destination", trusts(action=ASSUME), action=IDENTITY
        ),
        having("one the caller may not set", "source", own(action=ASSUME), action=IDENTITY),
    ],
}
ROWS = [pytest.param(page, row, id=row.fact) for page, rows in TABLE.items() for row in rows]


@pytest.mark.parametrize(("page", "row"), ROWS)
def test_aws_documented_answer(page: str, row: Case) -> None:
    trust = Policy("trust policy", {"Version": "2012-10-17", "Statement": list(row.trust)})
    decision = decide(row.who, Request(row.action, row.role, {}), trust)
    answer = "allowed" if decision.allowed else decision.half
    assert answer == row.answer, f"{decision.reason}; see {GUIDE}{page}"
    assert decision.allowed is (decision.half is None)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov", "aws-eusc"])
@pytest.mark.parametrize("principal", [ROOT, ALICE_ARN, SOURCE])
def test_every_partition_is_alike(partition: str, principal: str) -> None:
    def there(arn: str) -> str:
        return arn.replace("arn:aws:", f"arn:{partition}:")

    who = but(ALICE, arn=there(ALICE_ARN), principal_arn=there(ALICE_ARN))
    trust = Policy("trust policy", {"Version": "2012-10-17", "Statement": trusts(there(principal))})
    assert decide(who, Request("sts:AssumeRole", there(ROLE), {}), trust).allowed


VARIABLE = "${aws:PrincipalTag/job}"


# reference_policies_variables.html: in the last field of a resource's ARN, and only since 2012.
@pytest.mark.parametrize(
    ("resource", "version", "tags", "allowed"),
    [
        (f"arn:aws:iam::*:role/team/{VARIABLE}", "2012-10-17", {"job": "deploy"}, True),
        (f"arn:aws:iam::*:role/team/{VARIABLE}", "2012-10-17", {"job": "audit"}, False),
        (f"arn:aws:iam::*:role/*{VARIABLE}", "2012-10-17", {}, False),
        (f"arn:aws:iam::*:role/team/{VARIABLE[:-1]}, 'deploy'}}", "2012-10-17", {}, True),
        (f"arn:aws:iam::*:role/team/{VARIABLE}", "2008-10-17", {"job": "deploy"}, False),
        (f"arn:aws:iam::{VARIABLE}:role/team/deploy", "2012-10-17", {"job": DESTINATION}, False),
    ],
)
def test_a_variable_in_a_resource(
    resource: str, version: str, tags: dict[str, str], *, allowed: bool
) -> None:
    who = but(ALICE, identity_policies=(inline(own(resource), version=version),))
    context = {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
    trust = Policy("trust policy", {"Version": "2012-10-17", "Statement": trusts()})
    assert decide(who, Request("sts:AssumeRole", ROLE, context), trust).allowed is allowed


@pytest.mark.parametrize("effect", ["allow", "", None])
def test_an_effect_that_is_none_is_an_error(effect: str | None) -> None:
    wrong = Policy(
        "trust policy", {"Version": "2012-10-17", "Statement": [trusts() | {"Effect": effect}]}
    )
    with pytest.raises(
        ValueError, match=r"^trust policy, statement 1: Effect must be Allow or Deny, not "
    ):
        decide(ALICE, Request("sts:AssumeRole", ROLE, {}), wrong)


def test_a_caller_of_no_known_kind_is_an_error() -> None:
    group = but(ALICE, arn=f"arn:aws:iam::{SOURCE}:group/people")
    with pytest.raises(ValueError, match=":group/people must be the ARN of a user"):
        decide(
            group, Request("sts:AssumeRole", ROLE, {}), Policy("trust policy", {"Statement": []})
        )
