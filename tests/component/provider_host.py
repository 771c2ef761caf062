"""The provider host as a process of its own, and an engine for it that records what it asks for."""

# ruff: noqa: ARG002, N802 - the methods are gRPC's

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import proto, rpc
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    errors_pb2,
    provider_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
    status_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

COMPONENTS = Path(__file__).parents[2] / "components"
SOURCE, DESTINATION = "111111111111", "222222222222"
UNKNOWN = rpc.UNKNOWN

_STACK = "urn:pulumi:test::project"
_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
)


def urn(kind: str, name: str, parent: str = "") -> str:
    """A resource's URN in the test's stack."""
    kinds = f"{parent.split('::')[2]}${kind}" if parent else kind
    return f"{_STACK}::{kinds}::{name}"


def provider_urn(side: str) -> str:
    return urn("pulumi:providers:aws", side)


def provider(side: str, version: str | None) -> dict[str, Any]:
    """A reference to an AWS provider resource, as a program with that pulumi-aws sends it."""
    reference = {
        rpc._special_sig_key: rpc._special_resource_sig,
        "urn": provider_urn(side),
        "id": f"{side}-id",
    }
    return reference | {"packageVersion": version} if version is not None else reference


def output(
    value: Any = None, *, known: bool = True, secret: bool = False, of: tuple[str, ...] = ()
) -> dict[str, Any]:
    """An Output, as an SDK sends it to a component."""
    sent: dict[str, Any] = {rpc._special_sig_key: rpc._special_output_value_sig, "secret": secret}
    sent["dependencies"] = list(of)
    return sent | {"value": value} if known else sent


def secret(value: Any) -> dict[str, Any]:
    """A secret, as an older SDK sends it."""
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


@dataclass(frozen=True)
class Registered:
    """A resource that was registered, its inputs as they came over the wire."""

    type: str
    name: str
    parent: str
    provider: str
    inputs: dict[str, Any]
    uses: dict[str, list[str]]


@dataclass(frozen=True)
class Made:
    """A component that the host made."""

    urn: str
    outputs: dict[str, Any]
    uses: dict[str, list[str]]


@dataclass
class Refusal(Exception):
    """What the host answered instead of a component."""

    code: grpc.StatusCode
    message: str
    properties: dict[str, str] = field(default_factory=dict)


class Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Two accounts, and a record of what was registered and invoked."""

    def __init__(self, accounts: Mapping[str, str] | None = None, *, preview: bool = False) -> None:
        self.accounts = {"source": SOURCE, "destination": DESTINATION, **(accounts or {})}
        self.preview = preview
        self.made: list[Registered] = []
        self.invoked: list[tuple[str, str]] = []
        self.log: list[str] = []

    def one(self, kind: str) -> Registered:
        found = [made for made in self.made if made.type == kind]
        assert len(found) == 1, [(made.type, made.name) for made in self.made]
        return found[0]

    def kinds(self) -> set[str]:
        return {made.type for made in self.made}

    def wait_until_quiet(self) -> None:
        """Wait until nothing is registered any more, after a refusal that came late."""
        before = -1
        while before != len(self.made):
            before = len(self.made)
            time.sleep(0.3)

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def SupportsFeature(self, request: Any, context: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(
            hasSupport=request.id in {"secrets", "outputValues"}
        )

    def RegisterPackage(self, request: Any, context: Any) -> Any:
        return resource_pb2.RegisterPackageResponse(ref=request.name)

    def RegisterResource(self, request: Any, context: Any) -> Any:
        inputs = MessageToDict(request.object)
        uses = {key: sorted(found.urns) for key, found in request.propertyDependencies.items()}
        side = request.provider.split("::")[-2] if request.provider else ""
        self.made.append(Registered(request.type, request.name, request.parent, side, inputs, uses))
        answer = resource_pb2.RegisterResourceResponse(
            urn=urn(request.type, request.name, request.parent)
        )
        answer.object.CopyFrom(request.object)
        if request.custom and not self.preview:
            name = inputs.get("name", f"{request.name}-0a1b2c3")
            kind = request.type.rpartition(":")[2].lower()
            answer.id = str(name)
            answer.object.update(
                {"arn": f"arn:aws:iam::{self.accounts[side]}:{kind}/{name}", "name": name}
            )
            answer.object.update({"uniqueId": "AROA0123456789ABCDEF0"})
        return answer

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        args = MessageToDict(request.args)
        answer = resource_pb2.ResourceInvokeResponse()
        if request.tok == "pulumi:pulumi:getResource":
            side = args["urn"].rpartition("::")[2]
            getattr(answer, "return").update({"urn": args["urn"], "id": f"{side}-id", "state": {}})
            return answer
        side = request.provider.split("::")[-2] if request.provider else ""
        self.invoked.append((request.tok.rpartition(":")[2], side))
        getattr(answer, "return").update(self._found(request.tok, args, self.accounts[side]))
        return answer

    def _found(self, token: str, args: Mapping[str, Any], account: str) -> dict[str, Any]:
        match token.rpartition(":")[2]:
            case "getCallerIdentity":
                return {
                    "accountId": account,
                    "arn": f"arn:aws:iam::{account}:user/me",
                    "userId": "me",
                    "id": account,
                }
            case "getUser":
                name = args["userName"]
                arn = f"arn:aws:iam::{account}:user/{name}"
                return {"userName": name, "arn": arn, "userId": "AIDA0123456789ABCDEF0", "id": name}
        raise LookupError(token)

    def Log(self, request: Any, context: Any) -> Any:
        self.log.append(request.message)
        return empty_pb2.Empty()


class _Switchboard:
    """Hands each request to the engine of the test that runs.

    All of a host's engines share one address, as they do when Pulumi runs it. With an address each,
    a test could get the address of an earlier one, and gRPC holds that to be down for a while.
    """

    def __init__(self) -> None:
        self.engine = Engine()

    def __getattr__(self, method: str) -> Callable[[Any, Any], Any]:
        # The engine is looked up when a request comes.
        return lambda request, context: getattr(self.engine, method)(request, context)  # noqa: PLW0108


@contextmanager
def listening(engines: Any) -> Iterator[str]:
    """The engines' address, while they listen."""
    server = grpc.server(ThreadPoolExecutor(8))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engines, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engines, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


