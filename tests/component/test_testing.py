"""A program's own tests: what the mocks note, and whom they let in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import MultiAccountAccess
from tests.component.tested_programs import (
    PEOPLE,
    PRODUCTION,
    STAGING,
    USER_ARN,
    accounts,
    program,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cross_account_access.testing import AwsMocks


def test_a_run_returns_the_outputs_and_notes_what_was_made() -> None:
    mocks = accounts()
    outputs = mocks.run(program())
    assert outputs == {"arns": {"deploy": f"arn:aws:iam::{PRODUCTION}:role/deploy"}}
    role = mocks.get("aws:iam/role:Role", "team-deploy", account="destination")
    assert (role.account, role.provider, role.inputs["name"]) == (
        PRODUCTION,
        "destination",
        "deploy",
    )
    assert role.parent == "cross-account-access:index:TrustedRole::team-deploy"
    assert mocks.made("Role", account="source") == []
    assert [one.account for one in mocks.made("Policy")] == [PEOPLE]


def test_documents_are_parsed() -> None:
    mocks = run()
    (statement,) = mocks.trust_policy("deploy")["Statement"]
    assert statement["Principal"] == {"AWS": [USER_ARN]}
    (policy,) = mocks.source_policies("alice")
    assert policy["Statement"][0]["Resource"] == [f"arn:aws:iam::{PRODUCTION}:role/deploy"]
    assert mocks.get("Role").statements == [statement]
    assert mocks.source_policies("bob") == []


PROVIDERS = "sts:RequestContextProviders"
MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
# The conditions of a grant, the call that meets them, and calls that don't, with a part of why.
CONDITIONS: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[dict[str, Any], str]]]] = {
    "none": ({}, {}, []),
    "mfa": ({"mfa": True}, {"mfa": True}, [({}, "aws:MultiFactorAuthPresent")]),
    "mfa age": (
        {"mfa_max_age": 600},
        {"mfa_age": 60},
        [({"mfa_age": 601}, "aws:MultiFactorAuthAge"), ({}, "aws:MultiFactorAuthPresent")],
    ),
    "external ID": (
        {"external_id": "partner-7f3a"},
        {"external_id": "partner-7f3a"},
        [({"external_id": "partner-0000"}, "sts:ExternalId"), ({}, "sts:ExternalId")],
    ),
    "addresses": (
        {"source_ips": ["203.0.113.0/24"]},
        {"source_ip": "203.0.113.7"},
        [({"source_ip": "198.51.100.1"}, "aws:SourceIp"), ({}, "aws:SourceIp")],
    ),
    "endpoint": (
        {"source_vpc_endpoints": ["vpce-0123456789abcdef0"]},
        {"source_vpc_endpoint": "vpce-0123456789abcdef0"},
        [({}, "aws:SourceVpce")],
    ),
    "session name": (
        {"session_names": ["${aws:username}"]},
        {"session_name": "alice"},
        [({"session_name": "bob"}, "sts:RoleSessionName")],
    ),
    "source identity": (
        {"source_identities": ["alice"]},
        {"source_identity": "alice"},
        [({"source_identity": "bob"}, "sts:SourceIdentity"), ({}, "sts:SourceIdentity")],
    ),
    "session tags": (
        {"session_tags": {"team": ["platform"]}},
        {"session_tags": {"team": "platform"}},
        [({"session_tags": {"team": "sales"}}, "aws:RequestTag/team")],
    ),
    "session tags that are allowed": (
        {"allow_session_tags": ["team"]},
        {"session_tags": {"team": "platform"}},
        [({"session_tags": {"app": "x"}}, "aws:TagKeys")],
    ),
    "inherited tags": (
        {"session_tags": {"team": ["app-*"]}},
        {"inherited_tags": {"team": "app-1"}},
        [({"inherited_tags": {"team": "sales"}}, "aws:RequestTag/team")],
    ),
    "an identity context": (
        {"allow_identity_context": True},
        {"context": {PROVIDERS: "arn:aws:iam::aws:contextProvider/IdentityCenter"}},
        [({"context": {PROVIDERS: "arn:aws:iam::aws:contextProvider/QuickSight"}}, PROVIDERS)],
    ),
    "principal tags": (
        {"principal_tags": {"team": ["platform"]}},
        {"principal_tags": {"team": "platform"}},
        [({}, "aws:PrincipalTag/team")],
    ),
    "organization": (
        {"organizations": ["o-abcdefghij"]},
        {"organization": "o-abcdefghij"},
        [({"organization": "o-0000000000"}, "aws:PrincipalOrgID")],
    ),
    "period": (
        {"not_before": "2026-05-01T00:00:00Z", "not_after": "2026-07-01T00:00:00Z"},
        {"at": MOMENT},
        [({"at": MOMENT + timedelta(days=60)}, "aws:CurrentTime")],
    ),
    "raw": (
        {"raw": {"StringEquals": {"aws:UserAgent": ["pipeline"]}}},
        {"context": {"aws:UserAgent": "pipeline"}},
        [({}, "aws:UserAgent")],
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_a_call_that_meets_the_conditions_is_allowed_and_no_other(case: str) -> None:
    conditions, met, unmet = CONDITIONS[case]
    mocks = run(conditions=conditions) if conditions else run()
    mocks.assert_allows("alice", "deploy", **{"at": MOMENT, **met})
    mocks.assert_allows(USER_ARN, f"arn:aws:iam::{PRODUCTION}:role/deploy", **{"at": MOMENT, **met})
    for call, reason in unmet:
        mocks.assert_refuses(
            "alice", "team-deploy", half="destination", because=reason, **{"at": MOMENT, **call}
        )
    mocks.assert_refuses("bob", "deploy", half="source", **{"at": MOMENT, **met})
    mocks.assert_refuses("bob", "deploy", half="destination", **{"at": MOMENT, **met})


# A principal, and the callers that it lets in and doesn't, each with the half that refuses.
PRINCIPALS: dict[str, tuple[dict[str, Any], list[str], dict[str, str]]] = {
    "role": (
        {"role": "ci/deployer"},
        ["role/deployer", "role/ci/deployer", "session/deployer/build"],
        {"alice": "destination"},
    ),
    "session": (
        {"session": "deployer/build"},
        ["session/deployer/build"],
        {"session/deployer/other": "destination"},
    ),
    "group": ({"group": "admins"}, ["group/admins", "bob"], {"alice": "source"}),
    "account": ({"account": PEOPLE}, [f"account/{PEOPLE}"], {"alice": "source"}),
    "permission set": (
        {"permission_set": "Admin"},
        ["permission-set/Admin"],
        {"permission-set/Admin_more": "destination", "alice": "destination"},
    ),
    "organization": (
        {"organization": "o-abcdefghij"},
        ["organization/o-abcdefghij"],
        {"organization/o-0000000000": "destination", "alice": "destination"},
    ),
    "unit": (
        {"organizational_unit": "o-abcdefghij/r-abcd/ou-abcd-12345678/"},
        ["organizational-unit/o-abcdefghij/r-abcd/ou-abcd-12345678/"],
        {"organizational-unit/o-abcdefghij/r-abcd/ou-abcd-00000000/": "destination"},
    ),
}


@pytest.mark.parametrize("kind", PRINCIPALS)
def test_each_kind_of_principal_lets_its_callers_in_and_no_other(kind: str) -> None:
    principal, allowed, refused = PRINCIPALS[kind]
    mocks = run(principals=[principal])
    for caller in allowed:
        mocks.assert_allows(caller, "deploy", caller_account="source")
    for caller, half in refused.items():
        mocks.assert_refuses(caller, "deploy", half=half, caller_account="source")  # type: ignore[arg-type] # str of the table


def test_an_entitled_callers_own_policies_are_taken_for_granted() -> None:
    mocks = run(principals=[{"account": PEOPLE}])
    mocks.assert_refuses("alice", "deploy", half="source")
    mocks.assert_allows("alice", "deploy", entitled=True)
    mocks.assert_refuses("permission-set/Admin", "deploy", caller_account=PEOPLE, entitled=False)
    mocks.assert_refuses("root/" + PEOPLE, "deploy", because="root user")


def test_what_the_program_itself_makes_and_attaches_counts() -> None:
    allow = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})

    def more(source: aws.Provider) -> None:
        opts = pulumi.ResourceOptions(provider=source)
        carol = aws.iam.User("carol", name="carol", path="/x/", opts=opts)
        group = aws.iam.Group("ops", name="ops", opts=opts)
        aws.iam.GroupPolicy("ops", group=group.name, policy=document, opts=opts)
        aws.iam.UserGroupMembership("carol", user=carol.name, groups=[group.name], opts=opts)
        dan = aws.iam.User("dan", opts=opts)
        policy = aws.iam.Policy("dan", policy=document, opts=opts)
        aws.iam.UserPolicyAttachment("dan", user=dan.name, policy_arn=policy.arn, opts=opts)
        bounded = aws.iam.User("eve", name="eve", permissions_boundary=policy.arn, opts=opts)
        aws.iam.UserPolicy("eve", user=bounded.name, policy=document, opts=opts)
        none = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Action": "s3:*"}]})
        small = aws.iam.Policy("small", policy=none, opts=opts)
        aws.iam.User("fay", name="fay", permissions_boundary=small.arn, opts=opts)
        aws.iam.UserPolicy("fay", user="fay", policy=document, opts=opts)

    mocks = run(more, principals=[{"account": PEOPLE}])
    mocks.assert_allows("x/carol", "deploy")
    mocks.assert_allows("group/ops", "deploy")
    mocks.assert_allows(mocks.get("User", "dan").arn, "deploy")
    mocks.assert_allows("eve", "deploy")
    mocks.assert_refuses("fay", "deploy", half="source", because="boundary")
    mocks.assert_refuses("bob", "deploy", half="source")


def test_a_permission_set_has_no_policies_of_a_role_of_its_name() -> None:
    def more(source: aws.Provider) -> None:
        opts = pulumi.ResourceOptions(provider=source)
        allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        aws.iam.Role("admin", name="Admin", assume_role_policy=document, opts=opts)
        aws.iam.RolePolicy("admin", role="Admin", policy=document, opts=opts)

    mocks = run(more, principals=[{"permission_set": "Admin"}])
    mocks.assert_refuses(
        "permission-set/Admin", "deploy", caller_account="source", entitled=False, half="source"
    )


def test_a_roles_name_in_aws_goes_before_its_name_in_the_program() -> None:
    mocks = accounts()
    principals = [{"user": "bob"}]
    roles = {"one": {"name": "team-two"}, "two": {"name": "other"}}
    mocks.run(program({key: {"principals": principals, "role": roles[key]} for key in roles}))
    mocks.assert_allows("bob", "team-two")
    assert mocks.get("Role", "team-one").document == mocks.trust_policy("team-two")
    assert mocks.trust_policy("team-one") == mocks.trust_policy("team-two")


def test_a_failed_assertion_says_which_half_refuses_and_why() -> None:
    mocks = run(conditions={"mfa": True, "external_id": "swordfish"})
    with pytest.raises(AssertionError) as refusal:
        mocks.assert_allows("alice", "deploy", external_id="swordfish")
    assert str(refusal.value) == (
        f"user team/alice of account {PEOPLE} assuming arn:aws:iam::{PRODUCTION}:role/deploy is "
        "refused: destination: trust policy, statement 1: aws:MultiFactorAuthPresent is absent, "
        'Bool requires "true"'
    )
    with pytest.raises(AssertionError, match=r"source and destination: no identity policy of .*"):
        mocks.assert_allows("bob", "deploy", mfa=True)
    with pytest.raises(AssertionError) as allowed:
        mocks.assert_refuses("alice", "deploy", mfa=True, external_id="swordfish")
    assert str(allowed.value).startswith(f"user team/alice of account {PEOPLE} assuming ")
    assert " is not refused: allowed by " in str(allowed.value)
    with pytest.raises(AssertionError, match="is not refused by the source"):
        mocks.assert_refuses("alice", "deploy", half="source")
    with pytest.raises(AssertionError) as other:
        mocks.assert_refuses("alice", "deploy", because="aws:SourceIp")
    assert "is not refused for 'aws:SourceIp'" in str(other.value)
    assert "swordfish" not in str(other.value)


WRONG_CALLS: dict[str, tuple[Callable[[AwsMocks], object], str]] = {
    "no such user": (
        lambda mocks: mocks.assert_refuses("alicia", "deploy"),
        "there is no alicia in AwsMocks",
    ),
    "another path": (
        lambda mocks: mocks.assert_refuses("user/sales/alice", "deploy"),
        "there is no user/sales/alice",
    ),
    "no such user by ARN": (
        lambda mocks: mocks.assert_refuses(f"arn:aws:iam::{PEOPLE}:user/zoe", "deploy"),
        "there is no user zoe of account 111111111111",
    ),
    "no such role": (lambda mocks: mocks.assert_refuses("bob", "deplo"), "no role deplo was made"),
    "role of another account": (
        lambda mocks: mocks.trust_policy("deploy", "source"),
        "no role deploy was made in account 111111111111",
    ),
    "users of two accounts": (
        lambda mocks: mocks.assert_refuses("zed", "deploy"),
        f"zed may be of several accounts: {PEOPLE}, {STAGING}; pass",
    ),
    "no such account": (
        lambda mocks: mocks.made("Role", account="prod"),
        "AwsMocks has no account 'prod'",
    ),
    "no such resource": (lambda mocks: mocks.get("Role", "x"), "0 resources are Role x, not one"),
}


@pytest.mark.parametrize("case", WRONG_CALLS)
def test_nothing_passes_because_of_a_name_that_is_not_there(case: str) -> None:
    call, message = WRONG_CALLS[case]
    with pytest.raises(LookupError) as error:
        call(run())
    assert message in str(error.value)


def test_a_term_that_is_none_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"^no such term of a call: mfaa\. There are mfa, "):
        run().assert_refuses("bob", "deploy", mfaa=True)  # type: ignore[call-arg]


def test_an_address_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^source_ip '203\.0\.113': must be an IPv4 or IPv6 addr"):
        run(conditions={"source_ips": ["203.0.113.0/24"]}).assert_refuses(
            "alice", "deploy", mfa=True, source_ip="203.0.113"
        )


def test_among_many_accounts_each_role_is_one_of_its_account() -> None:
    mocks = accounts()

    def run_many() -> None:
        providers = {name: aws.Provider(name, region="eu-west-1") for name in mocks.accounts}
        MultiAccountAccess(
            "team",
            accounts={name: {"provider": one} for name, one in providers.items()},
            grants={
                "read": {
                    "source": "source",
                    "destinations": ["destination", "staging"],
                    "principals": [{"user": "bob"}],
                }
            },
        )

    mocks.run(run_many)
    for account in ("destination", STAGING):
        mocks.assert_allows("bob", "read", account=account)
        mocks.assert_refuses("team/alice", "read", account=account)
    assert mocks.get("Role", account="staging").account == STAGING
    with pytest.raises(LookupError, match=rf"in several accounts: {PRODUCTION}, {STAGING}; pass"):
        mocks.assert_allows("bob", "read")
