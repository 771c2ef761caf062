"""`verify` on a terminal: it asks for the MFA code, and reports its progress on stderr."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import click
import pytest

from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.terminal import ExitCode, Failure, InputError
from cross_account_access.cli.verify import verify_command
from cross_account_access.cli.verify.access_attempts import sign_in_with_mfa
from tests.cli.terminals import Terminal
from tests.cli.verify.verifying import mfa_code

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

COMMAND = ("verify", "--outputs", "outputs.json", "--profile", "alice")


def test_it_asks_for_the_code_and_shows_it_to_nobody(deployed: Stage) -> None:
    code = mfa_code(deployed)
    with Terminal(deployed, *COMMAND, TERM="xterm") as terminal:
        terminal.wait_for("MFA code of arn:aws:iam::111111111111:mfa/sandbox-alice")
        terminal.type(f"{code}\n")
        exit_code, out = terminal.end()
    assert exit_code == 0
    assert "became arn:aws:sts::222222222222:assumed-role/read-only/verify" in out
    assert "read-only: assuming the role" in terminal.seen
    assert code not in out + terminal.seen
    assert "\x1b" not in out


@pytest.mark.parametrize(("options", "asked"), [((), True), (("--json",), False)])
def test_enter_leaves_it_unchecked_and_json_never_asks(
    deployed: Stage, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], asked: bool
) -> None:
    prompts: list[str] = []

    def prompt(text: str, default: str, **_: object) -> str:
        prompts.append(text)
        return default

    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(verify_command, "sys", SimpleNamespace(stdin=terminal, stderr=terminal))
    monkeypatch.setattr(click, "prompt", prompt)
    done = deployed.call(*COMMAND, *options)
    assert done.returncode == 0
    assert "no code was given" in done.stdout
    assert bool(prompts) is asked


@pytest.mark.parametrize(
    ("failure", "code", "refused"),
    [
        (Failure("no device", ExitCode.NO), None, False),
        (Failure("no device"), None, False),
        (InputError("no device"), None, True),  # several, and the person can choose
        (Failure("no device", ExitCode.NO), "123456", True),
        (Failure("no device"), "123456", True),
    ],
)
def test_without_a_device_it_does_not_ask_but_a_given_code_needs_one(
    monkeypatch: pytest.MonkeyPatch, failure: Failure, code: str | None, refused: bool
) -> None:
    def raise_failure(_: CallerSession) -> str:
        raise failure

    monkeypatch.setattr(CallerSession, "mfa_serial", property(raise_failure))
    caller = CallerSession(AwsAccess())
    if refused:
        with pytest.raises(Failure):
            sign_in_with_mfa(caller, None, code, prompt=True)
    else:
        assert sign_in_with_mfa(caller, None, code, prompt=True) is None
