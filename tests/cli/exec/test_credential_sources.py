"""Credentials where CI runs: EC2's and ECS's, a web identity's and IAM Identity Center's."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.terminal import ExitCode
from tests.credential_services import (
    INSTANCE_CREDENTIALS,
    INSTANCE_ROLE,
    PORTAL_CREDENTIALS,
    SSO_TOKEN,
    WEB_IDENTITY,
    serve_credentials,
    trust_jobs,
)
from tests.sandbox.commands import SOURCE
from tests.unsigned_tokens import GITHUB, build_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Stage
    from tests.credential_services import CredentialServices

ROLE = f"arn:aws:iam::{SOURCE}:role/team/ci"
EXEC = ("exec", "deploy", "--outputs", "outputs.json")
TELL = ("--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID")
START = "https://example.awsapps.com/start"
OF_INSTANCE, OF_CONTAINER = f"{INSTANCE_CREDENTIALS}{INSTANCE_ROLE}", "/container"
WEB = f"role_arn = {ROLE}\nweb_identity_token_file = {{folder}}/token\n"
SSO = f"sso_account_id = {SOURCE}\nsso_role_name = ci\n"
OF_SESSION = "[sso-session example]\nsso_region = us-east-1\n"


@pytest.fixture
def services(own: Stage) -> Iterator[CredentialServices]:
    """The services, which give a session of the role `team/ci`."""
    keys = get_keys(own)
    session = {
        "AccessKeyId": keys["aws_access_key_id"],
        "SecretAccessKey": keys["aws_secret_access_key"],
        "SessionToken": keys["aws_session_token"],
    }
    with serve_credentials(own.sandbox.endpoint, session) as running:
        del own.environment["AWS_EC2_METADATA_DISABLED"]
        own.environment["AWS_ENDPOINT_URL"] = running.endpoint
        provider = f"arn:aws:iam::{SOURCE}:oidc-provider/{GITHUB.removeprefix('https://')}"
        statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:*"}
        trust_jobs(own.sandbox.endpoint, SOURCE, "ci", [statement])
        (own.folder / "token").write_text(build_token("a-job"), encoding="utf-8")
        sign_in(own.folder, START, "example")
        yield running


def get_keys(stage: Stage) -> dict[str, Any]:
    """The keys of a session of the role `ci`."""
    (keys,) = (
        one.credentials
        for name, one in stage.everybody.callers.items()
        if name.startswith("role-") and name.endswith("ci")
    )
    return {**keys}


def sign_in(folder: Path, *names: str) -> None:
    """Keep a token as `aws sso login` does: by the session's name, or by the start URL."""
    cache = folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    token: dict[str, Any] = {"startUrl": START, "region": "us-east-1", "accessToken": SSO_TOKEN}
    for name in names:
        file = cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json"  # noqa: S324 - as botocore
        file.write_text(json.dumps(token | {"expiresAt": "2099-01-01T00:00:00Z"}), encoding="utf-8")


@pytest.mark.parametrize(
    ("variables", "profile", "where"),
    [
        ("instance", "", OF_INSTANCE),
        ("container", "", OF_CONTAINER),
        ("web", "", WEB_IDENTITY),
        ("", WEB, WEB_IDENTITY),
        (
            "",
            f"sso_session = example\n{SSO}{OF_SESSION}sso_start_url = {START}\n",
            PORTAL_CREDENTIALS,
        ),
        ("", f"sso_region = us-east-1\nsso_start_url = {START}\n{SSO}", PORTAL_CREDENTIALS),
    ],
    ids=["EC2", "ECS", "web identity", "a profile's web identity", "an SSO session", "SSO"],
)
def test_the_tool_calls_with_the_credentials_of_the_place_where_it_runs(
    own: Stage, services: CredentialServices, variables: str, profile: str, where: str
) -> None:
    environment: Any = {
        "": {},
        "instance": services.instance,
        "container": services.container,
        "web": {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(own.folder / "token")},
    }[variables]
    options: tuple[str, ...] = ()
    if profile:
        text = f"[profile runner]\n{profile.format(folder=own.folder)}"
        (own.folder / "aws" / "config").write_text(text, encoding="utf-8")
        options = ("--profile", "runner")
    # botocore finds Identity Center's tokens by the home that it was imported with.
    tool = own.run if where == PORTAL_CREDENTIALS else own.call
    done = tool(*EXEC, *options, *TELL, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ASIA")
    assert done.stdout.strip() != get_keys(own)["aws_access_key_id"]
    assert where in services.asked


@pytest.mark.parametrize(
    ("source", "where"), [("Ec2InstanceMetadata", OF_INSTANCE), ("EcsContainer", OF_CONTAINER)]
)
def test_a_profile_may_assume_a_role_with_them(
    own: Stage, services: CredentialServices, source: str, where: str
) -> None:
    text = f"[profile runner]\nrole_arn = {{}}\ncredential_source = {source}\n"
    deploy = own.grants["deploy"]["roleArn"]
    (own.folder / "aws" / "config").write_text(text.format(deploy), encoding="utf-8")
    own.environment |= {**services.instance, **services.container}
    done = own.call(*EXEC, "--profile", "runner", *TELL)
    # The profile's role is the grant's, which doesn't trust itself.
    assert done.returncode == ExitCode.NO
    assert ":assumed-role/deploy/" in done.stderr
    assert where in services.asked


@pytest.mark.parametrize("kept", [False, True], ids=["never", "too long ago"])
def test_who_is_not_signed_in_is_told_how(
    own: Stage, services: CredentialServices, kept: bool
) -> None:
    text = f"[profile people]\nsso_session = other\n{SSO}{OF_SESSION.replace('example', 'other')}"
    (own.folder / "aws" / "config").write_text(f"{text}sso_start_url = {START}\n", "utf-8")
    if kept:
        sign_in(own.folder, "other")
        (file,) = (own.folder / ".aws/sso/cache").glob(f"{hashlib.sha1(b'other').hexdigest()}*")  # noqa: S324
        file.write_text(file.read_text("utf-8").replace("2099", "2020"), encoding="utf-8")
    done = own.run(*EXEC, "--profile", "people", *TELL)
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, "")
    assert "`aws sso login`" in done.stderr
    assert services.asked == []


def test_off_ec2_it_says_soon_that_there_are_no_credentials(own: Stage) -> None:
    """Where EC2's service is not, its address may take connections and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        del own.environment["AWS_EC2_METADATA_DISABLED"]
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        done = own.call(*EXEC, *TELL, AWS_EC2_METADATA_SERVICE_ENDPOINT=address)
        assert time.monotonic() - begun < 20
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, "")
    assert "there are no AWS credentials" in done.stderr
    assert "--profile NAME" in done.stderr
