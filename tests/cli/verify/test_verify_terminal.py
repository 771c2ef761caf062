"""`verify` on a terminal: it asks for the MFA code, tells of its waiting on stderr, and colours its answer."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from select import select
from typing import TYPE_CHECKING

import pytest

from cross_account_access.cli.accounts import AwsAccess
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.cli.verify.attempts import with_mfa
from tests.cli.verify.verifying import mfa_code

if TYPE_CHECKING:
    from tests.cli.conftest import Stage


def on_a_terminal(stage: Stage, *options: str, answer: str) -> tuple[int, str, str]:
    """Run it with a terminal for stdin and stderr, and answer its question; returns exit code, stdout and stderr."""
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "cross_account_access.cli",
        "verify",
        "--outputs",
        str(stage.outputs),
        *options,
    ]
    with subprocess.Popen(  # noqa: S603 - the tool
        command,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=stage.environment | {"TERM": "xterm"},
    ) as process:
        os.close(theirs)
        seen, answered, end = b"", False, time.monotonic() + 40
        while process.poll() is None and time.monotonic() < end:
            if select([ours], [], [], 0.1)[0]:
                try:
                    seen += os.read(ours, 4096)
                except OSError:  # what Linux says when the other side is closed
                    break
            if b"MFA code" in seen and not answered:
                os.write(ours, f"{answer}\n".encode())
                answered = True
        out = process.communicate(timeout=20)[0].decode()
    os.close(ours)
    return process.returncode, out, seen.decode()


def test_it_asks_for_the_code_and_shows_it_to_nobody(deployed: Stage) -> None:
    code = mfa_code(deployed)
    done, out, err = on_a_terminal(deployed, "--profile", "alice", answer=code)
    assert done == 0
    assert "became arn:aws:sts::222222222222:assumed-role/read-only/verify" in out
    assert "MFA code of arn:aws:iam::111111111111:mfa/sandbox-alice" in err
    assert "read-only: assuming the role" in err
    assert code not in out + err
    assert "\x1b" not in out


@pytest.mark.parametrize(("options", "asked"), [([], True), (["--json"], False)])
def test_enter_leaves_it_unchecked_and_json_never_asks(
    deployed: Stage, options: list[str], asked: bool
) -> None:
    done, out, err = on_a_terminal(deployed, "--profile", "alice", *options, answer="")
    assert done == 0
    assert "no code was given" in out
    assert ("MFA code" in err) == asked


@pytest.mark.parametrize(
    ("code", "given", "refused"),
    [
        (ExitCode.NO, None, False),
        (ExitCode.UNAVAILABLE, None, False),
        (ExitCode.WRONG_INPUT, None, True),  # several, and the person can say which
        (ExitCode.NO, "123456", True),
        (ExitCode.UNAVAILABLE, "123456", True),
    ],
)
def test_without_a_device_there_is_no_question_but_a_given_code_needs_one(
    monkeypatch: pytest.MonkeyPatch, code: ExitCode, given: str | None, refused: bool
) -> None:
    def no_device(_: CallerSession) -> str:
        raise Failure("no device", code)

    monkeypatch.setattr(CallerSession, "mfa_serial", property(no_device))
    if refused:
        with pytest.raises(Failure, match="no device"):
            with_mfa(CallerSession(AwsAccess()), None, given, prompt=True)
    else:
        assert with_mfa(CallerSession(AwsAccess()), None, given, prompt=True) is None
