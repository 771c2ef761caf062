"""The AWS CLI's cache: times in ISO 8601, and files that are no sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.cache import SharedCache, format_expiration

if TYPE_CHECKING:
    from pathlib import Path

SESSION = {
    "Credentials": {
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "x",
        "SessionToken": "y",
        "Expiration": "2031-01-01T00:00:00UTC",
    }
}


@pytest.mark.parametrize(
    "text",
    [
        "2031-01-01T00:00:00UTC",
        "2031-01-01T00:00:00Z",
        "2031-01-01T00:00:00+00:00",
        "2031-01-01T02:00:00+02:00",
        "2031-01-01 00:00:00.000000+00:00",
    ],
)
def test_the_time_of_expiry_is_iso_8601(text: str) -> None:
    assert format_expiration(text) == "2031-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["", "soon", "2031-01-01T00:00:00", "2031-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        format_expiration(text)


def _without(key: str) -> dict[str, Any]:
    return {"Credentials": {k: v for k, v in SESSION["Credentials"].items() if k != key}}


def _with(**keys: Any) -> dict[str, Any]:
    return {"Credentials": {**SESSION["Credentials"], **keys}}


NO_SESSIONS: list[Any] = [
    *(None, [], "x", 1, {}, {"Credentials": None}, {"Credentials": []}),
    *(_without(key) for key in SESSION["Credentials"]),
    *(_with(AccessKeyId=7), _with(SessionToken=None), _with(Expiration=1893456000)),
    *(_with(Expiration="soon"), _with(Expiration="2031-01-01T00:00:00")),
    _with(Expiration="0001-01-01T00:00:00+23:00"),
]


@pytest.mark.parametrize("content", ["", "{", "\x00", *map(json.dumps, NO_SESSIONS)])
def test_a_file_that_is_no_session_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = SharedCache()
    cache["key"] = SESSION
    assert "key" in cache
    (file,) = (tmp_path / ".aws" / "cli" / "cache").iterdir()
    file.write_text(content, encoding="utf-8")
    assert "key" not in cache
