"""The running stack's config: read, and turned into providers and a component's args.

Pulumi.yaml describes the keys, `cross_account_access.config` checks them.
"""

import json
import re
import signal
import sys
import threading
from collections import ChainMap
from collections.abc import Callable, Container, Mapping
from dataclasses import fields
from io import TextIOWrapper
from operator import itemgetter
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi.runtime import config as pulumi_config
from pulumi.runtime.proto.resource_pb2 import RESOURCE_MONITOR_FEATURE_ERROR_HOOKS
from pulumi.runtime.settings import monitor_supports_feature
from pydantic.alias_generators import to_camel

from cross_account_access import (
    CrossAccountAccess,
    CrossAccountAccessArgs,
    GrantOutputs,
    InvalidInput,
    MultiAccountAccess,
    MultiAccountAccessArgs,
)
from cross_account_access.config.config_check import check_config
from cross_account_access.config.connection import AssumedRole, Connection
from cross_account_access.config.encrypted_config import (
    NOTHING_ENCRYPTED,
    EncryptedLeaves,
    build_args,
    read_saved_config,
)
from cross_account_access.config.merged_config import display_path
from cross_account_access.config.settings import NAMESPACE, FleetSettings, PairSettings, Settings
from cross_account_access.errors import SECRET, FieldPath, Problem, make_problem
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.usage import find_console_obstacle
from cross_account_access.wiring.providers import refuse_other_account

_PLAIN_RULE = "must not be encrypted: names of resources, or outputs, show it in plain text"
_PLAIN_REMEDY = "Set it without --secret"
_REFUSED_ACCOUNT = re.compile(r"AWS account ID not allowed: (?P<account>\d+)")
_PLAIN_ACCOUNT_KEYS = ("accountId", "groups", "lookUp")


def end_at_interrupt() -> None:
    """Let an interrupt end the program at once, and so without a traceback.

    Pulumi interrupts it, and soon once more, when a resource failed and it has printed why. Python
    would raise KeyboardInterrupt wherever it is just then, its own end included.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # run by a test or the sandbox, whose interrupts are not the program's
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # nothing flushes it then


def load() -> PairSettings | FleetSettings:
    """Read and check the running stack's config.

    Raises:
        pulumi.RunError: With every problem; Pulumi prints it without a traceback.
    """
    own = re.compile(rf"{NAMESPACE}:(?P<key>.+)")
    config = {
        match["key"]: _parse_value(str(value))
        for key, value in pulumi_config.CONFIG.get().items()
        if (match := own.fullmatch(key))
    }
    keys = [key for key in config if pulumi_config.is_config_secret(f"{NAMESPACE}:{key}")]
    folder = Path(pulumi.get_root_directory() or Path(__file__).parent)
    saved = read_saved_config(folder, pulumi.get_stack(), NAMESPACE) if keys else {}
    try:
        return check(config, EncryptedLeaves.find(config, keys, saved), folder=folder)
    except InvalidInput as error:
        raise pulumi.RunError(f"the stack's config was refused:\n{error}") from None


def check(
    config: Mapping[str, Any],
    encrypted: EncryptedLeaves = NOTHING_ENCRYPTED,
    *,
    folder: Path | None = None,
) -> PairSettings | FleetSettings:
    """Check a config as `check_config` does, and that nothing is encrypted in vain.

    Raises:
        InvalidInput: With every problem of the config, and nothing that is encrypted. If something
            is encrypted by itself that is shown in plain text all the same.
    """
    settings = check_config(config, encrypted, folder=folder)
    exact = settings.encrypted.exact
    hidden = {place for place in exact if _is_of_provider(settings, place)}
    _build_args(settings, lambda _, place: hidden.add(place))
    problems = [
        Problem(display_path(place), SECRET, _PLAIN_RULE, _PLAIN_REMEDY, code="must-be-plain")
        for place in sorted(exact - hidden, key=str)
    ]
    if problems:
        raise InvalidInput(problems)
    return settings


def make_pair_args(settings: PairSettings) -> CrossAccountAccessArgs:
    """The args of a pair's component, with a provider for each part that it makes."""
    args: CrossAccountAccessArgs = make_args(settings)
    if settings.source.account_id:
        args["source_account_id"] = settings.source.account_id
    if settings.destination.account_id:
        args["destination_account_id"] = settings.destination.account_id
    if "source" in settings.made:
        args["source_provider"] = _make_account_provider(settings, "source")
    if "destination" in settings.made:
        args["destination_provider"] = _make_account_provider(settings, "destination")
    return args


