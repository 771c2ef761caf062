"""The AWS CLI's cache of sessions, on disk."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.utils import JSONFileCache

from .terminal import echo


class SharedCache(JSONFileCache):
    """The AWS CLI's cache. Where it cannot be written to, a session lasts for one run.

    The CLI keys a session by the call's parameters alone. Unless a user's own device is among them,
    that would hand one caller's session to another, who may not even be trusted, and the sandbox's
    session to AWS.

    Args:
        scope: What else the key depends on; empty for sessions that are shared with the CLI.
    """

    def __init__(self, scope: str = "") -> None:
        super().__init__(str(Path("~/.aws/cli/cache").expanduser()))
        self._scope = scope

    def __contains__(self, key: str) -> bool:
        """Whether there is such a session; a file of another form counts as none."""
        if not super().__contains__(self._scoped(key)):
            return False
        try:
            return _is_session(self[key])
        except (KeyError, ValueError, OverflowError):
            return False

    def __getitem__(self, key: str) -> Any:
        """Get a session."""
        return super().__getitem__(self._scoped(key))

    def __setitem__(self, key: str, value: Any) -> None:
        """Keep a session."""
        try:
            super().__setitem__(self._scoped(key), value)
        except OSError as error:
            echo(f"The session is not kept for the next run: {error.strerror}", err=True)

    def _scoped(self, key: str) -> str:
        return hashlib.sha256(f"{key} {self._scope}".encode()).hexdigest() if self._scope else key


def _is_session(value: Any) -> bool:
    credentials = value.get("Credentials") if isinstance(value, dict) else None
    if not isinstance(credentials, dict):
        return False
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    if not all(isinstance(credentials.get(name), str) for name in names):
        return False
    return bool(format_expiration(credentials["Expiration"]))


def format_expiration(text: str) -> str:
    """Write the time at which a session expires in ISO 8601; botocore writes `UTC` for its zone.

    Raises:
        ValueError: If it is no time, or has no zone.
    """
    moment = datetime.fromisoformat(text.replace("UTC", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
