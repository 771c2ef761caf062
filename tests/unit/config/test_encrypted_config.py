"""Which values of a config are encrypted, as far as the stack's settings file shows it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.config.encrypted_config import EncryptedLeaves, read_saved_config
from tests.hostile_outputs import find_leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cross_account_access.errors import FieldPath

NAMESPACE, STACK = "cross-account-access", "prod"
SECURE = {"secure": "v1:AAAA"}
GRANTS: dict[str, Any] = {
    "deploy": {
        "principals": [{"user": "alice"}],
        "role": {"description": "swordfish", "maxSessionDuration": 7200, "tags": {"a": "007"}},
        "conditions": {"mfa": True, "sourceIdentities": ["one", "swordfish"]},
    }
}
DESCRIPTION = ("grants", "deploy", "role", "description")
IDENTITY = ("grants", "deploy", "conditions", "sourceIdentities", 1)


def put(config: Any, places: Mapping[FieldPath, Any]) -> Any:
    """A copy of a config with other values at these places."""
    changed = deepcopy(config)
    for (*outer, last), value in places.items():
        parent = changed
        for step in outer:
            parent = parent[step]
        parent[last] = value
    return changed


def find(
    config: dict[str, Any],
    saved: dict[str, Any] | None,
    *,
    project: dict[str, Any] | None = None,
    text: str | None = None,
    file: str = f"Pulumi.{STACK}.yaml",
    **settings: Any,
) -> EncryptedLeaves:
    """What is encrypted in a config, all of whose keys hold a secret, with such a file."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "x", **(project or {})}))
        if saved is not None:
            full = {f"{NAMESPACE}:{key}": value for key, value in saved.items()}
            content = yaml.safe_dump({"config": full, **settings})
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(content if text is None else text, encoding="utf-8")
        found = read_saved_config(folder, STACK, NAMESPACE)
    return EncryptedLeaves.find(config, list(config), found)


def split(found: EncryptedLeaves) -> tuple[set[FieldPath], set[FieldPath]]:
    """What is encrypted by itself, and what its key alone tells of."""
    return set(found.exact), set(found.covered)


@pytest.mark.parametrize("places", [[DESCRIPTION], [IDENTITY], [DESCRIPTION, IDENTITY]], ids=str)
def test_what_the_file_shows_as_encrypted_is_and_nothing_else(places: list[FieldPath]) -> None:
    config = {"grants": GRANTS}
    found = find(config, put(config, dict.fromkeys(places, SECURE)))
    assert split(found) == (set(places), set())


def test_a_whole_text_may_be_encrypted() -> None:
    found = find({"side": "both"}, {"side": SECURE})
    assert split(found) == ({("side",)}, set())


def test_the_file_may_be_in_a_folder_of_its_own() -> None:
    config = {"grants": GRANTS}
    saved = put(config, {DESCRIPTION: SECURE})
    project, file = {"stackConfigDir": "stacks"}, f"stacks/Pulumi.{STACK}.yaml"
    assert find(config, saved, project=project, file=file).exact == {DESCRIPTION}
    assert find(config, saved, project=project).exact == frozenset()


CONFIG = {"grants": GRANTS}
SAVED = put(CONFIG, {DESCRIPTION: SECURE})
ROLE = ("grants", "deploy", "role")


@pytest.mark.parametrize(
    "disagreeing",
    [
        {"saved": None},
        {"saved": CONFIG},
        {"saved": {}},
        {"saved": {"grants": SECURE}},
        {"saved": put(SAVED, {(*ROLE, "maxSessionDuration"): 7201})},
        {"saved": put(SAVED, {(*ROLE, "maxSessionDuration"): None})},
        {"saved": put(SAVED, {(*ROLE, "maxSessionDuration"): SECURE})},
        {"saved": put(SAVED, {(*ROLE, "maxSessionDuration"): [7200]})},
        {"saved": put(SAVED, {(*ROLE, "tags"): {"a": "7"}})},
        {"saved": put(SAVED, {(*ROLE, "tags"): {}})},
        {"saved": put(SAVED, {(*ROLE, "tags"): SECURE})},
        {"saved": put(SAVED, {(*ROLE, "more"): "x"})},
        {"saved": put(SAVED, {(*IDENTITY[:-1],): ["one"]})},
        {"saved": put(SAVED, {(*IDENTITY[:-1],): ["one", "swordfish", "x"]})},
        {"saved": put(SAVED, {(*IDENTITY[:-1],): ["swordfish", "one"]})},
        {"saved": put(SAVED, {("grants", "deploy", "conditions", "mfa"): "yes"})},
        {"saved": put(SAVED, {DESCRIPTION: {"secure": "x", "more": "y"}})},
        {"saved": SAVED, "environment": ["shared"]},
        {"saved": SAVED, "file": "Pulumi.other.yaml"},
        {"saved": SAVED, "file": f"Pulumi.{STACK}.json"},
        {"saved": SAVED, "text": "config: ["},
        {"saved": SAVED, "text": "config: &a [*a]"},
        {"saved": SAVED, "text": "config: {? [a] : b}"},
        {"saved": SAVED, "text": "- a list"},
        {"saved": SAVED, "text": ""},
        {"saved": SAVED, "text": "config: text"},
    ],
    ids=lambda case: str(case)[-60:],
)
def test_where_the_file_says_something_else_all_of_the_key_is_secret(
    disagreeing: dict[str, Any],
) -> None:
    found = find(CONFIG, **disagreeing)
    assert split(found) == (set(), set(find_leaves(CONFIG)))


def test_each_key_is_believed_by_itself() -> None:
    config = {"grants": GRANTS, "tags": {"a": "x", "b": "y"}}
    saved = {"grants": GRANTS, "tags": {"a": "x", "b": SECURE}}
    found = find(config, saved)
    assert found.exact == {("tags", "b")}
    assert found.covered == set(find_leaves({"grants": GRANTS}))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TREES = st.recursive(
    TEXT | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict))


def get(config: Any, place: FieldPath) -> Any:
    for step in place:
        config = config[step]
    return config


@given(TREES, st.data())
def test_exactly_the_encrypted_leaves_are_secret_or_all_where_one_value_differs(
    tree: dict[str, Any], data: st.DataObject
) -> None:
    config = {"grants": tree}
    everywhere = list(find_leaves(config))
    texts = [place for place in everywhere if isinstance(get(config, place), str)]
    encrypted = data.draw(st.sets(st.sampled_from(texts)) if texts else st.just(set()))
    saved = put(config, dict.fromkeys(encrypted, SECURE))
    found = find(config, saved)
    if encrypted:
        assert split(found) == (encrypted, set())
    else:
        assert split(found) == (set(), set(everywhere))
    plain = sorted(set(everywhere) - encrypted, key=str)
    if plain:
        other = find(config, put(saved, {data.draw(st.sampled_from(plain)): "another value"}))
        assert split(other) == (set(), set(everywhere))
