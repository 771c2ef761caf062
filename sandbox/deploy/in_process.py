"""The same program, deployed without the Pulumi CLI.

Pulumi's own test seam hands every registration and lookup of the program over; here each is carried
out on the emulated accounts, with the credentials of the provider that it names. It makes and it
previews. It keeps no state: what changed, what is to be replaced or deleted, only the real engine
knows.
"""

import gc
import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pulumi.runtime import mocks

from cross_account_access import InvalidArgs, InvalidInput
from cross_account_access.testing.program_run import ProgramMonitor, ProgramRun, load_program
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
        InvalidInput: If a component refuses its args.
        DeploymentError: If the program or AWS refuses.
        One of `UNREACHABLE`: If the accounts no longer answer.
    """
    deployer = ResourceDeployer(preview=preview)
    monitor = _DeployMonitor(deployer)
    engine = mocks.MockEngine(logging.getLogger("sandbox.program"))
    loaded, own_folder = load_program(program)
    how = ProgramRun(
        preview, config, project=project, stack=stack_name, folder=folder or own_folder
    )
    with _translate_errors(program), _pause_garbage_collection():
        if error := how.attempt(loaded, monitor, engine):
            raise error
    outputs = render_value(monitor.outputs)
    revealed = render_value(monitor.outputs, reveal=True)
    return Deployment("in-process", outputs, deployer.resources, revealed=revealed)


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
    """Raise whatever fails as a DeploymentError, or InvalidInput where a component refuses."""
    try:
        yield
    except InvalidArgs as error:
        raise InvalidInput(error.problems) from None
    except (pulumi.RunError, UnsupportedResourceError) as error:
        raise DeploymentError(str(error)) from None
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise DeploymentError(f"{error.operation_name}: {message}") from None
    except (DeploymentError, *UNREACHABLE):
        raise
    except (Exception, SystemExit) as error:
        raise DeploymentError(_describe_failure(error, program)) from error


def _describe_failure(error: BaseException, program: Path) -> str:
    """What went wrong in the program, and in which of its own lines."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == program.parent]
    where = f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    return f"the program failed{where}: {type(error).__name__}: {error}"


class _DeployMonitor(ProgramMonitor):
    """Pulumi's mock of the resource monitor, for what is carried out in process."""

    def __init__(self, deployer: ResourceDeployer) -> None:
        super().__init__(deployer)
        self.deployer = deployer

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        if request.importId:
            raise UnsupportedResourceError(
                f"{request.type} {request.name} is not imported in process; use the Pulumi CLI"
            )
        self.deployer.note_parent(request.parent)
        return super().RegisterResource(request)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        raise UnsupportedResourceError(
            f"{request.type} {request.name} is not read in process; use the Pulumi CLI"
        )

    def note_outputs(self, urn: str, outputs: dict[str, Any]) -> None:
        super().note_outputs(urn, outputs)
        if parse_urn(urn)[0] != STACK_TYPE:
            self.deployer.add_outputs(urn, render_value(outputs))
