"""The components as a Pulumi package for every language: the provider that hosts them.

Pulumi's own host maps an object that arrives whole as an Output to an empty one, and drops keys that it doesn't know
and those whose value is null, without a word. A grant's conditions would be gone. This one refuses all of it before it
maps anything.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

import pulumi
from google.protobuf.struct_pb2 import Struct, Value
from pulumi.errors import InputPropertiesError, InputPropertyErrorDetails
from pulumi.output import Unknown
from pulumi.provider import main, server
from pulumi.provider.experimental.analyzer import (
    ComponentDefinition,
    PropertyDefinition,
    PropertyType,
)
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError, ProviderServicer
from pulumi.runtime import proto, rpc
from pydantic.alias_generators import to_camel

from . import __version__
from .access import CrossAccountAccess
from .destination import TrustedRole
from .errors import Problem, display_value, join_path
from .source import AssumeRoleGrant
from .wiring.inputs import InvalidArgs

NAME = "cross-account-access"
_NOT_PLAIN = (pulumi.Output, Unknown)
_SIGNATURE = rpc._special_sig_key  # noqa: SLF001 - what marks an Output, a secret, a resource on the wire


class AccessProvider(ComponentProvider):
    """Hosts the three components; what it refuses it tells by the property's path, as other languages spell it."""

    def __init__(self) -> None:
        super().__init__(
            [CrossAccountAccess, TrustedRole, AssumeRoleGrant], NAME, version=__version__
        )
        # Docstrings come with the source's line ends and indentation.
        schema = _unwrapped(json.loads(self.schema or "{}"))
        # Without it Go's SDK names a type for the grants that it doesn't have, and so doesn't compile.
        schema["language"]["go"]["generateExtraInputTypes"] = True
        self.schema = json.dumps(schema)

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
            if isinstance(error.inner, InvalidArgs):
                raise self.spelt(error.inner) from None
            raise

    def map_inputs(
        self, inputs: pulumi.Inputs, component_def: ComponentDefinition
    ) -> pulumi.Inputs:
        """Map the inputs to Python's names, if nothing in them would get lost by that."""
        problems = list(self._lost(inputs, component_def.inputs, ""))
        if problems:
            raise _refusal(component_def.name, problems)
        return super().map_inputs(inputs, component_def)

    def _lost(
        self, value: Any, properties: Mapping[str, PropertyDefinition], path: str
    ) -> Iterator[Problem]:
        """What of an object's value the host's mapping would lose."""
        if not isinstance(value, Mapping):
            rule = "this is an object with keys of its own"
            remedy = "An Output or a secret can't stand for the whole of it: put it inside"
            yield Problem(
                path,
                display_value(path, value),
                rule,
                remedy if isinstance(value, _NOT_PLAIN) else "",
            )
            return
        for key, inner in value.items():
            where = join_path(path, (key,))
            if key not in properties:
                known = ", ".join(properties)
                yield Problem(
                    where,
                    display_value(where, inner),
                    "there is no such key",
                    f"Known keys: {known}",
                )
            else:
                yield from self._inside(inner, properties[key], where)

    def _inside(self, value: Any, expected: PropertyDefinition, path: str) -> Iterator[Problem]:
        own = self._type_defs.get(expected.ref.rpartition(":")[2]) if expected.ref else None
        if isinstance(value, _NOT_PLAIN) and (
            own.enum if own else expected.type == PropertyType.INTEGER
        ):
            rule = "this must be plain: an Output, a secret too, is known too late for it"
            yield Problem(path, display_value(path, value), rule, "Give the value itself")
        elif own is not None and own.enum is None:
            yield from self._lost(value, own.properties, path)
        elif expected.items is not None and isinstance(value, list):
            for position, item in enumerate(value):
                yield from self._inside(item, expected.items, join_path(path, (position,)))
        elif expected.additional_properties is not None and isinstance(value, Mapping):
            for key, item in value.items():
                yield from self._inside(
                    item, expected.additional_properties, join_path(path, (key,))
                )

    def spelt(self, error: InputPropertiesError) -> InputPropertiesError:
        """The same error with the properties' names as the schema has them."""
        names = {
            name
            for definition in (*self._component_defs.values(), *self._type_defs.values())
            for name in getattr(
                definition, "inputs_mapping", getattr(definition, "properties_mapping", {})
            ).values()
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


class _Servicer(ProviderServicer):
    """Answers as Pulumi's own does, but sees the inputs before it drops nulls, and tells a late refusal by its path."""

    provider: AccessProvider

    async def Construct(  # noqa: N802 - gRPC's name
        self, request: proto.ConstructRequest, context: Any
    ) -> proto.ConstructResponse:
        """Make a component, or refuse its inputs without a traceback."""
        try:
            problems = [
                problem
                for key, value in request.inputs.fields.items()
                for problem in _lost_by_sdk(value, key)
            ]
            if problems:
                raise _refusal(f"{request.type.rpartition(':')[2]} {request.name}", problems)
            return await super().Construct(request, context)
        except InputPropertiesError as error:
            told = self.provider.spelt(error) if isinstance(error, InvalidArgs) else error
            await context.abort_with_status(
                self.create_grpc_invalid_properties_status(told.message, told.errors)
            )
            raise


def _refusal(component: str, problems: list[Problem]) -> InputPropertiesError:
    """The error for problems whose paths have the schema's names already."""
    refused = InvalidArgs(component, tuple(problems))
    return InputPropertiesError(refused.message, refused.errors)


def _lost_by_sdk(value: Value, path: str) -> Iterator[Problem]:
    """What the SDK drops of the inputs as they come: nulls, and the configuration of providers that it doesn't know."""
    match value.WhichOneof("kind"):
        case "null_value":
            yield Problem(path, "null", "a key has a value", "Give it one, or leave it out")
        case "list_value":
            for position, item in enumerate(value.list_value.values):
                yield from _lost_by_sdk(item, join_path(path, (position,)))
        case "struct_value":
            fields = value.struct_value.fields
            match fields[_SIGNATURE].string_value if _SIGNATURE in fields else "":
                case "":
                    for key, inner in fields.items():
                        yield from _lost_by_sdk(inner, join_path(path, (key,)))
                case rpc._special_resource_sig:  # noqa: SLF001
                    yield from _foreign(value.struct_value, path)
                case _ if "value" in fields:  # an Output, or a secret
                    yield from _lost_by_sdk(fields["value"], path)


def _foreign(reference: Struct, path: str) -> Iterator[Problem]:
    # Reading a key that isn't there would put it there.
    version = (
        reference.fields["packageVersion"].string_value
        if "packageVersion" in reference.fields
        else ""
    )
    if rpc.get_resource_package("aws", version) is None:
        own = metadata.version("pulumi-aws")
        rule = f"the calling program's AWS package is version {version}, the component's is {own}"
        yield Problem(
            path, "", rule, "Let the program use the same major version, and no newer minor one"
        )


def _unwrapped(schema: Any, key: str = "") -> Any:
    if isinstance(schema, dict):
        return {name: _unwrapped(inner, name) for name, inner in schema.items()}
    if isinstance(schema, list):
        return [_unwrapped(inner) for inner in schema]
    if key == "description" and isinstance(schema, str):
        text = re.split(r"\n\s*Example:\n", schema)[0].strip()  # it is Python's
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return schema


def serve() -> None:
    """Run the provider, as the Pulumi engine starts it."""
    server.ProviderServicer = _Servicer  # type: ignore[misc] # main() takes no other
    main(AccessProvider(), sys.argv[1:])