class Host:
    """The provider host, called as the engine calls it."""

    def __init__(self, address: str, engines: _Switchboard, engine_address: str) -> None:
        self._engines = engines
        self._engine_address = engine_address
        self._channel = grpc.insecure_channel(address)
        self.call = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def construct(
        self,
        engine: Engine,
        component: str,
        inputs: Mapping[str, Any],
        *,
        providers: Mapping[str, str] | None = None,
        uses: Mapping[str, list[str]] | None = None,
        name: str = "team",
    ) -> Made:
        """Make a component.

        Raises:
            Refusal: If the host answers with an error.
        """
        self._engines.engine = engine
        request = proto.ConstructRequest(
            project="project",
            stack="test",
            name=name,
            type=f"cross-account-access:index:{component}",
            monitorEndpoint=self._engine_address,
            dryRun=engine.preview,
            inputs=_as_struct(inputs),
            inputDependencies={
                key: proto.ConstructRequest.PropertyDependencies(urns=urns)
                for key, urns in (uses or {}).items()
            },
            providers=providers or {},
            parallel=4,
            accepts_output_values=True,
        )
        try:
            answer = self.call.Construct(request, timeout=30)
        except grpc.RpcError as error:
            raise _refusal(error) from None
        uses_of = answer.stateDependencies
        outputs = MessageToDict(answer.state)
        return Made(answer.urn, outputs, {key: sorted(uses_of[key].urns) for key in uses_of})


def _as_struct(inputs: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(inputs)
    return struct


def _refusal(error: Any) -> Refusal:
    refusal = Refusal(error.code(), error.details())
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                found = errors_pb2.InputPropertiesError()
                assert detail.Unpack(found)
                refusal.properties |= {
                    problem.property_path: problem.reason for problem in found.errors
                }
    return refusal


@contextmanager
def started() -> Iterator[Host]:
    """The host, started as the engine starts it: the engine's address in, the host's port out."""
    engines = _Switchboard()
    with listening(engines) as address:
        command = [sys.executable, str(COMPONENTS / "__main__.py"), address]
        process = subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        port = int(process.stdout.readline())
        host = Host(f"127.0.0.1:{port}", engines, address)
        try:
            yield host
        finally:
            host.close()
            process.terminate()
            process.wait(timeout=10)
            process.stdout.close()
