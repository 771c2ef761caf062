"""How a person uses a role: URL, profile, command.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
"""

from __future__ import annotations

import configparser
import shlex
import string
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.grant import RoleGrantModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.roles import RoleModel
from cross_account_access.grants.usage import Usage
from cross_account_access.iam import limits
from cross_account_access.iam.arns import IamArn
from tests.unit.reading import DESTINATION, SOURCE


def principal(**given_as: Any) -> PrincipalModel:
    return read_model(PrincipalModel, given_as)


def under(**conditions: Any) -> ConditionsModel:
    return read_model(ConditionsModel, conditions)


ALICE, BOB, CI = principal(user="alice"), principal(user="team/bob"), principal(role="team/ci")
GROUP, WHOLE_ACCOUNT, SET = (
    principal(group="devs"),
    principal(account=SOURCE),
    principal(permission_set="Admin"),
)
SESSION, ORGANIZATION = principal(session="ci/build-7"), principal(organization="o-a1b2c3d4e5")
USAGE = Usage(
    role=IamArn("aws", DESTINATION, "role", "/", "deploy"),
    label="deploy",
    principals=[ALICE],
    conditions=None,
    account=SOURCE,
    max_session_duration=None,
)
NOBODY_COULD = "only role sessions are trusted"
NEEDS_ID = "requires an external ID"
OWN_ID = principal(user="alice", conditions={"external_id": "partner-7f3a"})


def role(name: str = "deploy", path: str = "/", partition: str = "aws") -> IamArn:
    return IamArn(partition, DESTINATION, "role", path, name)


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "signin.aws.amazon.com"),
        ("aws-cn", "signin.amazonaws.cn"),
        ("aws-us-gov", "signin.amazonaws-us-gov.com"),
        ("aws-eusc", "eusc-de-east-1.signin.amazonaws-eusc.eu"),
    ],
)
def test_the_console_has_a_host_in_each_partition(partition: str, host: str) -> None:
    usage = replace(USAGE, role=role(partition=partition))
    assert usage.switch_role_url == (
        f"https://{host}/switchrole?account={DESTINATION}&roleName=deploy&displayName=deploy"
    )
    assert usage.no_switch_role is None


def test_a_roles_path_stands_before_its_name_in_the_url() -> None:
    assert replace(USAGE, role=role(path="/team/eu/")).switch_role_url == (
        f"https://signin.aws.amazon.com/switchrole?account={DESTINATION}&roleName=team/eu/deploy&displayName=deploy"
    )


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (replace(USAGE, conditions=under(external_id="partner-7f3a")), NEEDS_ID),
        (replace(USAGE, principals=[OWN_ID]), NEEDS_ID),
        (replace(USAGE, principals=[OWN_ID, CI]), NEEDS_ID),
        (replace(USAGE, principals=[CI]), NOBODY_COULD),
        (replace(USAGE, principals=[CI, SESSION]), NOBODY_COULD),
        (replace(USAGE, role=role("x" * 60, "/team/")), "more than 64 characters"),
        (replace(USAGE, role=role(partition="aws-iso")), "partition aws-iso"),
    ],
)
def test_where_the_console_can_not_switch_there_is_a_reason_and_no_url(
    usage: Usage, reason: str
) -> None:
    assert reason in (usage.no_switch_role or "")
    assert usage.switch_role_url is None


@pytest.mark.parametrize(
    "usage",
    [
        replace(USAGE, role=role("x" * 64)),
        replace(USAGE, role=role("x" * 59, "/team/")),
        replace(USAGE, conditions=under(mfa=True)),
        replace(USAGE, principals=[ALICE, CI]),
        replace(USAGE, principals=[OWN_ID, BOB]),
        *(replace(USAGE, principals=[one]) for one in (GROUP, WHOLE_ACCOUNT, SET, ORGANIZATION)),
    ],
)
def test_neither_64_characters_nor_mfa_nor_others_keep_a_person_from_switching(
    usage: Usage,
) -> None:
    assert usage.no_switch_role is None
    assert usage.switch_role_url


NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=30)
PATHS = st.text("".join(map(chr, range(0x21, 0x7F))).replace("/", ""), min_size=1, max_size=20).map(
    lambda segment: f"/{segment}/"
)


