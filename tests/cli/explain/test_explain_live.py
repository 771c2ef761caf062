"""`explain --live`: what the accounts have, and the answer of the emulated AWS to the same call."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.explain import decision_inputs
from cross_account_access.cli.iam_reader import UnreadableError
from cross_account_access.cli.main import cli
from cross_account_access.cli.terminal import ExitCode, Failure
from sandbox.proof.person import make_session_sts
from tests.cli.explain.live_accounts import (
    DENY,
    DESTINATION,
    ROLE,
    ROOT,
    SOURCE,
    Damage,
    World,
    policy,
    statement,
    trusts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result
    from types_boto3_sts import STSClient

    from sandbox.aws.server import Sandbox

PROFILES = (("source", SOURCE), ("destination", DESTINATION))
ADMINISTRATORS = "--source-profile source --destination-profile destination"
NOT_HERE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
TAG: dict[str, Any] = {
    "options": "--session-tag a=b",
    "call": {"Tags": [{"Key": "a", "Value": "b"}]},
}
DAMAGE = {
    "nothing": Damage(None),
    "allowed by a group": Damage(None, own=(), group=(statement(),)),
    "allowed under a boundary": Damage(None, boundary=statement(resource="*", action="sts:*")),
    "allowed with a session tag": Damage(
        None,
        own=(statement(action="sts:*"),),
        trust=(trusts(ROOT, action=["sts:AssumeRole", "sts:TagSession"]),),
        **TAG,
    ),
    "a policy detached": Damage("source", "identity", own=()),
    "a policy for another role": Damage(
        "source", "identity", own=(statement(resource=f"{ROLE}-2"),), policy="own-0"
    ),
    "a policy with a condition": Damage(
        "source",
        "identity",
        own=(statement(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),),
        policy="own-0",
    ),
    "a group's policy for another role": Damage(
        "source", "identity", own=(), group=(statement(resource=f"{ROLE}-2"),), policy="group-0"
    ),
    "an explicit deny of its own": Damage(
        "source", "deny", own=(statement(), DENY), policy="own-1"
    ),
    "an explicit deny of its group": Damage("source", "deny", group=(DENY,), policy="group-0"),
    "an explicit deny under a condition": Damage(
        "source",
        "deny",
        own=(statement(), DENY | {"Condition": NOT_HERE}),
        policy="own-1",
        says="aws:SourceIp",
    ),
    "a boundary that says nothing of it": Damage(
        "source", "boundary", boundary=statement(action="s3:*", resource="*")
    ),
    "a boundary that denies": Damage("source", "deny", boundary=DENY, policy="boundary"),
    "session tags that the caller may not pass": Damage(
        "source",
        "identity",
        trust=(trusts(ROOT, action=["sts:AssumeRole", "sts:TagSession"]),),
        **TAG,
    ),
    "a trust of another user": Damage(
        "destination", "trust", trust=(trusts(f"arn:aws:iam::{SOURCE}:user/other"),)
    ),
    "a trust that denies": Damage(
        "destination", "deny", trust=(trusts(ROOT), trusts(ROOT, effect="Deny")), policy="trust"
    ),
    "a trust that doesn't let tags be passed": Damage(
        "destination", "trust", own=(statement(action="sts:*"),), **TAG
    ),
    "a trust with an external ID": Damage(
        "destination", "trust", trust=(trusts(ROOT, StringEquals={"sts:ExternalId": "ours-1"}),)
    ),
    "a trust that forbids the caller": Damage(
        "destination",
        "trust",
        trust=(trusts(ROOT, ArnNotLike={"aws:PrincipalArn": "arn:aws:iam::*:user/*"}),),
    ),
    "a session that is too long": Damage(
        "destination", "duration", options="--duration 3601", call={"DurationSeconds": 3601}
    ),
}


@pytest.fixture(scope="module")
def world(accounts: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    accounts.reset()
    folder = tmp_path_factory.mktemp("aws")
    lines = [
        f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = sandbox\n"
        for name, key in PROFILES
    ]
    (folder / "credentials").write_text("\n".join(lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
        patch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
        patch.setenv("AWS_ENDPOINT_URL", accounts.endpoint)
        # Making a client takes longer than all that is asked of it.
        patch.setattr(AwsAccess, "client", cache(AwsAccess.client))
        made = World(accounts)
        made.user("other")
        yield made


def run(line: str, profiles: str = ADMINISTRATORS) -> Result:
    line = f"explain {line} --live --json {profiles}"
    return CliRunner().invoke(cli, shlex.split(line), standalone_mode=False)


def told(line: str, profiles: str = ADMINISTRATORS) -> dict[str, Any]:
    result = run(line, profiles)
    if result.exception:
        raise result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    assert result.return_value == (ExitCode.DONE if answer["allowed"] else ExitCode.NO)
    return answer


def of_aws(sts: STSClient, role: str, **call: Any) -> tuple[bool, str | None]:
    """Whether the emulated STS gives the role, and which half it says refuses."""
    try:
        sts.assume_role(RoleArn=role, RoleSessionName="test", **call)
    except ClientError as error:
        return False, error.response["ResponseMetadata"]["HTTPHeaders"].get("x-sandbox-half")
    return True, None


@pytest.mark.parametrize(("number", "damage"), list(enumerate(DAMAGE.values())), ids=DAMAGE)
def test_what_keeps_a_user_from_a_role_is_found_as_aws_decides(
    number: int, damage: Damage, world: World
) -> None:
    sts, user, role = world.damaged(damage, number)
    answer = told(f"{user} {role} --source-ip 127.0.0.1 {damage.options}")
    allowed, half = of_aws(sts, role, **damage.call)
    assert (answer["allowed"], answer["half"]) == (allowed, half or damage.half)
    assert (answer["half"], answer["basis"]) == (damage.half, "accounts")
    if damage.half is None:
        return
    reasons = answer["halves"][damage.half]["reasons"]
    reason = next((reason for reason in reasons if reason["kind"] == damage.kind), None)
    assert reason, reasons
    assert damage.policy in (reason["policy"] or "")
    assert damage.says in reason["text"] + " ".join(reason["remedies"]), reason
    assert "ours-1" not in json.dumps(answer)


def test_a_user_that_was_made_again_is_told_by_the_dead_id(world: World) -> None:
    sts, arn = world.user("again"), f"arn:aws:iam::{SOURCE}:user/again"
    role = world.role("trusts-again", trusts(arn))
    world.source.put_user_policy(
        UserName="again", PolicyName="own", PolicyDocument=policy(statement(resource=role))
    )
    assert told(f"{arn} {role}")["allowed"]
    assert of_aws(sts, role) == (True, None)
    world.source.delete_user_policy(UserName="again", PolicyName="own")
    for key in world.source.list_access_keys(UserName="again")["AccessKeyMetadata"]:
        world.source.delete_access_key(UserName="again", AccessKeyId=key["AccessKeyId"])
    world.source.delete_user(UserName="again")
    sts = world.user("again")
    world.source.put_user_policy(
        UserName="again", PolicyName="own", PolicyDocument=policy(statement(resource=role))
    )
    answer = told(f"{arn} {role}")
    assert (answer["allowed"], answer["half"]) == (False, "destination")
    assert of_aws(sts, role) == (False, "destination")
    assert "AIDA" in answer["halves"]["destination"]["reasons"][0]["text"]
    assert "pulumi up --refresh" in answer["remedies"][0]


def test_a_role_that_is_not_there_refuses(world: World) -> None:
    sts, missing = world.user("seeker"), f"arn:aws:iam::{DESTINATION}:role/missing"
    answer = told(f"arn:aws:iam::{SOURCE}:user/seeker {missing}")
    assert (answer["half"], answer["halves"]["destination"]["reasons"][0]["kind"]) == (
        "destination",
        "no_role",
    )
    assert of_aws(sts, missing) == (False, "destination")


def test_a_role_at_another_path_is_not_there(world: World) -> None:
    world.role("placed", trusts(ROOT))
    answer = told(
        f"arn:aws:iam::{SOURCE}:user/other arn:aws:iam::{DESTINATION}:role/elsewhere/placed"
    )
    assert answer["halves"]["destination"]["reasons"][0]["kind"] == "no_role"


def test_a_caller_of_the_roles_own_account_needs_no_policy(world: World) -> None:
    world.destination.create_user(UserName="local")
    key = world.destination.create_access_key(UserName="local")["AccessKey"]
    sts = make_session_sts(world.sandbox.endpoint, {**key, "SessionToken": None})
    arn = f"arn:aws:iam::{DESTINATION}:user/local"
    role = world.role("local-role", trusts(arn))
    answer = told(f"{arn} {role}", "--profile destination")
    assert answer["allowed"]
    assert "one account" in answer["halves"]["source"]["by"]
    assert of_aws(sts, role) == (True, None)


def test_the_callers_own_tags_are_read(world: World) -> None:
    sts, arn = world.user("tagged"), f"arn:aws:iam::{SOURCE}:user/tagged"
    role = world.role("wants-tag", trusts(ROOT, StringEquals={"aws:PrincipalTag/team": "platform"}))
    world.source.put_user_policy(
        UserName="tagged", PolicyName="own", PolicyDocument=policy(statement(resource=role))
    )
    assert told(f"{arn} {role}")["half"] == of_aws(sts, role)[1] == "destination"
    world.source.tag_user(UserName="tagged", Tags=[{"Key": "team", "Value": "platform"}])
    assert told(f"{arn} {role}")["allowed"]
    assert of_aws(sts, role) == (True, None)
    assert told(f"{arn} {role} --principal-tag team=sales")["half"] == "destination"


def test_entitled_takes_the_callers_policies_for_granted_and_does_not_read_them(
    world: World,
) -> None:
    role = world.role("open", trusts(ROOT))
    arn = f"arn:aws:iam::{SOURCE}:user/nowhere-to-be-found"
    assert told(f"{arn} {role} --entitled", "--profile destination")["allowed"]


NOBODY = f"arn:aws:iam::{SOURCE}:user/nobody-here"
OTHER_USER = f"arn:aws:iam::{SOURCE}:user/other"
SSO_ROLE = "AWSReservedSSO_Set_0123456789abcdef"
# Who is asked for, with which profiles, and what the message names.
WRONG = {
    "no such user": (NOBODY, ADMINISTRATORS, "nobody-here"),
    "a user at another path": (
        f"arn:aws:iam::{SOURCE}:user/team/other",
        ADMINISTRATORS,
        f"{OTHER_USER} has the same name",
    ),
    "no such role": (f"arn:aws:iam::{SOURCE}:role/none", ADMINISTRATORS, "role none"),
    "no such permission set": (
        f"arn:aws:sts::{SOURCE}:assumed-role/{SSO_ROLE}/me",
        ADMINISTRATORS,
        "permission set Set",
    ),
    "the source's credentials for both": (OTHER_USER, "--profile source", DESTINATION),
    "the destination's credentials for both": (OTHER_USER, "--profile destination", SOURCE),
    "no such profile": (OTHER_USER, "--profile nothing", "nothing"),
    "a name without a stack": ("alice", ADMINISTRATORS, "alice: must be an ARN"),
}


@pytest.mark.parametrize(("who", "profiles", "part"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_named(who: str, profiles: str, part: str, world: World) -> None:
    with suppress(world.destination.exceptions.EntityAlreadyExistsException):
        world.role("there", trusts(ROOT))
    result = run(f"{who} arn:aws:iam::{DESTINATION}:role/there", profiles)
    assert isinstance(result.exception, Failure)
    assert part in result.exception.message
    assert result.exception.code == ExitCode.WRONG_INPUT
    assert json.loads(result.stdout)["error"]["message"] == result.exception.message


def test_a_policy_that_may_not_be_read_is_told_by_the_permission(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UnreadableError("iam:GetRole", "target")

    monkeypatch.setattr(decision_inputs, "read_entity", refuse)
    result = run(f"{OTHER_USER} {world.role('unread', trusts(ROOT))}")
    assert isinstance(result.exception, Failure)
    assert result.exception.code == ExitCode.UNAVAILABLE
    assert "iam:GetRole on target" in result.exception.message
    assert "--destination-profile" in result.exception.remedy
