"""A command in the place of this process, with other credentials in its environment."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

# Python ignores these, and whoever ignores them hands that on to what it becomes.
_IGNORED = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")
_TAKEN_OUT = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)


class NotExecutableError(click.ClickException):
    """The command can't be executed; the process ends as a shell would."""

    exit_code = 126


class NotFoundError(click.ClickException):
    """There is no such command; the process ends as a shell would."""

    exit_code = 127


def environment(
    before: Mapping[str, str], keys: Mapping[str, Any], *, region: str | None, endpoint: str | None
) -> dict[str, str]:
    """The environment with a session's credentials, and nothing in it that would win over them.

    Args:
        before: The environment that there is.
        keys: The session, as botocore's fetchers give it.
        region: The region; None to leave it.
        endpoint: Where AWS is; None to leave it.

    Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
    """
    found = {name: text for name, text in before.items() if name not in _TAKEN_OUT}
    found |= {
        "AWS_ACCESS_KEY_ID": keys["access_key"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
        "AWS_SESSION_TOKEN": keys["token"],
        "AWS_CREDENTIAL_EXPIRATION": keys["expiry_time"],
    }
    if region is not None:
        # The AWS CLI and boto3 differ in which they read.
        found |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    if endpoint is not None:
        found["AWS_ENDPOINT_URL"] = endpoint
    return found


def program(command: Sequence[str], path: str | None) -> str:
    """Where the command's program is.

    Args:
        command: The command.
        path: The environment's PATH.

    Raises:
        NotFoundError: If there is none.
        NotExecutableError: If it is no program.
    """
    found = shutil.which(command[0], path=path)
    if found is None:
        if os.sep in command[0] and os.path.exists(command[0]):  # noqa: PTH110 - a word that may be a path
            raise NotExecutableError(f"{command[0]} can't be executed")
        raise NotFoundError(f"there is no command {command[0]}")
    return found


def become(program: str, command: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Run the command with this process's streams, and end with its exit code.

    On POSIX this process becomes the command, so that it gets every signal itself.

    Raises:
        NotExecutableError: If the system can't execute it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "posix":
            for name in _IGNORED:
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_DFL)
            os.execve(program, [*command], {**variables})  # noqa: S606 - this is what the tool is for
        sys.exit(wait(program, command, variables))
    except OSError as error:
        raise NotExecutableError(f"{command[0]}: {error.strerror}") from None


def wait(program: str, command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run the command beside this process, where a process can't become another, and return its exit code."""
    with subprocess.Popen([*command], executable=program, env={**variables}) as running:  # noqa: S603
        while True:
            try:
                return child_process.wait()
            except KeyboardInterrupt:
                continue  # the terminal sends it to the command as well, which ends or doesn't
