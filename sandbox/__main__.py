"""`python -m sandbox`: emulated accounts, and a stack deployed, previewed and proved on them."""

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import click
from botocore.exceptions import ClientError
from rich.console import Console
from rich.text import Text

from cross_account_access import InvalidInput
from cross_account_access.cli.options import quota_option
from cross_account_access.config.settings import NAMESPACE
from cross_account_access.errors import escape_invisible
from cross_account_access.iam.quotas import (
    POLICIES_PER_ROLE,
    POLICIES_PER_USER,
    TRUST_POLICY_CHARACTERS,
)
from sandbox.aws.endpoint import read_health
from sandbox.aws.server import Sandbox, SandboxError, make_in_use_error, request_mfa_code
from sandbox.deploy import in_process, private_files, pulumi_engine
from sandbox.deploy.deployment import UNREACHABLE, Deployment, DeploymentError, RefusedError
from sandbox.deploy.stack import SANDBOX_PORT, Stack, load, read_role_arns
from sandbox.proof import other_side, report
from sandbox.proof.access_proof import prove
from sandbox.proof.people import People, make_people
from sandbox.proof.role_attempts import ProofAttempt

_SERVED = f"""\b
In another terminal:
  export AWS_ENDPOINT_URL=http://127.0.0.1:{SANDBOX_PORT} AWS_DEFAULT_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=any
  aws iam create-user --user-name alice  # each user, role and group that grants name
  pulumi up                              # a stack whose accounts have this endpoint
  python -m sandbox mfa alice            # an MFA code for `cross-account-access exec`
"""

Engine = Literal["auto", "pulumi", "in-process"]

_FOLDER = Path(__file__).resolve().parent.parent
_REFUSED, _UNPROVEN = 2, 3
_stderr = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


