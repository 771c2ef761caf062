"""Endpoints and region: of the command line, the environment and profiles, for every command and
for the commands that it runs."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import botocore.session
import pytest

from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.endpoints import find_place, get_endpoint
from cross_account_access.cli.terminal import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
AWSS, IAMS = "https://sts.eu-west-1.amazonaws.com", "https://iam.amazonaws.com"
A, B, C, D = (f"http://127.0.0.1:100{digit}" for digit in range(4))
OF_STS = f"services = local\n[services local]\nsts =\n  endpoint_url = {B}\n"
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
IGNORED = "ignore_configured_endpoint_urls = true\n"


def make_clients(region: str) -> tuple[str, str]:
    """The endpoints of STS and IAM for a program with this environment, without a profile."""
    session = botocore.session.Session()
    clients = (session.create_client(name, region_name=region) for name in ("sts", "iam"))
    sts, iam = (client.meta.endpoint_url for client in clients)
    return sts, iam


Case = tuple[str | None, dict[str, str], str, tuple[str, str]]
# The command line's, the environment's and the profile's; what STS and IAM have then.
CASES: list[Case] = [
    (None, {}, "", (AWSS, IAMS)),
    (None, {}, f"endpoint_url = {A}\n", (A, A)),
    (None, {}, f"endpoint_url = {A}\n{OF_STS}", (B, A)),
    (None, {"": C}, f"endpoint_url = {A}\n{OF_STS}", (C, C)),
    (None, {"": C, "_STS": A}, OF_STS, (A, C)),
    (None, {"_STS": C}, f"endpoint_url = {A}\n{OF_STS}", (C, A)),
    (None, {"": C}, IGNORED, (AWSS, IAMS)),
    (None, {}, f"{IGNORED}endpoint_url = {A}\n", (AWSS, IAMS)),
    (A, {"": C, "_STS": C}, f"endpoint_url = {B}\n{OF_STS}", (A, A)),
    (A, {"": C}, IGNORED, (A, A)),
]
# No variable says that IAM's is AWS's own all the same, where the profile default has another one.
OF_ONE_SERVICE: list[Case] = [(None, {}, OF_STS, (B, IAMS)), (None, {"_STS": C}, "", (C, IAMS))]


@pytest.mark.parametrize(
    ("case", "of_default"),
    [
        *((case, f"endpoint_url = {D}\n") for case in CASES),
        *((case, "") for case in CASES + OF_ONE_SERVICE),
    ],
)
def test_the_nearest_endpoint_counts_here_and_in_a_command_that_is_run(
    tmp_path: Path, case: Case, of_default: str
) -> None:
    """As https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html has it."""
    option, variables, profile, expected = case
    file = tmp_path / "config"
    keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
    here = f"[profile here]\nregion = eu-west-1\n{keys}{profile}"
    file.write_text(f"[default]\n{of_default}{here}", encoding="utf-8")
    own = {f"AWS_ENDPOINT_URL{service}": url for service, url in variables.items()}
    environment = {"AWS_CONFIG_FILE": str(file), "HOME": str(tmp_path), **own}
    with patch.dict(os.environ, environment, clear=True):
        access = AwsAccess("here", endpoint=option)
        assert access.session().region_name == "eu-west-1"
        assert tuple(one.meta.endpoint_url for one in (access.sts(), access.iam())) == expected
        configured = get_endpoint(access.endpoints, "sts")
        assert configured == (None if expected[0] == AWSS else expected[0])
        child = access.replace_endpoints(os.environ)
    with patch.dict(os.environ, child | KEYS, clear=True):
        assert make_clients("eu-west-1") == expected


@pytest.mark.parametrize(
    "url",
    ["//x", "http://", "localhost:1", "http://x:99999", "ftp://x", "http://[::1", "http://x\x1b["],
)
@pytest.mark.parametrize("where", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "endpoint_url"])
def test_a_configured_endpoint_that_is_no_url_is_refused(
    deployed: Stage, where: str, url: str
) -> None:
    config = deployed.folder / "aws" / "wrong"
    environment: dict[str, str] = {}
    if where == "endpoint_url":
        environment["AWS_ENDPOINT_URL"] = ""
        config.write_text(f"[profile ci]\nendpoint_url = {url}\n", encoding="utf-8")
    else:
        environment[where] = url
        config.write_text("", encoding="utf-8")
    args = ("verify", "deploy", *OUTPUTS, "--profile", "ci")
    done = deployed.call(*args, AWS_CONFIG_FILE=str(config), **environment)
    assert (done.returncode, done.stdout) == (ExitCode.WRONG_INPUT, "")
    assert done.stderr.startswith(f"Error: {where} ")
    assert "must be a URL" in done.stderr
    assert "\x1b" not in done.stderr


# --- Every command that asks AWS ------------------------------------------------------------------

COMMANDS = {
    "exec": ("exec", "deploy", "--profile", "ci"),
    "verify": ("verify", "deploy", "--profile", "ci"),
    "verify by readers": (
        *("verify", "deploy", "--profile", "ci"),
        *("--source-profile", "source", "--destination-profile", "destination"),
    ),
    "explain": (
        *("explain", "role/team/ci", "deploy", "--live"),
        *("--source-profile", "source", "--destination-profile", "destination"),
    ),
    "profile": ("profile", "deploy", "--source-profile", "ci", "--yes"),
}


@pytest.fixture
def elsewhere(own: Stage) -> Stage:
    """The deployed stack, whose people's profiles alone say where AWS is."""
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION"):
        del own.environment[name]
    own.environment |= {"AWS_MAX_ATTEMPTS": "1"}
    configure(own)
    return own


