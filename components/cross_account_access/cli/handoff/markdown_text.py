"""Text in Markdown: https://spec.commonmark.org/0.31.2/#code-spans."""

import re

from cross_account_access.errors import escape_invisible

_PLAIN = re.compile("[A-Za-z0-9]+")


def quote_code(text: str) -> str:
    """Quote text as a code span, in which nothing is markup or a link."""
    shown = escape_invisible(text) or '""'
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    # One space at both ends isn't part of the text.
    edges = shown[0] + shown[-1]
    pad = " " if "`" in edges or (edges == "  " and shown.strip(" ")) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def quote_plain(text: str) -> str:
    """Leave letters and digits as they are, and quote anything else as code."""
    return text if _PLAIN.fullmatch(text) else quote_code(text)
