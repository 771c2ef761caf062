"""HTML and SVG as text, in which whatever isn't markup is escaped."""

from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """An element with its children; those that are no Markup are escaped, and so is every attribute.

    Args:
        tag: The element's name.
        children: What is in it.
        attributes: By name, `_` for `-` and none at the end (`class_`); None and False leave one out, True gives it
            no value.
    """
    told = "".join(
        f" {name.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{tag}{told}>{joined(*children)}</{tag}>")


def joined(*children: str) -> Markup:
    """Children one after the other."""
    return Markup(
        "".join(child if isinstance(child, Markup) else escape(child) for child in children)
    )
