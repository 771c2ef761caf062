"""Reads a page of HTML: what it links to, what it fetches, and the text of its blocks."""

from __future__ import annotations

from html.parser import HTMLParser

BLOCKS = {"h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "pre", "table", "tr", "th", "td"}
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_FETCHED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch"}
_NOT_CONTENT = {"headerlink", "md-content__button", "md-source-file", "md-tags"}


class HtmlPage(HTMLParser):
    """A page that has been read.

    Attributes:
        ids: The anchors in it.
        links: Every address in it, in their order.
        fetched: Those that a browser asks for by itself.
        broken: Tags that are closed without having been opened, or the other way.
        blocks: The article's blocks in their order: each tag, and the letters in it, whatever
            spaces and inline tags there are.
        classes: Every class of an element.
    """

    def __init__(self, text: str, article: str = "article") -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.broken: list[str] = []
        self.blocks: list[str] = []
        self.classes: set[str] = set()
        self._article = article
        self._open: list[tuple[str, bool]] = []
        self.feed(text)
        self.close()
        self.broken += [tag for tag, _ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        classes = set(values.get("class", "").split())
        self.classes |= classes
        self.ids |= {values["id"]} if "id" in values else set()
        address = values.get("href", values.get("src"))
        if address is not None:
            self.links.append(address)
            relations = set(values.get("rel", "").split())
            if tag != "a" and (tag != "link" or relations & _FETCHED_LINKS):
                self.fetched.append(address)
        hidden = bool(classes & _NOT_CONTENT)
        if tag not in _VOID:
            self._open.append((tag, hidden))
        if tag in BLOCKS and self._in_content():
            self.blocks.append(f"<{tag}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            self._open.pop()
        else:
            self.broken.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if self.blocks and self._in_content():
            self.blocks[-1] += "".join(data.split())

    def _in_content(self) -> bool:
        tags = [tag for tag, _ in self._open]
        return self._article in tags and not any(hidden for _, hidden in self._open)
