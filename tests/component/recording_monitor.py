"""Pulumi's mocks of the engine and its resource monitor, recording each request as it came."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Never

from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import engine_pb2, resource_pb2

from tests.component.engine_record import SECRET, UNKNOWN, Call, Made, Options, Run, short
from tests.component.world import AWS_PROVIDER, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Program = Callable[[], Mapping[str, Any] | None]


_STACK = "pulumi:pulumi:Stack"
_SLOW_SECONDS = 0.2


class RecordingEngine(mocks.MockEngine):
    def __init__(self, record: Run) -> None:
        super().__init__(None)
        self._record = record

    def Log(self, request: Any) -> None:  # noqa: N802 - gRPC's name
        if request.severity != engine_pb2.DEBUG:
            self._record.log.append(request.message)


class RecordingMonitor(mocks.MockMonitor):
    """Pulumi's mock of the engine's resource monitor, recording each request as it came."""

    def __init__(self, world: World, *, preview: bool) -> None:
        super().__init__(_NoMocks())
        self.record = Run()
        self._world = world
        self._preview = preview
        self._urns: set[str] = set()
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK:
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
            _provider(request.provider),
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
            if _key(request.urn).startswith(_STACK):
                self.record.outputs = _value(outputs)
                self.record.shown = _value(outputs, hide=True)
            else:
                self.record.registered[_key(request.urn)] = _value(outputs, hide=True)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        call = Call(request.tok, _value(MessageToDict(request.args)), _provider(request.provider))
        with self._lock:
            self.record.calls.append(call)
        if short(call.token) in self._world.slow:
            time.sleep(_SLOW_SECONDS)
        found = self._world.look_up(call.token, call.args, call.provider)
        response = resource_pb2.ResourceInvokeResponse(unknown=self._world.lookups_unknown)
        if not self._world.lookups_unknown:
            getattr(response, "return").update(found)
        return response


class _NoMocks(mocks.Mocks):
    """The monitor answers all by itself; what comes here, it doesn't know."""

    def call(self, args: mocks.MockCallArgs) -> Never:
        raise LookupError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> Never:
        raise LookupError(args.typ)


def _key(urn: str) -> str:
    """A resource's type and name."""
    kinds, _, name = urn.rpartition("::")
    kind = kinds.rpartition("::")[2].rpartition("$")[2]
    return f"{kind}::{name}"


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
    )


def _provider(reference: str) -> str:
    """The name of an explicit provider, of its `URN::ID`; empty for none."""
    if not reference:
        return ""
    kind, _, name = _key(reference.rpartition("::")[0]).rpartition("::")
    assert kind == AWS_PROVIDER, reference
    return name


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
