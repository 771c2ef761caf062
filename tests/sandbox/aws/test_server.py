"""The server: who may reach it, its own interface, many clients at once."""

from __future__ import annotations

import json
import logging
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws.server import RequestRecord, SandboxError, client, is_sandbox
from tests.sandbox.conftest import DESTINATION, SOURCE, document, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.sandbox.conftest import Stage


def http(url: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)  # noqa: S310 - the sandbox's own
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


class TestItsOwnInterface:
    def test_health_names_it(self, stage: Stage) -> None:
        assert http(f"{stage.sandbox.endpoint}/_sandbox/health") == (
            200,
            {"sandbox": "cross-account-access", "version": "1", "used_by": None},
        )

    def test_something_else_is_no_sandbox(self, stage: Stage) -> None:
        assert is_sandbox(stage.sandbox.endpoint + "/")
        assert not is_sandbox(f"{stage.sandbox.endpoint}/elsewhere")
        assert not is_sandbox("http://127.0.0.1:1")
        assert not is_sandbox("file:///etc/hosts")
        assert not is_sandbox("127.0.0.1:4577")

    def test_reset_empties_all_accounts_and_ends_all_sessions(self, stage: Stage) -> None:
        alice = stage.user()
        session = stage.session(alice, stage.role(trusts=SOURCE))
        assert http(f"{stage.sandbox.endpoint}/_sandbox/reset", "POST") == (200, {})
        assert stage.source.list_users()["Users"] == []
        assert stage.destination.list_roles()["Roles"] == []
        for keys in (alice, session):
            assert refusal(stage.sts(keys).get_caller_identity).code == "InvalidClientTokenId"

    def test_the_log_tells_of_decisions(self, stage: Stage) -> None:
        alice, arn = (
            stage.user(),
            stage.role(trusts=SOURCE, condition={"Bool": {"aws:SecureTransport": "false"}}),
        )
        stage.refused(alice, arn)
        stage.session(alice, stage.role("open", trusts=SOURCE))
        status, log = http(f"{stage.sandbox.endpoint}/_sandbox/log")
        assert status == 200
        refused, allowed = log
        assert refused["caller"] == f"arn:aws:iam::{SOURCE}:user/alice"
        assert refused["role"] == arn
        assert (refused["allowed"], refused["half"]) == (False, "destination")
        assert "aws:SecureTransport" in refused["reason"]
        assert (allowed["allowed"], allowed["half"]) == (True, None)
        assert (
            allowed["reason"]
            == "allowed by inline policy assume, statement 1 and trust policy, statement 1"
        )

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({"account": SOURCE, "id": "o-1"}, "path is missing"),
            (
                {"account": "1", "id": "o-a1b2c3d4e5", "path": "o-a1b2c3d4e5/r-ab12/"},
                "'1' is no account id: 12 digits",
            ),
            (["account"], "The body must be a JSON object of strings"),
            ({"account": 1}, "The body must be a JSON object of strings"),
            (b"[" * 200_000, "The body must be a JSON object of strings"),
        ],
    )
    def test_a_wrong_organization_is_refused(self, stage: Stage, body: object, error: str) -> None:
        url = f"{stage.sandbox.endpoint}/_sandbox/organization"
        assert http(url, "PUT", body) == (400, {"error": error})

    def test_an_organization_of_wrong_form_is_refused_by_the_method_too(self, stage: Stage) -> None:
        for wrong in (
            ("1", "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/"),
            (SOURCE, "x", "x/"),
            (SOURCE, "o-a1b2c3d4e5", ""),
            (SOURCE, "o-a1b2c3d4e5", "o-zzzzzzzzzz/r-ab12/"),
            (SOURCE, "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12"),
        ):
            with pytest.raises(SandboxError, match="is no "):
                stage.sandbox.set_organization(*wrong)

    def test_unknown_paths_are_not_found(self, stage: Stage) -> None:
        status, body = http(f"{stage.sandbox.endpoint}/_sandbox/nothing")
        assert (status, body) == (404, {"error": "There is no GET /_sandbox/nothing"})


class TestRequests:
    def test_every_request_is_recorded_with_its_account(self, stage: Stage) -> None:
        assert stage.sandbox.requests == []
        stage.source.list_users()
        client("sts", stage.sandbox.endpoint, account=DESTINATION).get_caller_identity()
        assert stage.sandbox.requests == [
            RequestRecord(SOURCE, "iam", "ListUsers"),
            RequestRecord(DESTINATION, "sts", "GetCallerIdentity"),
        ]

    def test_a_request_with_refused_keys_is_recorded_without_an_account(self, stage: Stage) -> None:
        unknown = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x"}
        refusal(stage.sts(unknown).get_caller_identity)
        assert stage.sandbox.requests == [RequestRecord("", "sts", "GetCallerIdentity")]

    def test_the_sandboxs_own_interface_is_no_request_to_aws(self, stage: Stage) -> None:
        http(f"{stage.sandbox.endpoint}/_sandbox/health")
        assert stage.sandbox.requests == []


