"""A program's own tests: how it is run, what the mocks answer and what they note."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import InvalidArgs
from cross_account_access.testing import AwsMocks, MockAccount
from tests.component.tested_programs import PEOPLE, PRODUCTION, USER_ARN, accounts, program, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


def test_a_preview_of_grants_knows_who_will_be_trusted() -> None:
    mocks = accounts()
    outputs = mocks.run(program(), preview=True)
    assert outputs == {"arns": {"deploy": f"arn:aws:iam::{PRODUCTION}:role/deploy"}}
    assert mocks.trust_policy("deploy")["Statement"][0]["Principal"] == {"AWS": [USER_ARN]}


def test_what_is_imported_must_be_there() -> None:
    def run_import(roles: list[str]) -> AwsMocks:
        mocks = AwsMocks({"source": MockAccount(PEOPLE, roles=roles)})

        def import_role() -> None:
            provider = aws.Provider("source", region="eu-west-1")
            opts = pulumi.ResourceOptions(provider=provider, import_="old")
            aws.iam.Role("adopted", name="old", path="/x/", assume_role_policy="{}", opts=opts)

        mocks.run(import_role)
        return mocks

    assert run_import(["x/old"]).get("Role").arn == f"arn:aws:iam::{PEOPLE}:role/x/old"
    with pytest.raises(LookupError, match="NoSuchEntity: The role with name old"):
        run_import([])


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


def test_an_unknown_stacks_outputs_are_an_error() -> None:
    with pytest.raises(LookupError, match="AwsMocks has no stack_outputs of shop/infra/dev"):
        accounts().run(lambda: pulumi.StackReference("shop/infra/dev"))


def test_each_run_starts_afresh(tmp_path: Path) -> None:
    text = """
import pulumi, pulumi_aws as aws
name = pulumi.Config("shop").require("user")
source = aws.Provider("source", region="eu-west-1")
user = aws.iam.User(name, name=name, opts=pulumi.ResourceOptions(provider=source))
pulumi.log.warn(f"makes {name} in {pulumi.get_stack()}")
pulumi.export("secret", pulumi.Output.secret(user.arn))
pulumi.export("folder", pulumi.runtime.get_root_directory())
"""
    (tmp_path / "__main__.py").write_text(text, encoding="utf-8")
    mocks = accounts()
    mocks.run(tmp_path / "__main__.py", config={"shop:user": "yan"})
    outputs = mocks.run(tmp_path, config={"shop:user": "zoe"}, stack="dev")
    assert outputs == {
        "secret": f"arn:aws:iam::{PEOPLE}:user/zoe",
        "folder": str(tmp_path.resolve()),
    }
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
