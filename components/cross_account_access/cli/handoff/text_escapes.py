"""What a handoff's languages share: text that can't be seen, and text that they can't hold."""

import unicodedata

from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import escape_invisible

_LONGEST_SHOWN = 120


def refuse_text(text: str, rule: str) -> InputError:
    """Make the error for text that a file can't hold, without what moves the cursor."""
    shown = escape_invisible(text)
    if len(shown) > _LONGEST_SHOWN:
        shown = f"{shown[:_LONGEST_SHOWN]}…"
    return InputError(
        f'"{shown}" {rule}',
        "Nothing was written. Change it in the stack's config, and deploy the stack again.",
    )


def escape_code_points(text: str) -> str:
    r"""Write invisible characters as \uXXXX or \UXXXXXXXX, which YAML and Terraform read.

    Raises:
        InputError: If the text isn't Unicode, for it has half of a surrogate pair.
    """
    return "".join(_escape(char, text) for char in text)


def _escape(char: str, text: str) -> str:
    if char != "\xa0" and escape_invisible(char) == char:
        return char
    if unicodedata.category(char) == "Cs":
        raise refuse_text(text, "must not have half of a surrogate pair")
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"
