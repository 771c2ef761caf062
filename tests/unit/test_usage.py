"""How a person uses a role: URL, profile, command.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
"""

from __future__ import annotations

import configparser
import shlex
import string
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access import limits
from cross_account_access.arns import IamArn
from cross_account_access.usage import Usage
from tests.unit.reading import DESTINATION, SOURCE

ALICE, BOB = (f"arn:aws:iam::{SOURCE}:user/{name}" for name in ("alice", "team/bob"))
USAGE = Usage(
    role=IamArn("aws", DESTINATION, "role", "/", "deploy"),
    label="deploy",
    users=[ALICE],
    chained=False,
    needs_mfa=False,
    needs_external_id=False,
    max_session_duration=None,
)


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
        (
            replace(USAGE, needs_external_id=True),
            "the trust policy requires an external ID, and the console can't give one",
        ),
        (replace(USAGE, users=[]), "no user is trusted, and a role session can't switch roles in the console"),
        (
            replace(USAGE, role=role("x" * 60, "/team/")),
            "path and name of the role have more than 64 characters",
        ),
        (replace(USAGE, role=role(partition="aws-iso")), "the console of partition aws-iso is not known"),
    ],
)
def test_where_the_console_can_not_switch_there_is_a_reason_and_no_url(usage: Usage, reason: str) -> None:
    assert usage.no_switch_role == reason
    assert usage.switch_role_url is None


@pytest.mark.parametrize(
    "usage",
    [
        replace(USAGE, role=role("x" * 64)),
        replace(USAGE, role=role("x" * 59, "/team/")),
        replace(USAGE, needs_mfa=True),
        replace(USAGE, chained=True),
    ],
)
def test_neither_64_characters_nor_mfa_nor_a_trusted_role_keep_a_user_from_switching(usage: Usage) -> None:
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
    assert USAGE.cli_profile(None) == (
        f"[profile deploy]\nrole_arn = arn:aws:iam::{DESTINATION}:role/deploy\nsource_profile = default\n"
    )


def test_a_profile_gives_all_that_the_trust_asks_for() -> None:
    usage = replace(USAGE, needs_mfa=True, needs_external_id=True, max_session_duration=14400)
    assert usage.cli_profile("partner-7f3a") == (
        "[profile deploy]\n"
        f"role_arn = arn:aws:iam::{DESTINATION}:role/deploy\n"
        "source_profile = default\n"
        "external_id = partner-7f3a\n"
        f"mfa_serial = arn:aws:iam::{SOURCE}:mfa/alice\n"
        "duration_seconds = 14400\n"
    )


def test_a_command_assumes_the_role() -> None:
    assert USAGE.assume_role_command(None) == (
        f"aws sts assume-role --role-arn arn:aws:iam::{DESTINATION}:role/deploy --role-session-name deploy"
    )


def test_a_command_gives_all_that_the_trust_asks_for() -> None:
    usage = replace(USAGE, needs_mfa=True, needs_external_id=True, max_session_duration=14400)
    assert usage.assume_role_command("partner-7f3a") == (
        f"aws sts assume-role --role-arn arn:aws:iam::{DESTINATION}:role/deploy --role-session-name deploy "
        f"--external-id partner-7f3a --serial-number arn:aws:iam::{SOURCE}:mfa/alice --token-code CODE "
        "--duration-seconds 14400"
    )


def test_a_role_session_asks_for_no_longer_session_for_chaining_allows_an_hour() -> None:
    usage = replace(USAGE, users=[], chained=True, max_session_duration=43200)
    assert "duration" not in usage.cli_profile(None) + usage.assume_role_command(None)


@pytest.mark.parametrize(
    ("users", "serial"),
    [
        ([ALICE], f"arn:aws:iam::{SOURCE}:mfa/alice"),
        ([BOB], f"arn:aws:iam::{SOURCE}:mfa/bob"),
        ([f"arn:aws-cn:iam::{SOURCE}:user/a:user/carol"], f"arn:aws-cn:iam::{SOURCE}:mfa/carol"),
        ([ALICE, BOB], "YOUR_MFA_DEVICE_ARN"),
        ([], "YOUR_MFA_DEVICE_ARN"),
    ],
)
def test_one_users_mfa_device_is_known_by_the_consoles_default_name(users: list[str], serial: str) -> None:
    usage = replace(USAGE, users=users, needs_mfa=True)
    assert f"mfa_serial = {serial}\n" in usage.cli_profile(None)
    assert f" --serial-number {serial} " in usage.assume_role_command(None)


@pytest.mark.parametrize(("name", "session"), [("x", "x-session"), ("xy", "xy"), ("n" * 64, "n" * 64)])
def test_a_sessions_name_is_one_that_sts_takes(name: str, session: str) -> None:
    words = shlex.split(replace(USAGE, label=name).assume_role_command(None))
    assert words[words.index("--role-session-name") + 1] == session


@given(NAMES, PATHS, st.from_regex(r"[\w+=,.@:/-]{2,50}", fullmatch=True, alphabet=st.characters(codec="ascii")))
def test_profile_and_command_keep_every_name_whole(name: str, path: str, external_id: str) -> None:
    usage = replace(USAGE, role=role(name, path), label=name, needs_external_id=True)
    arn = f"arn:aws:iam::{DESTINATION}:role{path}{name}"
    words = shlex.split(usage.assume_role_command(external_id))
    given_options = dict(zip(words[3::2], words[4::2], strict=True))
    assert words[:3] == ["aws", "sts", "assume-role"]
    assert given_options.pop("--role-session-name").startswith(name)
    assert given_options == {"--role-arn": arn, "--external-id": external_id}
    parsed = configparser.RawConfigParser(delimiters=["="], comment_prefixes=["#"])
    parsed.read_string(usage.cli_profile(external_id))
    assert dict(parsed[f"profile {name}"]) == {
        "role_arn": arn,
        "source_profile": "default",
        "external_id": external_id,
    }


@given(st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64))
def test_every_role_name_makes_a_session_name(name: str) -> None:
    words = shlex.split(replace(USAGE, role=role(name), label=name).assume_role_command(None))
    session = words[words.index("--role-session-name") + 1]
    assert 2 <= len(session) <= 64
    assert limits.ROLE_NAME(session) == session
