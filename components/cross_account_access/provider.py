"""The components as a Pulumi package for every language: the provider that hosts them.

Pulumi's own host maps an object that arrives whole as an Output to an empty one, and drops keys that it doesn't know,
without a word. A grant's conditions would be gone. This one refuses both before it maps anything.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError, InputPropertyErrorDetails
from pulumi.provider import main
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError
from pydantic.alias_generators import to_camel

from . import __version__
from .access import CrossAccountAccess
from .destination import TrustedRole
from .errors import Problem, display, join
from .source import AssumeRoleGrant

NAME = "cross-account-access"


class AccessProvider(ComponentProvider):
    """Hosts the three components; what it refuses it tells by the property's path, as other languages spell it."""

    def __init__(self) -> None:
        super().__init__([CrossAccountAccess, TrustedRole, AssumeRoleGrant], NAME, version=__version__)
        # The docstrings come with the source's line ends and indentation.
        self.schema = json.dumps(_unwrapped(json.loads(self.schema or "{}")))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component, or refuse its inputs without a traceback."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, InputPropertiesError):
                raise self._spelt(error.inner) from None
            raise

    def map_inputs(self, inputs: pulumi.Inputs, component_def: ComponentDefinition) -> pulumi.Inputs:
        """Map the inputs to Python's names, if nothing in them would get lost by that."""
        problems = list(self._lost(inputs, component_def.inputs, ""))
        if problems:
            lines = "\n".join(f"  {found.message}" for found in problems)
            raise InputPropertiesError(
                f"{component_def.name} was refused:\n{lines}",
                [{"property_path": found.path, "reason": found.message} for found in problems],
            )
        return super().map_inputs(inputs, component_def)

    def _lost(self, value: Any, properties: Mapping[str, PropertyDefinition], path: str) -> Iterator[Problem]:
        """What of an object's value the host's mapping would lose."""
        if not isinstance(value, Mapping):
            rule = "this is an object with keys of its own"
            remedy = "An Output or a secret can't stand for the whole of it: put it inside"
            yield Problem(path, display(path, value), rule, remedy if isinstance(value, pulumi.Output) else "")
            return
        for key, inner in value.items():
            where = join(path, (key,))
            if key not in properties:
                known = ", ".join(properties)
                yield Problem(where, display(where, inner), "there is no such key", f"Known keys: {known}")
            else:
                yield from self._inside(inner, properties[key], where)

    def _inside(self, value: Any, expected: PropertyDefinition, path: str) -> Iterator[Problem]:
        own = self._type_defs.get(expected.ref.rpartition(":")[2]) if expected.ref else None
        if own is not None and own.enum is None:
            yield from self._lost(value, own.properties, path)
        elif expected.items is not None and isinstance(value, list):
            for position, item in enumerate(value):
                yield from self._inside(item, expected.items, join(path, (position,)))
        elif expected.additional_properties is not None and isinstance(value, Mapping):
            for key, item in value.items():
                yield from self._inside(item, expected.additional_properties, join(path, (key,)))

    def _spelt(self, error: InputPropertiesError) -> InputPropertiesError:
        """The same error with the properties' names as the schema has them."""
        names = {
            name
            for definition in (*self._component_defs.values(), *self._type_defs.values())
            for name in getattr(definition, "inputs_mapping", getattr(definition, "properties_mapping", {})).values()
            if "_" in name
        }

        def spelt(text: str) -> str:
            for name in sorted(names, key=len, reverse=True):
                text = text.replace(name, to_camel(name))
            return text

        details: list[InputPropertyErrorDetails] = [
            {"property_path": spelt(found["property_path"]), "reason": spelt(found["reason"])}
            for found in error.errors or []
        ]
        return InputPropertiesError(spelt(error.message), details)


def _unwrapped(schema: Any, key: str = "") -> Any:
    if isinstance(schema, dict):
        return {name: _unwrapped(inner, name) for name, inner in schema.items()}
    if isinstance(schema, list):
        return [_unwrapped(inner) for inner in schema]
    if key == "description" and isinstance(schema, str):
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in schema.split("\n\n"))
    return schema


def serve() -> None:
    """Run the provider, as the Pulumi engine starts it."""
    main(AccessProvider(), sys.argv[1:])
