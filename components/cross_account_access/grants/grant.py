"""A grant as a whole: who gets which role under which conditions, and what can be wrong between its parts."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import arns, limits

from .conditions import ConditionsModel
from .model import Model, Unresolved, plain
from .principals import TRAITS, Entity, PrincipalKind, PrincipalModel
from .roles import RoleModel, Steps, merge_tags
from .trust import build_trust_policy, get_effective_conditions

Side = Literal["both", "source", "destination"]
Account = Literal["source", "destination"]

_GRANT_NAME = replace(limits.ROLE_NAME, what="a grant's name")
# As long as the shortest, for the digest of whatever ids has one length.
_SOME_ID = "0" * limits.UNIQUE_ID.least


def refuse_same_account(where: Steps, account: str) -> Refusal:
    """What is said where source and destination are one account."""
    return Refusal(
        "source and destination are two accounts",
        where=where,
        value=account,
        remedy="Inside one account an identity policy is enough",
    )


def _sessions_of(kind: PrincipalKind) -> str:
    return (
        "a session carries" if kind == "session" else f"a {kind.replace('_', ' ')}'s sessions carry"
    )


def _former(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal("a former name is text")
    component, slash, grant = value.rpartition("/")
    if slash and not component:
        raise Refusal(
            "a former name is GRANT, or COMPONENT/GRANT for one that was in another component"
        )
    _GRANT_NAME(grant)
    return value


class TrustModel(Model):
    """Who is trusted, under which conditions."""

    principals: list[PrincipalModel] = Field(min_length=1)
    conditions: ConditionsModel | None = None

    @model_validator(mode="after")
    def _trustworthy(self) -> "TrustModel":
        # By label, and by name under different labels.
        named = [f"{p.kind}-{p.entity.name}" if p.entity else p.key for p in self.principals]
        for keys in ([p.key for p in self.principals], named):
            if twice := limits.find_repeated(keys, key=str.lower):
                position = max(i for i, key in enumerate(keys) if key.lower() == twice.lower())
                raise Refusal(
                    "a principal stands in a grant once; names are unique ignoring case, whatever the path",
                    where=(Key("principals"), position),
                    value=self.principals[position].display_name,
                )
        for position, principal in enumerate(self.principals):
            with locate(Key("principals"), position):
                self.check_possible(principal)
        known = {
            number: p
            for number, p in enumerate(self.principals)
            if not isinstance(p.identity, Unresolved)
        }
        accounts = sorted({account for p in known.values() if (account := p.known_account)})
        if len(accounts) > 1:
            raise Refusal(
                "a grant's principals are of one source account",
                where=(Key("principals"),),
                remedy=f"Here are {', '.join(accounts)}",
            )
        if known:
            self._within_quota(known, accounts[0] if accounts else "0" * 12)
        return self

    def _within_quota(self, known: Mapping[int, PrincipalModel], account: str) -> None:
        """Refuse a trust policy that would be too large once the principals' unique ids are found."""
        reckoned = [
            p.model_copy(update={"unique_id": _SOME_ID})
            if p.kind in ("user", "role") and not p.by_name
            else p
            for p in known.values()
        ]
        with locate(Key("principals")):
            try:
                build_trust_policy(reckoned, self.conditions, "aws", account)
            except Refusal as refusal:
                if refusal.where:
                    first, *rest = refusal.where
                    refusal.where = (list(known)[int(first)], *rest)
                raise

    def check_possible(self, principal: PrincipalModel) -> None:
        """Check that a principal can meet the conditions at all.

        Raises:
            Refusal: If it can't.
        """
        with locate(Key("conditions")):
            under = get_effective_conditions(principal, self.conditions)
        if under is None or principal.kind is None:
            return
        traits = TRAITS[principal.kind]
        if under.needs_mfa and traits.mfa == "no":
            raise Refusal(
                f"{_sessions_of(principal.kind)} no MFA, so that requiring it would lock it out",
                value=principal.display_name,
                remedy="Give it conditions of its own with MFA false, or a grant of its own",
            )
        if principal.kind != "user" and any(
            "${aws:username}" in name for name in under.session_names or []
        ):
            raise Refusal(
                "only a user has an aws:username, so that a session name with it would lock others out",
                value=principal.display_name,
                remedy="Give it conditions of its own with another session name, or a grant of its own",
            )

    @property
    def entities(self) -> list[Entity]:
        """The users, roles and groups that are known."""
        return [principal.entity for principal in self.principals if principal.entity]

    @property
    def chained(self) -> bool:
        """Whether all callers are role sessions, so that a session lasts an hour at most (role chaining)."""
        return all(
            principal.kind and TRAITS[principal.kind].chained == "yes"
            for principal in self.principals
        )


class RoleGrantModel(TrustModel):
    """A role, and who may assume it."""

    role: RoleModel = Field(default_factory=RoleModel)

    @model_validator(mode="after")
    def _session_length(self) -> "RoleGrantModel":
        longest = self.role.max_session_duration or 0
        if self.chained and longest > limits.CHAINED_SESSION_SECONDS:
            raise Refusal(
                f"a session that a role's session assumed lasts at most {limits.CHAINED_SESSION_SECONDS} seconds (role "
                "chaining), and all of the principals are such",
                where=(Key("role"), Key("max_session_duration")),
                value=longest,
                remedy="Leave it out",
            )
        return self


