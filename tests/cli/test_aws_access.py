"""Credentials and clients: whose, where, and what goes wrong on the way to them."""

from __future__ import annotations

import shlex
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import boto3.exceptions
import botocore.exceptions
import botocore.parsers
import botocore.session
import pytest
import urllib3.exceptions

from cross_account_access.cli.aws_access import AwsAccess, TemporaryAccess, translate_errors
from cross_account_access.cli.caller import get_identity
from cross_account_access.cli.iam_reader import read_entity
from cross_account_access.cli.terminal import ExitCode, Failure, InputError
from tests.hostile_outputs import HOSTILE_VALUES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty config of the AWS CLI, and nothing else of it in the environment."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("config", "credentials"):
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "config"


# --- Regions and partitions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", None, "sts.us-east-1.amazonaws.com"),
        ("aws-us-gov", None, "sts.us-gov-west-1.amazonaws.com"),
        ("aws-cn", None, "sts.cn-northwest-1.amazonaws.com.cn"),
        ("aws-eusc", None, "sts.eusc-de-east-1.amazonaws.eu"),
        ("aws-iso", None, "sts.us-iso-east-1.c2s.ic.gov"),
        ("aws-cn", "cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-east-1", "sts.us-gov-east-1.amazonaws.com"),
    ],
)
@pytest.mark.usefixtures("config")
def test_without_a_region_the_grants_partition_is_asked(
    partition: str, region: str | None, host: str
) -> None:
    access = AwsAccess(region=region, partition=partition)
    keys = {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}
    for one in (access, TemporaryAccess.issued_to(access, keys)):
        assert one.sts().meta.endpoint_url == f"https://{host}"
    # The region of clients that others make of the session; `aws` leaves it open.
    expected = None if (partition, region) == ("aws", None) else host.split(".")[1]
    assert access.session().region_name == expected


def test_the_profiles_region_comes_before_the_partitions(config: Path) -> None:
    config.write_text("[profile gov]\nregion = us-gov-east-1\n", encoding="utf-8")
    access = AwsAccess("gov", partition="aws-us-gov")
    assert access.sts().meta.endpoint_url == "https://sts.us-gov-east-1.amazonaws.com"


