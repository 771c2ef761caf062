"""Who may be trusted, and how a trust policy names them."""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ValidationInfo, model_validator

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import arns, limits

from .accounts import ACCOUNT_NAME
from .condition_values import Block
from .conditions import ConditionsModel
from .exclusions import (
    build_exclusion_pattern,
    check_excluded_account,
    check_exclusions,
    find_excluded_arns,
)
from .model import Model, Unresolved, plain, spell_key, when_known
from .principal_entities import Attachable, Entity, check_source_account, check_source_partition
from .principal_kinds import KINDS, TRAITS, PrincipalKind
from .principal_names import (
    check_group_name,
    check_principal_arn,
    check_role_name,
    check_role_pattern,
    check_roles_path,
    check_session,
    check_unit_path,
    check_user_name,
)

TrustBy = Literal["id", "name"]

EVERYBODY = "*"


IDENTITY_KEYS = (*KINDS, "arn")
_UNITS = ("organization", "organizational_unit")
_EXCEPTED_FROM = ("account", "group", *_UNITS)


def get_reserved_role_pattern(permission_set: str) -> str:
    """Get the pattern of the name of a permission set's reserved role."""
    # 16 ? for the suffix's characters: with a *, SET would let SET_MORE in too.
    return f"AWSReservedSSO_{permission_set}_{'?' * 16}"


def _check_trust_by(value: object) -> TrustBy:
    match getattr(value, "value", value):
        case "id" | "name" as trust_by:
            return trust_by
        case _:
            raise Refusal("must be id or name", code="invalid-trust-by")


