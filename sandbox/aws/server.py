"""Emulated AWS accounts on one loopback endpoint, for trying cross-account access without an AWS
account.

moto holds users, roles, groups and policies. In front of it stands what it lacks: AWS's decision of
`sts:AssumeRole` (identity policies and trust, conditions, explicit deny, permissions boundaries,
session policies) and of `sts:AssumeRoleWithWebIdentity`, temporary keys that expire, MFA codes,
unique IDs in trust policies, and IAM's refusals.

What AWS does and this does not:

- Signatures aren't verified: whoever knows an access key id, and the token of temporary keys, may
  use it. That is why only loopback hosts are answered, and no other site's page in a browser.
- A web identity's token isn't verified either: the keys for that are its issuer's. Its issuer, its
  audience, when it expires and its claims are checked. Access tokens of OAuth 2.0 aren't taken, and
  IAM saves a trust policy that leaves out the claims that AWS requires of some issuers.
- Only `sts:AssumeRole` and `sts:AssumeRoleWithWebIdentity`, with session tags and source identity,
  are authorized. Every other call succeeds for any valid keys of an account, whatever the caller's
  policies say.
- IAM, STS and Access Analyzer's ValidatePolicy are the only services. The latter finds what the
  grammar of policies refuses, and nothing else.
- `iam:SimulatePrincipalPolicy` takes no resource policies.
- There are no service or resource control policies, no VPC endpoint policies, no Identity Center,
  no root user.
- `AssumeRoleWithSAML`, `GetFederationToken` and `AssumeRoot` answer NotImplemented.
- An MFA code may be used more than once. Only virtual MFA devices exist.
- Changes are in force at once. `hold_new_principals` imitates the one delay that breaks
  deployments.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import socket
import urllib.error
import urllib.request
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sandbox.aws.endpoint import client, is_loopback_host, is_sandbox, open_url, read_health
from sandbox.aws.sandbox_state import RequestRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.listener import Listener
    from sandbox.aws.sandbox_state import SandboxState
    from sandbox.aws.wsgi_app import WsgiApp

__all__ = ["RequestRecord", "Sandbox", "SandboxError", "client", "is_sandbox"]

log = logging.getLogger("sandbox")

_FIXED_ACCOUNT = "MOTO_ACCOUNT_ID"


class SandboxError(Exception):
    """The sandbox can't run as asked; the message says what to do."""


