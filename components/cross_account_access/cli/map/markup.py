"""HTML and SVG as text in which all else is escaped."""

from html import escape


class Markup(str):
    """Text that is markup, so that it must not be escaped again."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """An element; attributes and children that are not Markup are escaped.

    Args:
        tag: The element's name.
        children: Its content.
        attributes: By name, with `_` for `-`; one at the end is dropped (`class_`). None and
            False leave the attribute out, True writes it without a value.
    """
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{tag}{written}>{join_markup(*children)}</{tag}>")


def join_markup(*children: str) -> Markup:
    """Concatenate children, escaping those that are not Markup."""
    return Markup(
        "".join(child if isinstance(child, Markup) else escape(child) for child in children)
    )
