"""A program's own tests: what the mocks answer, what they note, and whom they let in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess, InvalidArgs, MultiAccountAccess
from cross_account_access.testing import AwsMocks, MockAccount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cross_account_access import Grant

PEOPLE, PRODUCTION, STAGING = "111111111111", "222222222222", "333333333333"
USER_ARN = f"arn:aws:iam::{PEOPLE}:user/team/alice"


def accounts() -> AwsMocks:
    people = MockAccount(
        PEOPLE,
        users=["team/alice", "bob", "zed"],
        roles=["ci/deployer"],
        groups={"admins": ["bob"]},
    )
    return AwsMocks(
        {
            "source": people,
            "destination": MockAccount(PRODUCTION),
            "staging": MockAccount(STAGING, users=["zed"]),
        }
    )


def program(
    grants: dict[str, Any] | None = None, more: Callable[[aws.Provider], object] | None = None
) -> Callable[[], None]:
    """One access of the given grants, by default to alice; and more in the source account."""
    given: dict[str, Grant] = grants or {"deploy": {"principals": [{"user": "team/alice"}]}}

    def run() -> None:
        source = aws.Provider("source", region="eu-west-1")
        destination = aws.Provider("destination", region="eu-west-1")
        access = CrossAccountAccess(
            "team", source_provider=source, destination_provider=destination, grants=given
        )
        if more:
            more(source)
        pulumi.export("arns", access.role_arns)

    return run


def run(*args: Any, **grant: Any) -> AwsMocks:
    """The mocks, after a program of one grant has run."""
    mocks = accounts()
    grants = {"deploy": {"principals": [{"user": "team/alice"}], **grant}} if grant else None
    mocks.run(program(grants, *args))
    return mocks


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


def test_a_preview_knows_no_more_than_pulumis_and_decides_nothing() -> None:
    mocks = accounts()

    def run_role() -> None:
        opts = pulumi.ResourceOptions(provider=aws.Provider("source", region="eu-west-1"))
        user = aws.iam.User("zoe", name="zoe", opts=opts)
        aws.iam.UserPolicyAttachment("zoe", user=user.name, policy_arn=user.arn, opts=opts)
        pulumi.export("name", user.name)
        pulumi.export("arn", user.arn)
        pulumi.export("both", {"name": user.name, "arn": user.arn, "list": [user.name, user.arn]})
        pulumi.export("hidden", {"name": pulumi.Output.secret(user.name), "list": [{"n": 3600}]})

    hidden = {"name": "zoe", "list": [{"n": 3600}]}
    assert mocks.run(run_role, preview=True) == {
        "name": "zoe",
        "both": {"name": "zoe"},
        "hidden": hidden,
    }
    assert mocks.get("UserPolicyAttachment").inputs == {"user": "zoe"}
    assert (mocks.get("User").arn, mocks.get("User").id) == ("", "")
    with pytest.raises(LookupError, match=r"^a preview makes no roles and policies: run without"):
        mocks.assert_refuses("bob", "deploy")
    assert mocks.run(run_role)["arn"] == f"arn:aws:iam::{PEOPLE}:user/zoe"


def test_what_is_read_is_not_made_and_must_be_there() -> None:
    mocks = accounts()

    def run_read(name: str = "alice") -> None:
        opts = pulumi.ResourceOptions(provider=aws.Provider("source", region="eu-west-1"))
        pulumi.export("arn", aws.iam.User.get("known", name, opts=opts).arn)

    assert mocks.run(run_read) == {"arn": USER_ARN}
    assert mocks.made("User") == []
    with pytest.raises(LookupError, match=r"NoSuchEntity: The user with name zoe cannot be found"):
        mocks.run(lambda: run_read("zoe"))


def lookups(provider: aws.Provider) -> dict[str, pulumi.Output[Any]]:
    opts = pulumi.InvokeOutputOptions(provider=provider)
    own = f"arn:aws:iam::{PEOPLE}:policy/own"
    untyped: Any = aws  # mypy doesn't read these modules
    return {
        "region": untyped.get_region_output(opts=opts).region,
        "partition": untyped.get_partition_output(opts=opts).partition,
        "group": aws.iam.get_group_output(group_name="admins", opts=opts).arn,
        "users": aws.iam.get_users_output(opts=opts).names,
        "aws": aws.iam.get_policy_output(arn="arn:aws:iam::aws:policy/Any", opts=opts).name,
        "own": aws.iam.get_policy_output(arn=own, opts=opts).arn,
        "by name": aws.iam.get_policy_output(name="own", opts=opts).arn,
    }


def test_lookups_are_answered() -> None:
    people = MockAccount(PEOPLE, users=["x/alice"], groups={"admins": []}, policies=["own"])
    mocks = AwsMocks({"source": people})

    def run_lookups() -> None:
        for name, value in lookups(aws.Provider("source", region="eu-west-1")).items():
            pulumi.export(name, value)

    own = f"arn:aws:iam::{PEOPLE}:policy/own"
    assert mocks.run(run_lookups) == {
        "region": "eu-west-1",
        "partition": "aws",
        "group": f"arn:aws:iam::{PEOPLE}:group/admins",
        "users": ["alice"],
        "aws": "Any",
        "own": own,
        "by name": own,
    }


UNANSWERED: dict[str, tuple[Callable[[Any], object], str]] = {
    "user": (
        lambda opts: aws.iam.get_user_output(user_name="zoe", opts=opts),
        "NoSuchEntity: The user with name zoe",
    ),
    "policy": (
        lambda opts: aws.iam.get_policy_output(arn=f"{USER_ARN}:policy/none", opts=opts),
        "NoSuchEntity: Policy arn:",
    ),
    "another function": (
        lambda opts: aws.ssm.get_parameter_output(name="cidr", opts=opts),
        "AwsMocks doesn't answer aws:ssm/getParameter:getParameter",
    ),
    "a default provider": (
        lambda _: aws.get_caller_identity_output(),
        "getCallerIdentity is of a default provider, which has no account in AwsMocks",
    ),
    "another provider": (
        lambda _: aws.iam.User(
            "zoe",
            opts=pulumi.ResourceOptions(provider=aws.Provider("elsewhere", region="eu-west-1")),
        ),
        "aws:iam/user:User zoe is of provider elsewhere, which has no account",
    ),
}


@pytest.mark.parametrize("case", UNANSWERED)
def test_what_aws_would_refuse_or_the_mocks_do_not_know_is_an_error(case: str) -> None:
    ask, message = UNANSWERED[case]

    def run_one() -> None:
        source = aws.Provider("source", region="eu-west-1")
        ask(pulumi.InvokeOutputOptions(provider=source))

    with pytest.raises(Exception, match=re.escape(message)):
        accounts().run(run_one)


def test_a_principal_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidArgs) as refusal:
        run(principals=[{"user": "alicia"}])
    assert [one.code for one in refusal.value.problems] == ["missing-principal"]
    assert "alice" in refusal.value.problems[0].remedy


def test_each_run_starts_afresh(tmp_path: Path) -> None:
    text = """
