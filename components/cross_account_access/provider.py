"""The components as a Pulumi package for every language: the provider that hosts them.

Pulumi's own host silently maps an object that arrives whole as an Output to an empty one, and drops
keys that it doesn't know or whose value is null. A grant's conditions would be lost. This host
refuses all of these before it maps anything.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

import pulumi
import pulumi_aws as aws
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
from pulumi.runtime import ResourcePackage, proto, register_resource_package, rpc
from semver import Version

from . import __version__
from .access import CrossAccountAccess
from .destination import TrustedRole
from .errors import Problem, display_value, join_path
from .grants.model import refuse_unknown_key
from .multi_account import MultiAccountAccess
from .source import AssumeRoleGrant
from .text_format import to_camel
from .wiring.inputs import InvalidArgs

NAME = "cross-account-access"
_AWS_VERSION = metadata.version("pulumi-aws")
_AWS_MAJOR = int(_AWS_VERSION.partition(".")[0])
_NOT_PLAIN = (pulumi.Output, Unknown)
# What marks an Output, a secret or a resource on the wire.
_SIGNATURE = rpc._special_sig_key  # noqa: SLF001


class AccessProvider(ComponentProvider):
    """Hosts the components, and spells paths in refusals as other languages do."""

    def __init__(self) -> None:
        super().__init__(
            [CrossAccountAccess, MultiAccountAccess, TrustedRole, AssumeRoleGrant],
            NAME,
            version=__version__,
        )
        # Docstrings come with the source's line ends and indentation.
        schema = _unwrap(json.loads(self.schema or "{}")) | _read_metadata()
        # Without it Go's SDK names a type for the grants that it doesn't have, and so doesn't
        # compile.
        languages = schema["language"]
        languages["go"]["generateExtraInputTypes"] = True
        # As `pulumi package add` sets it, so that any SDK for Go is a module that compiles.
        schema["meta"] = {"supportPack": True}
        # Of the schema's dependencies the SDKs would require exactly this host's version (Node.js),
        # or no older one (Python). The program's own package serves, of whatever minor version.
        del schema["dependencies"]
        newer = _AWS_MAJOR + 1
        languages["nodejs"]["peerDependencies"] = {"@pulumi/aws": f"^{_AWS_MAJOR}.0.0"}
        languages["python"]["requires"] = {"pulumi-aws": f">={_AWS_MAJOR}.0.0,<{newer}"}
        languages["csharp"]["packageReferences"] = {"Pulumi.Aws": f"[{_AWS_MAJOR}.0.0,{newer})"}
        languages["java"]["dependencies"] = {"com.pulumi:aws": f"[{_AWS_MAJOR}.0.0,{newer})"}
        # By default it is the owner in a git URL, and AWS's package would be looked for there too.
        languages["csharp"]["rootNamespace"] = "Pulumi"
        languages["java"]["basePackage"] = "com.pulumi"
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
                raise self.spell(error.inner) from None
            raise

    def map_inputs(
        self, inputs: pulumi.Inputs, component_def: ComponentDefinition
    ) -> pulumi.Inputs:
        """Map the inputs to Python's names, if nothing in them would get lost by that."""
        problems = list(self._find_lost(inputs, component_def.inputs, ""))
        if problems:
            raise _make_refusal(component_def.name, problems)
        return super().map_inputs(inputs, component_def)

    def _find_lost(
        self, value: Any, properties: Mapping[str, PropertyDefinition], path: str
    ) -> Iterator[Problem]:
        """What of an object's value the host's mapping would lose."""
        if not isinstance(value, Mapping):
            remedy = "An Output or a secret can't stand for the whole object: put it inside"
            yield _make_problem(
                path,
                value,
                "must be an object",
                code="not-an-object",
                remedy=remedy if isinstance(value, _NOT_PLAIN) else "",
            )
            return
        for key, inner in value.items():
            where = join_path(path, (key,))
            if key in properties:
                yield from self._look_inside(inner, properties[key], where)
            else:
                yield refuse_unknown_key(where, key, list(properties))

    def _look_inside(
        self, value: Any, expected: PropertyDefinition, path: str
    ) -> Iterator[Problem]:
        own = self._type_defs.get(expected.ref.rpartition(":")[2]) if expected.ref else None
        plain = own.enum if own else expected.type == PropertyType.INTEGER
        if plain and isinstance(value, _NOT_PLAIN):
            rule = "must be a plain value, not an Output or a secret"
            yield _make_problem(path, value, rule, code="not-plain", remedy="Set the value itself")
        elif own is not None and own.enum is None:
            yield from self._find_lost(value, own.properties, path)
        elif expected.items is not None and isinstance(value, list):
            for position, item in enumerate(value):
                where = join_path(path, (position,))
                yield from self._look_inside(item, expected.items, where)
        elif expected.additional_properties is not None and isinstance(value, Mapping):
            for key, item in value.items():
                where = join_path(path, (key,))
                yield from self._look_inside(item, expected.additional_properties, where)

    def spell(self, error: InputPropertiesError) -> InputPropertiesError:
        """The same error with the properties' names as the schema has them."""
        mappings = [definition.inputs_mapping for definition in self._component_defs.values()]
        mappings += [definition.properties_mapping for definition in self._type_defs.values()]
        names = {name for mapping in mappings for name in mapping.values() if "_" in name}

        def spell(text: str) -> str:
            for name in sorted(names, key=len, reverse=True):
                text = text.replace(name, to_camel(name))
            return text

        details: list[InputPropertyErrorDetails] = [
            {"property_path": spell(detail["property_path"]), "reason": spell(detail["reason"])}
            for detail in error.errors or []
        ]
        return InputPropertiesError(spell(error.message), details)


