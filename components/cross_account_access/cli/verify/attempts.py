"""Roles assumed for proof: by whom they must be, and as they must not be."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import botocore.exceptions
import click

from cross_account_access.cli.accounts import DENIED, AwsAccess, get_error_code, translate_errors
from cross_account_access.cli.call import Call
from cross_account_access.cli.caller import CallerSession, get_identity
from cross_account_access.cli.terminal import ExitCode, Failure, make_progress_console

from .callers import Temporary, temporary

Answer = Literal["allowed", "refused"]

# How AWS says no to the call as it is, rather than to the caller's credentials or the pace.
_REFUSALS = DENIED | {"ValidationError", "InvalidParameterValue", "RegionDisabledException"}
_PAUSES = (1, 1, 2, 2, 3)
_LONGEST_PAUSE = 5
_MFA_SESSION_SECONDS = 900


@dataclass(frozen=True)
class Attempt:
    """One call of AssumeRole.

    Attributes:
        what: What was tried: `assumes the role`, `without the external ID`.
        expected: What AWS should say.
        observed: What it said.
        told: Who the caller became, or AWS's message.
    """

    what: str
    expected: Answer
    observed: Answer
    told: str

    @property
    def holds(self) -> bool:
        """Whether AWS said what it should."""
        return self.expected == self.observed

    def as_json(self) -> dict[str, Any]:
        """The attempt as JSON has it."""
        return {
            "attempt": self.what,
            "expected": self.expected,
            "observed": self.observed,
            "message": self.told,
            "holds": self.holds,
        }


def assume(aws: AwsAccess, call: Call) -> tuple[Answer, str, Temporary | None]:
    """Assume the role once; returns AWS's answer, who the caller became or AWS's message, and the role's session.

    Raises:
        Failure: If AWS can't be asked.
    """
    with translate_errors(f"whether {call.role_arn} may be assumed"):
        try:
            assumed = aws.sts().assume_role(RoleArn=call.role_arn, **call.arguments())
        except botocore.exceptions.ClientError as error:
            if get_error_code(error) not in _REFUSALS:
                raise
            return "refused", _without_external_id(error.response["Error"]["Message"], call), None
    session = temporary(aws, assumed["Credentials"])
    return "allowed", get_identity(session, "whom the session speaks for").arn, session


def _without_external_id(message: str, call: Call) -> str:
    """The message without the external ID, which AWS repeats where it breaks a rule."""
    return message.replace(call.external_id, "[external ID]") if call.external_id else message


def assume_until(
    aws: AwsAccess, call: Call, timeout: float, name: str
) -> tuple[Answer, str, Temporary | None]:
    """The same, again while AWS refuses, for IAM takes a while to converge.

    Args:
        aws: The caller's credentials.
        call: The call.
        timeout: When it gives up, in seconds.
        name: The grant's, for the progress.

    Raises:
        Failure: If AWS can't be asked.
    """
    start = time.monotonic()
    pauses = iter(_PAUSES)
    with _progress(f"{name}: assuming the role") as tell:
        while True:
            answer = assume(aws, call)
            waited = time.monotonic() - start
            if answer[0] == "allowed" or waited >= timeout:
                return answer
            tell(
                f"{name}: refused so far; IAM may still converge ({waited:.0f} s of {timeout:.0f} s)"
            )
            time.sleep(min(next(pauses, _LONGEST_PAUSE), max(timeout - waited, 0.1)))


@contextmanager
def _progress(text: str) -> Iterator[Callable[[str], None]]:
    console = make_progress_console()
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(text) as status:
        yield status.update


# --- MFA ------------------------------------------------------------------------------------------


def with_mfa(
    caller: CallerSession, serial: str | None, code: str | None, *, prompt: bool
) -> AwsAccess | None:
    """The caller's credentials with MFA, for a quarter of an hour; None without a code.

    A code is good for one call, and more than one is made: so it goes into a session of the user's own.

    Args:
        caller: The caller, a user.
        serial: The device; None for the only one that the user has. Without one there is nothing to ask for.
        code: What it shows; None asks on the terminal.
        prompt: Whether there is somebody to ask.

    Raises:
        Failure: If AWS doesn't take the code.
    """
    if code is None:
        if not prompt:
            return None
        serial = serial or _only_device(caller)
        if serial is None:
            return None
        told = f"MFA code of {serial} (Enter leaves it unchecked)"
        code = click.prompt(told, "", err=True, show_default=False, hide_input=True)
        if not code:
            return None
    serial = serial or caller.mfa_serial
    with translate_errors(f"for a session with the MFA device {serial}"):
        found = caller.aws.sts().get_session_token(
            DurationSeconds=_MFA_SESSION_SECONDS, SerialNumber=serial, TokenCode=code
        )
    return temporary(caller.aws, found["Credentials"])


def _only_device(caller: CallerSession) -> str | None:
    """The caller's device; None where it has none or may not ask, so that the rest is verified all the same."""
    try:
        return caller.mfa_serial
    except Failure as failure:
        if failure.code is ExitCode.WRONG_INPUT:
            raise
        return None
