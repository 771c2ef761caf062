"""A grant as a whole: who gets which role under which conditions, and what can be wrong between its parts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator

from . import arns, limits, policies
from .conditions import ConditionsModel
from .errors import Key, Refusal, located
from .model import Later, Model, plain, when_known
from .principals import TRAITS, Entity, PrincipalModel
from .trust import conditions_of, trust_policy

Side = Literal["both", "source", "destination"]
Steps = tuple[str | int, ...]

Account = Literal["source", "destination"]

_GRANT_NAME = replace(limits.ROLE_NAME, what="a grant's name")
# As long as the shortest, for the digest of whatever ids has one length.
_SOME_ID = "0" * limits.UNIQUE_ID.least
_MANAGED_POLICY_RULE = "a managed policy is given by the name of one of AWS's, or by its ARN"


def same_account(where: Steps, account: str) -> Refusal:
    """What is said where source and destination are one account."""
    return Refusal(
        "source and destination are two accounts",
        where=where,
        value=account,
        remedy="Inside one account an identity policy is enough",
    )


def managed_policy(value: object) -> str:
    """Check a managed policy: the name of one of AWS's, with its path where it has one, or any one's ARN."""
    if not isinstance(value, str):
        raise Refusal(_MANAGED_POLICY_RULE)
    return managed_policy_arn(value) if value.startswith("arn:") else _named_policy(value)


def managed_policy_arn(value: object) -> str:
    """Check a managed policy's ARN."""
    arn = arns.parse(value) if isinstance(value, str) else None
    if arn is None or arn.kind != "policy":
        raise Refusal("a managed policy's ARN is arn:aws:iam::ACCOUNT:policy/NAME, ACCOUNT aws for AWS's own")
    limits.POLICY_PATH(arn.path)
    limits.POLICY_NAME(arn.name)
    return str(arn)


def role_arn(value: object) -> str:
    """Check a role's ARN."""
    arn = arns.parse(value) if isinstance(value, str) else None
    if arn is None or arn.kind != "role" or arn.account == "aws":
        session_of = arns.role_of_session(value) if isinstance(value, str) else None
        remedy = f"This is one session of a role; the role's own ARN is {session_of}, with its path"
        raise Refusal("a role's ARN is arn:aws:iam::ACCOUNT:role/NAME", remedy=remedy if session_of else "")
    limits.path(arn.path)
    limits.ROLE_NAME(arn.name)
    return str(arn)


def _named_policy(value: str) -> str:
    path, name = arns.split(value)
    limits.POLICY_PATH(path)
    limits.POLICY_NAME(name)
    return value


def policy_arn(policy: str, partition: str, account: str) -> str:
    """The ARN of a checked managed policy, for a role of `account`.

    Raises:
        Refusal: If it is a policy of another account.
    """
    arn = arns.parse(policy) or arns.IamArn(partition, "aws", "policy", *arns.split(policy))
    if arn.account not in {"aws", account}:
        raise Refusal(f"a role takes policies of AWS's and of its own account, {account}", value=policy)
    return str(arn)


def policy_key(policy: str) -> str:
    """What the attachment of a checked managed policy is called by."""
    arn = arns.parse(policy)
    if arn is None:
        return f"aws-{arns.split(policy)[1]}"
    return f"{'aws' if arn.account == 'aws' else 'own'}-{arn.name}"


def _inline_policy(value: object) -> Any:
    if holds_later(value):
        return value
    policies.identity_policy(value)
    return value


def holds_later(value: object) -> bool:
    """Whether anything in a document isn't known yet."""
    if isinstance(value, Mapping):
        return any(map(holds_later, value.values()))
    if isinstance(value, list):
        return any(map(holds_later, value))
    return isinstance(value, Later)


