"""Who is answered, and with which services: programs on this machine, with IAM and STS."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws.server import client
from tests.sandbox.conftest import SOURCE, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

LOCAL: tuple[dict[str, str], ...] = (
    {},
    {"Host": "localhost"},
    {"Host": "localhost:1"},
    {"Host": "LOCALHOST:4577"},
    {"Host": "127.0.0.1"},
    {"Host": "127.8.8.8:80"},
    {"Host": "[::1]:4577"},
    {"Host": "localhost:4577", "Origin": "http://localhost:4577"},
    {"Host": "localhost:4577", "Sec-Fetch-Site": "same-origin"},
    {"Host": "localhost:4577", "Sec-Fetch-Site": "none"},
)
FOREIGN: tuple[dict[str, str], ...] = (
    *(
        {"Host": host}
        for host in (
            "evil.com",
            "evil.com:4577",
            "localhost.evil.com",
            "127.0.0.1.evil.com",
            "127.0.0.1.nip.io:4577",
            "evil.com@127.0.0.1",
            "127.0.0.1@evil.com",
            "127.0.0.1,evil.com",
            "localhost evil.com",
            "0.0.0.0",
            "10.0.0.1:4577",
            "[::]",
            "[::1%eth0]",
            "2130706433",
            "127.1",
            "x",
            "",
            "sts.amazonaws.com",
        )
    ),
    *(
        {"Host": "localhost:4577", "Origin": origin}
        for origin in (
            "http://evil.com",
            "https://localhost:4577",
            "http://localhost:3000",
            "http://localhost",
            "http://127.0.0.1:4577",
            "null",
            "",
            "file://",
            "chrome-extension://abc",
            "http://localhost:4577, http://evil.com",
        )
    ),
    *(
        {"Host": "localhost:4577", "Sec-Fetch-Site": site}
        for site in ("cross-site", "same-site", "anything", "")
    ),
)


class TestWhoIsAnswered:
    """A page of another site must not use the accounts through somebody's browser."""

    def ask(
        self, stage: Stage, headers: dict[str, str], target: str, method: str = "GET"
    ) -> tuple[int, str]:
        host, port = stage.sandbox.endpoint.removeprefix("http://").split(":")
        lines = {"Host": "127.0.0.1", **headers}
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            request = f"{method} {target} HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n"
            connection.sendall(request.encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        return int(answer.split(" ", 2)[1]), answer

    def requests(self) -> list[tuple[str, str]]:
        """Each way to change the accounts, and to read them."""
        credential = f"{SOURCE}%2F20260101%2Fus-east-1%2Fiam%2Faws4_request"
        signed = f"X-Amz-Credential={credential}&Version=2010-05-08"
        return [
            ("POST", "/_sandbox/reset"),
            ("GET", "/_sandbox/log"),
            ("GET", "/_sandbox/health"),
            ("GET", f"/?Action=CreateUser&UserName=mallory&{signed}"),
            ("GET", f"/?Action=GetUser&UserName=alice&{signed}"),
            ("OPTIONS", "/"),
        ]

    @pytest.mark.parametrize("headers", LOCAL)
    def test_programs_on_this_machine_are(self, headers: dict[str, str], stage: Stage) -> None:
        stage.user()
        *_, (_, read), _ = self.requests()
        status, answer = self.ask(stage, headers, read)
        assert (status, "<UserName>alice</UserName>" in answer) == (200, True)
        assert self.ask(stage, headers, "/_sandbox/reset", "POST")[0] == 200
        assert stage.source.list_users()["Users"] == []

    @pytest.mark.parametrize("headers", FOREIGN)
    def test_other_sites_are_not(self, headers: dict[str, str], stage: Stage) -> None:
        stage.user()
        for method, target in self.requests():
            status, answer = self.ask(stage, headers, target, method)
            assert (status, "AccessDenied" in answer) == (403, True), target
            assert "alice" not in answer
            assert "access-control-allow-origin" not in answer.lower()
        assert [user["UserName"] for user in stage.source.list_users()["Users"]] == ["alice"]

    def test_a_target_that_names_another_host_is_not(self, stage: Stage) -> None:
        assert self.ask(stage, {}, "http://evil.com/_sandbox/reset", "POST")[0] == 403

    def test_a_request_without_a_host_is_not(self, stage: Stage) -> None:
        host, port = stage.sandbox.endpoint.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"POST /_sandbox/reset HTTP/1.0\r\n\r\n")
            assert b" 403 " in connection.recv(100)


class TestOtherServices:
    """moto's other services would call other addresses and start containers."""

    CALLS: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("sns", "create_topic", {"Name": "t"}),
        ("lambda", "list_functions", {}),
        ("sqs", "create_queue", {"QueueName": "q"}),
        ("s3", "create_bucket", {"Bucket": "bucket"}),
        ("ec2", "describe_instances", {}),
        ("dynamodb", "list_tables", {}),
        ("cloudformation", "list_stacks", {}),
        ("organizations", "describe_organization", {}),
        ("batch", "describe_jobs", {"jobs": ["j"]}),
        ("events", "list_rules", {}),
        ("secretsmanager", "list_secrets", {}),
        ("accessanalyzer", "list_analyzers", {}),
    )

    @pytest.mark.parametrize(("service", "operation", "arguments"), CALLS)
    def test_there_are_none(
        self,
        service: str,
        operation: str,
        arguments: dict[str, Any],
        stage: Stage,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        call = getattr(client(service, stage.sandbox.endpoint, account=SOURCE), operation)
        found = refusal(lambda: call(**arguments))
        assert (found.code, found.status) == ("NotImplemented", 501)
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/moto-api/reset"),
            ("GET", "/moto-api/data.json"),
            ("GET", "/latest/meta-data/iam/security-credentials/"),
            ("GET", "/favicon.ico"),
        ],
    )
    def test_motos_own_pages_are_closed(self, method: str, path: str, stage: Stage) -> None:
        stage.user()
        request = urllib.request.Request(f"{stage.sandbox.endpoint}{path}", method=method)  # noqa: S310
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)  # noqa: S310
        caught.value.close()
        assert caught.value.code == 403
        assert len(stage.source.list_users()["Users"]) == 1