class PrincipalModel(Model):
    """One trusted principal, by exactly one of its keys; `args.Principal` says what each means."""

    user: Annotated[str | Unresolved | None, when_known(check_user_name)] = None
    role: Annotated[str | Unresolved | None, when_known(check_role_name)] = None
    arn: Annotated[str | Unresolved | None, when_known(check_principal_arn)] = None
    group: Annotated[str | Unresolved | None, when_known(check_group_name)] = None
    account: Annotated[str | None, plain(limits.check_account_id)] = None
    permission_set: Annotated[str | None, plain(limits.PERMISSION_SET)] = None
    role_pattern: Annotated[str | None, plain(check_role_pattern)] = None
    path: Annotated[str | None, plain(check_roles_path)] = None
    organization: Annotated[str | None, plain(limits.ORGANIZATION)] = None
    organizational_unit: Annotated[str | None, plain(check_unit_path)] = None
    session: Annotated[str | None, plain(check_session)] = None
    source: Annotated[str | None, plain(ACCOUNT_NAME)] = None
    label: Annotated[str | None, plain(limits.LABEL)] = None
    trust_by: Annotated[TrustBy, plain(_check_trust_by)] = "id"
    unique_id: Annotated[str | Unresolved | None, when_known(limits.UNIQUE_ID)] = None
    except_: Annotated[list[str | Unresolved], plain(check_exclusions)] = []
    conditions: ConditionsModel | None = None

    @model_validator(mode="after")
    def _check_keys(self, info: ValidationInfo) -> "PrincipalModel":
        identity_keys = [key for key in IDENTITY_KEYS if getattr(self, key) is not None]
        if len(identity_keys) != 1:
            allowed, present = (
                [spell_key(key, info) for key in keys] for keys in (IDENTITY_KEYS, identity_keys)
            )
            raise Refusal(
                f"a principal must have exactly one of {', '.join(allowed)}; this one has "
                f"{' and '.join(present) or 'none'}",
                code="one-principal-key",
            )
        if isinstance(self.identity, Unresolved) and self.label is None:
            raise Refusal(
                f"a principal whose {identity_keys[0]} is an Output must have a label, from which "
                "its resources are named",
                code="missing-label",
                remedy="Add a plain label, such as the name in your program",
                where=(Key("label"),),
            )
        self._check_trust(identity_keys[0])
        return self

    def _check_trust(self, identity_key: str) -> None:
        if self.except_ and identity_key not in _EXCEPTED_FROM:
            raise Refusal(
                "must be beside an account, group, organization or organizational unit",
                code="except-beside-one",
                remedy="Remove the key",
                where=(Key("except_"),),
            )
        for key, is_set in (("trust_by", self.by_name), ("unique_id", self.unique_id is not None)):
            if is_set and identity_key not in ("user", "role", "arn"):
                raise Refusal(
                    "must be beside a user, role or arn",
                    code="not-user-or-role",
                    remedy="Remove the key",
                    where=(Key(key),),
                    value=getattr(self, key),
                )
        if self.by_name and self.unique_id is not None:
            raise Refusal(
                "must not be set for a principal that is trusted by name",
                code="unique-id-with-name",
                remedy="Remove one of them",
                where=(Key("unique_id"),),
                value=self.unique_id,
            )

    @property
    def by_name(self) -> bool:
        """Whether it is trusted by name, so that a re-created one is trusted too."""
        return self.trust_by == "name"

    @cached_property
    def identity(self) -> str | Unresolved:
        """The value of the key that names it."""
        values: list[str | Unresolved | None] = [getattr(self, key) for key in IDENTITY_KEYS]
        return next(value for value in values if value is not None)

    @property
    def display_name(self) -> str:
        """What a message calls it."""
        return str(self.label) if isinstance(self.identity, Unresolved) else self.identity

    @property
    def known_account(self) -> str | None:
        """Its account, where its own keys hold it."""
        if self.kind == "group" and (excluded := find_excluded_arns(self.except_)):
            return excluded[0][1].account
        return self.account or (self.entity.account if self.entity else None)

    @property
    def known_partition(self) -> str | None:
        """Its account's partition, where an ARN in it has one."""
        if excluded := find_excluded_arns(self.except_):
            return excluded[0][1].partition
        return self.entity.partition if self.entity else None

    @cached_property
    def kind(self) -> PrincipalKind | None:
        """What it is; None while its ARN isn't known."""
        if isinstance(self.arn, Unresolved):
            return None
        if self.arn is not None:
            return "user" if arns.get_kind(self.arn) == "user" else "role"
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @cached_property
    def entity(self) -> Entity | None:
        """The user, role or group in its parts; None for other kinds and an unknown principal."""
        if isinstance(self.identity, Unresolved) or self.kind not in ("user", "role", "group"):
            return None
        if self.arn is not None:
            arn = arns.parse_arn(self.identity)
            return (
                Entity(self.kind, arn.path, arn.name, arn.account, arn.partition) if arn else None
            )
        return Entity(self.kind, *arns.split_path(self.identity))

    @cached_property
    def resource_label(self) -> str:
        """Its label, or its name without the path."""
        return self.label or (self.entity.name if self.entity else str(self.identity).strip("/"))

    @property
    def key(self) -> str:
        """The key in its resources' names: plain, and unique in an account as IAM's names are."""
        # A role may be labelled `pattern-…`.
        kind = "roles" if self.role_pattern else self.kind or "arn"
        return f"{kind.replace('_', '-')}-{self.resource_label}"

    @property
    def rank(self) -> tuple[str, str, str]:
        """By what a grant's principals are sorted, whatever their order in the input."""
        return self.resource_label, self.key, self.source or ""

    @property
    def attached(self) -> Attachable | None:
        """What the source's policy is attached to; None where the user attaches it."""
        return TRAITS[self.kind].attached if self.kind else "role"

    @property
    def matching_roles(self) -> tuple[str, ...]:
        """What stands behind `role/` in the ARNs of the roles that it names, as patterns.

        Of a session it is not known at which path its role is.
        """
        match self.kind:
            case "role" if self.entity:
                return (f"{self.entity.path}{self.entity.name}".removeprefix("/"),)
            case "session":
                role = str(self.session).partition("/")[0]
                return role, f"*/{role}"
            case "permission_set":
                role = get_reserved_role_pattern(str(self.permission_set))
                return (f"aws-reserved/sso.amazonaws.com*/{role}",)
            case "role_pattern":
                return (str(self.role_pattern),)
            case "path":
                return (f"{str(self.path).removeprefix('/')}*",)
            case _:
                return ()

    def check_source(self, account: str | None, partition: str | None) -> None:
        """Check that it is in the source account, as far as both are known.

        Raises:
            Refusal: If it is in another account or partition.
        """
        self._check_excluded(account, partition)
        check_source_partition(self.known_partition, partition)
        check_source_account(self.known_account, account)

    def _check_excluded(self, account: str | None, partition: str | None) -> None:
        own = None if self.kind in _UNITS else account
        for position, arn in find_excluded_arns(self.except_):
            with locate(Key("except_"), position):
                check_excluded_account(arn, own, partition)

    def build_exclusions(self, partition: str, account: str) -> list[str]:
        """Build the patterns of `aws:PrincipalArn` that it doesn't let in, one for each exclusion.

        Args:
            partition: The source account's partition.
            account: The source account's ID, if it isn't the principal's `source`.

        Raises:
            Refusal: If an excluded ARN is in another account or partition.
        """
        account = self.source or account
        self._check_excluded(account, partition)
        names = [one if isinstance(one, str) else "" for one in self.except_]
        whose = "*" if self.kind in _UNITS else account
        return [build_exclusion_pattern(name, partition, whose) for name in names]

    def with_label(self, label: str, **identity: str) -> "PrincipalModel":
        """The same principal under another label.

        Args:
            label: The label.
            identity: `arn` and `unique_id` of a user or role as the source account has it.
        """
        changes: dict[str, Any] = {"label": label}
        if identity:
            changes |= {"user": None, "role": None, **identity}
        copy = self.model_copy(update=changes)
        for cached in ("identity", "kind", "entity", "resource_label"):
            copy.__dict__.pop(cached, None)
        return copy

    def located_in(self, account: str) -> "PrincipalModel":
        """The same with the name, or the ID, of its account as its `source`."""
        return self.model_copy(update={"source": account})

    def build_trust_element(self, partition: str, account: str) -> tuple[str, Block]:
        """Build its Principal in a trust policy, and the conditions that scope that down to it.

        Args:
            partition: The source account's partition.
            account: The source account's ID, if it isn't the principal's `source`.

        Raises:
            Refusal: If it is in another account or partition than the source.
        """
        account = self.source or account
        root = f"arn:{partition}:iam::{account}:root"
        match self.kind:
            case "user" | "role" if self.entity:
                arn = self.entity.build_arn(partition, account)
                return (root, {"ArnLike": {"aws:PrincipalArn": arn}}) if self.by_name else (arn, {})
            case "session":
                return f"arn:{partition}:sts::{account}:assumed-role/{self.session}", {}
            case "permission_set" | "role_pattern" | "path":
                arn = f"arn:{partition}:iam::{account}:role/{self.matching_roles[0]}"
                return root, {"ArnLike": {"aws:PrincipalArn": arn}}
            case "organization":
                return EVERYBODY, {"StringEquals": {"aws:PrincipalOrgID": self.organization}}
            case "organizational_unit":
                paths = f"{self.organizational_unit}*"
                return EVERYBODY, {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": paths}}
            case "account":
                check_source_account(self.account, account)
                return root, {}
            case _:
                return root, {}
