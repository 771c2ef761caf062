"""Runs a Pulumi program to its end on a mock of the engine, in a thread of its own."""

import asyncio
import runpy
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc, set_all_config, settings, stack
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.proto.resource_pb2 import RESOURCE_MONITOR_FEATURE_ERROR_HOOKS

STACK_TYPE = "pulumi:pulumi:Stack"
AWS_PROVIDER = "pulumi:providers:aws"


@dataclass(frozen=True)
class ProgramRun:
    """How a program is run.

    Attributes:
        preview: Whether it is a preview.
        config: The stack's config, its keys with their namespace, structured values as JSON.
        secret_keys: The keys of `config` that are secret.
        project: The project's name.
        stack: The stack's name.
        folder: The project's folder; None for the current one.
        most_seconds: After how many seconds it has failed; None for never.
    """

    preview: bool = False
    config: Mapping[str, str] = field(default_factory=dict)
    secret_keys: tuple[str, ...] = ()
    project: str = "project"
    stack: str = "stack"
    folder: Path | None = None
    most_seconds: float | None = None

    def attempt(
        self, program: Callable[[], Any], monitor: mocks.MockMonitor, engine: mocks.MockEngine
    ) -> BaseException | None:
        """Run a program to its end; return the first error of the program, an `apply` or a mock."""

        async def run_in_time() -> None:
            # Of a run's errors the first one is returned. What else failed because of it would be
            # told when it is collected as garbage, at any time: while Python 3.11 parses a file,
            # that fails with "AST constructor recursion depth".
            asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
            await asyncio.wait_for(stack.run_in_stack(program), self.most_seconds)

        def run() -> None:
            # The Pulumi runtime keeps its settings in context variables: a thread has its own.
            settings.configure(self._build_settings(monitor, engine))
            set_all_config(dict(self.config), list(self.secret_keys))
            asyncio.run(run_in_time())

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(run).exception()

    def _build_settings(
        self, monitor: mocks.MockMonitor, engine: mocks.MockEngine
    ) -> mocks.MockSettings:
        return mocks.MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),  # type: ignore[no-untyped-call]
            engine=engine,
            root_directory=str(self.folder or Path.cwd()),
            project=self.project,
            stack=self.stack,
            dry_run=self.preview,
            organization="organization",
            callbacks=None,
            # Its own: otherwise the next run in this process waits for what a failed one left.
            outputs=set(),
            lock=threading.Lock(),
        )


def load_program(program: Callable[[], Any] | str | Path) -> tuple[Callable[[], Any], Path | None]:
    """Load a program, and find its folder; None for a function, which has none.

    Args:
        program: A function, the path of the file that Pulumi runs, such as __main__.py, or of its
            folder.
    """
    if callable(program):
        return program, None
    path = Path(program).resolve()
    path = path / "__main__.py" if path.is_dir() else path

    def run_file() -> None:
        folder = str(path.parent)
        sys.path.insert(0, folder)
        try:
            runpy.run_path(str(path), run_name="__main__")
        finally:
            sys.path.remove(folder)

    return run_file, path.parent


@contextmanager
def use_event_loop() -> Iterator[None]:
    """An event loop for the thread that calls Pulumi's mocks, which leave theirs open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def split_urn(urn: str) -> tuple[str, str]:
    """Split a URN into the resource's type and name; both empty for an empty one."""
    _, _, qualified, name = urn.split("::", 3) if urn else ("", "", "", "")
    return qualified.rpartition("$")[2], name


def get_provider_name(reference: str) -> str:
    """Get the name of an explicit AWS provider from its URN::ID; empty for any other."""
    kind, name = split_urn(reference.rpartition("::")[0])
    return name if kind == AWS_PROVIDER else ""


def pick_known(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the properties that are known, in maps in them too; secrets as plain values."""
    return {key: _unwrap(value) for key, value in properties.items() if not _is_unknown(value)}


def _unwrap(value: Any) -> Any:
    plain = rpc.unwrap_rpc_secret(value)
    if isinstance(plain, list):
        return [_unwrap(item) for item in plain]
    return pick_known(plain) if isinstance(plain, dict) else plain


def _is_unknown(value: Any) -> bool:
    plain = rpc.unwrap_rpc_secret(value)
    if isinstance(plain, list):
        return any(map(_is_unknown, plain))
    return isinstance(plain, pulumi.output.Unknown) or plain == rpc.UNKNOWN


class LogEngine(mocks.MockEngine):
    """Pulumi's mock of the engine, which keeps the messages of the program's log."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(None)
        self._messages = messages

    def Log(self, request: Any) -> None:  # noqa: N802 - gRPC's name
        if request.severity != engine_pb2.DEBUG:
            self._messages.append(request.message)


class ProgramMonitor(mocks.MockMonitor):
    """Pulumi's mock of the resource monitor, which also tells of parents and outputs.

    Attributes:
        outputs: What the stack exports, as the engine gets it.
    """

    def __init__(self, answers: mocks.Mocks) -> None:
        super().__init__(answers)
        self.outputs: dict[str, Any] = {}
        self._urns: set[str] = set()
        self._lock = threading.Lock()
        self._current = threading.local()

    @property
    def parent(self) -> str | None:
        """The parent, TYPE::NAME, of what the calling thread registers; None for no thread."""
        return getattr(self._current, "parent", None)

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802
        # No error hooks: the server that they are called through crashes where a run fails.
        info = super().GetDeploymentInfo(request)  # type: ignore[no-untyped-call]
        info.supportedFeatures.remove(RESOURCE_MONITOR_FEATURE_ERROR_HOOKS)
        return info

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        kind, name = split_urn(request.parent)
        self._current.parent = "" if kind in ("", STACK_TYPE) else f"{kind}::{name}"
        urn = self.make_urn(request.parent, request.type, request.name)
        with self._lock:
            if urn in self._urns:
                raise pulumi.RunError(
                    f"two resources of type {request.type} have the name {request.name}"
                )
            self._urns.add(urn)
        with use_event_loop():
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self.note_outputs(request.urn, MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def note_outputs(self, urn: str, outputs: dict[str, Any]) -> None:
        """Note the outputs that the stack or a component registers, as the engine gets them."""
        if split_urn(urn)[0] == STACK_TYPE:
            self.outputs = outputs

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        with use_event_loop():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        with use_event_loop():
            return super().ReadResource(request)  # type: ignore[no-untyped-call]
