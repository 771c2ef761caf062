"""What a program registers and looks up, carried out on the emulated accounts.

Each call is made with the credentials of the provider that the program names for it.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pulumi.runtime import mocks, rpc

from sandbox.deploy import provider_clients
from sandbox.deploy.deployment import (
    SECRET,
    STACK_TYPE,
    UNKNOWN,
    DeploymentError,
    Resource,
    parse_urn,
)
from sandbox.deploy.resource_handlers import (
    AccountClients,
    MadeResource,
    look_up,
    make_resource,
    takes_name,
)

_PROVIDER = "pulumi:providers:aws"


class ResourceDeployer(mocks.Mocks):
    """Carries out what the program registers and looks up."""

    def __init__(self, *, preview: bool) -> None:
        self.resources: list[Resource] = []
        self._preview = preview
        self._accounts: dict[str, tuple[str, AccountClients]] = {}
        self._lock = threading.Lock()
        self._registration = threading.local()

    def note_parent(self, parent: str) -> None:
        """Note the parent of the resource that this thread registers next."""
        self._registration.parent = parent

    def add_outputs(self, urn: str, outputs: Mapping[str, Any]) -> None:
        """Note the outputs that a component registers of itself."""
        kind, name = parse_urn(urn)
        with self._lock:
            next(
                made for made in self.resources if (made.type, made.name) == (kind, name)
            ).outputs.update(outputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        _, clients = self._get_account(args.provider, args.token)
        try:
            return look_up(args.token, clients, args.args), []
        except ClientError as error:  # the program may know what to do about it
            return {}, [("", f"{error.response['Error']['Code']}: {error}")]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = {key: rpc.unwrap_rpc_secret(value) for key, value in args.inputs.items()}
        secret = {key for key, value in args.inputs.items() if rpc.is_rpc_secret(value)}
        account, made = None, MadeResource(f"{args.name}-id", {})
        if args.typ == _PROVIDER:
            account = self._connect(args.name, inputs)
        elif args.custom:
            account, clients = self._get_account(args.provider or "", args.typ)
            if takes_name(args.typ) and "name" not in inputs:
                inputs["name"] = _generate_name(args.typ, args.name)
            made = (
                MadeResource("", {})
                if self._preview
                else make_resource(args.typ, clients.iam, inputs)
            )
        outputs = inputs | made.properties
        self._record(args, account, inputs, outputs | ({"id": made.id} if made.id else {}), secret)
        return made.id, outputs

    def _connect(self, name: str, inputs: Mapping[str, Any]) -> str:
        clients = provider_clients.connect(inputs)
        account = clients.sts.get_caller_identity()["Account"]
        allowed = json.loads(inputs.get("allowedAccountIds", "[]"))
        if allowed and account not in allowed:
            raise DeploymentError(
                f"the {name} credentials belong to account {account}, not to {', '.join(allowed)}"
            )
        with self._lock:
            self._accounts[name] = (account, clients)
        return account

    def _get_account(self, provider: str, what: str) -> tuple[str, AccountClients]:
        if not provider:
            raise DeploymentError(
                f"{what} must name a provider: without one Pulumi would use whatever credentials "
                "it finds"
            )
        return self._accounts[parse_urn(provider.rpartition("::")[0])[1]]

    def _record(
        self,
        args: mocks.MockResourceArgs,
        account: str | None,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        secret: set[str],
    ) -> None:
        kind, name = parse_urn(self._registration.parent)
        parent = None if kind == STACK_TYPE else f"{kind}::{name}"
        resource = Resource(
            args.typ,
            args.name,
            parent,
            account,
            _render_properties(inputs, secret),
            _render_properties(outputs, secret),
        )
        with self._lock:
            self.resources.append(resource)


def _generate_name(kind: str, name: str) -> str:
    """A name as Pulumi makes one, but the same each time: no state remembers it."""
    return f"{name}-{hashlib.sha256(f'{kind} {name}'.encode()).hexdigest()[:7]}"


def _render_properties(properties: Mapping[str, Any], secret: set[str]) -> dict[str, Any]:
    return {
        key: SECRET if key in secret else render_value(value) for key, value in properties.items()
    }


def render_value(value: Any, *, reveal: bool = False) -> Any:
    """A value for a person: nothing that isn't JSON, and no secret unless it is to be revealed."""
    if rpc.is_rpc_secret(value):
        return render_value(value["value"], reveal=True) if reveal else SECRET
    if isinstance(value, pulumi.output.Unknown) or value == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: render_value(inner, reveal=reveal) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [render_value(inner, reveal=reveal) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