class Sandbox:
    """Emulated AWS accounts on one loopback endpoint.

    Every 12 digits are an account. An access key id of 12 digits is an administrator of that
    account, with any secret; every other key must have been issued by this sandbox's own IAM or
    STS.

    moto keeps its accounts once a process, so only one sandbox runs in a process at a time. They
    are empty at the start and at the end.

        with Sandbox() as sandbox:
            iam = client("iam", sandbox.endpoint, account="111111111111")
            iam.create_user(UserName="alice")
    """

    _running: ClassVar[Sandbox | None] = None
    _starting: ClassVar[Lock] = Lock()

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        hold_new_principals: float = 0.0,
        quotas: Mapping[str, int] | None = None,
        used_by: str | None = None,
    ) -> None:
        """Prepare a sandbox; nothing runs yet.

        Args:
            port: where it listens; 0 takes a free port.
            host: an address of the loopback range: nobody else is to reach accounts without
                authentication.
            hold_new_principals: seconds during which a new user or role is refused as a trust
                policy's principal, as AWS does for some 10 to 30 s (`MalformedPolicyDocument:
                Invalid principal in policy`).
            quotas: the quotas that AWS has raised, by their keys in `cross_account_access.Limits`.
            used_by: the command whose own the accounts are, so that others leave them alone.

        Raises:
            SandboxError: `host` isn't a loopback address, or `port` is out of range.
        """
        if not is_loopback_host(host):
            raise SandboxError(
                f"{host} must be a loopback address: the sandbox verifies no signatures, so it "
                "listens on 127.0.0.1 or ::1 only"
            )
        if not 0 <= port <= 65535:  # noqa: PLR2004 - TCP's
            raise SandboxError(f"the port must be 0 (any free one) to 65535, not {port}")
        self._host = host
        self._port = port
        self._hold = hold_new_principals
        self._quotas = dict(quotas or {})
        self._used_by = used_by
        self._app: WsgiApp | None = None
        self._listener: Listener | None = None
        self._thread: Thread | None = None
        self._fixed_account: str | None = None

    @property
    def endpoint(self) -> str:
        """The endpoint URL, such as http://127.0.0.1:4577.

        Raises:
            SandboxError: the sandbox isn't running.
        """
        if self._listener is None:
            raise _make_not_running_error()
        host, port = self._listener.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    @property
    def requests(self) -> list[RequestRecord]:
        """The newest 10,000 requests to the emulated AWS since the start or the last reset."""
        app = self._get_app()
        with app.lock:
            return list(app.state.requests)

    def start(self) -> Sandbox:
        """Start serving in a thread of its own.

        Raises:
            SandboxError: the port is taken, or another sandbox runs in this process.
        """
        with Sandbox._starting:
            if Sandbox._running is not None:
                raise SandboxError(
                    f"another sandbox runs in this process, at {Sandbox._running.endpoint}: stop "
                    "it first, because moto's accounts are shared by the whole process"
                )
            bound = _bind(self._host, self._port)
            try:
                self._serve(bound)
            except BaseException:
                bound.close()
                self._restore_environment()
                raise
            Sandbox._running = self
        log.info("accounts at %s", self.endpoint)
        return self

    def _serve(self, bound: socket.socket) -> None:
        # moto takes this variable before all else and would put every request into that one
        # account.
        self._fixed_account = os.environ.pop(_FIXED_ACCOUNT, None)
        if self._fixed_account is not None:
            log.warning("%s is ignored while the sandbox runs", _FIXED_ACCOUNT)
        # Here and not above: moto and Flask take most of a second to import.
        from moto import settings  # noqa: PLC0415

        from sandbox.aws.listener import Listener  # noqa: PLC0415
        from sandbox.aws.moto_accounts import MotoAccounts  # noqa: PLC0415
        from sandbox.aws.sandbox_state import SandboxState  # noqa: PLC0415
        from sandbox.aws.wsgi_app import WsgiApp  # noqa: PLC0415

        if math.isfinite(settings.INITIAL_NO_AUTH_ACTION_COUNT):
            raise SandboxError(
                "INITIAL_NO_AUTH_ACTION_COUNT must not be set: moto would check signatures and "
                "policies in its own way"
            )
        state = SandboxState(MotoAccounts(), self._hold, self._quotas)
        state.reset()
        self._app = WsgiApp(state, self._used_by)
        self._listener = Listener(bound, self._app)
        self._thread = Thread(
            target=self._listener.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="sandbox",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and empty all accounts. Stopping twice is no error."""
        if self._listener is None or self._thread is None or self._app is None:
            return
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()
        with self._app.lock:
            self._app.state.reset()
        self._app = self._listener = self._thread = None
        self._restore_environment()
        Sandbox._running = None

    def _restore_environment(self) -> None:
        if self._fixed_account is not None:
            os.environ[_FIXED_ACCOUNT] = self._fixed_account
            self._fixed_account = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def reset(self) -> None:
        """Empty all accounts, and forget sessions, organizations, decisions and `requests`."""
        app = self._get_app()
        with app.lock:
            app.state.reset()

    def set_organization(self, account: str, id: str, path: str) -> None:  # noqa: A002 - AWS's name
        """Put an account into an organization, for aws:PrincipalOrgID and aws:PrincipalOrgPaths.

        Raises:
            SandboxError: one of them has another form than `SandboxState.set_organization` takes.
        """
        app = self._get_app()
        try:
            with app.lock:
                app.state.set_organization(account, id, path)
        except ValueError as error:
            raise SandboxError(str(error)) from error

    @property
    def _state(self) -> SandboxState:
        return self._get_app().state

    def _get_app(self) -> WsgiApp:
        if self._app is None:
            raise _make_not_running_error()
        return self._app


def _make_not_running_error() -> SandboxError:
    return SandboxError("the sandbox isn't running: call start(), or use it in a with statement")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":
        # Lets the port of a sandbox that has just ended be taken again. Windows would let a used
        # one be taken.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise _describe_bind_error(host, port, error) from error
    return bound


def _describe_bind_error(host: str, port: int, error: OSError) -> SandboxError:
    if error.errno != errno.EADDRINUSE:
        return SandboxError(f"cannot listen on {host} port {port}: {error.strerror}")
    endpoint = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    health = read_health(endpoint)
    if health is None:
        return SandboxError(
            f"port {port} is in use by another program, which is no sandbox: stop it, or choose "
            "another port"
        )
    if health.get("used_by"):
        return make_in_use_error(endpoint, health)
    return SandboxError(f"port {port} is in use by another sandbox: use it, or stop it first")


def make_in_use_error(endpoint: str, health: Mapping[str, Any]) -> SandboxError:
    """The error for accounts that another command uses alone."""
    return SandboxError(
        f"another `{health['used_by']}` runs at {endpoint}, on accounts of its own: wait until it "
        "has ended, or choose another port (`endpoint` in the stack's config, `serve --port`). "
        "Several commands may use the accounts of `python -m sandbox serve`"
    )


def request_mfa_code(endpoint: str, user: str, account: str | None) -> Mapping[str, Any]:
    """Ask a running sandbox for a user's MFA code, its device's `serial` and `seed`, and whether
    the device was `enabled` for that.

    Raises:
        SandboxError: no sandbox answers there, or it doesn't have the user.
    """
    if not is_sandbox(endpoint):
        raise SandboxError(
            f"no accounts run at {endpoint}: run `python -m sandbox serve` in another terminal"
        )
    body = json.dumps({"user": user} | ({"account": account} if account else {})).encode()
    url = f"{endpoint.rstrip('/')}/_sandbox/mfa"
    try:
        code: Mapping[str, Any] = json.loads(
            open_url(urllib.request.Request(url, body), timeout=5)  # noqa: S310 - is_sandbox
        )
    except urllib.error.HTTPError as error:
        with error:
            raise SandboxError(json.loads(error.read())["error"]) from None
    return code