import pulumi, pulumi_aws as aws
name = pulumi.Config("shop").require("user")
source = aws.Provider("source", region="eu-west-1")
user = aws.iam.User(name, name=name, opts=pulumi.ResourceOptions(provider=source))
pulumi.log.warn(f"makes {name} in {pulumi.get_stack()}")
pulumi.export("secret", pulumi.Output.secret(user.arn))
"""
    (tmp_path / "__main__.py").write_text(text, encoding="utf-8")
    mocks = accounts()
    mocks.run(tmp_path / "__main__.py", config={"shop:user": "yan"})
    outputs = mocks.run(tmp_path, config={"shop:user": "zoe"}, stack="dev")
    assert outputs == {"secret": f"arn:aws:iam::{PEOPLE}:user/zoe"}
    assert [one.name for one in mocks.made("User")] == ["zoe"]
    assert mocks.log == ["makes zoe in dev"]


def test_a_program_that_fails_fails_the_run() -> None:
    with pytest.raises(ZeroDivisionError):
        accounts().run(lambda: pulumi.Output.from_input(0).apply(lambda zero: 1 // zero))
    with pytest.raises(pulumi.RunError, match="two resources of type"):
        accounts().run(lambda: [aws.Provider("source", region="eu-west-1") for _ in range(2)])


@pytest.mark.parametrize("wrong", [{"id": "1"}, {"id": PEOPLE, "users": "alice"}])
def test_an_account_that_cannot_be_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        MockAccount(**wrong)


def test_the_mocks_need_only_what_the_package_needs() -> None:
    code = (
        "import sys, cross_account_access.testing; "
        "print([name for name in ('boto3', 'botocore', 'click', 'rich', 'pytest') "
        "if name in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
