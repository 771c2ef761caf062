"""In process nothing leaves the loopback range, whatever the config, files and variables say."""

from __future__ import annotations

import http.server
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws.endpoint import client, is_sandbox, open_url
from sandbox.deploy import provider_clients
from sandbox.deploy.deployment import DeploymentError
from tests.sandbox.commands import DESTINATION, SOURCE, connection, project, sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox.aws.server import Sandbox

ELSEWHERE = "203.0.113.9"
GRANTS = {"deploy": {"principals": [{"user": "alice"}]}}
KEYS = {"aws_access_key_id": SOURCE, "aws_secret_access_key": "any"}
LEADS_OFF = "leads off the loopback range"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Write the person's config and credentials, the only ones there are."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))

    def write(config_text: str, credentials_text: str) -> None:
        config.write_text(config_text, encoding="utf-8")
        credentials.write_text(credentials_text, encoding="utf-8")

    return write


PROFILES = {
    "a role of another profile": "role_arn = arn:aws:iam::111111111111:role/r\nsource_profile = b",
    "a role of itself": "role_arn = arn:aws:iam::111111111111:role/r\nsource_profile = people",
    "a role of the machine": (
        "role_arn = arn:aws:iam::111111111111:role/r\ncredential_source = Ec2InstanceMetadata"
    ),
    "a role of the container": (
        "role_arn = arn:aws:iam::111111111111:role/r\ncredential_source = EcsContainer"
    ),
    "a role of a web identity": (
        "role_arn = arn:aws:iam::111111111111:role/r\nweb_identity_token_file = {folder}/token"
    ),
    "a command": "credential_process = touch {folder}/ran",
    "a sign-in": "login_session = arn:aws:iam::111111111111:user/alice",
    "Identity Center": (
        "sso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 111111111111\nsso_role_name = r"
    ),
    "an Identity Center session": (
        "sso_session = s\nsso_account_id = 111111111111\nsso_role_name = r"
    ),
}


@pytest.mark.parametrize("with_keys", [False, True])
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_that_makes_credentials_elsewhere_is_refused(
    profile: str,
    with_keys: bool,
    accounts: Sandbox,
    tmp_path: Path,
    files: Callable[[str, str], None],
    left: list[object],
) -> None:
    (tmp_path / "token").write_text("t", encoding="utf-8")
    keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
    files(
        f"[profile people]\n{profile.format(folder=tmp_path)}\n[profile b]\n{keys}"
        "[sso-session s]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n",
        f"[people]\n{keys}" if with_keys else "",
    )
    people = {"accountId": SOURCE, "region": "us-east-1", "endpoint": accounts.endpoint}
    folder = project(
        tmp_path, accounts.endpoint, grants=GRANTS, source=people | {"profile": "people"}
    )
    up = sandbox("up", folder)
    assert up.exit_code == 1, up.output
    assert up.stderr.startswith("Error: the profile people has ")
    assert LEADS_OFF in up.stderr
    assert left == []
    assert not (tmp_path / "ran").exists()


NO_CREDENTIALS: dict[str, dict[str, str]] = {
    "nothing at all, so the machine's metadata": {},
    "metadata at an address": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{ELSEWHERE}/"},
    "a container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{ELSEWHERE}/"},
    "a container by path": {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"},
    "a web identity": {
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null",
        "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/r",
    },
    "a profile that isn't there": {"AWS_PROFILE": "nobody"},
    "half a key": {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
}


@pytest.mark.parametrize("variables", NO_CREDENTIALS.values(), ids=NO_CREDENTIALS)
def test_credentials_of_the_machine_are_not_asked_for(
    variables: dict[str, str],
    accounts: Sandbox,
    tmp_path: Path,
    files: Callable[[str, str], None],
    left: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files("", "")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    people = {"accountId": SOURCE, "region": "us-east-1", "endpoint": accounts.endpoint}
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=GRANTS, source=people))
    assert (up.exit_code, up.stdout, left) == (1, "", [])
    assert up.stderr.startswith("Error: the ")
    assert "Traceback" not in up.stderr


