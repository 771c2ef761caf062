"""Every condition: what meets it, and what doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.grants.callers import OTHER, Case, Context, Wrong, in_organization, session, user
from tests.unit.grants.grant_principals import ALICE, BOB, CD, CI, NO_ORGANIZATION, OURS, THEIRS

if TYPE_CHECKING:
    from cross_account_access.iam.evaluator import Caller

NAMES = {ALICE.arn: {"user": "people/alice"}, CI.arn: {"role": "team/ci"}}
OTHERS = {
    ALICE.arn: {
        "another user of the account": Wrong(BOB),
        "the user of that name in another account": Wrong(user("alice", "/people/", OTHER)),
        "a role of the account": Wrong(CI),
    },
    CI.arn: {
        "another role of the account": Wrong(CD),
        "the role of that name in another account": Wrong(session("ci", "/team/", OTHER)),
        "a user of the account": Wrong(ALICE),
    },
}
MFA, AGE, ID = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "sts:ExternalId"
IP, VPC, VPCE = "aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce"
NAME, IDENTITY, NOW = "sts:RoleSessionName", "sts:SourceIdentity", "aws:CurrentTime"
TEAM, STAGE, KEYS, TRANSITIVE = (
    "aws:RequestTag/team",
    "aws:RequestTag/stage",
    "aws:TagKeys",
    "sts:TransitiveTagKeys",
)
OWN_TEAM = "aws:PrincipalTag/team"
TAGGED = {TEAM: "platform", STAGE: "production", KEYS: ("team", "stage")}
MY_VPC, MY_VPCE = "vpc-0a1b2c3d4e5f67890", "vpce-0a1b2c3d4e5f67890"


def case(
    what: str, conditions: dict[str, Any], met: Context, caller: Caller = ALICE, **more: Any
) -> Case:
    """A grant to one user or role under conditions, and the requests that meet them or don't."""
    return Case(
        what,
        {"principals": [NAMES[caller.arn]], "conditions": conditions},
        caller,
        met,
        {**OTHERS[caller.arn], **more["wrong"]},
        more.get("also", {}),
    )


