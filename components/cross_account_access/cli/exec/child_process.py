"""Runs a command in place of this process, with other credentials in its environment."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import click

# Python ignores these signals, and a program inherits what is ignored.
_IGNORED = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")
# What belongs to other credentials, or takes precedence over these. After BEARER_TOKEN stands the
# name of a service that doesn't ask for keys then.
_REMOVED = re.compile(
    "AWS_((DEFAULT_)?PROFILE|SECURITY_TOKEN|CREDENTIAL_(EXPIRATION|SCOPE)|BEARER_TOKEN_.+)"
)


class NotExecutableError(click.ClickException):
    """The command can't be executed: the exit code is a shell's."""

    exit_code = 126


class NotFoundError(click.ClickException):
    """The command doesn't exist: the exit code is a shell's."""

    exit_code = 127


def build_environment(
    variables: Mapping[str, str], credentials: Mapping[str, Any], *, region: str | None
) -> dict[str, str]:
    """Build an environment with a session's credentials, and nothing that takes precedence.

    Args:
        variables: The present environment, with the endpoints of the caller's profile.
        credentials: The session, as `fetch_session` returns it.
        region: The Region; None to leave it.

    Sources:
        - https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
        - https://docs.aws.amazon.com/sdkref/latest/guide/feature-account-endpoints.html
        - https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
    """
    changed = {name: text for name, text in variables.items() if not _REMOVED.fullmatch(name)}
    changed |= {
        "AWS_ACCESS_KEY_ID": credentials["access_key"],
        "AWS_SECRET_ACCESS_KEY": credentials["secret_key"],
        "AWS_SESSION_TOKEN": credentials["token"],
        "AWS_CREDENTIAL_EXPIRATION": credentials["expiry_time"],
    }
    if "AWS_ACCOUNT_ID" in changed:  # SDKs put it into the host names of some services
        changed["AWS_ACCOUNT_ID"] = credentials["account_id"]
    if region is not None:
        # The AWS CLI and boto3 read different ones.
        changed |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return changed


def find_program(command: Sequence[str], path: str | None) -> str:
    """Find the command's program.

    Args:
        command: The command.
        path: The environment's PATH.

    Raises:
        NotFoundError: If there is no such program.
        NotExecutableError: If the file isn't executable.
    """
    program = shutil.which(command[0], path=path)
    if program is None:
        if os.sep in command[0] and os.path.exists(command[0]):  # noqa: PTH110 - a word that may be a path
            raise NotExecutableError(f"{command[0]} can't be executed")
        raise NotFoundError(f"there is no command {command[0]}")
    return program


def replace_process(program: str, command: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Run the command with this process's streams, and end with its exit code.

    On POSIX the process itself becomes the command, so that signals reach it directly.

    Raises:
        NotExecutableError: If the system can't execute it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "posix":
            for name in filter(partial(hasattr, signal), _IGNORED):
                signal.signal(getattr(signal, name), signal.SIG_DFL)
            os.execve(program, [*command], {**variables})  # noqa: S606 - this is what the tool is for
        sys.exit(run_child(program, command, variables))
    except OSError as error:
        raise NotExecutableError(f"{command[0]}: {error.strerror}") from None


def run_child(program: str, command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run the command as a child process, and return its exit code."""
    with subprocess.Popen([*command], executable=program, env={**variables}) as child:  # noqa: S603
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # the terminal interrupts the child too, which decides for itself
