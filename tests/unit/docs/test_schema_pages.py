"""Types as the SDKs that Pulumi's generators make of the schema have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.text_format import to_camel
from docs.schema_pages import LANGUAGES, read_components, read_types, render_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = {
    "sourceProvider": ("sourceProvider", "source_provider", "SourceProvider"),
    "managedPolicyArns": ("managedPolicyArns", "managed_policy_arns", "ManagedPolicyArns"),
    "mfa": ("mfa", "mfa", "Mfa"),
    "except": ("except", "except_", "Except"),
}
"""A property as TypeScript, Java and YAML spell it, as Python, and as Go and C#."""
TITLES = ("TypeScript", "Python", "Go", "C#", "Java", "YAML")
INPUTS = {
    ("Conditions", "externalId"): (
        *("pulumi.Input<string>", "pulumi.Input[str]", "pulumi.StringPtrInput"),
        *("Input<string>", "Output<String>", "String"),
    ),
    ("Conditions", "mfa"): ("boolean", "bool", "*bool", "bool", "Boolean", "Boolean"),
    ("Conditions", "mfaMaxAge"): ("number", "int", "*int", "int", "Integer", "Integer"),
    ("Conditions", "allowSessionTags"): ("any", "Any", "interface{}", "object", "Object", "Any"),
    ("Conditions", "sourceIps"): (
        *("pulumi.Input<string>[]", "list[pulumi.Input[str]]", "[]pulumi.StringInput"),
        *("List<Input<string>>", "List<String>", "List<String>"),
    ),
    ("Conditions", "sessionTags"): (
        "{[key: string]: pulumi.Input<string>[]}",
        *("dict[str, list[pulumi.Input[str]]]", "map[string][]pulumi.StringInput"),
        *("Dictionary<string, ImmutableArray<Input<string>>>", "Map<String,List<String>>"),
        "Map<List<String>>",
    ),
    ("Conditions", "raw"): (
        "{[key: string]: {[key: string]: any}}",
        *("dict[str, dict[str, pulumi.Input[Any]]]", "map[string]map[string]pulumi.Input"),
        "Dictionary<string, ImmutableDictionary<string, Input<object>>>",
        *("Map<String,Map<String,Object>>", "Map<Map<Any>>"),
    ),
    ("Grant", "principals"): (
        *("PrincipalArgs[]", "list[Principal]", "[]PrincipalArgs"),
        *("List<Inputs.PrincipalArgs>", "List<PrincipalArgs>", "List<Principal>"),
    ),
    ("Grant", "role"): (
        *("RoleSettingsArgs", "RoleSettings", "*RoleSettingsArgs"),
        *("Inputs.RoleSettingsArgs", "RoleSettingsArgs", "RoleSettings"),
    ),
    ("Principal", "trustBy"): ("TrustBy", "TrustBy", "*TrustBy", "TrustBy", "TrustBy", "TrustBy"),
    ("AccountSettings", "provider"): (
        *("pulumi.Input<aws.Provider>", "pulumi.Input[aws.Provider]", "aws.ProviderInput"),
        *("Input<Pulumi.Aws.Provider>", "Output<com.pulumi.aws.Provider>", "Resource"),
    ),
    ("TrustedRole", "sourceAccountId"): (
        *("pulumi.Input<string>", "pulumi.Input[str]", "pulumi.StringInput"),
        *("Input<string>", "Output<String>", "String"),
    ),
}
OUTPUTS = {
    ("MultiAccountAccess", "longestSessions"): (
        "pulumi.Output<{[key: string]: {[key: string]: number}}>",
        *("pulumi.Output[dict[str, dict[str, int]]]", "pulumi.IntMapMapOutput"),
        "Output<ImmutableDictionary<string, ImmutableDictionary<string, int>>>",
        *("Output<Map<String,Map<String,Integer>>>", "Map<Map<Integer>>"),
    ),
    ("AssumeRoleGrant", "policyArns"): (
        *("pulumi.Output<string[]>", "pulumi.Output[list[str]]", "pulumi.StringArrayOutput"),
        *("Output<ImmutableArray<string>>", "Output<List<String>>", "List<String>"),
    ),
    ("TrustedRole", "switchRoleUrl"): (
        *("pulumi.Output<string | undefined>", "pulumi.Output[str | None]"),
        *("pulumi.StringPtrOutput", "Output<string?>", "Output<Optional<String>>", "String"),
    ),
}


@pytest.mark.parametrize(("place", "spelt"), INPUTS.items(), ids=str)
def test_an_input_is_spelt_as_in_each_sdk(place: tuple[str, str], spelt: tuple[str, ...]) -> None:
    name, key = place
    described: Mapping[str, Any] = (read_components() | read_types())[name]
    properties = described.get("inputProperties") or described["properties"]
    required = key in described.get("requiredInputs", described.get("required", ()))
    assert dict(zip(TITLES, spelt, strict=True)) == {
        language.title: language.spell_input(properties[key], required=required)
        for language in LANGUAGES
    }


@pytest.mark.parametrize(("place", "spelt"), OUTPUTS.items(), ids=str)
def test_an_output_is_spelt_as_in_each_sdk(place: tuple[str, str], spelt: tuple[str, ...]) -> None:
    name, key = place
    described = read_components()[name]
    assert dict(zip(TITLES, spelt, strict=True)) == {
        language.title: language.spell_output(
            described["properties"][key], required=key in described["required"]
        )
        for language in LANGUAGES
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


def test_a_pipe_in_a_type_does_not_end_the_tables_cell() -> None:
    row = r"| `switchRoleUrl` | `pulumi.Output<string \| undefined>` |"
    assert row in render_pages()["TrustedRole.md"]
