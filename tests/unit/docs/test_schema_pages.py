"""The schema's pages spell what there is as each language's SDK does."""

from __future__ import annotations

import pytest

from cross_account_access.text_format import to_camel
from docs.schema_pages import LANGUAGES, Language, read_components, read_types, render_pages

KEYS = {
    "sourceProvider": ("sourceProvider", "source_provider", "SourceProvider"),
    "managedPolicyArns": ("managedPolicyArns", "managed_policy_arns", "ManagedPolicyArns"),
    "mfa": ("mfa", "mfa", "Mfa"),
    "except": ("except", "except_", "Except"),
}
"""A property as TypeScript, Java and YAML spell it, as Python, and as Go and C#."""
ABSENT = {
    "TypeScript": "pulumi.Output<string | undefined>",
    "Python": "pulumi.Output[str | None]",
    "Go": "pulumi.StringPtrOutput",
    "C#": "Output<string?>",
    "Java": "Output<Optional<String>>",
    "YAML": "String",
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_spelt_as_each_language_does(key: str) -> None:
    plain, snake, pascal = KEYS[key]
    expected = {"Python": snake, "Go": pascal, "C#": pascal}
    for language in LANGUAGES:
        assert language.spell_key(key) == expected.get(language.title, plain)


def test_every_key_keeps_its_words_in_every_language() -> None:
    specs = [*read_types().values(), *read_components().values()]
    parts = ("properties", "inputProperties")
    keys = {key for spec in specs for part in parts for key in spec.get(part, ())}
    assert len(keys) > 50
    for key in keys:
        for language in LANGUAGES:
            spelt = language.spell_key(key)
            camel = to_camel(spelt.rstrip("_")) if language.title == "Python" else spelt
            assert camel[1:] == key[1:], language.title


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.title)
def test_an_output_that_may_be_absent_is_spelt_so(language: Language) -> None:
    spec = read_components()["TrustedRole"]
    assert "switchRoleUrl" not in spec["required"]
    row = f"| `{language.spell_key('switchRoleUrl')}` | `{ABSENT[language.title]}` |"
    tab = render_pages()["TrustedRole.md"].split(f'=== "{language.title}"')[2].partition("===")[0]
    assert row in tab.replace("\\|", "|")
