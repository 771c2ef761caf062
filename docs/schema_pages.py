"""The pages of the package's schema: each component and type, as each language spells them."""

import json
import keyword
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import alias_generators

from cross_account_access.text_format import to_camel

SCHEMA = Path(__file__).resolve().parents[1] / "components" / "schema.json"
_TYPES_PAGE = "types.md"
_PLAIN = (
    "Where a type has no `Input`, in Java no `Output`, the value must be plain: known in every "
    "preview, so not the output of a resource."
)


@dataclass(frozen=True)
class Language:
    """How a language spells what is in the schema.

    Attributes:
        title: The language's name.
        spell_key: Spells the name of a property.
        member: A member of an enum, by the enum's name and its own.
        scalars: The types that have no parts.
        array: A list, by its items.
        map: A map, by its values.
        type: A type of the package, by its name.
        input: What may be an output of a resource, by its type.
        output: An output, by its type.
        plain: What is said of an input that must be plain.
    """

    title: str
    spell_key: Callable[[str], str]
    member: str
    scalars: Mapping[str, str]
    array: str
    map: str
    type: str
    input: str
    output: str
    plain: str = ""

    def spell_input(self, spec: Mapping[str, Any], *, required: bool) -> str:
        """Spell an input's type; that it is optional is said beside it."""
        del required
        spelt = self._spell(spec, self.spell_part)
        return spelt if spec.get("plain") or spelt == "any" else self.input.format(spelt)

    def spell_part(self, spec: Mapping[str, Any]) -> str:
        """Spell the type of a list's items, or of a map's values."""
        return self.spell_input(spec, required=True)

    def spell_output(self, spec: Mapping[str, Any], *, required: bool) -> str:
        """Spell an output's type."""
        del required
        return self.output.format(self._spell_inside(spec))

    def _spell_inside(self, spec: Mapping[str, Any]) -> str:
        return self._spell(spec, self._spell_inside)

    def _spell(self, spec: Mapping[str, Any], part: Callable[[Mapping[str, Any]], str]) -> str:
        if "items" in spec:
            return self.array.format(part(spec["items"]))
        if "additionalProperties" in spec:
            return self.map.format(part(spec["additionalProperties"]))
        name = find_type(spec)
        if name:
            return name if "enum" in read_types()[name] else self.type.format(name)
        return self.scalars[_read_scalar(spec)]


class CSharp(Language):
    """C# has collections that can be written to where they are an input of their own."""

    def spell_input(self, spec: Mapping[str, Any], *, required: bool) -> str:
        spelt = super().spell_input(spec, required=required)
        return re.sub(r"^ImmutableArray\b", "List", spelt).removeprefix("Immutable")

    def spell_part(self, spec: Mapping[str, Any]) -> str:
        return super().spell_input(spec, required=True)


class Java(Language):
    """Java has plain items in a list or map, and wraps nothing in them."""

    def spell_part(self, spec: Mapping[str, Any]) -> str:
        return self._spell_inside(spec)


class Go(Language):
    """Go has a pointer for what is optional, and named types in place of generic ones."""

    def spell_input(self, spec: Mapping[str, Any], *, required: bool) -> str:
        spelt = self._spell(spec, self.spell_part)
        parts = "items" in spec or "additionalProperties" in spec
        if not spec.get("plain") and not parts:
            scalar = _read_scalar(spec)
            if scalar == "any":
                return "pulumi.Input"
            if scalar == "provider":
                return "aws.ProviderInput"
            return f"pulumi.{spelt.title()}{'' if required else 'Ptr'}Input"
        return spelt if required or parts or spelt == self.scalars["any"] else f"*{spelt}"

    def spell_output(self, spec: Mapping[str, Any], *, required: bool) -> str:
        parts = ""
        while inner := spec.get("items") or spec.get("additionalProperties"):
            parts = ("Array" if "items" in spec else "Map") + parts
            spec = inner
        scalar = self.scalars[_read_scalar(spec)].title()
        return f"pulumi.{scalar}{parts or ('' if required else 'Ptr')}Output"


def spell_snake(key: str) -> str:
    """Spell a property as Python does: `trust_by`, and `except_` for a word of Python's own."""
    snake = alias_generators.to_snake(key)
    return f"{snake}_" if keyword.iskeyword(snake) else snake


def spell_pascal(key: str) -> str:
    """Spell a property as Go and C# do: `SourceProvider`."""
    return key[:1].upper() + key[1:]


def _name_scalars(*names: str) -> dict[str, str]:
    return dict(zip(("string", "integer", "boolean", "any", "provider"), names, strict=True))


LANGUAGES = (
    Language(
        "TypeScript",
        str,
        "{}.{}",
        _name_scalars("string", "number", "boolean", "any", "aws.Provider"),
        *("{}[]", "{{[key: string]: {}}}", "{}Args", "pulumi.Input<{}>", "pulumi.Output<{}>"),
    ),
    Language(
        "Python",
        spell_snake,
        "{}.{}",
        _name_scalars("str", "int", "bool", "Any", "aws.Provider"),
        *("list[{}]", "dict[str, {}]", "{}", "pulumi.Input[{}]", "pulumi.Output[{}]"),
    ),
    Go(
        "Go",
        spell_pascal,
        "{}{}",
        _name_scalars("string", "int", "bool", "interface{}", "aws.Provider"),
        *("[]{}", "map[string]{}", "{}Args", "pulumi.…Input", "pulumi.…Output"),
    ),
    CSharp(
        "C#",
        spell_pascal,
        "{}.{}",
        _name_scalars("string", "int", "bool", "object", "Pulumi.Aws.Provider"),
        *("ImmutableArray<{}>", "ImmutableDictionary<string, {}>", "Inputs.{}Args"),
        *("Input<{}>", "Output<{}>"),
    ),
    Java(
        "Java",
        str,
        "{}.{}",
        _name_scalars("String", "Integer", "Boolean", "Object", "com.pulumi.aws.Provider"),
        *("List<{}>", "Map<String,{}>", "{}Args", "Output<{}>", "Output<{}>"),
    ),
    Language(
        "YAML",
        str,
        "{1}",
        _name_scalars("String", "Integer", "Boolean", "Any", "Resource"),
        *("List<{}>", "Map<{}>", "{}", "{}", "{}", ", plain"),
    ),
)


