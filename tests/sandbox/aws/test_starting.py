"""Starting and stopping: ports, hosts, the environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.aws.server import Sandbox, SandboxError, client, is_sandbox
from tests.sandbox.conftest import SOURCE

ROOT = Path(__file__).parents[3]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_sandbox_serves_until_it_is_stopped() -> None:
    sandbox = Sandbox()
    with sandbox:
        endpoint = sandbox.endpoint
        assert endpoint.startswith("http://127.0.0.1:")
        assert is_sandbox(endpoint)
    assert not is_sandbox(endpoint)


def test_stopping_twice_is_no_error_and_starting_again_works() -> None:
    sandbox = Sandbox().start()
    sandbox.stop()
    sandbox.stop()
    with sandbox:
        assert is_sandbox(sandbox.endpoint)


def test_a_started_sandbox_is_empty() -> None:
    with Sandbox() as sandbox:
        client("iam", sandbox.endpoint, account=SOURCE).create_user(UserName="alice")
    with Sandbox() as sandbox:
        assert client("iam", sandbox.endpoint, account=SOURCE).list_users()["Users"] == []


def test_the_port_that_was_asked_for_is_taken_and_free_again_after(free_port: int) -> None:
    for _ in range(2):
        with Sandbox(free_port) as sandbox:
            assert sandbox.endpoint == f"http://127.0.0.1:{free_port}"


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SandboxError, match=f"^port {port} is in use by another program"):
            Sandbox(port).start()


def test_a_second_sandbox_in_one_process_is_refused() -> None:
    with Sandbox() as first, pytest.raises(SandboxError) as caught:
        Sandbox().start()
    assert str(caught.value).startswith(
        "another sandbox runs in this process, at http://127.0.0.1:"
    )
    with pytest.raises(SandboxError, match="the sandbox isn't running"):
        _ = first.endpoint


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.com"])
def test_other_hosts_than_loopback_are_refused(host: str) -> None:
    with pytest.raises(SandboxError, match="must be a loopback address"):
        Sandbox(host=host)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        pytest.param(
            "::1",
            marks=pytest.mark.skipif(
                not has_ipv6(), reason="there is no IPv6: enable it on the loopback interface"
            ),
        ),
    ],
)
def test_other_loopback_hosts_work(host: str) -> None:
    with Sandbox(host=host) as sandbox:
        assert is_sandbox(sandbox.endpoint)
        assert (
            client("sts", sandbox.endpoint, account=SOURCE).get_caller_identity()["Account"]
            == SOURCE
        )


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(SandboxError, match=f"not {port}$"):
        Sandbox(port)


def test_what_needs_a_running_sandbox_says_so() -> None:
    sandbox = Sandbox()
    for call in (sandbox.reset, lambda: sandbox.requests, lambda: sandbox.endpoint):
        with pytest.raises(SandboxError, match=r"^the sandbox isn't running: call start"):
            call()


def test_a_fixed_account_of_moto_is_disregarded_while_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    with Sandbox() as sandbox:
        user = client("iam", sandbox.endpoint, account=SOURCE).create_user(UserName="alice")["User"]
        assert user["Arn"] == f"arn:aws:iam::{SOURCE}:user/alice"
        assert "MOTO_ACCOUNT_ID" not in os.environ
    assert os.environ["MOTO_ACCOUNT_ID"] == "999999999999"


def test_importing_the_module_imports_neither_moto_nor_boto3() -> None:
    program = (
        "import sys, sandbox.aws.server; print({'moto', 'boto3', 'flask'} & sys.modules.keys())"
    )
    found = subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout == "set()\n"


def test_plain_moto_is_no_sandbox() -> None:
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    try:
        assert not is_sandbox(f"http://{host}:{port}")
    finally:
        moto.stop()
        assert moto._server is not None
        moto._server.server_close()
