"""The stack's config: read, checked as a whole, and turned into providers and a component's args.

Pulumi.yaml describes the keys, and the package `cross_account_access` what a grant is.
"""

import json
import re
from collections.abc import Container, Mapping, Sequence
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws
from pulumi.runtime import config as pulumi_config
from pydantic import PrivateAttr, model_validator
from pydantic.alias_generators import to_camel

from cross_account_access import CrossAccountAccess, CrossAccountAccessArgs, InvalidInput
from cross_account_access.errors import (
    SECRET,
    FieldPath,
    Key,
    Problem,
    Refusal,
    end_path,
    join_path,
)
from cross_account_access.grants.grant_set import PairSet
from cross_account_access.grants.model import Model, plain, read_model
from cross_account_access.grants.roles import check_role_arn
from cross_account_access.iam import arns, limits
from cross_account_access.iam.findings import AccountSide
from cross_account_access.wiring.encrypted_config import (
    NOTHING_ENCRYPTED,
    EncryptedLeaves,
    build_args,
    read_saved_config,
)

NAMESPACE = "cross-account-access"
_PATH = f"{NAMESPACE}:"
_PLAIN_RULE = "must not be encrypted: names of resources, or outputs, show it in plain text"
_PLAIN_REMEDY = "Set it without --secret"

REGION = limits.StringRule(
    "a region",
    4,
    32,
    r"[a-z]{2,}(-[a-z]+)+-\d+",
    "small letters and hyphens, a number at the end, such as us-east-1",
)
PROFILE = limits.StringRule("a profile", 1, 256, r"[^\r\n\]]*", "all except line ends and ]")
ACCESS_KEY = limits.StringRule("an access key ID", 12, 128, r"\w*", "letters and digits")
SECRET_KEY = limits.StringRule("a secret key or token", 1, 16384, r"\S*", "all except white space")


def _check_access_key(value: object) -> str:
    """Check an access key ID, which may be an account's ID and so a number on an emulator."""
    is_account = isinstance(value, int) and limits.is_account_id(str(value))
    return str(value) if is_account else ACCESS_KEY(value)


def _check_endpoint(value: object) -> str:
    rule, code = "must be a URL such as http://127.0.0.1:4577", "invalid-endpoint"
    if not isinstance(value, str):
        raise Refusal(rule, code=code)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if "@" in value:
        raise Refusal(
            rule,
            code=code,
            remedy="Leave user name and password out",
            value=re.sub("//.*@", "//[secret]@", value),
        )
    if not usable or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise Refusal(rule, code=code)
    return value.rstrip("/")


class AssumedRole(Model):
    """A role that is assumed with the credentials first."""

    role_arn: Annotated[str, plain(check_role_arn)]
    external_id: Annotated[str | None, plain(limits.EXTERNAL_ID)] = None
    session_name: Annotated[str | None, plain(limits.SESSION_NAME)] = None


class Connection(Model):
    """The region of an account and the credentials for it."""

    account_id: Annotated[str | None, plain(limits.check_account_id)] = None
    region: Annotated[str | None, plain(REGION)] = None
    profile: Annotated[str | None, plain(PROFILE)] = None
    access_key: Annotated[str | None, plain(_check_access_key)] = None
    secret_key: Annotated[str | None, plain(SECRET_KEY)] = None
    token: Annotated[str | None, plain(SECRET_KEY)] = None
    assume_role: AssumedRole | None = None
    endpoint: Annotated[str | None, plain(_check_endpoint)] = None

    @model_validator(mode="after")
    def _check_credentials(self) -> "Connection":
        if self.profile and self.access_key:
            raise Refusal(
                "credentials must be either a profile or an access key",
                code="profile-and-access-key",
                remedy="Remove one of them",
                where=(Key("profile"),),
                value=self.profile,
            )
        for key, needed in (
            ("access_key", "secret_key"),
            ("secret_key", "access_key"),
            ("token", "access_key"),
        ):
            if getattr(self, key) and not getattr(self, needed):
                raise Refusal(
                    "an access key ID must have its secret key beside it, and a token both",
                    code="incomplete-access-key",
                    remedy="Add the key",
                    where=(Key(needed),),
                )
        account, source = self._find_account()
        if account and self.account_id and self.account_id != account:
            raise Refusal(
                f"must be the account of {source}",
                code="credentials-of-other-account",
                where=(Key("account_id"),),
                value=self.account_id,
                remedy=f"That is {account}: correct the ID, or use other credentials",
            )
        return self

    def _find_account(self) -> tuple[str | None, str]:
        """Find the account that the credentials themselves name, and which of them does."""
        if self.assume_role:
            role = arns.parse_arn(self.assume_role.role_arn)
            return role.account if role else None, "the role to assume"
        if self.access_key and limits.is_account_id(self.access_key):
            return self.access_key, "the emulator's access key"
        return None, ""

    def provider(self, name: str, encrypted: Container[FieldPath] = frozenset()) -> aws.Provider:
        """Make the AWS provider; it refuses another account in a refresh or destroy too.

        Args:
            name: The resource's name, which is the connection's key in config.
            encrypted: What of the config is encrypted.
        """

        def hide(value: str | None, *keys: str) -> Any:
            return _secret(value) if (name, *keys) in encrypted else value

        emulated: dict[str, Any] = {}
        if self.endpoint:
            endpoint = hide(self.endpoint, "endpoint")
            emulated = {
                "endpoints": [{"iam": endpoint, "sts": endpoint}],
                "skip_credentials_validation": True,
                "skip_metadata_api_check": True,
                "skip_region_validation": True,
            }
        # Not a dict, whose keys would stay in snake_case and be ignored (pulumi-aws 7.51).
        roles = [
            aws.ProviderAssumeRoleArgs(
                role_arn=hide(role.role_arn, "assumeRole", "roleArn"),
                external_id=_secret(role.external_id),
                session_name=hide(role.session_name, "assumeRole", "sessionName"),
            )
            for role in ([self.assume_role] if self.assume_role else [])
        ]
        return aws.Provider(
            name,
            region=hide(self.region, "region"),
            profile=hide(self.profile, "profile"),
            access_key=_secret(self.access_key),
            secret_key=_secret(self.secret_key),
            token=_secret(self.token),
            assume_roles=roles or None,
            allowed_account_ids=[hide(self.account_id, "accountId")] if self.account_id else None,
            **emulated,
        )