@given(NAMES, PATHS)
def test_a_url_gives_back_what_was_put_into_it(name: str, path: str) -> None:
    url = replace(USAGE, role=role(name, path), label=name).switch_role_url
    assert url is not None
    assert set(url) <= set(string.ascii_letters + string.digits + "-_.~:/?&=%+")
    assert parse_qs(urlsplit(url).query) == {
        "account": [DESTINATION],
        "roleName": [f"{path.lstrip('/')}{name}"],
        "displayName": [name],
    }


# The AWS CLI's profile and command


def test_a_profile_assumes_the_role() -> None:
    assert USAGE.cli_profile == (
        f"[profile deploy]\nrole_arn = arn:aws:iam::{DESTINATION}:role/deploy\n"
        "source_profile = default\n"
    )


def test_a_profile_gives_all_that_the_trust_asks_for() -> None:
    usage = replace(
        USAGE, conditions=under(mfa=True, external_id="partner-7f3a"), max_session_duration=14400
    )
    assert usage.cli_profile == (
        "[profile deploy]\n"
        f"role_arn = arn:aws:iam::{DESTINATION}:role/deploy\n"
        "source_profile = default\n"
        "external_id = partner-7f3a\n"
        f"mfa_serial = arn:aws:iam::{SOURCE}:mfa/alice\n"
        "duration_seconds = 14400\n"
    )


def test_a_command_assumes_the_role() -> None:
    assert USAGE.assume_role_command == (
        f"aws sts assume-role --role-arn arn:aws:iam::{DESTINATION}:role/deploy "
        "--role-session-name deploy"
    )


def test_a_command_gives_all_that_the_trust_asks_for() -> None:
    usage = replace(
        USAGE, conditions=under(mfa=True, external_id="partner-7f3a"), max_session_duration=14400
    )
    assert usage.assume_role_command == (
        f"aws sts assume-role --role-arn arn:aws:iam::{DESTINATION}:role/deploy "
        "--role-session-name deploy --external-id partner-7f3a "
        f"--serial-number arn:aws:iam::{SOURCE}:mfa/alice --token-code CODE "
        "--duration-seconds 14400"
    )


@pytest.mark.parametrize(
    "principals", [[CI], [SET], [SESSION], [ALICE, CI], [GROUP, CI], [WHOLE_ACCOUNT, SET]]
)
def test_a_role_session_asks_for_no_longer_session_for_chaining_allows_an_hour(
    principals: list[PrincipalModel],
) -> None:
    usage = replace(USAGE, principals=principals, max_session_duration=43200)
    assert "duration" not in usage.cli_profile + usage.assume_role_command


@pytest.mark.parametrize(
    ("principals", "duration", "longest"),
    [
        ([ALICE], None, 3600),
        ([ALICE], 43200, 43200),
        ([ALICE, CI], 43200, 43200),
        ([GROUP], 7200, 7200),
        ([WHOLE_ACCOUNT], 7200, 7200),
        ([CI], None, 3600),
        ([CI, SET, SESSION], 43200, 3600),
    ],
)
def test_the_longest_session_is_an_hour_where_all_callers_are_role_sessions(
    principals: list[PrincipalModel], duration: int | None, longest: int
) -> None:
    role = RoleModel.model_construct(max_session_duration=duration)
    grant = RoleGrantModel.model_construct(principals=principals, role=role)
    assert grant.longest_session == longest


def test_a_command_sets_the_session_name_identity_and_tags_that_the_trust_asks_for() -> None:
    conditions = under(
        session_names=["build-*", "other"],
        source_identities=["alice@example.com"],
        session_tags={"team": ["red", "blue"], "app": ["x y"]},
        transitive_tag_keys=["team"],
    )
    usage = replace(USAGE, conditions=conditions)
    words = shlex.split(usage.assume_role_command)
    assert words[5:] == [
        *("--role-session-name", "build-deploy"),
        *("--source-identity", "alice@example.com"),
        *("--tags", "Key=app,Value=x y", "Key=team,Value=red"),
        *("--transitive-tag-keys", "team"),
    ]
    assert usage.cli_profile.endswith("role_session_name = build-deploy\n")


