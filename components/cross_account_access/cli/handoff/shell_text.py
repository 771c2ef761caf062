"""Text in a script for POSIX sh: each word stays one word, each comment one comment."""

import shlex
from collections.abc import Iterable

from cross_account_access.errors import escape_invisible

from .text_escapes import refuse_text


def quote_word(text: str) -> str:
    """Quote a word: an argument, an operand of a test, a pattern that means itself.

    Raises:
        InputError: If the text has a line end or another invisible character: nobody could review
            it.
    """
    if escape_invisible(text) != text:
        raise refuse_text(text, "must not have invisible characters where the shell reads it")
    quoted = shlex.quote(text)
    # Unquoted, zsh would take =name for a command's path, and any shell esac for a case's end.
    return f"'{text}'" if quoted == text and (text.startswith("=") or text == "esac") else quoted


def join_words(words: Iterable[str]) -> str:
    """Quote words, and write them as one command."""
    return " ".join(map(quote_word, words))


def render_comment(text: str) -> str:
    """Render a comment of one line."""
    return f"# {escape_invisible(text)}"