class TestManyAtOnce:
    def test_parallel_writes_are_all_there(self, stage: Stage) -> None:
        def make(number: int) -> None:
            iam = stage.iam((SOURCE, DESTINATION)[number % 2])
            iam.create_user(UserName=f"user-{number}", Tags=[{"Key": "n", "Value": str(number)}])
            iam.put_user_policy(
                UserName=f"user-{number}",
                PolicyName="p",
                PolicyDocument=document(Action="s3:*", Resource="*"),
            )

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(make, range(60)))
        for account in (SOURCE, DESTINATION):
            users = stage.iam(account).list_users()["Users"]
            assert len({user["UserId"] for user in users}) == 30

    def test_of_two_equal_names_at_once_one_is_made(self, stage: Stage) -> None:
        def make(_: int) -> bool:
            try:
                stage.source.create_user(UserName="alice")
            except stage.source.exceptions.EntityAlreadyExistsException:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(make, range(8))) == 1

    def test_moto_sees_one_request_at_a_time(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        front = stage.sandbox._get_app()
        moto, active, most = front._moto, 0, 0

        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            nonlocal active, most
            active += 1
            most = max(most, active)
            time.sleep(0.02)
            answer = moto(environ, start_response)
            active -= 1
            return answer

        monkeypatch.setattr(front, "_moto", watched)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: stage.source.list_users(), range(8)))
        assert most == 1

    def test_a_client_that_hangs_up_leaves_no_trace(
        self, stage: Stage, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        host, port = stage.sandbox.endpoint.removeprefix("http://").split(":")
        for text in (
            b"",
            b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nAction=",
            b"\x16\x03\x01nonsense\r\n\r\n",
        ):
            with socket.create_connection((host, int(port))) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                connection.sendall(text)
        assert is_sandbox(stage.sandbox.endpoint)
        assert capfd.readouterr() == ("", "")
        assert not [record for record in caplog.records if record.levelno > logging.INFO]

    @pytest.mark.parametrize("length", ["abc", "-1", "1e3", "9" * 5000])
    def test_a_length_that_is_none_is_answered(
        self, stage: Stage, length: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        host, port = stage.sandbox.endpoint.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            head = f"POST / HTTP/1.0\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n"
            connection.sendall(head.encode())
            answer = connection.makefile("rb").read()
        assert b"MissingAuthenticationToken" in answer
        assert capfd.readouterr() == ("", "")


class TestProtocol:
    def form(
        self, stage: Stage, body: str, *, scope: str = "20260101/us-east-1/sts", query: str = ""
    ) -> tuple[int, str]:
        request = urllib.request.Request(  # noqa: S310 - the sandbox's own
            f"{stage.sandbox.endpoint}/{query}",
            data=body.encode() if body else None,
            headers={
                "Authorization": f"AWS4-HMAC-SHA256 Credential={SOURCE}/{scope}/aws4_request, "
                "SignedHeaders=host, Signature=0",
                "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def test_a_form_with_a_charset_is_read(self, stage: Stage) -> None:
        status, body = self.form(stage, "Action=GetCallerIdentity&Version=2011-06-15")
        assert status == 200
        assert f"<Account>{SOURCE}</Account>" in body

    def test_parameters_may_come_in_the_query(self, stage: Stage) -> None:
        status, body = self.form(stage, "", query="?Action=GetCallerIdentity&Version=2011-06-15")
        assert status == 200
        assert f"<Account>{SOURCE}</Account>" in body

    def test_a_presigned_request_is_read(self, stage: Stage) -> None:
        session = stage.session(stage.user(), stage.role(trusts=SOURCE))
        url = stage.sts(session).generate_presigned_url("get_caller_identity")
        assert "X-Amz-Security-Token" in url
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
            assert ":assumed-role/deploy/session</Arn>" in response.read().decode()

    def test_what_stands_in_a_query_is_not_logged(
        self, stage: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        self.form(stage, "", query="?Action=AssumeRole&Version=2011-06-15&ExternalId=a-secret")
        assert "POST /" in caplog.text or "GET /" in caplog.text
        assert "a-secret" not in caplog.text

    def test_a_scope_of_sigv4a_has_no_region(self, stage: Stage) -> None:
        status, _ = self.form(
            stage, "Action=GetCallerIdentity&Version=2011-06-15", scope="20260101/sts"
        )
        assert status == 200

    def test_a_request_may_come_in_chunks(self, stage: Stage) -> None:
        host, port = stage.sandbox.endpoint.removeprefix("http://").split(":")
        body = b"Action=GetCallerIdentity&Version=2011-06-15"
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n"
                b"Authorization: AWS4-HMAC-SHA256 "
                b"Credential=111111111111/20260101/us-east-1/sts/aws4_request\r\n\r\n"
                + b"%x\r\n%s\r\n0\r\n\r\n"
                % (len(body), body)
            )
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")

    def test_an_unknown_action_is_refused(self, stage: Stage) -> None:
        status, body = self.form(
            stage, "Action=Nonsense&Version=2010-05-08", scope="20260101/us-east-1/iam"
        )
        assert status == 400
        assert "<Code>InvalidAction</Code>" in body

    def test_a_request_without_credentials_is_refused(self, stage: Stage) -> None:
        url = f"{stage.sandbox.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, timeout=10)  # noqa: S310
        with caught.value as error:
            assert error.code == 403
            assert "<Code>MissingAuthenticationToken</Code>" in error.read().decode()

    def test_saml_is_not_emulated_rather_than_let_pass(self, stage: Stage) -> None:
        action = "AssumeRoleWithSAML"
        url = f"{stage.sandbox.endpoint}/?Action={action}&Version=2011-06-15"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, timeout=10)  # noqa: S310
        with caught.value as error:
            assert error.code == 501
            assert f"The sandbox does not emulate sts:{action}." in error.read().decode()

    def test_what_moto_lacks_is_told_at_once(self, stage: Stage) -> None:
        found = refusal(
            lambda: stage.source.get_context_keys_for_custom_policy(PolicyInputList=["{}"])
        )
        assert (found.code, found.status) == ("NotImplemented", 501)
        assert found.message == "The sandbox does not emulate iam:GetContextKeysForCustomPolicy."
