"""A grant as a whole: who gets which role under which conditions, and how its parts go together."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cross_account_access.errors import FieldPath, Key, Refusal, locate
from cross_account_access.iam import arns, limits
from cross_account_access.iam.findings import AccountSide

from .condition_values import check_known_tags
from .conditions import ConditionsModel
from .model import Model, Unresolved, plain
from .principals import TRAITS, Entity, PrincipalKind, PrincipalModel
from .roles import RoleModel, Tags, merge_tags
from .trust import build_trust_policy, get_effective_conditions
from .trust_overlap import check_overlaps

Side = Literal["both", "source", "destination"]

_GRANT_NAME = replace(limits.ROLE_NAME, what="a grant's name")
# Of the minimum length; the digest of unique IDs has one length whatever theirs.
_PLACEHOLDER_ID = "0" * limits.UNIQUE_ID.least


def refuse_same_account(where: FieldPath, account: str) -> Refusal:
    """Make the refusal of a source that is the destination too."""
    return Refusal(
        "source and destination must be two accounts",
        code="same-account",
        remedy="Inside one account an identity policy is enough",
        where=where,
        value=account,
    )


def _check_former_name(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal("a former name must be a string", code="former-name-not-string")
    component, slash, grant = value.rpartition("/")
    if slash and not component:
        raise Refusal(
            "must be GRANT, or COMPONENT/GRANT for a grant that was in another component",
            code="invalid-former-name",
        )
    _GRANT_NAME(grant)
    return value


class TrustModel(Model):
    """Who is trusted, under which conditions."""

    principals: list[PrincipalModel] = Field(min_length=1)
    conditions: ConditionsModel | None = None

    @model_validator(mode="after")
    def _check_trust(self) -> "TrustModel":
        self._check_unique()
        for position, principal in enumerate(self.principals):
            with locate(Key("principals"), position):
                self.check_possible(principal)
        account = self._check_one_account()
        self._check_quota(account or "0" * 12)
        check_overlaps(self.principals, self.conditions)
        return self

    def _check_unique(self) -> None:
        """Check that no two principals share a label, nor a name under different labels."""
        names = [f"{p.kind}-{p.entity.name}" if p.entity else p.key for p in self.principals]
        for keys in ([p.key for p in self.principals], names):
            if repeated := limits.find_repeated(keys, key=str.lower):
                position = max(i for i, k in enumerate(keys) if k.lower() == repeated.lower())
                raise Refusal(
                    "a grant must not have a principal twice; names are unique ignoring case, "
                    "whatever the path",
                    code="repeated-principal",
                    where=(Key("principals"), position),
                    value=self.principals[position].display_name,
                )

    def _check_one_account(self) -> str | None:
        accounts = sorted({p.known_account for p in self.principals if p.known_account})
        if len(accounts) > 1:
            raise Refusal(
                "a grant's principals must be in one source account",
                code="principals-of-several-accounts",
                remedy=f"These are in {', '.join(accounts)}",
                where=(Key("principals"),),
            )
        return accounts[0] if accounts else None

    def _check_quota(self, account: str) -> None:
        """Check the trust policy's size, as it will be with the principals' unique IDs."""
        positions = [
            position
            for position, p in enumerate(self.principals)
            if not isinstance(p.identity, Unresolved)
        ]
        principals = [
            p.model_copy(update={"unique_id": _PLACEHOLDER_ID})
            if p.kind in ("user", "role") and not p.by_name
            else p
            for p in (self.principals[position] for position in positions)
        ]
        partition = next(filter(None, (p.known_partition for p in principals)), "aws")
        with locate(Key("principals")):
            try:
                build_trust_policy(principals, self.conditions, partition, account)
            except Refusal as refusal:
                if refusal.where:
                    first, *rest = refusal.where
                    refusal.where = (positions[int(first)], *rest)
                raise

    def check_possible(self, principal: PrincipalModel) -> None:
        """Check that a principal can meet its conditions at all.

        Raises:
            Refusal: If it can't.
        """
        with locate(Key("conditions")):
            effective = get_effective_conditions(principal, self.conditions)
        if effective is None or principal.kind is None:
            return
        if effective.needs_mfa and TRAITS[principal.kind].mfa == "no":
            raise Refusal(
                f"MFA must not be required of a {_describe(principal.kind)}, which can't have it",
                code="mfa-for-role",
                remedy="Give it conditions of its own with MFA false, or a grant of its own",
                value=principal.display_name,
            )
        if principal.kind != "user" and any(
            "${aws:username}" in str(name) for name in effective.session_names or []
        ):
            raise Refusal(
                "a session name with ${aws:username} must be for users only, because others have "
                "no aws:username",
                code="username-for-non-user",
                remedy="Give it conditions of its own with another session name, or a grant of "
                "its own",
                value=principal.display_name,
            )

    @property
    def entities(self) -> list[Entity]:
        """The users, roles and groups that are known."""
        return [principal.entity for principal in self.principals if principal.entity]

    @property
    def chained(self) -> bool:
        """Whether all callers are role sessions, so that a session lasts at most an hour."""
        return all(
            principal.kind and TRAITS[principal.kind].chained == "yes"
            for principal in self.principals
        )


class RoleGrantModel(TrustModel):
    """A role, and who may assume it."""

    role: RoleModel = Field(default_factory=RoleModel)

    @model_validator(mode="after")
    def _check_session_duration(self) -> "RoleGrantModel":
        longest = self.role.max_session_duration or 0
        if self.chained and longest > limits.CHAINED_SESSION_SECONDS:
            raise Refusal(
                f"must be at most {limits.CHAINED_SESSION_SECONDS} seconds where all principals "
                "are role sessions (role chaining)",
                code="chained-session-too-long",
                remedy="Leave it out",
                where=(Key("role"), Key("max_session_duration")),
                value=longest,
            )
        return self


class GrantModel(RoleGrantModel):
    """One grant; `args.Grant` says what each key means."""

    formerly: list[Annotated[str, plain(_check_former_name)]] = []

    def role_name(self, grant: str) -> str:
        """The role's name, by default the grant's."""
        return self.role.name or grant

    def role_arn(self, grant: str, partition: str, account: str) -> str:
        """The role's ARN in the destination account."""
        return str(arns.IamArn(partition, account, "role", self.role.path, self.role_name(grant)))

    def longest_role_arn(self, grant: str) -> str:
        """The longest ARN that the role may have, in the partition with the longest name."""
        return self.role_arn(grant, "aws-us-gov", "0" * 12)

    @property
    def unattached_principals(self) -> list[PrincipalModel]:
        """The principals to whom the user must attach the source's policy."""
        return [principal for principal in self.principals if principal.attached is None]


