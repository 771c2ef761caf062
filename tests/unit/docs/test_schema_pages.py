"""Types as the SDKs that Pulumi's generators make of the schema have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from docs.schema_pages import LANGUAGES, read_components, read_types

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        *("pulumi.Output<string>", "pulumi.Output[str]", "pulumi.StringPtrOutput"),
        *("Output<string>", "Output<String>", "String"),
    ),
}


@pytest.mark.parametrize(
    ("key", "snake", "pascal"),
    [
        ("sourceProvider", "source_provider", "SourceProvider"),
        ("mfaMaxAge", "mfa_max_age", "MfaMaxAge"),
        ("except", "except_", "Except"),
        ("raw", "raw", "Raw"),
    ],
)
def test_a_property_is_named_as_in_each_sdk(key: str, snake: str, pascal: str) -> None:
    names = dict(zip(TITLES, (key, snake, pascal, pascal, key, key), strict=True))
    assert names == {language.title: language.spell_key(key) for language in LANGUAGES}


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
