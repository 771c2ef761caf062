"""Roles assumed as proof: by callers that must be allowed, and with calls that must be refused."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import botocore.exceptions
import click

from cross_account_access.cli.assume_role_call import AssumeRoleCall
from cross_account_access.cli.aws_access import (
    DENIED,
    AwsAccess,
    TemporaryAccess,
    get_error_code,
    translate_errors,
)
from cross_account_access.cli.caller import CallerSession, get_identity
from cross_account_access.cli.mfa_code import parse_mfa_code
from cross_account_access.cli.terminal import Failure, InputError, make_progress_console
from cross_account_access.errors import escape_invisible

Answer = Literal["allowed", "refused"]

# AWS refuses the call as it is, and not the caller's credentials or the rate of calls.
_REFUSALS = DENIED | {"ValidationError", "InvalidParameterValue", "RegionDisabledException"}
_PAUSES = (1, 1, 2, 2, 3)
_LONGEST_PAUSE = 5
_MFA_SESSION_SECONDS = 900


@dataclass(frozen=True)
class Attempt:
    """One call of AssumeRole.

    Attributes:
        what: What was tried: `assumes the role`, `without the external ID`.
        expected: The answer that AWS should give.
        observed: The answer that it gave.
        message: The ARN of the session, or AWS's message.
    """

    what: str
    expected: Answer
    observed: Answer
    message: str

    @property
    def holds(self) -> bool:
        """Whether AWS gave the expected answer."""
        return self.expected == self.observed

    def as_json(self) -> dict[str, Any]:
        """The attempt for `--json`."""
        return {
            "attempt": self.what,
            "expected": self.expected,
            "observed": self.observed,
            "message": self.message,
            "holds": self.holds,
        }


class Outcome(NamedTuple):
    """AWS's answer to a call of AssumeRole.

    Attributes:
        answer: Whether it was allowed.
        message: The ARN of the session, or AWS's message.
        session: The role's session; None if refused.
    """

    answer: Answer
    message: str
    session: TemporaryAccess | None


def assume_role(aws: AwsAccess, call: AssumeRoleCall) -> Outcome:
    """Assume the role once.

    Raises:
        Failure: If AWS cannot be asked.
    """
    with translate_errors(f"assume {call.role_arn}"):
        try:
            assumed = aws.sts().assume_role(RoleArn=call.role_arn, **call.arguments())
        except botocore.exceptions.ClientError as error:
            if get_error_code(error) not in _REFUSALS:
                raise
            return Outcome("refused", _redact(error.response["Error"]["Message"], call), None)
    session = TemporaryAccess.issued_to(aws, assumed["Credentials"])
    return Outcome("allowed", get_identity(session, "identify the session").arn, session)


def _redact(message: str, call: AssumeRoleCall) -> str:
    """Remove the external ID, which AWS repeats if it is malformed."""
    return message.replace(call.external_id, "[external ID]") if call.external_id else message


def assume_role_within(aws: AwsAccess, call: AssumeRoleCall, timeout: float, name: str) -> Outcome:
    """Assume the role, and try again while AWS refuses, since changes of IAM take effect late.

    Args:
        aws: The caller's credentials.
        call: The call.
        timeout: How long to try, in seconds.
        name: The grant's name, for the progress.

    Raises:
        Failure: If AWS cannot be asked.
    """
    start = time.monotonic()
    pauses = iter(_PAUSES)
    with _show_progress(f"{name}: assuming the role") as update:
        while True:
            outcome = assume_role(aws, call)
            waited = time.monotonic() - start
            if outcome.answer == "allowed" or waited >= timeout:
                return outcome
            times = f"{waited:.0f} s of {timeout:.0f} s"
            update(f"{name}: refused so far; IAM may still converge ({times})")
            time.sleep(min(next(pauses, _LONGEST_PAUSE), max(timeout - waited, 0.1)))


@contextmanager
def _show_progress(text: str) -> Iterator[Callable[[str], None]]:
    console = make_progress_console()
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(text) as status:
        yield status.update


# --- MFA ------------------------------------------------------------------------------------------


def sign_in_with_mfa(
    caller: CallerSession, serial: str | None, code: str | None, *, prompt: bool
) -> AwsAccess | None:
    """Get the user's credentials with MFA, valid for 15 minutes; None without a code.

    AWS accepts a code once, and more than one call is made: so it goes into a session of the user.

    Args:
        caller: The caller, a user.
        serial: The device; None for the user's only one.
        code: The code that it shows; None to ask on the terminal.
        prompt: Whether there is a terminal to ask on.

    Raises:
        Failure: If AWS refuses the code.
    """
    if code is None:
        if not prompt:
            return None
        serial = serial or _find_device(caller)
        if serial is None:
            return None
        question = f"MFA code of {escape_invisible(serial)} (Enter skips what needs it)"
        code = click.prompt(question, "", err=True, show_default=False, hide_input=True)
        if not code:
            return None
    code = parse_mfa_code(code)
    serial = serial or caller.mfa_serial
    with translate_errors(f"start a session with the MFA device {serial}"):
        answer = caller.aws.sts().get_session_token(
            DurationSeconds=_MFA_SESSION_SECONDS, SerialNumber=serial, TokenCode=code
        )
    return TemporaryAccess.issued_to(caller.aws, answer["Credentials"])


def _find_device(caller: CallerSession) -> str | None:
    """Find the user's device; None where it has none or may not list them: the rest is verified."""
    try:
        return caller.mfa_serial
    except InputError:
        raise
    except Failure:
        return None