def _describe(kind: PrincipalKind) -> str:
    return "role session" if kind == "session" else kind.replace("_", " ")


def _check_side(value: object) -> Side:
    match getattr(value, "value", value):
        case "both" | "source" | "destination" as side:
            return side
        case _:
            raise Refusal("must be both, source or destination", code="invalid-side")


def check_import_ids(value: object) -> dict[str, str]:
    """Check a map from TYPE/NAME of a resource to its import ID."""
    rule = "must be import IDs by TYPE/NAME, such as Role/access-deploy: deploy"
    if not isinstance(value, Mapping):
        raise Refusal(rule, code="invalid-imports")
    for key, import_id in value.items():
        is_name = isinstance(key, str) and all(key.partition("/"))
        if not is_name or not isinstance(import_id, str) or not import_id:
            raise Refusal(rule, code="invalid-imports", where=(str(key),), value=import_id)
    return dict(value)


class GrantSet(Model):
    """The grants between a pair of accounts, and how they go together."""

    grants: dict[Annotated[str, plain(_GRANT_NAME)], GrantModel] = Field(min_length=1)
    side: Annotated[Side, plain(_check_side)] = "both"
    tags: Annotated[Tags, plain(check_known_tags)] = {}
    imports: Annotated[dict[str, str], plain(check_import_ids)] = {}

    @abstractmethod
    def account_id(self, account: AccountSide) -> tuple[FieldPath, str | None]:
        """The path of an account's expected ID, and the ID where it is set."""

    @model_validator(mode="after")
    def _check_grants(self) -> "GrantSet":
        self._check_two_accounts()
        self.check_accounts(self.account_id("source")[1], self.account_id("destination")[1])
        self._check_former_names()
        for name, grant in sorted(self.grants.items()):
            with locate(Key("grants"), name, Key("role"), Key("tags")):
                merge_tags(self.tags, grant.role.tags)
        self._check_role_names()
        self._check_spelling()
        return self

    def _check_role_names(self) -> None:
        names: dict[str, str] = {}
        for name, grant in sorted(self.grants.items()):
            role = grant.role_name(name)
            if (other := names.setdefault(role.lower(), name)) != name:
                raise Refusal(
                    "role names must be unique in an account, ignoring case; grant "
                    f"{other} already uses this one",
                    code="repeated-role-name",
                    where=(Key("grants"), name, Key("role"), Key("name")),
                    value=role,
                )

    def _check_spelling(self) -> None:
        """Check that all grants spell a principal alike, so that it is one for all of them."""
        spellings: dict[str, str] = {}
        for where, principal in self._list_principals():
            if entity := principal.entity:
                name = f"{entity.path}{entity.name}"
                other = spellings.setdefault(f"{entity.kind} {entity.name}".lower(), name)
                if other != name:
                    raise Refusal(
                        "a principal must be spelt alike everywhere",
                        code="principal-spelt-differently",
                        remedy=f"Another grant has {other}: spell it as IAM shows it",
                        where=where,
                        value=name,
                    )

    def check_accounts(
        self, source: str | None, destination: str | None, partition: str | None = None
    ) -> None:
        """Check the known accounts and partitions of principals and policies.

        Args:
            source: The source account's ID; None where it isn't known.
            destination: The destination account's ID, likewise.
            partition: The partition of both, likewise.

        Raises:
            Refusal: If a principal or a policy is in another account or partition.
        """
        self._check_sources(source, partition)
        for name, grant in sorted(self.grants.items()):
            if destination:
                with locate(Key("grants"), name, Key("role")):
                    grant.role.check_account(destination, partition)

    def _check_former_names(self) -> None:
        taken = {name: name for name in self.grants}
        for name, grant in sorted(self.grants.items()):
            for position, former in enumerate(grant.formerly):
                if (other := taken.setdefault(former, name)) != name or former == name:
                    raise Refusal(
                        "must be a name that no grant has now and no other grant had; grant "
                        f"{other} has it",
                        code="former-name-in-use",
                        where=(Key("grants"), name, Key("formerly"), position),
                        value=former,
                    )

    def _check_two_accounts(self) -> None:
        if self.side != "both":
            other: AccountSide = "destination" if self.side == "source" else "source"
            where, account = self.account_id(other)
            if account is None:
                raise Refusal(
                    f"the {other} account's ID is required with side {self.side}",
                    code="missing-account-id",
                    remedy="Add the key",
                    where=where,
                )
        where, destination = self.account_id("destination")
        if destination and destination == self.account_id("source")[1]:
            raise refuse_same_account(where, destination)

    def _check_sources(self, source: str | None, partition: str | None) -> None:
        for where, principal in self._list_principals():
            with locate(*where):
                principal.check_source(source, partition)
            source = source or principal.known_account

    def _list_principals(self) -> Iterator[tuple[FieldPath, PrincipalModel]]:
        """Every principal, with its path."""
        for name, grant in sorted(self.grants.items()):
            for position, principal in enumerate(grant.principals):
                yield (Key("grants"), name, Key("principals"), position), principal


class AccessModel(GrantSet):
    """Checked `access.CrossAccountAccessArgs`, but for the providers."""

    source_account_id: Annotated[str | None, plain(limits.check_account_id)] = None
    destination_account_id: Annotated[str | None, plain(limits.check_account_id)] = None

    def account_id(self, account: AccountSide) -> tuple[FieldPath, str | None]:
        """The path of an account's expected ID, and the ID where it is set."""
        key = f"{account}_account_id"
        return (Key(key),), getattr(self, key)