class GrantModel(RoleGrantModel):
    """One grant; `args.Grant` says what each key means."""

    formerly: list[Annotated[str, plain(_former)]] = []

    def role_name(self, grant: str) -> str:
        """The role's name, by default the grant's."""
        return self.role.name or grant

    def role_arn(self, grant: str, partition: str, account: str) -> str:
        """The role's ARN in the destination account."""
        return str(arns.IamArn(partition, account, "role", self.role.path, self.role_name(grant)))

    def longest_role_arn(self, grant: str) -> str:
        """An ARN as long as the role's is at most, in the partition with the longest name."""
        return self.role_arn(grant, "aws-us-gov", "0" * 12)

    @property
    def unattached_principals(self) -> list[PrincipalModel]:
        """The principals to which the source's policy can't be attached from here."""
        return [principal for principal in self.principals if principal.attached is None]


def _side(value: object) -> Side:
    match getattr(value, "value", value):
        case "both" | "source" | "destination" as side:
            return side
        case _:
            raise Refusal("a side is both, source or destination")


def check_import_ids(value: object) -> dict[str, str]:
    """Check a map from TYPE/NAME of a resource to its import ID."""
    rule = "imports are import IDs by TYPE/NAME, such as Role/access-deploy: deploy"
    if not isinstance(value, Mapping):
        raise Refusal(rule)
    for key, text in value.items():
        if (
            not isinstance(key, str)
            or not all(key.partition("/"))
            or not isinstance(text, str)
            or not text
        ):
            raise Refusal(rule, where=(str(key),), value=text)
    return dict(value)


class GrantSet(Model):
    """The grants between a pair of accounts, and what can be wrong between them."""

    grants: dict[Annotated[str, plain(_GRANT_NAME)], GrantModel] = Field(min_length=1)
    side: Annotated[Side, plain(_side)] = "both"
    tags: Annotated[dict[str, str], plain(limits.check_tags)] = {}
    imports: Annotated[dict[str, str], plain(check_import_ids)] = {}

    @abstractmethod
    def account_id(self, account: Account) -> tuple[Steps, str | None]:
        """Where an account's expected ID stands, and what it is."""

    @model_validator(mode="after")
    def _together(self) -> "GrantSet":
        self._two_accounts()
        self.check_accounts(self.account_id("source")[1], self.account_id("destination")[1])
        self._former_names()
        roles: dict[str, str] = {}
        for name, grant in sorted(self.grants.items()):
            with locate(Key("grants"), name, Key("role"), Key("tags")):
                merge_tags(self.tags, grant.role.tags)
            role = grant.role_name(name)
            if (other := roles.setdefault(role.lower(), name)) != name:
                raise Refusal(
                    f"roles of an account have names of their own, ignoring case; grant {other} has this one",
                    where=(Key("grants"), name, Key("role"), Key("name")),
                    value=role,
                )
        spelt: dict[str, str] = {}
        for where, entity in [(where, p.entity) for where, p in self._principals() if p.entity]:
            full = f"{entity.path}{entity.name}"
            if (other := spelt.setdefault(f"{entity.kind} {entity.name}".lower(), full)) != full:
                raise Refusal(
                    f"the same principal is {other} in another grant",
                    where=where,
                    value=full,
                    remedy="Spell its path and name as IAM shows them",
                )
        return self

    def check_accounts(self, source: str | None, destination: str | None) -> None:
        """Check whatever is known of an account against the accounts, as far as they are known.

        Raises:
            Refusal: If a principal or a policy is of another account.
        """
        self._one_source(source)
        for name, grant in sorted(self.grants.items()):
            if destination:
                grant.role.check_account(destination, (Key("grants"), name, Key("role")))

    def _former_names(self) -> None:
        taken = {name: name for name in self.grants}
        for name, grant in sorted(self.grants.items()):
            for position, former in enumerate(grant.formerly):
                if (other := taken.setdefault(former, name)) != name or former == name:
                    raise Refusal(
                        f"a former name was one grant's and is none's now; grant {other} has it",
                        where=(Key("grants"), name, Key("formerly"), position),
                        value=former,
                    )

    def _two_accounts(self) -> None:
        ids = {"source": self.account_id("source"), "destination": self.account_id("destination")}
        if self.side != "both":
            other: Account = "destination" if self.side == "source" else "source"
            where, missing = ids[other][0], ids[other][1] is None
            if missing:
                raise Refusal(
                    f"side {self.side} needs the other account's ID",
                    where=where,
                    remedy="Add the key",
                )
        where, destination = ids["destination"]
        if destination and destination == ids["source"][1]:
            raise refuse_same_account(where, destination)

    def _one_source(self, account: str | None) -> None:
        known = [
            (where, found)
            for where, principal in self._principals()
            if (found := principal.known_account)
        ]
        expected = account or (known[0][1] if known else None)
        for where, found in known:
            if found != expected:
                raise Refusal(
                    f"a principal is of the source account, {expected}",
                    where=where,
                    value=found,
                    remedy="Another source account takes another stack, or another CrossAccountAccess",
                )

    def _principals(self) -> Iterator[tuple[Steps, PrincipalModel]]:
        """Every principal, with the path where it stands."""
        for name, grant in sorted(self.grants.items()):
            for position, principal in enumerate(grant.principals):
                yield (Key("grants"), name, Key("principals"), position), principal


class AccessModel(GrantSet):
    """Checked `access.CrossAccountAccessArgs`, but for the providers."""

    source_account_id: Annotated[str | None, plain(limits.check_account_id)] = None
    destination_account_id: Annotated[str | None, plain(limits.check_account_id)] = None

    def account_id(self, account: Account) -> tuple[Steps, str | None]:
        """Where an account's expected ID stands, and what it is."""
        key = f"{account}_account_id"
        return (Key(key),), getattr(self, key)
