"""`python -m sandbox`: emulated accounts, and a stack deployed, previewed and proved on them."""

import json
import logging
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.text import Text

from cross_account_access import InvalidInput
from sandbox.aws.server import Sandbox, SandboxError, is_sandbox
from sandbox.deploy import in_process, pulumi_engine
from sandbox.deploy.deployment import Deployment, DeploymentError
from sandbox.deploy.stack import SANDBOX_PORT, Stack, load
from sandbox.proof import other_side, report
from sandbox.proof.people import People, make_people
from sandbox.proof.proof import prove
from stack_config import NAMESPACE

Engine = Literal["auto", "pulumi", "in-process"]

_FOLDER = Path(__file__).resolve().parent.parent
_REFUSED = 2
_WIDTH = 160
_stderr = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


class _FailedError(click.ClickException):
    """Ends the command with exit code 1."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Emulated AWS accounts, and a stack deployed on them.

    Exit codes: 0 done, and all that was tried turned out as it should; 1 it failed; 2 the input was refused and nothing
    was made.
    """


@main.command()
@click.option(
    "--port",
    default=SANDBOX_PORT,
    show_default=True,
    help="Where the accounts listen, on 127.0.0.1.",
)
@click.option(
    "--hold-new-principals",
    default=0.0,
    metavar="SECONDS",
    help="How long a new user or role can't be trusted yet, as on AWS.",
)
def serve(port: int, hold_new_principals: float) -> None:
    """Run the accounts until Ctrl-C.

    Every 12 digits are an account, and an access key ID of these digits is its administrator. In another terminal,
    `pulumi up -s dev` deploys on them.
    """
    logging.basicConfig(
        format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO, stream=sys.stderr
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        with Sandbox(port, hold_new_principals=hold_new_principals) as sandbox:
            interrupted = _interrupted()
            click.echo(f"Emulated accounts at {sandbox.endpoint}, until Ctrl-C.")
            interrupted.wait()
    except SandboxError as error:
        raise _FailedError(str(error)) from None


_stack_options: list[Callable[[Any], Any]] = [
    click.option(
        "-C",
        "--cwd",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=_FOLDER,
        help="The Pulumi project's folder; this one by default.",
    ),
    click.option(
        "--config-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The stack's config, where it isn't Pulumi.STACK.yaml.",
    ),
    click.option(
        "--stack",
        "stack_name",
        default="dev",
        show_default=True,
        help="The stack: Pulumi.STACK.yaml.",
    ),
    click.option(
        "--engine",
        type=click.Choice(["auto", "pulumi", "in-process"]),
        default="auto",
        show_default=True,
        help="The Pulumi CLI where it is here or can be installed, or this process.",
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print one JSON document on stdout, and nothing else there.",
    ),
]


def _with_stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_stack_options):
        command = option(command)
    return command


@main.command()
@_with_stack_options
@click.option(
    "--keep", is_flag=True, help="Leave the accounts up until Ctrl-C, and say how to use them."
)
def up(
    cwd: Path,
    config_file: Path | None,
    stack_name: str,
    engine: Engine,
    *,
    as_json: bool,
    keep: bool,
) -> None:
    """Deploy a stack on fresh emulated accounts and prove the access.

    The users and roles that the stack's grants name are made first. Accounts that `serve` runs at the stack's endpoint
    are used as they are.
    """
    with _reporting(as_json=as_json):
        stack = load(cwd.resolve(), stack_name, config_file)
        with (
            _accounts(stack) as fresh,
            make_people(stack.endpoint, stack.settings, keep=keep) as everybody,
        ):
            if stack.settings.side == "source":
                other_side.make_roles(stack.endpoint, stack.settings)
            deployment = _deploy(stack, engine, fresh=fresh, preview=False)
            role_arns = _role_arns(deployment)
            if stack.settings.side == "destination":
                other_side.allow_principals(stack.endpoint, stack.settings, role_arns)
            proof = prove(stack.endpoint, stack.settings, role_arns, everybody)
            if as_json:
                click.echo(report.document(deployment, proof))
            else:
                console = _console()
                report.resource_table(console, deployment)
                console.print()
                report.proof_table(console, proof)
            wrong = [attempt for attempt in proof if not attempt.holds]
            _stderr.print(
                f"{len(proof) - len(wrong)} of {len(proof)} attempts turned out as they should "
                f"(engine: {deployment.engine})."
            )
            if keep:
                interrupted = _interrupted()
                _tell_use(stack, everybody, _kept(stack, deployment))
                interrupted.wait()
            if wrong:
                raise _FailedError("the access isn't what the stack says")