def make_fleet_args(settings: FleetSettings) -> MultiAccountAccessArgs:
    """The args of many accounts' component, with a provider for each account that is contacted."""
    args: MultiAccountAccessArgs = make_args(settings)
    accounts, made, looked_up = args["accounts"], settings.made, settings.looked_up
    for name, account in settings.accounts.items():
        if account.account_id:
            accounts[name]["account_id"] = account.account_id
        if name in made:
            accounts[name]["provider"] = _make_account_provider(settings, name)
        elif name in looked_up:
            accounts[name]["lookup_provider"] = _make_account_provider(settings, name)
    return args


def make_args(settings: Settings) -> Any:
    """The args that hold no provider, as a component takes them: what is encrypted is a secret."""

    def hide(value: Any, place: FieldPath) -> Any:
        return pulumi.Output.secret(value) if place in settings.encrypted else value

    return _build_args(settings, hide)


def _build_args(settings: Settings, hide: Any) -> Any:
    is_fleet = isinstance(settings, FleetSettings)
    hint = MultiAccountAccessArgs if is_fleet else CrossAccountAccessArgs
    return build_args(settings.given, hint, hide)


def _is_of_provider(settings: Settings, place: FieldPath) -> bool:
    """Whether a value is one that an account's provider has, and so may be a secret."""
    starts = [settings.locate_connection(name) for name in settings.connections]
    return any(
        place[: len(start)] == start
        and len(place) > len(start)
        and place[len(start)] not in _PLAIN_ACCOUNT_KEYS
        for start in starts
    )


def _make_account_provider(settings: Settings, name: str) -> aws.Provider:
    path = settings.locate_connection(name)
    return make_provider(settings.connections[name], name, path, settings.encrypted)


def make_provider(
    connection: Connection,
    name: str,
    path: FieldPath = (),
    encrypted: Container[FieldPath] = frozenset(),
) -> aws.Provider:
    """Make an account's AWS provider; it refuses another account in a refresh or destroy too.

    Args:
        connection: How the account is reached.
        name: The resource's name, which is the account's.
        path: The connection's path in the config.
        encrypted: What of the config is encrypted, and so a secret in the provider.
    """

    def hide(value: str | None, *keys: str) -> Any:
        return _secret(value) if (*path, *keys) in encrypted else value

    role, account_id = connection.assume_role, connection.account_id
    endpoint = connection.endpoint
    # EC2's credentials are looked for where nothing says otherwise. To say so would make them be
    # looked for in spite of AWS_EC2_METADATA_DISABLED (aws-sdk-go-base, awsconfig.go).
    return aws.Provider(
        name,
        region=hide(connection.region, "region"),
        profile=hide(connection.profile, "profile"),
        access_key=_secret(connection.access_key),
        secret_key=_secret(connection.secret_key),
        token=_secret(connection.token),
        assume_roles=[_describe_role(role, hide)] if role else None,
        allowed_account_ids=[hide(account_id, "accountId")] if account_id else None,
        **(_describe_emulator(hide(endpoint, "endpoint")) if endpoint else {}),
        opts=pulumi.ResourceOptions.merge(
            _replace_for_account(hide(account_id, "accountId")),
            _explain_account(name, account_id, (*path, "accountId"), encrypted),
        ),
    )


def _describe_role(role: AssumedRole, hide: Callable[..., Any]) -> aws.ProviderAssumeRoleArgs:
    # Not a dict, whose keys would stay in snake_case and be ignored (pulumi-aws 7.51).
    return aws.ProviderAssumeRoleArgs(
        role_arn=hide(role.role_arn, "assumeRole", "roleArn"),
        external_id=_secret(role.external_id),
        session_name=hide(role.session_name, "assumeRole", "sessionName"),
    )