PROXY = f"http://{ELSEWHERE}:8080"
SURROUNDINGS: dict[str, dict[str, str]] = {
    "proxies": dict.fromkeys(
        ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), PROXY
    ),
    "endpoints": dict.fromkeys(
        ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM"), PROXY
    ),
    "FIPS and dual stack": {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
    "defaults by the machine's metadata": {"AWS_DEFAULTS_MODE": "auto"},
    "monitoring": {"AWS_CSM_ENABLED": "true", "AWS_CSM_HOST": ELSEWHERE},
    "a profile that isn't there": {"AWS_PROFILE": "nobody"},
    "values that mean nothing": {
        "AWS_RETRY_MODE": "sometimes",
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_DATA_PATH": "/nowhere",
    },
}


@pytest.mark.parametrize("variables", SURROUNDINGS.values(), ids=SURROUNDINGS)
@pytest.mark.parametrize("credentials", ["a profile", "an access key", "an assumed role"])
def test_the_stack_is_deployed_whatever_is_around_it(
    credentials: str,
    variables: dict[str, str],
    accounts: Sandbox,
    tmp_path: Path,
    files: Callable[[str, str], None],
    left: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leading = f"endpoint_url = {PROXY}\nservices = elsewhere\nuse_fips_endpoint = true\n"
    services = f"[services elsewhere]\nsts =\n  endpoint_url = {PROXY}\n"
    keys = f"aws_access_key_id = {SOURCE}\naws_secret_access_key = any\n"
    files(f"[default]\n{leading}[profile people]\n{leading}{services}", f"[people]\n{keys}")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    people = connection(SOURCE, accounts.endpoint)
    if credentials == "a profile":
        people = {name: people[name] for name in ("accountId", "region", "endpoint")}
        people["profile"] = "people"
    elif credentials == "an assumed role":
        people |= {"accessKey": DESTINATION} | assumed_role(accounts)
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants=GRANTS, source=people), "--json")
    assert (up.exit_code, left) == (0, []), up.stderr


def assumed_role(accounts: Sandbox) -> dict[str, Any]:
    """A role of the source account that the destination's administrator may assume."""
    statement = {"Effect": "Allow", "Principal": {"AWS": DESTINATION}, "Action": "sts:AssumeRole"}
    role = client("iam", accounts.endpoint, account=SOURCE).create_role(
        RoleName="pulumi",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]
    return {"assumeRole": {"roleArn": role["Arn"]}}


@pytest.mark.parametrize("inputs", [{}, {"endpoints": "[]"}, {"endpoints": '[{"iam": null}]'}])
def test_a_provider_without_both_endpoints_is_refused(inputs: dict[str, str]) -> None:
    with pytest.raises(DeploymentError, match=r"only, not on AWS$"):
        provider_clients.connect(inputs | {"accessKey": SOURCE, "secretKey": "any"})


@pytest.mark.parametrize(
    "name", ["assumeRoleWithWebIdentity", "sharedConfigFiles", "sharedCredentialsFiles"]
)
def test_credentials_that_only_the_engine_finds_are_refused(name: str) -> None:
    inputs = {"endpoints": json.dumps([dict.fromkeys(("iam", "sts"), "http://127.0.0.1:9")])}
    with pytest.raises(DeploymentError, match=f"doesn't take a provider's {name}"):
        provider_clients.connect(inputs | {name: '["/x"]'})


@pytest.fixture
def redirecting() -> Iterator[str]:
    """Something on the loopback range that sends everybody elsewhere."""

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(307)
            self.send_header("Location", f"http://{ELSEWHERE}{self.path}")
            self.end_headers()

        do_POST = do_PUT = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_redirect_is_not_followed(redirecting: str, left: list[object]) -> None:
    assert not is_sandbox(redirecting)
    with pytest.raises(OSError, match="307"):
        open_url(f"{redirecting}/_sandbox/organization", timeout=5)
    inputs = {"endpoints": json.dumps([{"iam": redirecting, "sts": redirecting}])}
    clients = provider_clients.connect(inputs | {"accessKey": SOURCE, "secretKey": "any"})
    with pytest.raises(Exception, match=r".") as caught:
        clients.sts.get_caller_identity()
    assert type(caught.value).__module__.startswith("botocore")
    assert left == []