def _former(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal("a former name is text")
    component, slash, grant = value.rpartition("/")
    if slash and not component:
        raise Refusal("a former name is GRANT, or COMPONENT/GRANT for one that was in another component")
    limits.ROLE_NAME(grant)
    return value


def _attachable(value: object) -> str:
    if isinstance(value, Later):
        raise Refusal(
            "a managed policy in this list is plain, for its attachment is called by its name",
            remedy="Put an Output under a label of its own: managed_policy_arns (managedPolicyArns in config)",
        )
    return managed_policy(value)


class RoleModel(Model):
    """The destination's role; `args.RoleSettings` says what each key means."""

    name: Annotated[str | None, plain(limits.ROLE_NAME)] = None
    path: Annotated[str, plain(limits.path)] = "/"
    description: Annotated[str | None, plain(limits.DESCRIPTION)] = None
    max_session_duration: Annotated[int | None, plain(limits.MAX_SESSION_DURATION)] = None
    managed_policies: list[Annotated[str, PlainValidator(_attachable)]] = []
    managed_policy_arns: dict[
        Annotated[str, plain(limits.LABEL)], Annotated[str | Later, when_known(managed_policy_arn)]
    ] = {}
    inline_policies: dict[Annotated[str, plain(limits.POLICY_NAME)], Annotated[Any, when_known(_inline_policy)]] = {}
    permissions_boundary: Annotated[str | Later | None, when_known(managed_policy)] = None
    tags: Annotated[dict[str, str], plain(limits.tags)] = {}

    @model_validator(mode="after")
    def _attachments(self) -> "RoleModel":
        if twice := limits.repeated(self.managed_policies, key=policy_key):
            position = len(self.managed_policies) - 1 - self.managed_policies[::-1].index(twice)
            raise Refusal("a policy is attached once", where=(Key("managed_policies"), position), value=twice)
        attached = len(self.managed_policies) + len(self.managed_policy_arns)
        if attached > limits.MANAGED_POLICIES_PER_ROLE:
            raise Refusal(
                f"at most {limits.MANAGED_POLICIES_PER_ROLE} managed policies attach to a role",
                where=(Key("managed_policies"),),
                value=attached,
            )
        labelled = {label: arn for label, arn in self.managed_policy_arns.items() if isinstance(arn, str)}
        if twice := limits.repeated([*self.managed_policies, *labelled.values()], key=policy_key):
            label = [label for label, arn in labelled.items() if arn == twice][-1]
            raise Refusal("a policy is attached once", where=(Key("managed_policy_arns"), label), value=twice)
        known = [policies.identity_policy(p) for p in self.inline_policies.values() if not holds_later(p)]
        size = sum(map(limits.characters, known))
        if size > limits.ROLE_INLINE_POLICIES_QUOTA:
            raise Refusal(
                f"a role's inline policies have at most {limits.ROLE_INLINE_POLICIES_QUOTA} characters together, "
                "white space not counted",
                where=(Key("inline_policies"),),
                value=size,
                remedy="Make a managed policy of one",
            )
        return self

    def known_policies(self) -> Iterator[tuple[Steps, str]]:
        """Every managed policy that is known, with the path where it stands."""
        for position, policy in enumerate(self.managed_policies):
            yield (Key("managed_policies"), position), policy
        for label, arn in self.managed_policy_arns.items():
            if isinstance(arn, str):
                yield (Key("managed_policy_arns"), label), arn
        if isinstance(self.permissions_boundary, str):
            yield (Key("permissions_boundary"),), self.permissions_boundary

    def check_account(self, account: str, where: Steps) -> None:
        """Check the managed policies that are known against the role's account.

        Args:
            account: The account.
            where: The path where the role stands.

        Raises:
            Refusal: If one is of another account.
        """
        for steps, policy in self.known_policies():
            try:
                policy_arn(policy, "aws", account)
            except Refusal as refusal:
                raise Refusal(refusal.rule, where=(*where, *steps), value=policy) from None


class TrustModel(Model):
    """Who is trusted, under which conditions."""

    principals: list[PrincipalModel] = Field(min_length=1)
    conditions: ConditionsModel | None = None

    @model_validator(mode="after")
    def _trustworthy(self) -> "TrustModel":
        # By label, and by name under different labels.
        named = [f"{p.kind}-{p.entity.name}" if p.entity else p.key for p in self.principals]
        for keys in ([p.key for p in self.principals], named):
            if twice := limits.repeated(keys, key=str.lower):
                position = max(i for i, key in enumerate(keys) if key.lower() == twice.lower())
                raise Refusal(
                    "a principal stands in a grant once; names are unique ignoring case, whatever the path",
                    where=(Key("principals"), position),
                    value=self.principals[position].told,
                )
        for position, principal in enumerate(self.principals):
            with located(Key("principals"), position):
                self.check_possible(principal)
        known = {number: p for number, p in enumerate(self.principals) if not isinstance(p.identity, Later)}
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
            p.model_copy(update={"unique_id": _SOME_ID}) if p.kind in ("user", "role") and not p.by_name else p
            for p in known.values()
        ]
        with located(Key("principals")):
            try:
                trust_policy(reckoned, self.conditions, "aws", account)
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
        with located(Key("conditions")):
            under = conditions_of(principal, self.conditions)
        if under is None or principal.kind is None:
            return
        traits = TRAITS[principal.kind]
        if under.needs_mfa and traits.mfa == "no":
            raise Refusal(
                f"a {principal.kind.replace('_', ' ')}'s sessions carry no MFA, so that requiring it would lock it out",
                value=principal.told,
                remedy="Give it conditions of its own with MFA false, or a grant of its own",
            )
        if principal.kind != "user" and any("${aws:username}" in name for name in under.session_names or []):
            raise Refusal(
                "only a user has an aws:username, so that a session name with it would lock others out",
                value=principal.told,
                remedy="Give it conditions of its own with another session name, or a grant of its own",
            )

    @property
    def entities(self) -> list[Entity]:
        """The users, roles and groups that are known."""
        return [principal.entity for principal in self.principals if principal.entity]

    @property
    def chained(self) -> bool:
        """Whether all callers are role sessions, so that a session lasts an hour at most (role chaining)."""
        return all(principal.kind and TRAITS[principal.kind].chained == "yes" for principal in self.principals)


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
    def handed_out(self) -> list[PrincipalModel]:
        """The principals to which the source's policy can't be attached from here."""
        return [principal for principal in self.principals if principal.attached is None]


