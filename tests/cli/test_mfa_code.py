"""MFA codes as people enter them, on the terminal alone."""

from __future__ import annotations

import getpass
from functools import partial

import click
import pytest

from cross_account_access.cli import mfa_code
from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.terminal import ExitCode, Failure, InputError
from cross_account_access.cli.verify.access_attempts import sign_in_with_mfa


@pytest.mark.parametrize(
    "typed", ["123456", "123 456", " 123456\n", "12\u00a034\t56", "1 2 3 4 5 6"]
)
def test_a_code_is_six_digits_however_they_are_grouped(typed: str) -> None:
    assert mfa_code.parse_mfa_code(typed) == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "12345a",
        "123-456",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "\u0660\u0661\u0662\u0663\u0664\u0665",
        "123456;ls",
        "0x1234",
    ],
)
def test_what_is_no_code_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(InputError) as refused:
        mfa_code.parse_mfa_code(typed)
    assert refused.value.message == "an MFA code must be the six digits that the device shows"


def test_without_a_terminal_stdin_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mfa_code, "_has_terminal", lambda: False)
    monkeypatch.setattr(getpass, "getpass", lambda _: pytest.fail("stdin was read"))
    with pytest.raises(Failure, match="there is no terminal") as refused:
        mfa_code.prompt_for_code("Enter MFA code: ")
    assert refused.value.code is ExitCode.UNAVAILABLE


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x9b31m", "\u202e", "\r", "\u200b"])
def test_a_device_that_aws_names_can_not_write_to_the_terminal(
    hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(code: str, text: str, *_: object, **__: object) -> str:
        asked.append(text)
        return code

    monkeypatch.setattr(mfa_code, "_has_terminal", lambda: True)
    monkeypatch.setattr(getpass, "getpass", partial(answer, "123456"))
    monkeypatch.setattr(click, "prompt", partial(answer, ""))
    mfa_code.prompt_for_code(f"Enter MFA code for {hidden}: ")
    sign_in_with_mfa(CallerSession(AwsAccess()), f"arn{hidden}", None, prompt=True)
    assert len(asked) == 2
    assert all(text.isprintable() for text in asked)