def test_the_profile_of_the_command_line_comes_before_one_that_is_missing(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("[profile here]\nregion = eu-west-1\n", encoding="utf-8")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.setenv(name, "missing")
        access = AwsAccess("here")
        keys = {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}
        for one in (access, TemporaryAccess.issued_to(access, keys)):
            assert one.session().region_name == "eu-west-1"
        with pytest.raises(InputError, match="there is no AWS profile missing"):
            AwsAccess().session()
        monkeypatch.delenv(name)


# --- Errors ---------------------------------------------------------------------------------------


def _list_errors(base: type[Exception]) -> list[type[Exception]]:
    return [base, *(one for child in base.__subclasses__() for one in _list_errors(child))]


def _make_error(error: type[Exception]) -> Exception:
    made = error.__new__(error)
    Exception.__init__(made, "the reason")
    response = {"Error": {"Code": "X", "Message": "the reason"}}
    vars(made).update(response=response, kwargs={}, partial=0, expected=1, length=b"")
    return made


@pytest.mark.parametrize(
    "error",
    # Each of the parallel runs of pytest must have them in one order.
    sorted(
        {
            one
            for base in (
                botocore.exceptions.BotoCoreError,
                botocore.exceptions.ClientError,
                botocore.parsers.ResponseParserError,
                boto3.exceptions.Boto3Error,
                urllib3.exceptions.HTTPError,
            )
            for one in _list_errors(base)
            if one.__module__.startswith(("botocore", "boto3", "urllib3"))
        },
        key=str,
    ),
    ids=lambda error: error.__name__,
)
def test_every_error_of_awss_libraries_ends_as_a_message(error: type[Exception]) -> None:
    with pytest.raises(Failure) as failed, translate_errors("ask AWS"):
        raise _make_error(error)
    assert failed.value.message.startswith("cannot ask AWS: ")
    assert failed.value.code is ExitCode.UNAVAILABLE


@pytest.mark.parametrize(
    "error",
    [ValueError("no URL"), OSError(111, "refused"), RuntimeError("expired"), KeyError("Arn")],
    ids=repr,
)
def test_so_does_what_they_raise_of_pythons_own(error: Exception) -> None:
    with pytest.raises(Failure, match="cannot ask AWS: "), translate_errors("ask AWS"):
        raise error


def test_a_failure_stays_what_it_is() -> None:
    failure = InputError("wrong")
    with pytest.raises(InputError) as raised, translate_errors("ask AWS"):
        raise failure
    assert raised.value is failure


KEY = '"AccessKeyId": "s3cret", "SecretAccessKey": "s3cret"'
PRINTED = [
    "",
    "s3cret",
    "null",
    "[]",
    '"s3cret"',
    "7",
    "{",
    "\\xff\\xfe",
    "{}",
    f"{{{KEY}}}",
    f'{{"Version": 2, {KEY}}}',
    '{"Version": 1, "SecretAccessKey": "s3cret"}',
    '{"Version": 1, "AccessKeyId": 7, "SecretAccessKey": "s3cret"}',
    '{"Version": 1, "AccessKeyId": "s3cret", "SecretAccessKey": ["s3cret"]}',
    f'{{"Version": 1, {KEY}, "SessionToken": {{"s3cret": 1}}}}',
    f'{{"Version": 1, {KEY}, "Expiration": "s3cret"}}',
    f'{{"Version": 1, {KEY}, "Expiration": 7}}',
    f'{{"Version": 1, {KEY}, "Expiration": "2001-01-01T00:00:00Z"}}',
]


@pytest.mark.parametrize("printed", PRINTED)
@pytest.mark.parametrize("direct", [True, False], ids=["own", "of the source profile"])
def test_a_credential_process_that_prints_something_else_is_told(
    config: Path, monkeypatch: pytest.MonkeyPatch, printed: str, direct: bool
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    script = config.parent / "process.py"
    script.write_text(f"import sys; sys.stdout.buffer.write(b'''{printed}''')", encoding="utf-8")
    process = shlex.join([sys.executable, str(script)])
    text = f"[profile p]\ncredential_process = {process}\n"
    text += "[profile r]\nrole_arn = arn:aws:iam::222222222222:role/r\nsource_profile = p\n"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(Failure) as failed:
        get_identity(AwsAccess("p" if direct else "r", "us-east-1"))
    assert "s3cret" not in failed.value.format_message()


@pytest.mark.parametrize("process", ["/no/such/program", "false", "'unbalanced", "/dev/null"])
def test_a_credential_process_that_does_not_run_is_told(config: Path, process: str) -> None:
    config.write_text(f"[profile p]\ncredential_process = {process}\n", encoding="utf-8")
    with pytest.raises(Failure, match="profile p"):
        AwsAccess("p").session()


@pytest.mark.parametrize("option", ["--endpoint-url", "--region"])
def test_an_option_that_cannot_be_is_refused_before_any_call(deployed: Stage, option: str) -> None:
    plain = {
        "--endpoint-url": (
            "localhost:4620",
            "//x",
            "http://",
            "http://[::1",
            "ftp://x/",
            "http://x:99999",
        )
    }
    for value in (*HOSTILE_VALUES, *plain.get(option, ("-x", "x-", "us east 1", "US-EAST-1"))):
        if option == "--endpoint-url" and value.startswith(("http://signin", "https://")):
            continue  # a URL
        if option == "--region" and value in ("null", "true", "0x10", "1e3", "deploy"):
            continue  # has the form of one
        args = ("exec", "deploy", *OUTPUTS, "--profile", "ci", f"{option}={value}", "--", "true")
        done = deployed.call(*args)
        assert (done.returncode, done.stdout) == (ExitCode.WRONG_INPUT, ""), (value, done)
        assert option in done.stderr


@pytest.mark.parametrize(
    "answer", ["", "<html>", "{}", "<GetCallerIdentityResponse/>", "\x00", "<a><Arn>x</Arn></a>"]
)
def test_an_endpoint_that_is_not_awss_is_told(
    config: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
    config.write_text(f"[profile p]\n{keys}", encoding="utf-8")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        access = AwsAccess("p", "us-east-1", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(Failure, match="cannot identify the caller: ") as failed:
            get_identity(access)
        with pytest.raises(Failure, match=r"cannot read (user )?alice"):
            read_entity(access, "user", "alice")
        server.shutdown()
        thread.join()
    assert failed.value.code is ExitCode.UNAVAILABLE
