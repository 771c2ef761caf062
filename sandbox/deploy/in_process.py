"""The same program, deployed without the Pulumi CLI.

Pulumi's own test seam hands every registration and lookup of the program over; here each is carried
out on the emulated accounts, with the credentials of the provider that it names. It makes and it
previews. It keeps no state: what changed, what is to be replaced or deleted, only the real engine
knows.
"""

import asyncio
import gc
import logging
import runpy
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, set_all_config, settings, stack

from sandbox.deploy.deployment import (
    STACK_TYPE,
    UNREACHABLE,
    Deployment,
    DeploymentError,
    parse_urn,
)
from sandbox.deploy.resource_deployer import ResourceDeployer, render_value
from sandbox.deploy.resource_handlers import UnsupportedResourceError


def deploy(
    program: Path,
    project: str,
    stack_name: str,
    config: Mapping[str, str],
    *,
    preview: bool,
    folder: Path | None = None,
) -> Deployment:
    """Run the program and carry out what it registers.

    Args:
        program: The program's `__main__.py`.
        project: The Pulumi project's name.
        stack_name: The stack's name.
        config: The stack's config, its keys with their namespace, structured values as JSON.
        preview: Whether to create nothing, and only report what would be created.
        folder: The project's folder; by default the program's.

    Raises:
        DeploymentError: If the program or AWS refuses.
        One of `UNREACHABLE`: If the accounts no longer answer.
    """
    deployer = ResourceDeployer(preview=preview)
    monitor = _DeployMonitor(deployer)

    def run() -> None:
        # The Pulumi runtime keeps its settings in context variables: a thread has its own.
        _configure(monitor, folder or program.parent, project, stack_name, preview=preview)
        set_all_config(dict(config), [])
        asyncio.run(_run_in_stack(program))

    with _translate_errors(program), _pause_garbage_collection(), ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()
    outputs = render_value(monitor.outputs)
    revealed = render_value(monitor.outputs, reveal=True)
    return Deployment("in-process", outputs, deployer.resources, revealed=revealed)


def _configure(
    monitor: "_DeployMonitor", folder: Path, project: str, stack_name: str, *, preview: bool
) -> None:
    runtime = mocks.MockSettings(  # type: ignore[no-untyped-call]
        monitor=monitor,
        monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),  # type: ignore[no-untyped-call]
        engine=mocks.MockEngine(logging.getLogger("sandbox.program")),
        root_directory=str(folder),
        project=project,
        stack=stack_name,
        dry_run=preview,
        organization="organization",
        callbacks=None,
        # Its own: otherwise the next run in this process waits for what a failed one leaves behind.
        outputs=set(),
        lock=threading.Lock(),
    )
    settings.configure(runtime)


async def _run_in_stack(program: Path) -> None:
    # The first failure is raised; asyncio would print a traceback for each that follows.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    await stack.run_in_stack(lambda: _run_program(program))


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Spare the collector the program's Outputs: all of them live until the run ends."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _translate_errors(program: Path) -> Iterator[None]:
    """Raise whatever fails as a DeploymentError."""
    try:
        yield
    except (pulumi.RunError, UnsupportedResourceError) as error:
        raise DeploymentError(str(error)) from None
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise DeploymentError(f"{error.operation_name}: {message}") from None
    except (DeploymentError, *UNREACHABLE):
        raise
    except (Exception, SystemExit) as error:
        raise DeploymentError(_describe_failure(error, program)) from error


def _run_program(program: Path) -> None:
    folder = str(program.parent)
    sys.path.insert(0, folder)
    try:
        runpy.run_path(str(program), run_name="__main__")
    finally:
        sys.path.remove(folder)


@contextmanager
def _use_event_loop() -> Iterator[None]:
    """An event loop for the thread that calls Pulumi's mocks, which leave theirs open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _describe_failure(error: BaseException, program: Path) -> str:
    """What went wrong in the program, and in which of its own lines."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == program.parent]
    where = f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    return f"the program failed{where}: {type(error).__name__}: {error}"


class _DeployMonitor(mocks.MockMonitor):
    """Pulumi's mock of the resource monitor, which also reports parents and outputs."""

    def __init__(self, deployer: ResourceDeployer) -> None:
        super().__init__(deployer)
        self.deployer = deployer
        self.outputs: dict[str, Any] = {}
        self._registered: set[str] = set()
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        if request.importId:
            raise UnsupportedResourceError(
                f"{request.type} {request.name} is not imported in process; use the Pulumi CLI"
            )
        self.deployer.note_parent(request.parent)
        urn = self.make_urn(request.parent, request.type, request.name)
        with self._lock:
            if urn in self._registered:
                raise DeploymentError(
                    f"two resources of type {request.type} have the name {request.name}"
                )
            self._registered.add(urn)
        with _use_event_loop():
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        with _use_event_loop():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        raise UnsupportedResourceError(
            f"{request.type} {request.name} is not read in process; use the Pulumi CLI"
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if parse_urn(request.urn)[0] == STACK_TYPE:
            self.outputs = MessageToDict(request.outputs)
        else:
            self.deployer.add_outputs(request.urn, render_value(MessageToDict(request.outputs)))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]