class Settings(PairSet):
    """The whole config."""

    source: Connection = Connection()
    destination: Connection = Connection()
    _given: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    _encrypted: EncryptedLeaves = PrivateAttr(default=NOTHING_ENCRYPTED)

    def account_id(self, account: AccountSide) -> tuple[FieldPath, str | None]:
        """The path of an account's expected ID, and the ID where it is set."""
        connection: Connection = getattr(self, account)
        return (Key(account), Key("account_id")), connection.account_id

    def args(self) -> CrossAccountAccessArgs:
        """Grants and tags as the component takes them: what is encrypted is a secret."""

        def hide(value: Any, place: FieldPath) -> Any:
            return pulumi.Output.secret(value) if place in self._encrypted else value

        args: CrossAccountAccessArgs = build_args(self._given, CrossAccountAccessArgs, hide)
        return args

    def provider(self, account: AccountSide) -> aws.Provider:
        """Make an account's AWS provider; what is encrypted is a secret in it."""
        connection: Connection = getattr(self, account)
        return connection.provider(account, self._encrypted)

    def keep(self, config: Mapping[str, Any], encrypted: EncryptedLeaves) -> None:
        """Keep the config that this was read from, and what in it is encrypted.

        Raises:
            InvalidInput: If something is encrypted by itself that is shown in plain text all the
                same.
        """
        self._given, self._encrypted = config, encrypted
        hidden: set[FieldPath] = set()
        build_args(self._given, CrossAccountAccessArgs, lambda _, place: hidden.add(place))
        hidden |= {
            place
            for place in self._encrypted.exact
            if place[0] in ("source", "destination") and place[1:] != ("accountId",)
        }
        problems = [
            Problem(
                join_path(_PATH, place), SECRET, _PLAIN_RULE, _PLAIN_REMEDY, code="must-be-plain"
            )
            for place in sorted(encrypted.exact - hidden, key=str)
        ]
        if problems:
            raise InvalidInput(problems)


def _secret(value: str | None) -> pulumi.Output[str] | None:
    return None if value is None else pulumi.Output.secret(value)


def check(config: Mapping[str, Any], encrypted: EncryptedLeaves = NOTHING_ENCRYPTED) -> Settings:
    """Check a config, its keys without the namespace and its values as YAML gives them.

    Raises:
        InvalidInput: With every problem of the config, and nothing that is encrypted.
    """
    own = deepcopy(dict(config))  # what the caller does to its config later changes nothing
    try:
        settings = _read(own)
    except InvalidInput as error:
        if not encrypted:
            raise
        raise InvalidInput(_hide_secrets(error.problems, own, encrypted)) from None
    settings.keep(own, encrypted)
    return settings


def _read(config: Mapping[str, Any]) -> Settings:
    return read_model(Settings, config, path=_PATH, spelling="camelCase")


def _hide_secrets(
    problems: Sequence[Problem], config: Mapping[str, Any], encrypted: EncryptedLeaves
) -> list[Problem]:
    """The problems with only those values and remedies that the config without secrets has too."""
    try:
        _read(encrypted.mask(config))
        told: Sequence[Problem] = ()
    except InvalidInput as error:
        told = error.problems
    twins = {(problem.path, problem.code): problem for problem in told}
    ends = [join_path(_PATH, place) for place in encrypted.exact | encrypted.covered]
    hidden = []
    for problem in problems:
        twin = twins.get((problem.path, problem.code), replace(problem, value="", remedy=""))
        value = problem.value if problem.value == twin.value else SECRET
        remedy = problem.remedy if problem.remedy == twin.remedy else ""
        path = end_path(problem.path, ends)
        hidden.append(replace(problem, path=path, value=value, remedy=remedy))
    return hidden


def load() -> Settings:
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
        return check(config, EncryptedLeaves.find(config, keys, saved))
    except InvalidInput as error:
        raise pulumi.RunError(f"the stack's config was refused:\n{error}") from None


def outputs(access: CrossAccountAccess) -> dict[str, dict[str, pulumi.Output[Any] | None]]:
    """What the program exports of each grant."""
    accounts = {
        "sourceAccountId": access.source_account_id,
        "destinationAccountId": access.destination_account_id,
    }
    return {
        name: {to_camel(field.name): getattr(granted, field.name) for field in fields(granted)}
        | accounts
        for name, granted in access.granted.items()
    }


def _parse_value(value: str) -> Any:
    try:
        return json.loads(value) if value.startswith(("{", "[")) else value
    except ValueError:
        return value