def configure(stage: Stage, region: str = "us-east-1") -> None:
    text = "".join(
        f"[profile {name}]\nregion = {region}\nendpoint_url = {stage.sandbox.endpoint}\n"
        for name in ("ci", "source", "destination")
    )
    (stage.folder / "aws" / "config").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_asks_aws_where_its_profiles_say(elsewhere: Stage, command: str) -> None:
    run = ("--", "true") if command == "exec" else ()
    tool = elsewhere.run if run else elsewhere.call
    done = tool(*COMMANDS[command], *OUTPUTS, *run)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    # The sandbox knows accounts and keys in the partition of the region alone.
    configure(elsewhere, "us-gov-west-1")
    refused = tool(*COMMANDS[command], *OUTPUTS, *run)
    assert refused.returncode != ExitCode.DONE
    unknown = "there is no role team/ci" if command == "explain" else "InvalidClientTokenId"
    assert unknown in refused.stderr


def test_a_command_that_is_run_asks_where_the_profile_says(elsewhere: Stage) -> None:
    script = "import boto3, json, os; sts = boto3.client('sts'); print(json.dumps("
    script += "[sts.meta.endpoint_url, sts.meta.region_name, sts.get_caller_identity()['Arn']]))"
    python = (sys.executable, "-c", script)
    done = elsewhere.run(*COMMANDS["exec"], *OUTPUTS, "--", *python)
    endpoint, region, arn = json.loads(done.stdout)
    assert (endpoint, region) == (elsewhere.sandbox.endpoint, "us-east-1")
    assert ":assumed-role/deploy/" in arn


def test_a_profile_that_is_written_asks_where_its_source_profile_says(elsewhere: Stage) -> None:
    """The AWS CLI takes neither region nor endpoint from a source profile."""
    written = elsewhere.call(*COMMANDS["profile"], *OUTPUTS)
    assert written.returncode == 0, written.stderr
    with patch.dict(os.environ, elsewhere.environment, clear=True):
        session: Any = botocore.session.Session(profile="deploy")
        identity = session.create_client("sts").get_caller_identity()
    assert ":assumed-role/deploy/" in identity["Arn"]
    again = elsewhere.call(*COMMANDS["profile"], *OUTPUTS)
    assert "No changes" in again.stdout


@pytest.mark.parametrize("region", [{}, {"region": "eu-west-1"}])
@pytest.mark.parametrize(
    "unused",
    [
        {"ignore_configured_endpoint_urls": "True", "endpoint_url": A, "services": "local"},
        {"endpoint_url": {"nested": A}, "services": {"nested": "local"}},
        {"endpoint_url": "", "services": ""},
    ],
)
def test_a_written_profile_has_no_endpoint_that_its_source_profile_does_not_use(
    region: dict[str, str], unused: dict[str, Any]
) -> None:
    assert find_place(region | unused, {"region": None, "endpoint_url": None}, "aws") == region


def test_a_session_of_one_endpoint_is_not_used_at_another(elsewhere: Stage) -> None:
    here: dict[str, Any] = {"AWS_ENDPOINT_URL_STS": elsewhere.sandbox.endpoint}
    elsewhere.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    args = (*COMMANDS["exec"], *OUTPUTS, "--", "true")
    assert elsewhere.run(*args, **here).returncode == 0
    before = len(elsewhere.sandbox.requests)
    assert elsewhere.run(*args, **here).returncode == 0
    asked = [request.action for request in elsewhere.sandbox.requests[before:]]
    assert "AssumeRole" not in asked
    other = elsewhere.sandbox.endpoint.replace("127.0.0.1", "localhost")
    assert elsewhere.run(*args, AWS_ENDPOINT_URL_STS=other).returncode == 0
    assert [request.action for request in elsewhere.sandbox.requests].count("AssumeRole") >= 2
