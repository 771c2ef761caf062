"""AWS's documented answers: which policies of the caller's count, against which trust.

Grouped by the page of AWS's documentation that gives the answers; test_policy_elements.py goes on
with a statement's elements, test_operators.py with conditions.
"""

from __future__ import annotations

from dataclasses import replace as but
from typing import Any

import pytest

from cross_account_access.iam.evaluator import Caller, Policy, Request, decide
from tests.unit.iam.decision_cases import (
    ALICE,
    ALICE_ARN,
    ALICE_BARE,
    ALICE_BOUND,
    ASSUME,
    BOB_ARN,
    CI,
    CI_BARE,
    CI_BOUND,
    CI_ROLE,
    LOCAL,
    NO_STS,
    OTHER,
    ROLE,
    ROOT,
    SESSION,
    SOURCE,
    STS,
    STS_DENIED,
    Case,
    at_home,
    case,
    check_case,
    denies,
    each_case,
    having,
    own,
    trusts,
)

ADMIN = Caller(ROOT, SOURCE, ROOT, (STS,))
CI_LIMITED = but(CI, session_policies=(NO_STS,))  # its session policy says nothing of sts
MFA = {"aws:MultiFactorAuthPresent": "true"}
IF_MFA = {"Condition": {"Bool": MFA}}
TAG, IDENTITY, CONTEXT = "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"
IN_CHINA = ROLE.replace("aws", "aws-cn", 1)


def attached(*policies: Policy) -> Caller:
    """Alice with these identity policies."""
    return but(ALICE, identity_policies=policies)


def limited(*policies: Policy) -> Caller:
    """The role's session with these session policies."""
    return but(CI, session_policies=policies)


def under(principal: Any, effect: str = "Allow", **condition: dict[str, Any]) -> dict[str, Any]:
    return trusts(principal, effect=effect) | {"Condition": condition}


IN_ITS_ACCOUNT = under(ROOT, ArnLike={"aws:PrincipalArn": CI_ROLE})
OTHER_CI = but(CI, principal_arn=f"{CI_ROLE}-2", arn=SESSION.replace("/ci/", "/ci-2/"))
FOREIGN_CI = but(
    CI, **{key: getattr(CI, key).replace(SOURCE, OTHER) for key in ("arn", "principal_arn")}
)


def excluding(*arns: str) -> dict[str, Any]:
    """A deny of those whose `aws:PrincipalArn` is like these."""
    return under("*", "Deny", ArnLike={"aws:PrincipalArn": list(arns)}) | {"Action": ASSUME}


BY_NAME = f"arn:aws:iam::{SOURCE}:*/alice"
BY_NAME_ELSEWHERE = BY_NAME.replace(SOURCE, OTHER)
BY_NAME_ANYWHERE = BY_NAME.replace(SOURCE, "*")

EXTERNAL = under(ALICE_ARN, StringEquals={"sts:ExternalId": "id-1"})
NAMED = under(ALICE_ARN, StringLike={"sts:RoleSessionName": "*"})
WITH_ID, WITH_NAME = (("sts:ExternalId", "id-1"),), (("sts:RoleSessionName", "me"),)

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
    # How a role assumes itself again, and who else is kept out.
    "id_roles_update-role-trust-policy.html": [
        case("its account, as itself", "allowed", IN_ITS_ACCOUNT, who=CI, role=CI_ROLE),
        case("without a policy", "source", IN_ITS_ACCOUNT, who=CI_BARE, role=CI_ROLE),
        case("another role there", "destination", IN_ITS_ACCOUNT, who=OTHER_CI, role=CI_ROLE),
        case("a user there", "destination", IN_ITS_ACCOUNT, role=CI_ROLE),
        case(
            "one elsewhere of the same name",
            "destination",
            IN_ITS_ACCOUNT,
            who=FOREIGN_CI,
            role=CI_ROLE,
        ),
    ],
    # In the place of NotPrincipal: a deny of everybody, by aws:PrincipalArn.
    "reference_policies_elements_notprincipal.html": [
        case("a user whom a deny names", "destination", trusts(ROOT), excluding(ALICE_ARN)),
        case("a user whom it doesn't", "allowed", trusts(ROOT), excluding(BOB_ARN)),
        case("a name at whatever path", "destination", trusts(ROOT), excluding(BY_NAME)),
        case("a role by its session", "destination", trusts(ROOT), excluding(CI_ROLE), who=CI),
        case("a session's own ARN", "allowed", trusts(ROOT), excluding(SESSION), who=CI),
        case("whoever is trusted itself", "destination", trusts(), excluding(ALICE_ARN)),
        case("one of two", "destination", trusts("*"), excluding(BOB_ARN, BY_NAME)),
        case("whose account is another", "allowed", trusts("*"), excluding(BY_NAME_ELSEWHERE)),
        case("in every account", "destination", trusts("*"), excluding(BY_NAME_ANYWHERE)),
        case("in capitals", "allowed", trusts("*"), excluding(BY_NAME.replace("alice", "Alice"))),
        at_home("a user whom a deny names", "destination", excluding(ALICE_ARN), trusts()),
        case("tags of one who is denied", "allowed", trusts(), excluding(ALICE_ARN), action=TAG),
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
    "id_session-tags.html#id_session-tags_permissions-required": [
        case("tags that both halves let pass", "allowed", action=TAG),
        case("tags the trust says nothing of", "destination", trusts(action=ASSUME), action=TAG),
        having("tags the caller may not pass", "source", own(action=ASSUME), action=TAG),
    ],
    # There, the condition on the external ID stands beside sts:AssumeRole alone.
    "id_session-tags.html#id_session-tags_operations": [
        case("an external ID, where it's assumed", "allowed", EXTERNAL, context=WITH_ID),
        case("tags under an external ID", "destination", EXTERNAL, action=TAG, context=WITH_ID),
        case("tags under a session name", "destination", NAMED, action=TAG, context=WITH_NAME),
        case("an identity under it", "destination", EXTERNAL, action=IDENTITY, context=WITH_ID),
        case("a context under it", "destination", EXTERNAL, action=CONTEXT, context=WITH_ID),
        case("tags beside it", "allowed", EXTERNAL, trusts(action=TAG), action=TAG),
    ],
    "id_credentials_temp_control-access_monitor.html": [
        case("a source identity that both halves let pass", "allowed", action=IDENTITY),
        case(
            "one the trust says nothing of", "destination", trusts(action=ASSUME), action=IDENTITY
        ),
        having("one the caller may not set", "source", own(action=ASSUME), action=IDENTITY),
    ],
    "reference_policies_iam-condition-keys.html#condition-keys-sts": [
        case("an identity context that both halves let pass", "allowed", action=CONTEXT),
        case("one that only tags", "destination", trusts(action=[ASSUME, TAG]), action=CONTEXT),
        having("one the caller may not pass", "source", own(action=ASSUME), action=CONTEXT),
    ],
}


@each_case(TABLE)
def test_aws_documented_answer(page: str, row: Case) -> None:
    check_case(page, row)


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
