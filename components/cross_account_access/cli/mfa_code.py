"""MFA codes, as a person enters them."""

import getpass
import os
import re
import sys

from cross_account_access.errors import escape_invisible

from .terminal import Failure, InputError


def parse_mfa_code(text: str) -> str:
    """Return a code's six digits; devices show them in two groups, so spaces are removed.

    Raises:
        InputError: If there are not six digits. The text isn't shown.
    """
    code = "".join(text.split())
    if not re.fullmatch(r"[0-9]{6}", code):
        raise InputError("an MFA code must be the six digits that the device shows")
    return code


def prompt_for_code(prompt: str) -> str:
    """Ask for an MFA code on the terminal, and never on stdin, which may be another program's.

    Raises:
        Failure: If there is no terminal, or the code is none.
    """
    if not _has_terminal():
        raise Failure(
            "an MFA code is required, and there is no terminal to enter it",
            remedy="Run the command once on a terminal: the session is cached until it expires.",
        )
    # The device's name in it may be the answer of whatever is at the endpoint.
    return parse_mfa_code(getpass.getpass(escape_invisible(prompt)))


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except (OSError, AttributeError):
        return os.name == "nt" and sys.stdin.isatty()
    return True