@main.command()
@_with_stack_options
def preview(
    cwd: Path, config_file: Path | None, stack_name: str, engine: Engine, *, as_json: bool
) -> None:
    """Tell what would be made or changed; nothing is."""
    with _reporting(as_json=as_json):
        stack = load(cwd.resolve(), stack_name, config_file)
        with _accounts(stack) as fresh, make_people(stack.endpoint, stack.settings, keep=False):
            deployment = _deploy(stack, engine, fresh=fresh, preview=True)
        if as_json:
            click.echo(report.document(deployment, None))
        else:
            report.resource_table(_console(), deployment)
        _stderr.print(
            f"{len(deployment.resources)} resources would stand (engine: {deployment.engine})."
        )


@contextmanager
def _reporting(*, as_json: bool) -> Iterator[None]:
    """Turn what goes wrong into a message and an exit code."""
    try:
        yield
    except InvalidInput as error:
        if as_json:
            click.echo(report.refusal(error))
        for problem in error.problems:
            _stderr.print(Text("refused", style="red"), problem.message)
        sys.exit(_REFUSED)
    except (DeploymentError, SandboxError, pulumi_engine.NoEngineError) as error:
        raise _FailedError(str(error)) from None


@contextmanager
def _accounts(stack: Stack) -> Iterator[bool]:
    """Accounts at the stack's endpoint: those that run there, or fresh ones. Yields whether they are fresh."""
    if is_sandbox(stack.endpoint):
        yield False
        return
    parts = urlsplit(stack.endpoint)
    host = "127.0.0.1" if parts.hostname in (None, "localhost") else parts.hostname
    with Sandbox(parts.port or 80, host=host):
        yield True


def _deploy(stack: Stack, engine: Engine, *, fresh: bool, preview: bool) -> Deployment:
    if engine != "in-process":
        try:
            environment = pulumi_engine.find(stack.folder, install=True, tell=_stderr.print)
        except pulumi_engine.NoEngineError as missing:
            if engine == "pulumi":
                raise
            _stderr.print(f"Deploying in process, for {missing}.")
        else:
            return pulumi_engine.deploy(
                stack, environment, fresh=fresh, preview=preview, tell=_stderr.print
            )
    program = stack.folder / "__main__.py"
    return in_process.deploy(program, NAMESPACE, stack.name, stack.config, preview=preview)


def _role_arns(deployment: Deployment) -> dict[str, str]:
    try:
        return {name: told["roleArn"] for name, told in deployment.outputs["grants"].items()}
    except (AttributeError, KeyError, TypeError):
        raise DeploymentError(
            "the program tells no role to prove: its output grants has each one's roleArn"
        ) from None


def _kept(stack: Stack, deployment: Deployment) -> Path:
    """A file with the stack's outputs, for `cross-account-access`."""
    file = stack.folder / ".sandbox" / f"outputs-{stack.name}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(deployment.outputs, indent=2), encoding="utf-8")
    return file


def _tell_use(stack: Stack, everybody: People, outputs: Path) -> None:
    """Say how to go on with the accounts by the AWS CLI, and by `cross-account-access`."""
    click.echo(
        f"\nThe accounts stay up at {stack.endpoint}, until Ctrl-C. In another terminal:", err=True
    )
    click.echo(f"  export AWS_ENDPOINT_URL={stack.endpoint} AWS_REGION=us-east-1", err=True)
    for caller in everybody.callers.values():
        if "aws_session_token" not in caller.credentials:  # a session's wouldn't last
            keys = " ".join(f"{name.upper()}={value}" for name, value in caller.credentials.items())
            click.echo(f"  {keys} aws sts get-caller-identity  # {caller.arn}", err=True)
    click.echo(
        f"  cross-account-access map --outputs {shlex.quote(str(outputs))}  # also verify, explain, exec, …",
        err=True,
    )


def _interrupted() -> threading.Event:
    """What Ctrl-C and SIGTERM set from now on; whoever is told to press it may do so at once."""
    interrupted = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: interrupted.set())
    return interrupted


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)


if __name__ == "__main__":
    main(prog_name="python -m sandbox")