CASES = [
    case(
        "an external ID",
        {"external_id": "partner-7f3a"},
        {ID: "partner-7f3a"},
        wrong={
            "a wrong external ID": Wrong(but={ID: "partner-7f3b"}),
            "the external ID in capitals": Wrong(but={ID: "PARTNER-7F3A"}),
            "no external ID": Wrong(without=(ID,)),
        },
    ),
    case(
        "an external ID while it is changed",
        {"external_id": "new-4711", "previous_external_id": "old-0815"},
        {ID: "new-4711"},
        also={"the previous one": (ALICE, {ID: "old-0815"})},
        wrong={
            "another external ID": Wrong(but={ID: "older-1234"}),
            "both in one": Wrong(but={ID: "new-4711,old-0815"}),
            "no external ID": Wrong(without=(ID,)),
        },
    ),
    case(
        "MFA",
        {"mfa": True},
        {MFA: "true"},
        wrong={
            "a session without MFA": Wrong(but={MFA: "false"}),
            "an access key, which has no such key": Wrong(without=(MFA,)),
        },
    ),
    case(
        "MFA's age",
        {"mfa_max_age": 3600},
        {MFA: "true", AGE: "3599"},
        also={"at once": (ALICE, {AGE: "0"})},
        wrong={
            "MFA that is too old": Wrong(but={AGE: "3600"}),
            "a session without MFA": Wrong(but={MFA: "false"}, without=(AGE,)),
            "MFA whose age isn't known": Wrong(without=(AGE,)),
            "an access key, which has no such keys": Wrong(without=(MFA, AGE)),
        },
    ),
    case(
        "source IPs",
        {"source_ips": ["203.0.113.0/24", "198.51.100.7", "2001:db8::/48"]},
        {IP: "203.0.113.255"},
        also={
            "a single address": (ALICE, {IP: "198.51.100.7"}),
            "an address of IPv6": (ALICE, {IP: "2001:db8:0:ffff::1"}),
        },
        wrong={
            "an address beside the range": Wrong(but={IP: "203.0.112.255"}),
            "an address beside the single one": Wrong(but={IP: "198.51.100.8"}),
            "an address of IPv6 beside the range": Wrong(but={IP: "2001:db8:1::1"}),
            "a request through a VPC endpoint": Wrong(
                but={VPC: MY_VPC, "aws:VpcSourceIp": "10.0.0.1"}, without=(IP,)
            ),
        },
    ),
    case(
        "source VPCs",
        {"source_vpcs": [MY_VPC, "vpc-11111111"]},
        {VPC: MY_VPC, VPCE: MY_VPCE},
        CI,
        also={"the other of them": (CI, {VPC: "vpc-11111111"})},
        wrong={
            "another VPC": Wrong(but={VPC: "vpc-0a1b2c3d4e5f67891"}),
            "a VPC whose ID begins so": Wrong(but={VPC: f"{MY_VPC}0"}),
            "no VPC endpoint": Wrong(but={IP: "203.0.113.7"}, without=(VPC, VPCE)),
        },
    ),
    case(
        "source VPC endpoints",
        {"source_vpc_endpoints": [MY_VPCE]},
        {VPC: MY_VPC, VPCE: MY_VPCE},
        CI,
        wrong={
            "another endpoint of the VPC": Wrong(but={VPCE: "vpce-11111111"}),
            "an endpoint whose ID begins so": Wrong(but={VPCE: f"{MY_VPCE}0"}),
            "no VPC endpoint": Wrong(but={IP: "203.0.113.7"}, without=(VPC, VPCE)),
        },
    ),
    case(
        "organizations",
        {"organizations": [OURS]},
        in_organization(OURS, f"{OURS}/r-ab12/"),
        wrong={
            "another organization": Wrong(but=in_organization(THEIRS, f"{THEIRS}/r-ab12/")),
            "an organization whose ID begins so": Wrong(
                but=in_organization(f"{OURS}0", f"{OURS}0/r-ab12/")
            ),
            "an account without one": Wrong(without=NO_ORGANIZATION),
        },
    ),
    case(
        "session names",
        {"session_names": ["deploy-*", "release"]},
        {NAME: "deploy-7"},
        CI,
        also={"the other of them": (CI, {NAME: "release"})},
        wrong={
            "another session name": Wrong(but={NAME: "build-7"}),
            "a session name that ends so": Wrong(but={NAME: "my-deploy-7"}),
            "the session name in capitals": Wrong(but={NAME: "RELEASE"}),
            "no session name": Wrong(without=(NAME,)),
        },
    ),
    case(
        "the user's name as session name",
        {"session_names": ["${aws:username}"]},
        {NAME: "alice"},
        wrong={
            "another user's name": Wrong(but={NAME: "bob"}),
            "a session name that begins so": Wrong(but={NAME: "alice-2"}),
            "the text of the variable": Wrong(but={NAME: "${aws:username}"}),
            "no session name": Wrong(without=(NAME,)),
        },
    ),
    case(
        "source identities",
        {"source_identities": ["*@example.com"]},
        {IDENTITY: "jane@example.com"},
        CI,
        wrong={
            "another source identity": Wrong(but={IDENTITY: "jane@example.org"}),
            "a source identity that goes on": Wrong(but={IDENTITY: "jane@example.com.evil"}),
            "no source identity": Wrong(without=(IDENTITY,)),
        },
    ),
    case(
        "session tags",
        {"session_tags": {"team": ["platform", "data"], "stage": ["production"]}},
        TAGGED,
        CI,
        also={"another value of those named": (CI, {TEAM: "data"})},
        wrong={
            "another value": Wrong(but={TEAM: "sales"}),
            "the value in capitals": Wrong(but={STAGE: "PRODUCTION"}),
            "one tag of the two": Wrong(but={KEYS: ("team",)}, without=(STAGE,)),
            "one tag more": Wrong(
                but={KEYS: ("team", "stage", "admin"), "aws:RequestTag/admin": "yes"}
            ),
            "no tags": Wrong(without=(TEAM, STAGE, KEYS)),
        },
    ),
    case(
        "transitive tag keys",
        {
            "session_tags": {"team": ["platform"], "stage": ["production"]},
            "transitive_tag_keys": ["team"],
        },
        {**TAGGED, TRANSITIVE: ("team",)},
        CI,
        wrong={
            "another key that is handed on": Wrong(but={TRANSITIVE: ("stage",)}),
            "one key more that is handed on": Wrong(but={TRANSITIVE: ("team", "stage")}),
            "no key that is handed on": Wrong(without=(TRANSITIVE,)),
        },
    ),
    case(
        "principal tags",
        {"principal_tags": {"team": ["platform", "data"]}},
        {OWN_TEAM: "platform"},
        also={"the other of them": (ALICE, {OWN_TEAM: "data"})},
        wrong={
            "another value": Wrong(but={OWN_TEAM: "sales"}),
            "a session tag instead, which the caller chooses": Wrong(
                but={TEAM: "platform"}, without=(OWN_TEAM,)
            ),
            "no such tag": Wrong(without=(OWN_TEAM,)),
        },
    ),
    case(
        "a time window",
        {"not_before": "2026-12-01T08:00:00Z", "not_after": "2026-12-31T18:00:00Z"},
        {NOW: "2026-12-01T08:00:00Z"},
        also={"at the last second": (ALICE, {NOW: "2026-12-31T17:59:59Z"})},
        wrong={
            "a second too early": Wrong(but={NOW: "2026-12-01T07:59:59Z"}),
            "the moment when it closes": Wrong(but={NOW: "2026-12-31T18:00:00Z"}),
            "a year later": Wrong(but={NOW: "2027-12-15T00:00:00Z"}),
            "no time": Wrong(without=(NOW,)),
        },
    ),
    case(
        "raw conditions",
        {
            "raw": {
                "StringNotLike": {"aws:UserAgent": ["*curl*"]},
                "Bool": {"aws:SecureTransport": ["true"]},
            }
        },
        {"aws:UserAgent": "aws-cli/2", "aws:SecureTransport": "true"},
        wrong={
            "one of them unmet": Wrong(but={"aws:UserAgent": "curl/8"}),
            "the other unmet": Wrong(but={"aws:SecureTransport": "false"}),
            "the key absent": Wrong(without=("aws:SecureTransport",)),
        },
    ),
    Case(
        "different conditions for different principals",
        {
            "principals": [
                {"user": "people/alice"},
                {"role": "team/ci", "conditions": {"mfa": False, "source_identities": ["ci-*"]}},
            ],
            "conditions": {"mfa": True, "external_id": "partner-7f3a"},
        },
        ALICE,
        {MFA: "true", ID: "partner-7f3a"},
        also={"the role, by its own": (CI, {MFA: "false", IDENTITY: "ci-7"})},
        wrong={
            "the user without MFA": Wrong(but={MFA: "false"}),
            "the user by the role's conditions": Wrong(but={IDENTITY: "ci-7"}, without=(MFA,)),
            "the role by the user's conditions": Wrong(CI),
            "the role without what the grant asks of all": Wrong(
                CI, but={IDENTITY: "ci-7"}, without=(ID,)
            ),
            "another user": Wrong(BOB),
            "another role": Wrong(CD, but={IDENTITY: "ci-7"}),
        },
    ),
    Case(
        "MFA and its age for all but a role",
        {
            "principals": [
                {"user": "people/alice"},
                {"role": "team/ci", "conditions": {"mfa": False}},
            ],
            "conditions": {"mfa": True, "mfa_max_age": 3600},
        },
        ALICE,
        {MFA: "true", AGE: "60"},
        also={"the role, without MFA": (CI, {MFA: "false", AGE: "7200"})},
        wrong={
            "the user without MFA": Wrong(but={MFA: "false"}),
            "the user with MFA that is too old": Wrong(but={AGE: "3600"}),
            "another user": Wrong(BOB),
            "another role": Wrong(CD),
        },
    ),
    Case(
        "an external ID of its own while all others' is changed",
        {
            "principals": [
                {"user": "people/alice"},
                {"role": "team/ci", "conditions": {"external_id": "ci-1234"}},
            ],
            "conditions": {"external_id": "new-4711", "previous_external_id": "old-0815"},
        },
        ALICE,
        {ID: "new-4711"},
        also={
            "the user by the previous one": (ALICE, {ID: "old-0815"}),
            "the role by its own": (CI, {ID: "ci-1234"}),
        },
        wrong={
            "the user by the role's": Wrong(but={ID: "ci-1234"}),
            "the role by the others'": Wrong(CI),
            "the role by the others' previous one": Wrong(CI, but={ID: "old-0815"}),
            "another user": Wrong(BOB),
            "no external ID": Wrong(without=(ID,)),
        },
    ),
]