@pytest.mark.parametrize("pattern", ["build-*", "a*b*c", "**", "*x", "b" * 63 + "*", "build-7"])
@pytest.mark.parametrize("label", ["d", "r" * 64, f"{'r' * 64}-{'a' * 64}"], ids=len)
def test_a_session_name_of_a_pattern_matches_it_and_is_one_that_aws_takes(
    pattern: str, label: str
) -> None:
    usage = replace(USAGE, label=label, conditions=under(session_names=[pattern]))
    words = shlex.split(usage.assume_role_command)
    session = limits.SESSION_NAME(words[words.index("--role-session-name") + 1])
    assert fnmatchcase(session, pattern)


def test_a_session_name_after_the_user_is_left_to_the_user() -> None:
    usage = replace(USAGE, conditions=under(session_names=["${aws:username}"]))
    assert "--role-session-name YOUR_USER_NAME" in usage.assume_role_command
    assert "role_session_name = YOUR_USER_NAME\n" in usage.cli_profile


def test_profile_and_command_are_for_the_leading_principal() -> None:
    principals = [
        BOB,
        principal(role="ci", conditions={"mfa": False, "session_names": ["build-7"]}),
    ]
    usage = replace(USAGE, principals=principals, conditions=under(mfa=True), lead=1)
    assert "mfa" not in usage.cli_profile
    assert usage.assume_role_command.endswith(" --role-session-name build-7")
    assert "mfa_serial = " in replace(usage, lead=0).cli_profile


@pytest.mark.parametrize(
    ("principals", "partition", "serial"),
    [
        ([ALICE], "aws", f"arn:aws:iam::{SOURCE}:mfa/alice"),
        ([BOB], "aws", f"arn:aws:iam::{SOURCE}:mfa/bob"),
        (
            [principal(arn=f"arn:aws-cn:iam::{SOURCE}:user/a:user/carol")],
            "aws-cn",
            f"arn:aws-cn:iam::{SOURCE}:mfa/carol",
        ),
        ([ALICE, BOB], "aws", "YOUR_MFA_DEVICE_ARN"),
        ([GROUP], "aws", "YOUR_MFA_DEVICE_ARN"),
        ([WHOLE_ACCOUNT], "aws", "YOUR_MFA_DEVICE_ARN"),
    ],
)
def test_one_users_mfa_device_is_known_by_the_consoles_default_name(
    principals: list[PrincipalModel], partition: str, serial: str
) -> None:
    usage = replace(
        USAGE, principals=principals, conditions=under(mfa=True), role=role(partition=partition)
    )
    assert f"mfa_serial = {serial}\n" in usage.cli_profile
    assert f" --serial-number {serial} " in usage.assume_role_command


@pytest.mark.parametrize(
    ("name", "session"), [("x", "x-session"), ("xy", "xy"), ("n" * 64, "n" * 64)]
)
def test_a_sessions_name_is_one_that_sts_takes(name: str, session: str) -> None:
    words = shlex.split(replace(USAGE, label=name).assume_role_command)
    assert words[words.index("--role-session-name") + 1] == session


@given(
    NAMES,
    PATHS,
    st.from_regex(r"[\w+=,.@:/-]{2,50}", fullmatch=True, alphabet=st.characters(codec="ascii")),
)
def test_profile_and_command_keep_every_name_whole(name: str, path: str, external_id: str) -> None:
    usage = replace(
        USAGE, role=role(name, path), label=name, conditions=under(external_id=external_id)
    )
    arn = f"arn:aws:iam::{DESTINATION}:role{path}{name}"
    words = shlex.split(usage.assume_role_command)
    given_options = dict(zip(words[3::2], words[4::2], strict=True))
    assert words[:3] == ["aws", "sts", "assume-role"]
    assert given_options.pop("--role-session-name").startswith(name)
    assert given_options == {"--role-arn": arn, "--external-id": external_id}
    parsed = configparser.RawConfigParser(delimiters=["="], comment_prefixes=["#"])
    parsed.read_string(usage.cli_profile)
    assert dict(parsed[f"profile {name}"]) == {
        "role_arn": arn,
        "source_profile": "default",
        "external_id": external_id,
    }


@given(st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64))
def test_every_role_name_makes_a_session_name(name: str) -> None:
    words = shlex.split(replace(USAGE, role=role(name), label=name).assume_role_command)
    session = words[words.index("--role-session-name") + 1]
    assert 2 <= len(session) <= 64
    assert limits.ROLE_NAME(session) == session
