"""AWS's documented answers to a statement's elements: principals, actions and resources.

Grouped by the page of AWS's documentation that gives the answers.
"""

from __future__ import annotations

from dataclasses import replace as but
from typing import Any

import pytest

from cross_account_access.iam.evaluator import Policy, Request, decide
from tests.unit.iam.decision_cases import (
    ALICE,
    ALICE_ARN,
    ALICE_BARE,
    ALICE_BOUND,
    ASSUME,
    BOB_ARN,
    CI,
    CI_BOUND,
    CI_ROLE,
    DESTINATION,
    LOCAL,
    OTHER,
    ROLE,
    ROOT,
    SESSION,
    SOURCE,
    STS,
    Case,
    at_home,
    case,
    check_case,
    denies,
    each_case,
    having,
    inline,
    own,
    trusts,
)

ON_ALL = {"Effect": "Allow", "Resource": "*"}
DENY_ALL = {"Effect": "Deny", "Resource": "*"}
ANY_ACTION = {"Effect": "Allow", "Action": "*"}
EC2 = {"Service": "ec2.amazonaws.com"}
NOT_BOB = trusts("*", effect="Deny") | {
    "Condition": {"ArnNotEquals": {"aws:PrincipalArn": BOB_ARN}}
}
ROOT_IN_CHINA = ROOT.replace("aws", "aws-cn", 1)


def besides(effect: str, *names: str) -> dict[str, Any]:
    """A statement for all but these."""
    return {"Effect": effect, "NotPrincipal": {"AWS": list(names)}, "Action": "*"}


TABLE: dict[str, list[Case]] = {
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
        case("the user's unique ID", "allowed", trusts("AIDAALICE")),
        case("the unique ID of the user that was", "destination", trusts("AIDAGONE")),
        case("the role's unique ID", "allowed", trusts("AROACI"), who=CI),
        case("the unique ID of the role that was", "destination", trusts("AROAGONE"), who=CI),
        at_home("a user's unique ID", "allowed", trusts("AIDAALICE"), who=ALICE_BARE),
        at_home("a boundary and a user's", "allowed", trusts("AIDAALICE"), who=ALICE_BOUND),
        at_home("a role's unique ID", "source", trusts("AROACI"), who=CI_BOUND),
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
        having("a wildcard for the service", "source", own(action="*:Assume*")),
        having("a wildcard in the service", "source", own(action="st?:AssumeRole")),
        having("a service's name in part", "source", own(action="sts*")),
        having("beside a good action", "source", own(action=["s*:Assume*", ASSUME])),
        having("every action of every service", "allowed", own(action="*:*")),
        having("a deny of one", "source", own(), own(action="*:Untag*", effect="Deny")),
        having("an identity policy of the one action", "allowed", own(action=ASSUME)),
    ],
    "reference_policies_elements_notaction.html": [
        having("all but the action", "source", ON_ALL | {"NotAction": "sts:*"}),
        having("all but some of any service", "source", ON_ALL | {"NotAction": "*:Untag*"}),
        having(
            "a deny of all but those", "source", own(), DENY_ALL | {"NotAction": "*:AssumeRole"}
        ),
        having("all but another action", "allowed", ON_ALL | {"NotAction": "iam:*"}),
        case(
            "a trust of all but it",
            "destination",
            {"Effect": "Allow", "Principal": "*", "NotAction": "sts:*"},
        ),
    ],
    "reference_policies_elements_resource.html": [
        having("the role's ARN", "allowed", own(ROLE)),
        having("a wildcard for the service", "source", own("arn:aws:*::222222222222:role/*")),
        having("a wildcard in it", "source", own("arn:aws:i?m::*:role/*")),
        having("a wildcard for all that follows", "source", own("arn:aws:*")),
        having("a wildcard for all but arn", "source", own("arn:*")),
        having("no ARN", "source", own("*role/team/deploy")),
        having("beside a good ARN", "source", own([ROLE, "arn:aws:*:*:*:*"])),
        having("every partition", "allowed", own(ROLE.replace("aws", "*", 1))),
        having("a deny of it", "source", own(), own("arn:aws:*:*:3:*", effect="Deny")),
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
        having("all but any service's", "source", ANY_ACTION | {"NotResource": "arn:aws:*:::x"}),
        having("all but another role", "allowed", ANY_ACTION | {"NotResource": LOCAL}),
        having(
            "a deny for the rest",
            "allowed",
            own(),
            ANY_ACTION | {"Effect": "Deny", "NotResource": ROLE},
        ),
    ],
}


@each_case(TABLE)
def test_aws_documented_answer(page: str, row: Case) -> None:
    check_case(page, row)


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