def _replace_for_account(account_id: Any) -> pulumi.ResourceOptions:
    """Replace a provider, with all that it made, when the config names another account.

    Changed in place, it would leave everything in the former account.
    """
    return pulumi.ResourceOptions(replacement_trigger=account_id, delete_before_replace=True)


def _explain_account(
    name: str, expected: str | None, place: FieldPath, encrypted: Container[FieldPath]
) -> pulumi.ResourceOptions | None:
    """Say which account was expected where AWS's provider names only the one that it refuses."""
    if expected is None or not monitor_supports_feature(RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        return None
    shown = SECRET if place in encrypted else expected

    def explain(failure: pulumi.ErrorHookArgs) -> bool:
        if match := _REFUSED_ACCOUNT.search("\n".join(failure.errors)):
            refusal = refuse_other_account(match["account"], shown)
            pulumi.log.error(make_problem(display_path(place), shown, refusal).message)
        return False  # not to be tried again

    hook = pulumi.ErrorHook(f"account-of-{name}", explain)
    return pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(on_error=[hook]))


def _describe_emulator(endpoint: Any) -> dict[str, Any]:
    return {
        "endpoints": [{"iam": endpoint, "sts": endpoint}],
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
    }


def _secret(value: str | None) -> pulumi.Output[str] | None:
    return None if value is None else pulumi.Output.secret(value)


def export(access: CrossAccountAccess | MultiAccountAccess, settings: Settings) -> None:
    """Export what the stack's users see, and in one secret output what the command line reads."""
    pulumi.export("grants", list_grants(access, settings))
    documents = [access.documents]
    if isinstance(access, MultiAccountAccess):
        documents.append(access.policies)
    joined = pulumi.Output.all(*documents).apply(lambda maps: dict(ChainMap(*maps)))
    pulumi.export("documents", pulumi.Output.secret(joined))


def list_grants(
    access: CrossAccountAccess | MultiAccountAccess, settings: Settings
) -> dict[str, Any]:
    """What users see of each grant: among many accounts, of each of its roles."""
    if isinstance(access, CrossAccountAccess):
        ids = access.source_account_id, access.destination_account_id
        return {
            name: _list_outputs(granted, name, settings.grants[name], *ids)
            for name, granted in access.granted.items()
        }
    account_ids = access.account_ids

    def list_accounts(name: str, granted: Mapping[str, GrantOutputs]) -> dict[str, Any]:
        grant = settings.grants[name]
        source = _find_source(grant)
        return {
            account: _list_outputs(
                one,
                name,
                grant,
                account_ids.apply(itemgetter(source)),
                account_ids.apply(itemgetter(account)),
            )
            for account, one in granted.items()
        }

    return {name: list_accounts(name, accounts) for name, accounts in access.granted.items()}


def _find_source(grant: GrantModel) -> str:
    """The account whose ID the grant's documents have as their source's."""
    first = min(grant.principals, key=lambda principal: principal.rank)
    return grant.source or grant.source_of(first)


def _list_outputs(
    granted: GrantOutputs,
    name: str,
    grant: GrantModel,
    source: pulumi.Output[str],
    destination: pulumi.Output[str],
) -> dict[str, pulumi.Output[Any]]:
    """One role's outputs, without those that have no value."""
    role = grant.role_place(name).removeprefix("/")
    no_console = find_console_obstacle(grant.principals, grant.conditions, role)
    left_out = {"documents", "switch_role_url" if no_console else "switch_role_unavailable"}
    values = {
        to_camel(field.name): getattr(granted, field.name)
        for field in fields(granted)
        if field.name not in left_out
    }
    own = {key: value for key, value in values.items() if value is not None}
    return own | {"sourceAccountId": source, "destinationAccountId": destination}


def _parse_value(value: str) -> Any:
    """Read a value as Pulumi passes it: as text, or an object as JSON."""
    try:
        return json.loads(value) if value.startswith(("{", "[")) else value
    except ValueError:
        return value
