"""What callers may set and need not is proved each way: by those who do, don't, or do too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.commands import document, project, sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

CI: dict[str, Any] = {"role": "team/ci"}
OF_OTHERS = {"session too long", "untrusted, same account", "untrusted, another account"}

# Each grant's conditions, and the attempts that these let in or keep out.
CONDITIONS: dict[str, tuple[dict[str, Any], set[str], set[str]]] = {
    "session tags": (
        {"allowSessionTags": ["app", "Cost Center"]},
        {
            "with the session tag app",
            "with the session tag Cost Center",
            "with all session tags that are allowed",
            "inherited session tags",
        },
        {"one session tag more", "an inherited session tag that isn't allowed"},
    ),
    "any session tags": (
        {"allowSessionTags": True},
        {"with the session tag sandbox-more", "inherited session tags"},
        set(),
    ),
    "session tags of which one may be handed on": (
        {"allowSessionTags": ["app", "stage"], "transitiveTagKeys": ["app"]},
        {
            "with the session tag app",
            "with the session tag stage",
            "with all session tags that are allowed",
            "with tags that are handed on",
            "inherited session tags",
        },
        {
            "one session tag more",
            "another tag that is handed on",
            "an inherited session tag that isn't allowed",
        },
    ),
    "more session tags than one call can pass": (
        {"allowSessionTags": [f"k{number}" for number in range(51)]},
        {
            *(f"with the session tag k{number}" for number in range(51)),
            "with all session tags that are allowed",
            "inherited session tags",
        },
        {"one session tag more", "an inherited session tag that isn't allowed"},
    ),
    "a session tag beside one that is required": (
        {"allowSessionTags": ["stage"], "sessionTags": {"team": ["app-*", "x?y"]}},
        {"with the session tag stage", "inherited session tags"},
        {
            "no session tags",
            "a value of the session tag team that fits no pattern",
            "one session tag more",
            "an inherited session tag that isn't allowed",
        },
    ),
    "any value of a session tag and of a principal tag": (
        {"sessionTags": {"team": ["*"]}, "principalTags": {"team": ["a?*"]}},
        set(),
        {"no session tags", "one session tag more"},
    ),
    "no session tags": ({"allowSessionTags": False}, set(), {"one session tag more"}),
    "a source identity": (
        {"allowSourceIdentity": True},
        {"with a source identity", "an inherited source identity"},
        set(),
    ),
    "no source identity": ({"allowSourceIdentity": False}, set(), {"a source identity"}),
    "an identity context": (
        {"allowIdentityContext": True},
        {"with an identity context"},
        {"an identity context of QuickSight"},
    ),
    "no identity context": (
        {"allowIdentityContext": False},
        set(),
        {"an identity context of IdentityCenter"},
    ),
}


@pytest.mark.parametrize(("conditions", "allowed", "refused"), CONDITIONS.values(), ids=CONDITIONS)
def test_what_is_allowed_is_proved_with_and_without_it(
    conditions: dict[str, Any],
    allowed: set[str],
    refused: set[str],
    accounts: Sandbox,
    tmp_path: Path,
) -> None:
    grant = {"principals": [CI], "conditions": conditions}
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants={"good": grant}), "--json")
    assert up.exit_code == 0, up.stderr
    proof = document(up)["proof"]
    seen = {
        outcome: {one["attempt"] for one in proof if one["observed"] == outcome}
        for outcome in ("allowed", "refused")
    }
    assert seen["allowed"] == allowed | {"assumes the role"}
    assert seen["refused"] == refused | OF_OTHERS


def test_a_principal_that_takes_back_what_the_grant_allows_is_proved_too(
    accounts: Sandbox, tmp_path: Path
) -> None:
    own = {"role": "cd", "conditions": {"allowSessionTags": False, "allowSourceIdentity": False}}
    grant = {
        "principals": [CI, own],
        "conditions": {"allowSessionTags": ["app"], "allowSourceIdentity": True},
    }
    up = sandbox("up", project(tmp_path, accounts.endpoint, grants={"good": grant}), "--json")
    assert up.exit_code == 0, up.stderr
    by_caller: dict[str, set[tuple[str, str]]] = {}
    for one in document(up)["proof"]:
        name = one["caller"].split("/")[1]
        by_caller.setdefault(name, set()).add((one["attempt"], one["observed"]))
    assert ("with the session tag app", "allowed") in by_caller["ci"]
    assert ("inherited session tags", "allowed") in by_caller["ci"]
    assert ("with a source identity", "allowed") in by_caller["ci"]
    assert {
        ("one session tag more", "refused"),
        ("a source identity", "refused"),
        ("assumes the role", "allowed"),
    } <= by_caller["cd"]
    assert not [attempt for attempt, _ in by_caller["cd"] if attempt.startswith("with ")]