class _AwsOfAnyMinor(ResourcePackage):
    """The AWS package for programs that have any minor and patch version of it.

    Where the program's package has a greater minor or patch number than the host's, Pulumi would
    turn a provider into its ID. Here it is only handed on to the engine, which runs the program's.
    """

    def version(self) -> Version:
        """A version that Pulumi takes for every program's with the same major version."""
        return Version(_AWS_MAJOR, sys.maxsize, sys.maxsize)

    def construct_provider(self, name: str, typ: str, urn: str) -> pulumi.ProviderResource:
        """The program's provider, by its URN."""
        if typ != "pulumi:providers:aws":
            raise ValueError(f"not a provider of AWS: {typ}")
        return aws.Provider(name, pulumi.ResourceOptions(urn=urn))


class _Servicer(ProviderServicer):
    """Pulumi's own, but sees the inputs before nulls are dropped or a map is made an Output, and
    reports late refusals.
    """

    provider: AccessProvider

    @staticmethod
    async def _construct_inputs(
        inputs: Struct, input_dependencies: Mapping[str, Any]
    ) -> dict[str, pulumi.Input[Any]]:
        """Deserialize the inputs; one that depends only on resources inside of it is no Output.

        Pulumi's own makes an Output of the whole map of accounts, for the providers in it.
        """
        constructed = {}
        for key, value in rpc.deserialize_properties(inputs, keep_unknowns=True).items():
            given = input_dependencies[key].urns if key in input_dependencies else ()
            inside = {await resource.urn.future() for resource in _find_resources(value)}
            deps = {*given} - inside
            constructed[key] = await ProviderServicer._select_value(value, deps)  # noqa: SLF001
        return constructed

    async def Construct(  # noqa: N802 - gRPC's name
        self, request: proto.ConstructRequest, context: Any
    ) -> proto.ConstructResponse:
        """Make a component, or refuse its inputs without a traceback."""
        try:
            problems = [
                problem
                for key, value in request.inputs.fields.items()
                for problem in _find_lost_by_sdk(value, key)
            ]
            if problems:
                raise _make_refusal(f"{request.type.rpartition(':')[2]} {request.name}", problems)
            return await super().Construct(request, context)
        except InputPropertiesError as error:
            spelt = self.provider.spell(error) if isinstance(error, InvalidArgs) else error
            await context.abort_with_status(
                self.create_grpc_invalid_properties_status(spelt.message, spelt.errors)
            )
            raise


