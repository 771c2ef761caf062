"""The AWS CLI's cache of sessions, on the disk."""

import hashlib
from pathlib import Path
from typing import Any

import click
from botocore.utils import JSONFileCache


class SharedCache(JSONFileCache):
    """The AWS CLI's cache. Where it can't be written to, a session is good for one run.

    The CLI knows a session again by the call's parameters alone. Without a device of the user's own among them, that
    would give one caller's session to another, who may not even be trusted; and the sandbox's to AWS.

    Args:
        apart: What else a session is known by; nothing for those that are shared with the CLI.
    """

    def __init__(self, apart: str = "") -> None:
        super().__init__(str(Path("~/.aws/cli/cache").expanduser()))
        self._apart = apart

    def __contains__(self, key: str) -> bool:
        """Whether there is such a session."""
        return bool(super().__contains__(self._name(key)))

    def __getitem__(self, key: str) -> Any:
        """A session."""
        return super().__getitem__(self._name(key))

    def __setitem__(self, key: str, value: Any) -> None:
        """Keep a session."""
        try:
            super().__setitem__(self._name(key), value)
        except OSError as error:
            click.echo(f"The session is not kept for the next run: {error.strerror}", err=True)

    def _name(self, key: str) -> str:
        return hashlib.sha256(f"{key} {self._apart}".encode()).hexdigest() if self._apart else key
