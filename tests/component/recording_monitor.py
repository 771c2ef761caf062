"""Pulumi's mocks of the engine and its resource monitor, recording each request as it came."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Never

import grpc  # type: ignore[import-untyped] # has no stubs
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2

from cross_account_access.testing.program_run import STACK_TYPE, get_provider_name, split_urn
from tests.component.engine_record import SECRET, UNKNOWN, Call, Made, Options, Run, short
from tests.component.world import LookupFailed, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.component.world import World

    Program = Callable[[], Mapping[str, Any] | None]


_SLOW_SECONDS = 0.2


class RecordingMonitor(mocks.MockMonitor):
    """Pulumi's mock of the engine's resource monitor, recording each request as it came."""

    def __init__(self, world: World, *, preview: bool) -> None:
        super().__init__(_NoMocks())
        self.record = Run()
        self._world = world
        self._preview = preview
        self._urns: set[str] = set()
        self._lock = threading.Lock()

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        info = super().GetDeploymentInfo(request)  # type: ignore[no-untyped-call]
        # The server that they are called through crashes where a run fails.
        info.supportedFeatures.remove(resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS)
        return info

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = MessageToDict(request.object)
        uses = {
            key: frozenset(map(_key, value.urns))
            for key, value in request.propertyDependencies.items()
        }
        made = Made(
            request.type,
            request.name,
            _key(request.parent),
            get_provider_name(request.provider),
            _value(inputs),
            _value(inputs, hide=True),
            frozenset(map(_key, request.dependencies)),
            uses,
            _options(request),
        )
        with self._lock:
            assert urn not in self._urns, f"{urn} is registered twice"
            self._urns.add(urn)
            self.record.made.append(made)
            self.record.events.append(f"begin {_key(urn)}")
        if short(request.type) in self._world.slow:
            time.sleep(_SLOW_SECONDS)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        physical_id, outputs = self._world.make(made.type, made.name, made.inputs, made.provider)
        if self._preview:
            physical_id, outputs = "", {}
        response = resource_pb2.RegisterResourceResponse(
            urn=urn, id=physical_id, object=request.object
        )
        response.object.update(outputs)
        with self._lock:
            self.record.events.append(f"end {_key(urn)}")
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        outputs = MessageToDict(request.outputs)
        with self._lock:
            if _key(request.urn).startswith(STACK_TYPE):
                self.record.outputs = _value(outputs)
                self.record.shown = _value(outputs, hide=True)
            else:
                self.record.registered[_key(request.urn)] = _value(outputs, hide=True)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        call = Call(
            request.tok, _value(MessageToDict(request.args)), get_provider_name(request.provider)
        )
        with self._lock:
            self.record.calls.append(call)
        if short(call.token) in self._world.slow:
            time.sleep(_SLOW_SECONDS)
        try:
            found = self._world.look_up(call.token, call.args, call.provider)
        except LookupFailed as failure:
            raise _EngineError(
                f"invocation of {call.token} returned an error: {failure}: "
            ) from None
        response = resource_pb2.ResourceInvokeResponse(unknown=self._world.lookups_unknown)
        if not self._world.lookups_unknown:
            getattr(response, "return").update(found)
        return response


class _EngineError(grpc.RpcError):  # type: ignore[misc] # the same
    """A provider's failure, as the engine tells of it."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class _NoMocks(mocks.Mocks):
    """The monitor answers all by itself; what comes here, it doesn't know."""

    def call(self, args: mocks.MockCallArgs) -> Never:
        raise LookupError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> Never:
        raise LookupError(args.typ)


def _key(urn: str) -> str:
    """A resource's type and name."""
    return "::".join(split_urn(urn))


def _options(request: Any) -> Options:
    specs = [alias.spec for alias in request.aliases]
    return Options(
        request.importId,
        tuple(request.ignoreChanges),
        request.retainOnDelete if request.HasField("retainOnDelete") else None,
        request.protect,
        _key(request.deletedWith) if request.deletedWith else "",
        tuple((spec.name, _key(spec.parentUrn)) for spec in specs),
        frozenset(request.additionalSecretOutputs),
        _value(MessageToDict(request.replacement_trigger), hide=True),
        request.deleteBeforeReplace,
    )


def _value(value: Any, *, hide: bool = False) -> Any:
    """A value as the engine gets it, secrets as they are or, to `hide` them, `SECRET` in their
    place."""
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            assert value[rpc._special_sig_key] == rpc._special_secret_sig, value
            return SECRET if hide else _value(value["value"])
        return {key: _value(inner, hide=hide) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner, hide=hide) for inner in value]
    return UNKNOWN if value == rpc.UNKNOWN else value
