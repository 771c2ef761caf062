"""The fenced blocks of README and of the pages in docs/, each with its page and heading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *("README.md", "components/README.md", "examples/README.md"),
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md")),
]
_FENCE = re.compile(r" *```(\w*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: The page's path from the repository's root.
        heading: The heading above it.
        language: What stands behind the fence, or nothing.
        text: Its lines.
    """

    page: str
    heading: str
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block, or those of a transcript behind its prompts."""
        if self.language in {"sh", "bash"}:
            whole = re.sub(
                r"^for .*?^done$", _join_lines, self.text, flags=re.MULTILINE | re.DOTALL
            )
            lines = re.split(r"(?<![\\|])\n", whole)
            return [line for line in lines if line.strip()]
        return re.findall(r"^\$ (.*)$", self.text, re.MULTILINE)


def _join_lines(loop: re.Match[str]) -> str:
    lines = [re.sub(r" +# .*", "", line).strip() for line in loop[0].splitlines()]
    return "; ".join(lines).replace("do; ", "do ")


def read_blocks(page: str) -> Iterator[Block]:
    """All fenced blocks of a page, in their order."""
    heading = language = ""
    inside: list[str] | None = None
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        fence = _FENCE.match(line)
        if inside is not None and line.strip() == "```":
            yield Block(page, heading, language, "\n".join(inside))
            inside = None
        elif inside is not None:
            inside.append(line)
        elif fence:
            language, inside = fence[1], []
        elif line.startswith("#"):
            heading = line.lstrip("# ")


def list_headings(page: Path) -> list[str]:
    """A page's headings as a link names them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
