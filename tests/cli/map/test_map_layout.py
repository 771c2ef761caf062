"""Where the picture's parts stand on the map's page, how its texts are cut, and its colours."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from cross_account_access.cli.map.layout import PAD, lay_out
from cross_account_access.cli.map.picture import truncate
from tests.cli.map import maps
from tests.cli.map.test_map_text import WORLDS

if TYPE_CHECKING:
    from cross_account_access.cli.map.access_map import AccessMap


@pytest.mark.parametrize("access", [*WORLDS.values(), maps.large()], ids=[*WORLDS, "large"])
def test_nothing_lies_upon_another_or_outside(access: AccessMap) -> None:
    drawn = lay_out(access)
    boxes = [
        (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height) for frame in drawn.frames
    ]
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= drawn.width
        assert 0 <= top < bottom <= drawn.height
        for other in boxes[number + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    for frame in drawn.frames:
        ends = [0]
        for card in frame.cards:
            assert card.y > ends[-1]
            ends.append(card.y + card.height)
            assert all(0 < line.port < card.height for line in card.lines)
            assert card.width + 2 * PAD == frame.width
        assert ends[-1] < frame.height
    assert sorted(card.node.key for frame in drawn.frames for card in frame.cards) == sorted(
        access.nodes
    )


def test_principals_are_left_of_what_they_reach() -> None:
    for access in (maps.chain(), maps.large()):
        assert all(curve.x1 < curve.x2 for curve in lay_out(access).curves)
    columns = {
        card.node.label: frame.column
        for frame in lay_out(maps.chain()).frames
        for card in frame.cards
    }
    assert columns == {
        "group operators": 0,
        "role build": 0,
        "user alice": 0,
        "user local": 0,
        "role team/hub": 1,
        "role ci": 1,
        "role spoke": 2,
        "role deploy": 2,
    }


def test_callers_under_other_conditions_arrive_at_lines_of_their_own() -> None:
    drawn = lay_out(maps.chain())
    deploy = next(
        card for frame in drawn.frames for card in frame.cards if card.node.label == "role deploy"
    )
    assert [line.text for line in deploy.lines] == [
        "only session release · up to 1 h (role chaining)",
        "no conditions · up to 4 h",
    ]
    ports = [curve.port for curve in drawn.curves if curve.edge.role == deploy.node.key]
    assert ports == [line.port for line in deploy.lines]


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("abc", 2, "abc"),
        ("abcd", 2, "a…"),
        ("漢字", 2, "漢字"),
        ("漢字か", 2.9, "漢字…"),
        ("", 1, ""),
        ("ab", 0.5, "…"),
        ("iiiii", 2, "iiiii"),
        ("mmmmm", 2, "m…"),
    ],
)
def test_texts_are_cut_to_their_room(text: str, room: float, expected: str) -> None:
    assert truncate(text, room) == expected


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
