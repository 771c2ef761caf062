"""The page's colours stand out, in light and in dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest


def palettes() -> list[dict[str, str]]:
    style = files("cross_account_access.cli.map").joinpath("page.css").read_text(encoding="utf-8")
    found = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    assert len(found) == 2
    assert found[0].keys() == found[1].keys()
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        *(("text", back, 7.0) for back in ("ground", "card", "role")),
        ("quiet", "ground", 4.5),
        ("accent", "ground", 4.5),
        ("accent", "role", 4.5),
        *(("wide", back, 4.5) for back in ("ground", "card", "role")),
        # What isn't text: https://www.w3.org/TR/WCAG22/#non-text-contrast
        *((line, back, 3.0) for line in ("border", "edge") for back in ("ground", "card", "role")),
    ],
)
def test_colours_stand_out(palette: dict[str, str], front: str, back: str, least: float) -> None:
    light, dark = sorted((luminance(palette[front]), luminance(palette[back])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least