def _find_resources(value: Any) -> Iterator[pulumi.Resource]:
    if isinstance(value, pulumi.Resource):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _find_resources(inner)


def _make_problem(path: str, value: Any, rule: str, *, code: str, remedy: str) -> Problem:
    return Problem(path, display_value(path, value), rule, remedy, code=code)


def _make_refusal(component: str, problems: list[Problem]) -> InputPropertiesError:
    """The error for problems whose paths have the schema's names already."""
    refused = InvalidArgs(component, tuple(problems))
    return InputPropertiesError(refused.message, refused.errors)


def _find_lost_by_sdk(value: Value, path: str) -> Iterator[Problem]:
    """What the SDK drops of the inputs: nulls, and the configuration of unknown providers."""
    match value.WhichOneof("kind"):
        case "null_value":
            rule, remedy = "null is not allowed", "Set a value or remove the key"
            yield Problem(path, "null", rule, remedy, code="null-value")
        case "list_value":
            for position, item in enumerate(value.list_value.values):
                yield from _find_lost_by_sdk(item, join_path(path, (position,)))
        case "struct_value":
            fields = value.struct_value.fields
            match fields[_SIGNATURE].string_value if _SIGNATURE in fields else "":
                case "":
                    for key, inner in fields.items():
                        yield from _find_lost_by_sdk(inner, join_path(path, (key,)))
                case rpc._special_resource_sig:  # noqa: SLF001
                    yield from _find_foreign(value.struct_value, path)
                case _ if "value" in fields:  # an Output, or a secret
                    yield from _find_lost_by_sdk(fields["value"], path)


def _find_foreign(reference: Struct, path: str) -> Iterator[Problem]:
    # Reading a key that isn't there would put it there.
    version = (
        reference.fields["packageVersion"].string_value
        if "packageVersion" in reference.fields
        else ""
    )
    if rpc.get_resource_package("aws", version) is None:
        rule = f"the program's AWS package is version {version}, the component's is {_AWS_VERSION}"
        remedy = "Use the same major version in the program"
        yield Problem(path, "", rule, remedy, code="provider-version")


def _read_metadata() -> dict[str, Any]:
    """What a registry shows of the package, read from the installed distribution.

    No language's package is named: the SDKs are generated in each program, and none is published.
    """
    try:
        installed = metadata.metadata(NAME)
        urls = dict(url.split(", ", 1) for url in installed.get_all("Project-URL") or ())
        repository = urls["Repository"]
    except (metadata.PackageNotFoundError, KeyError):
        # The code runs from its folder, beside an older version's metadata or none: programs don't
        # need it.
        return {}
    files = repository.replace("https://github.com/", "https://raw.githubusercontent.com/")
    return {
        "displayName": "Cross-Account Access",
        "description": installed["Summary"],
        "keywords": [*installed["Keywords"].split(","), "category/cloud", "kind/component"],
        "homepage": urls["Homepage"],
        "repository": repository,
        "license": installed["License-Expression"],
        "publisher": installed["Author"],
        "pluginDownloadURL": repository.replace("https://github.com/", "github://api.github.com/"),
        "logoUrl": f"{files}/v{__version__}/docs/assets/logo.svg",
    }


def _unwrap(schema: Any, key: str = "") -> Any:
    if isinstance(schema, dict):
        return {name: _unwrap(inner, name) for name, inner in schema.items()}
    if isinstance(schema, list):
        return [_unwrap(inner) for inner in schema]
    if key == "description" and isinstance(schema, str):
        text = re.split(r"\n\s*Example:\n", schema)[0].strip()  # it is Python's
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return schema


def serve() -> None:
    """Run the provider, as the Pulumi engine starts it."""
    register_resource_package("aws", _AwsOfAnyMinor())
    server.ProviderServicer = _Servicer  # type: ignore[misc] # main() takes no other
    main(AccessProvider(), sys.argv[1:])