def _side(value: object) -> Side:
    match getattr(value, "value", value):
        case "both" | "source" | "destination" as side:
            return side
        case _:
            raise Refusal("a side is both, source or destination")


def import_ids(value: object) -> dict[str, str]:
    """Check a map from TYPE/NAME of a resource to its import ID."""
    rule = "imports are import IDs by TYPE/NAME, such as Role/access-deploy: deploy"
    if not isinstance(value, Mapping):
        raise Refusal(rule)
    for key, text in value.items():
        if not isinstance(key, str) or not all(key.partition("/")) or not isinstance(text, str) or not text:
            raise Refusal(rule, where=(str(key),), value=text)
    return dict(value)


class GrantSet(Model):
    """The grants between a pair of accounts, and what can be wrong between them."""

    grants: dict[Annotated[str, plain(_GRANT_NAME)], GrantModel] = Field(min_length=1)
    side: Annotated[Side, plain(_side)] = "both"
    tags: Annotated[dict[str, str], plain(limits.tags)] = {}
    imports: Annotated[dict[str, str], plain(import_ids)] = {}

    def account_id(self, account: Account) -> tuple[Steps, str | None]:
        """Where an account's expected ID stands, and what it is."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _together(self) -> "GrantSet":
        self._two_accounts()
        self.check_accounts(self.account_id("source")[1], self.account_id("destination")[1])
        roles: dict[str, str] = {}
        for name, grant in sorted(self.grants.items()):
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

    def _two_accounts(self) -> None:
        ids = {"source": self.account_id("source"), "destination": self.account_id("destination")}
        if self.side != "both":
            other: Account = "destination" if self.side == "source" else "source"
            where, missing = ids[other][0], ids[other][1] is None
            if missing:
                raise Refusal(f"side {self.side} needs the other account's ID", where=where, remedy="Add the key")
        where, destination = ids["destination"]
        if destination and destination == ids["source"][1]:
            raise same_account(where, destination)

    def _one_source(self, account: str | None) -> None:
        known = [(where, found) for where, principal in self._principals() if (found := principal.known_account)]
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

    source_account_id: Annotated[str | None, plain(limits.account_id)] = None
    destination_account_id: Annotated[str | None, plain(limits.account_id)] = None

    def account_id(self, account: Account) -> tuple[Steps, str | None]:
        """Where an account's expected ID stands, and what it is."""
        key = f"{account}_account_id"
        return (Key(key),), getattr(self, key)