class _FailedError(click.ClickException):
    """Ends the command with exit code 1."""

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(map(escape_invisible, message.splitlines())))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Emulated AWS accounts, and a stack deployed on them.

    Exit codes: 0 success, and every attempt had the expected result; 1 failure; 2 the input was
    refused and nothing was created; 3 with --strict, a grant is unproven.
    """


@main.command(epilog=_SERVED)
@click.option(
    "--port",
    default=SANDBOX_PORT,
    show_default=True,
    help="The port on 127.0.0.1 where the accounts listen.",
)
@click.option(
    "--hold-new-principals",
    default=0.0,
    metavar="SECONDS",
    help="How long trust policies refuse a new user or role as a principal, as on AWS.",
)
@quota_option(TRUST_POLICY_CHARACTERS, "The quota of a trust policy's characters.")
@quota_option(POLICIES_PER_USER, "The quota of policies attached to a user.")
@quota_option(POLICIES_PER_ROLE, "The quota of policies attached to a role.")
def serve(port: int, hold_new_principals: float, **raised: int) -> None:
    """Run emulated AWS accounts until Ctrl-C, for `pulumi up`, the AWS CLI and SDKs.

    They answer IAM and STS, and Access Analyzer's ValidatePolicy. Any 12 digits are an account, and
    an access key ID of these digits is its administrator, with any secret key.

    docs/sandbox.md shows step by step how to deploy a stack of your own there.
    """
    logging.basicConfig(
        format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO, stream=sys.stderr
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        with Sandbox(port, hold_new_principals=hold_new_principals, quotas=raised) as sandbox:
            interrupted = _catch_interrupt()
            click.echo(f"Emulated accounts at {sandbox.endpoint}, until Ctrl-C.")
            interrupted.wait()
    except SandboxError as error:
        raise _FailedError(str(error)) from None


@main.command()
@click.argument("user")
@click.option("--account", metavar="ID", help="The user's account, if several have such a user.")
@click.option(
    "--endpoint-url",
    "endpoint",
    metavar="URL",
    envvar="AWS_ENDPOINT_URL",
    default=f"http://127.0.0.1:{SANDBOX_PORT}",
    show_default=True,
    help="Where the accounts listen. [env: AWS_ENDPOINT_URL]",
)
def mfa(user: str, account: str | None, endpoint: str) -> None:
    """Print the current MFA code of a USER of the accounts that `serve` or `up --keep` runs.

    If the user has no MFA device, one is enabled; its serial and seed are printed on stderr. The
    sandbox accepts a code for a minute and as often as it is given, AWS only once.
    """
    try:
        code = request_mfa_code(endpoint, user, account)
    except SandboxError as error:
        raise _FailedError(str(error)) from None
    if code["enabled"]:
        _stderr.print(f"Enabled {code['serial']}, with the seed {code['seed']}")
    click.echo(code["code"])


_stack_options: list[Callable[[Any], Any]] = [
    click.option(
        "-C",
        "--cwd",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=_FOLDER,
        help="The Pulumi project's folder. Default: this one.",
    ),
    click.option(
        "--config-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The stack's config file. Default: Pulumi.STACK.yaml. Its key `file` is relative to "
        "Pulumi.yaml all the same.",
    ),
    click.option(
        "--stack", "stack_name", default="dev", show_default=True, help="The stack's name."
    ),
    click.option(
        "--engine",
        type=click.Choice(["auto", "pulumi", "in-process"]),
        default="auto",
        show_default=True,
        help="auto: the Pulumi CLI if it is installed or can be, otherwise this process.",
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print the result as one JSON document on stdout."
    ),
]


def _with_stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_stack_options):
        command = option(command)
    return command


@main.command()
@_with_stack_options
@click.option(
    "--keep",
    is_flag=True,
    help="Keep the accounts running until Ctrl-C, and print how to use them.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with code 3 if a grant is unproven: the sandbox can't meet its conditions.",
)
def up(
    cwd: Path,
    config_file: Path | None,
    stack_name: str,
    engine: Engine,
    *,
    as_json: bool,
    keep: bool,
    strict: bool,
) -> None:
    """Deploy a stack to fresh emulated accounts and prove the access.

    The users and roles that the stack's grants name are created first. If `serve` runs at the
    stack's endpoint, its accounts are used as they are.
    """
    with _exit_on_errors(as_json=as_json):
        stack = load(cwd.resolve(), stack_name, config_file)
        with (
            _provide_accounts(stack, "up") as fresh,
            make_people(stack.endpoint, stack.settings, keep=keep) as people,
        ):
            deployment, proof = _deploy_and_prove(stack, engine, people, fresh=fresh)
            failed = _print_outcome(deployment, proof, as_json=as_json)
            if keep:
                interrupted = _catch_interrupt()
                report.print_usage(stack, people, _save_outputs(stack, deployment))
                interrupted.wait()
            if failed:
                raise _FailedError("access differs from the stack's grants")
            if strict and report.list_unproven(proof):
                sys.exit(_UNPROVEN)


def _deploy_and_prove(
    stack: Stack, engine: Engine, people: People, *, fresh: bool
) -> tuple[Deployment, list[ProofAttempt]]:
    other_side.make_roles(stack.endpoint, stack.settings)
    deployment = _deploy(stack, engine, fresh=fresh, preview=False)
    role_arns = read_role_arns(deployment.outputs, stack.settings)
    other_side.allow_principals(stack.endpoint, stack.settings, role_arns)
    return deployment, prove(stack.endpoint, stack.settings, role_arns, people)


def _print_outcome(deployment: Deployment, proof: list[ProofAttempt], *, as_json: bool) -> bool:
    """Print what was deployed and tried; returns whether an attempt had an unexpected result."""
    if as_json:
        click.echo(report.render_result(deployment, proof))
    else:
        console = report.make_console()
        report.print_resources(console, deployment)
        console.print()
        report.print_proof(console, proof)
    tried = [attempt for attempt in proof if not attempt.proves_nothing]
    held = [attempt for attempt in tried if attempt.holds]
    _stderr.print(f"{report.describe_count(deployment)} (engine: {deployment.engine}).")
    _stderr.print(f"{len(held)} of {len(tried)} attempts had the expected result.")
    if unproven := report.list_unproven(proof):
        _stderr.print(
            f"Unproven: {', '.join(unproven)}. The sandbox can't meet conditions of a principal "
            "there, so that its access was not tried."
        )
    return len(held) < len(tried)


@main.command()
@_with_stack_options
def preview(
    cwd: Path, config_file: Path | None, stack_name: str, engine: Engine, *, as_json: bool
) -> None:
    """Show what would be created or changed, without doing it."""
    with _exit_on_errors(as_json=as_json):
        stack = load(cwd.resolve(), stack_name, config_file)
        with (
            _provide_accounts(stack, "preview") as fresh,
            make_people(stack.endpoint, stack.settings, keep=False),
        ):
            deployment = _deploy(stack, engine, fresh=fresh, preview=True)
        if as_json:
            click.echo(report.render_result(deployment, None))
        else:
            report.print_resources(report.make_console(), deployment)
        count = report.describe_count(deployment)
        _stderr.print(f"There would be {count} (engine: {deployment.engine}).")


@contextmanager
def _exit_on_errors(*, as_json: bool) -> Iterator[None]:
    """Turn what goes wrong into a message and an exit code."""
    try:
        yield
    except InvalidInput as error:
        if as_json:
            click.echo(report.render_refusal(error))
        for problem in error.problems:
            _stderr.print(Text("refused", style="red"), escape_invisible(problem.message))
        sys.exit(_REFUSED)
    except RefusedError as error:
        _FailedError(str(error)).show()
        sys.exit(_REFUSED)
    except (DeploymentError, SandboxError, pulumi_engine.NoEngineError) as error:
        raise _FailedError(str(error)) from None
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise _FailedError(f"{error.operation_name}: {message}") from None
    except UNREACHABLE as error:
        raise _FailedError(
            f"the accounts no longer answer: {error}. Were they stopped? Run the command again"
        ) from None


@contextmanager
def _provide_accounts(stack: Stack, command: str) -> Iterator[bool]:
    """Use the accounts that `serve` runs at the stack's endpoint, or start some.

    Yields whether they are new.

    Raises:
        SandboxError: If another command uses the accounts there, or no sandbox answers there.
    """
    if health := read_health(stack.endpoint):
        if health.get("used_by"):
            raise make_in_use_error(stack.endpoint, health)
        yield False
        return
    parts = urlsplit(stack.endpoint)
    host = "127.0.0.1" if parts.hostname in (None, "localhost") else parts.hostname
    with Sandbox(
        parts.port or 80,
        host=host,
        quotas=stack.settings.limits.model_dump(exclude_none=True),
        used_by=f"python -m sandbox {command}",
    ):
        yield True


def _deploy(stack: Stack, engine: Engine, *, fresh: bool, preview: bool) -> Deployment:
    if engine != "in-process":
        try:
            environment = pulumi_engine.find(stack.folder, install=True, tell=_stderr.print)
        except pulumi_engine.NoEngineError as missing:
            if engine == "pulumi":
                raise
            _stderr.print(f"Deploying in process: {missing}.")
        else:
            return pulumi_engine.deploy(
                stack, environment, fresh=fresh, preview=preview, tell=_stderr.print
            )
    run = (stack.program / "__main__.py", NAMESPACE, stack.name, stack.config)
    return in_process.deploy(*run, folder=stack.folder, preview=preview)


def _save_outputs(stack: Stack, deployment: Deployment) -> Path:
    """Write the stack's outputs to a file that `cross-account-access` reads."""
    file = private_files.make_folder(stack.folder) / f"outputs-{stack.name}.json"
    private_files.write_file(file, json.dumps(deployment.revealed, indent=2))
    return file


def _catch_interrupt() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set; made before anybody is invited to press Ctrl-C."""
    interrupted = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: interrupted.set())
    return interrupted


if __name__ == "__main__":
    main(prog_name="python -m sandbox")
