"""Runs a Pulumi program on mocks of two accounts, and records all that it asks of the engine.

What a program returns is exported, and exports are read when it has ended: an `apply` that never
ran leaves `UNKNOWN` there, and no assertion has to stand inside of one. Whatever is made or looked
up by a default provider is an error.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Never

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc, set_all_config, settings, stack
from pulumi.runtime.proto import engine_pb2, resource_pb2

from cross_account_access import InvalidArgs
from tests.component.world import AWS_PROVIDER, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Program = Callable[[], Mapping[str, Any] | None]

SECRET = "[secret]"

_STACK = "pulumi:pulumi:Stack"
_LONGEST_RUN_SECONDS = 30
_SLOW_SECONDS = 0.2


class Unknown:
    """What a preview doesn't know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Options:
    """The options of a registered resource, as far as components set them.

    Attributes:
        import_id: The ID under which it is imported.
        ignore_changes: The inputs whose changes are ignored.
        retain_on_delete: Whether it is kept in the account when it leaves the stack.
        aliases: What it was before, each the name and the parent's `TYPE::NAME`; empty where it is
            the same.
    """

    import_id: str = ""
    ignore_changes: tuple[str, ...] = ()
    retain_on_delete: bool = False
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Made:
    """A registered resource.

    Attributes:
        type: Its type.
        name: Its name in the program.
        parent: Its parent, `TYPE::NAME`.
        provider: The name of its explicit provider; empty where it has none.
        inputs: Its inputs, secrets too.
        shown: The same with `SECRET` in each secret's place.
        depends: What it depends on, each as `TYPE::NAME`.
        uses: The same for each of its inputs.
        options: What it is to be imported from, what is ignored or kept of it, what it was called
            before.
    """

    type: str
    name: str
    parent: str
    provider: str
    inputs: dict[str, Any]
    shown: dict[str, Any]
    depends: frozenset[str]
    uses: dict[str, frozenset[str]]
    options: Options

    @property
    def secret(self) -> set[str]:
        """The inputs that are secret, whole or in part."""
        return {
            key for key, value in self.shown.items() if SECRET in json.dumps(value, default=repr)
        }


@dataclass(frozen=True)
class Call:
    """An invoke."""

    token: str
    args: dict[str, Any]
    provider: str


@dataclass
class Run:
    """What a program asked of the engine, in the order in which it did.

    Attributes:
        made: The resources.
        calls: The invokes.
        outputs: What the stack exports, secrets too.
        shown: The same with `SECRET` in each secret's place.
        registered: What each component registers as its outputs, by `TYPE::NAME`, secrets hidden.
        log: What the program told the person.
        events: `begin TYPE::NAME` and `end TYPE::NAME` of each resource.
    """

    made: list[Made] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Made]:
        """What was made of a type, given in short: `Role`, `TrustedRole`."""
        return sorted(
            (made for made in self.made if short(made.type) == kind), key=lambda made: made.name
        )

    def one(self, kind: str, name: str | None = None) -> Made:
        """The one resource of a type, or the one with the name among them."""
        found = [made for made in self.of(kind) if name in (None, made.name)]
        assert len(found) == 1, f"{len(found)} {kind} {name or ''}: {self.graph()}"
        return found[0]

    def document(self, kind: str, name: str | None = None) -> Any:
        """A role's trust policy or a policy's document, read."""
        made = self.one(kind, name)
        return json.loads(made.inputs["assumeRolePolicy" if kind == "Role" else "policy"])

    def graph(self) -> set[tuple[str, str, str, str]]:
        """Each resource but the providers: type in short, name, parent's name, provider."""
        return {
            (short(made.type), made.name, made.parent.rpartition("::")[2], made.provider)
            for made in self.made
            if made.type != AWS_PROVIDER
        }

    def kinds(self) -> set[str]:
        """The types of what was made, in short, but for the providers."""
        return {kind for kind, *_ in self.graph()}

    def asked(self) -> list[tuple[str, str, str]]:
        """Each invoke: function in short, the name that was looked up, provider."""
        return sorted(
            (
                short(call.token),
                str(call.args.get("userName", call.args.get("name", ""))),
                call.provider,
            )
            for call in self.calls
        )

    def visible(self) -> str:
        """All that is in plain text in the state, the outputs, the lookups and the log."""
        parts = [
            [(made.shown, made.name) for made in self.made],
            [call.args for call in self.calls],
            self.shown,
            self.registered,
            self.log,
        ]
        return json.dumps(parts, default=repr)


def run(
    program: Program,
    *,
    preview: bool = False,
    world: World | None = None,
    config: Mapping[str, str] | None = None,
    secret_config: tuple[str, ...] = (),
) -> Run:
    """Run a program to its end, and export what it returns.

    Raises whatever the program, an `apply` or a mock raises.
    """
    record, error = attempt(
        program, preview=preview, world=world, config=config, secret_config=secret_config
    )
    if error is not None:
        raise error
    return record


def refused(
    program: Program, *, preview: bool = False, world: World | None = None
) -> tuple[InvalidArgs, Run]:
    """Run a program that is to be refused: the refusal, and what was asked of the engine until
    then."""
    record, error = attempt(program, preview=preview, world=world)
    if error is None:
        raise AssertionError(f"nothing was refused, this was made: {record.graph()}")
    if not isinstance(error, InvalidArgs):
        raise error
    return error, record


def attempt(
    program: Program,
    *,
    preview: bool = False,
    world: World | None = None,
    config: Mapping[str, str] | None = None,
    secret_config: tuple[str, ...] = (),
) -> tuple[Run, BaseException | None]:
    """Run a program: what it asked of the engine, and what it raised."""
    monitor = _Monitor(world or World(), preview=preview)

    def export() -> None:
        for name, value in (program() or {}).items():
            pulumi.export(name, value)

    async def in_time() -> None:
        # Of a run's errors the first one is raised. What else failed because of it would be told
        # when it is collected as garbage, at any time: while Python 3.11 parses a file, that fails
        # with "AST constructor recursion depth".
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        await asyncio.wait_for(stack.run_in_stack(export), _LONGEST_RUN_SECONDS)

    def in_thread() -> None:
        # The Pulumi runtime keeps its settings in context variables: a thread has its own. It
        # shares the set of outstanding outputs with all others though, unless it is given one.
        runtime = mocks.MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),  # type: ignore[no-untyped-call]
            engine=_Engine(monitor.record),
            project="project",
            stack="stack",
            dry_run=preview,
            organization="organization",
            callbacks=None,
            outputs=set(),
            lock=threading.Lock(),
        )
        settings.configure(runtime)
        set_all_config(dict(config or {}), list(secret_config))
        asyncio.run(in_time())

    with ThreadPoolExecutor(1) as thread:
        error = thread.submit(in_thread).exception()
    return monitor.record, error


class _Engine(mocks.MockEngine):
    def __init__(self, record: Run) -> None:
        super().__init__(None)
        self._record = record

    def Log(self, request: Any) -> None:  # noqa: N802 - gRPC's name
        if request.severity != engine_pb2.DEBUG:
            self._record.log.append(request.message)


class _Monitor(mocks.MockMonitor):
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


def short(token: str) -> str:
    """The last part of a type or function."""
    return token.rpartition(":")[2]


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
        request.retainOnDelete,
        tuple((spec.name, _key(spec.parentUrn)) for spec in specs),
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