@cache
def read_schema() -> dict[str, Any]:
    """The schema that is committed."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema


def read_components() -> dict[str, dict[str, Any]]:
    """The components by their names."""
    return {token.rpartition(":")[2]: spec for token, spec in read_schema()["resources"].items()}


def read_types() -> dict[str, dict[str, Any]]:
    """The types of inputs by their names."""
    return {token.rpartition(":")[2]: spec for token, spec in read_schema()["types"].items()}


def find_type(spec: Mapping[str, Any]) -> str:
    """The name of the package's type that a property is of, or has in its parts; or nothing."""
    if inner := spec.get("items") or spec.get("additionalProperties"):
        return find_type(inner)
    reference: str = spec.get("$ref", "")
    return reference.rpartition(":")[2] if reference.startswith("#/types/") else ""


def _read_scalar(spec: Mapping[str, Any]) -> str:
    reference: str = spec.get("$ref", "")
    if reference.endswith("/Any"):
        return "any"
    return "provider" if reference.endswith("pulumi:providers:aws") else str(spec["type"])


def render_pages() -> dict[str, str]:
    """The text of each page, by its file's name."""
    types = {name: _render_type(name, spec) for name, spec in read_types().items()}
    introduction = "# Types of inputs\n\nIn each language's spelling. " + _PLAIN
    components = {
        f"{name}.md": _render_component(name, spec) for name, spec in read_components().items()
    }
    return components | {_TYPES_PAGE: "\n\n".join([introduction, *types.values()]) + "\n"}


def _render_component(name: str, spec: Mapping[str, Any]) -> str:
    inputs, outputs = spec["inputProperties"], spec["properties"]
    sections = (
        f"# {name}",
        spec["description"],
        f"The type of the resource is `cross-account-access:index:{name}`.",
        f"## Inputs\n\n{_PLAIN}",
        _render_tabs(lambda language: _list_inputs(language, inputs, spec["requiredInputs"])),
        "## Outputs",
        _render_tabs(lambda language: _list_outputs(language, outputs, spec["required"])),
    )
    return "\n\n".join(sections) + "\n"


def _render_type(name: str, spec: Mapping[str, Any]) -> str:
    def list_members(language: Language) -> Iterator[tuple[str, ...]]:
        for member in spec["enum"]:
            spelt = language.member.format(name, member["name"], member["value"])
            yield spelt, f"`{member['value']}`", member["description"]

    def list_keys(language: Language) -> Iterator[tuple[str, ...]]:
        return _list_inputs(language, spec["properties"], spec.get("required", ()))

    tabs = _render_tabs(list_members if "enum" in spec else list_keys)
    return f"## {name}\n\n{spec['description']}\n\n{tabs}"


def _list_inputs(
    language: Language, properties: Mapping[str, Any], required: Collection[str]
) -> Iterator[tuple[str, ...]]:
    for key, spec in sorted(properties.items(), key=lambda item: item[0] not in required):
        spelt = language.spell_input(spec, required=key in required)
        plain = language.plain if spec.get("plain") else ""
        meaning = f"{'Required. ' if key in required else ''}{spec['description']}"
        yield language.spell_key(key), _link_type(spelt, spec) + plain, meaning


def _list_outputs(
    language: Language, properties: Mapping[str, Any], required: Collection[str]
) -> Iterator[tuple[str, ...]]:
    for key, spec in properties.items():
        spelt = language.spell_output(spec, required=key in required)
        yield language.spell_key(key), f"`{spelt}`", spec["description"]


def _link_type(spelt: str, spec: Mapping[str, Any]) -> str:
    name = find_type(spec)
    return f"[`{spelt}`]({_TYPES_PAGE}#{name.lower()})" if name else f"`{spelt}`"


def _render_tabs(list_rows: Callable[[Language], Iterable[tuple[str, ...]]]) -> str:
    """A tab for each language, with a table of the rows that are listed for it."""
    keys = {key for spec in read_types().values() for key in spec.get("properties", ())}
    tabs = []
    for language in LANGUAGES:
        rows = ["name | type | meaning", "--- | --- | ---"]
        for name, kind, meaning in list_rows(language):
            spelt = _respell_keys(meaning, language, keys)
            rows.append(" | ".join((f"`{name}`", kind, spelt.replace("|", "\\|"))))
        table = "\n".join(f"    | {row} |" for row in rows)
        tabs.append(f'=== "{language.title}"\n\n{table}')
    return "\n\n".join(tabs)


def _respell_keys(meaning: str, language: Language, keys: Collection[str]) -> str:
    """A docstring names keys as Python does: name them as the language does."""

    def respell(word: re.Match[str]) -> str:
        key = to_camel(word[1])
        return f"`{language.spell_key(key)}`" if key in keys else word[0]

    return re.sub(r"`([a-z_]+)`", respell, meaning)
