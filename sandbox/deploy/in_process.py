"""The same program, deployed without the Pulumi CLI.

Pulumi's own test seam hands every registration and lookup of the program over; here each is carried out on the
emulated accounts, with the credentials of the provider that it names. It makes and it previews. It keeps no state: what
changed, what is to be replaced or deleted, only the real engine knows.
"""

import asyncio
import hashlib
import json
import logging
import runpy
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pulumi
from botocore.config import Config
from botocore.exceptions import ClientError
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc, set_all_config, settings, stack

from sandbox.deploy import resource_handlers as carry
from sandbox.deploy.deployment import SECRET, UNKNOWN, Deployment, DeploymentError, Resource

_PROVIDER = "pulumi:providers:aws"


def is_loopback(endpoint: str) -> bool:
    """Whether a URL's host is of the loopback range."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def deploy(
    program: Path, project: str, stack_name: str, config: Mapping[str, str], *, preview: bool
) -> Deployment:
    """Run the program and carry out what it registers.

    Args:
        program: The program's `__main__.py`.
        project: The Pulumi project's name.
        stack_name: The stack's name.
        config: The stack's config, its keys with their namespace, structured values as JSON.
        preview: Whether nothing is made, only told what would be.

    Raises:
        DeploymentError: If the program or AWS refuses.
    """
    carrier = _Carrier(preview=preview)
    monitor = _Monitor(carrier)

    def run() -> None:
        # The Pulumi runtime keeps its settings in context variables: a thread has its own.
        runtime = mocks.MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),  # type: ignore[no-untyped-call]
            engine=mocks.MockEngine(logging.getLogger("sandbox.program")),
            project=project,
            stack=stack_name,
            dry_run=preview,
            organization="organization",
            callbacks=None,
            # Its own, else what a run that fails leaves behind would be waited for by the next one of this process.
            outputs=set(),
            lock=threading.Lock(),
        )
        settings.configure(runtime)
        set_all_config(dict(config), [])
        asyncio.run(carry_out())

    async def carry_out() -> None:
        # The first failure is raised; asyncio would print the traceback of each one that came of it.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await stack.run_in_stack(lambda: _run_program(program))

    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(run).result()
    except (pulumi.RunError, carry.NotCarriedError) as error:
        raise DeploymentError(str(error)) from None
    except ClientError as error:
        raise DeploymentError(
            f"{error.operation_name}: {error.response['Error']['Message']}"
        ) from None
    except DeploymentError:
        raise
    except (Exception, SystemExit) as error:
        raise DeploymentError(_failure(error, program)) from error
    return Deployment("in-process", monitor.outputs, carrier.resources)


def _run_program(program: Path) -> None:
    folder = str(program.parent)
    sys.path.insert(0, folder)
    try:
        runpy.run_path(str(program), run_name="__main__")
    finally:
        sys.path.remove(folder)


@contextmanager
def _event_loop() -> Iterator[None]:
    """An event loop for the thread that calls Pulumi's mocks: they would open one and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _failure(error: BaseException, program: Path) -> str:
    """What went wrong in the program, and in which of its own lines."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == program.parent]
    where = f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    return f"the program failed{where}: {type(error).__name__}: {error}"


class _Monitor(mocks.MockMonitor):
    """Pulumi's mock of the engine's resource monitor, which also tells parents and the stack's outputs."""

    def __init__(self, carrier: "_Carrier") -> None:
        super().__init__(carrier)
        self.carrier = carrier
        self.outputs: dict[str, Any] = {}
        self._registered: set[str] = set()
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        if request.importId:
            raise carry.NotCarriedError(
                f"{request.type} {request.name} is not imported in process; use the Pulumi CLI"
            )
        self.carrier.registering(request.parent)
        urn = self.make_urn(request.parent, request.type, request.name)
        with self._lock:
            if urn in self._registered:
                raise DeploymentError(
                    f"two resources of type {request.type} have the name {request.name}"
                )
            self._registered.add(urn)
        with _event_loop():
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        with _event_loop():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        raise carry.NotCarriedError(
            f"{request.type} {request.name} is not read in process; use the Pulumi CLI"
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if _type_and_name(request.urn)[0] == "pulumi:pulumi:Stack":
            self.outputs = _shown(MessageToDict(request.outputs))
        else:
            self.carrier.registered(request.urn, _shown(MessageToDict(request.outputs)))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class _Carrier(mocks.Mocks):
    """Carries out what the program registers and looks up."""

    def __init__(self, *, preview: bool) -> None:
        self.resources: list[Resource] = []
        self._preview = preview
        self._accounts: dict[str, tuple[str, carry.Clients]] = {}
        self._lock = threading.Lock()
        self._registration = threading.local()

    def registering(self, parent: str) -> None:
        """Note the parent of the resource that this thread registers next."""
        self._registration.parent = parent

    def registered(self, urn: str, outputs: Mapping[str, Any]) -> None:
        """Note the outputs that a component registers of itself."""
        kind, name = _type_and_name(urn)
        with self._lock:
            next(
                made for made in self.resources if (made.type, made.name) == (kind, name)
            ).outputs.update(outputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        _, clients = self._account(args.provider, args.token)
        return carry.look_up(args.token, clients, args.args), []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = {key: rpc.unwrap_rpc_secret(value) for key, value in args.inputs.items()}
        secret = {key for key, value in args.inputs.items() if rpc.is_rpc_secret(value)}
        account, made = None, carry.Made(f"{args.name}-id", {})
        if args.typ == _PROVIDER:
            account = self._connect(args.name, inputs)
        elif args.custom:
            account, clients = self._account(args.provider or "", args.typ)
            if carry.takes_name(args.typ) and "name" not in inputs:
                inputs["name"] = _autoname(args.typ, args.name)
            made = carry.Made("", {}) if self._preview else carry.make(args.typ, clients, inputs)
        outputs = inputs | made.properties
        self._record(args, account, inputs, outputs | ({"id": made.id} if made.id else {}), secret)
        return made.id, outputs

    def _connect(self, name: str, inputs: Mapping[str, Any]) -> str:
        endpoint = json.loads(inputs.get("endpoints", "[{}]"))[0].get("sts", "")
        if not is_loopback(endpoint):
            raise DeploymentError(
                f"the in-process engine works on the loopback range alone, not on {endpoint or 'AWS'}"
            )
        session = boto3.Session(
            aws_access_key_id=inputs.get("accessKey"),
            aws_secret_access_key=inputs.get("secretKey"),
            aws_session_token=inputs.get("token"),
            profile_name=inputs.get("profile"),
            region_name=inputs.get("region", "us-east-1"),
        )
        for role in json.loads(inputs.get("assumeRoles", "[]")):
            session = _assume(session, endpoint, role)
        clients = _clients(session, endpoint)
        account = clients.sts.get_caller_identity()["Account"]
        allowed = json.loads(inputs.get("allowedAccountIds", "[]"))
        if allowed and account not in allowed:
            raise DeploymentError(
                f"the {name} credentials belong to account {account}, not to {', '.join(allowed)}"
            )
        with self._lock:
            self._accounts[name] = (account, clients)
        return account

    def _account(self, provider: str, what: str) -> tuple[str, carry.Clients]:
        if not provider:
            raise DeploymentError(
                f"{what} names no provider, so that Pulumi would act in whatever account is at hand"
            )
        return self._accounts[_type_and_name(provider.rpartition("::")[0])[1]]

    def _record(
        self,
        args: mocks.MockResourceArgs,
        account: str | None,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        secret: set[str],
    ) -> None:
        kind, name = _type_and_name(self._registration.parent)
        parent = None if kind == "pulumi:pulumi:Stack" else f"{kind}::{name}"
        resource = Resource(
            args.typ,
            args.name,
            parent,
            account,
            {key: SECRET if key in secret else _shown(value) for key, value in inputs.items()},
            {key: SECRET if key in secret else _shown(value) for key, value in outputs.items()},
        )
        with self._lock:
            self.resources.append(resource)


def _clients(session: boto3.Session, endpoint: str) -> carry.Clients:
    direct = Config(proxies={}, retries={"mode": "standard"})
    return carry.Clients(
        session.client("iam", endpoint_url=endpoint, config=direct),
        session.client("sts", endpoint_url=endpoint, config=direct),
    )


def _assume(session: boto3.Session, endpoint: str, role: Mapping[str, Any]) -> boto3.Session:
    given = {"ExternalId": role["externalId"]} if role.get("externalId") else {}
    credentials = session.client("sts", endpoint_url=endpoint).assume_role(
        RoleArn=role["roleArn"], RoleSessionName=role.get("sessionName") or "pulumi", **given
    )["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=session.region_name,
    )


def _autoname(kind: str, name: str) -> str:
    """A name as Pulumi would make one, but the same each time, for there is no state to remember it."""
    return f"{name}-{hashlib.sha256(f'{kind} {name}'.encode()).hexdigest()[:7]}"


def _type_and_name(urn: str) -> tuple[str, str]:
    *_, kinds, name = urn.split("::")
    return kinds.rpartition("$")[2], name


def _shown(value: Any) -> Any:
    """A value for a person: no secret, nothing that isn't JSON."""
    if rpc.is_rpc_secret(value):
        return SECRET
    if isinstance(value, pulumi.output.Unknown) or value == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _shown(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
