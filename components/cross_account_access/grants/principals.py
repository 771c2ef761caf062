"""Who may be trusted, and how a trust policy says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import ValidationInfo, model_validator

from cross_account_access.errors import Key, Refusal
from cross_account_access.iam import arns, limits

from .conditions import Block, ConditionsModel
from .model import Model, Unresolved, plain, spell_key, when_known

PrincipalKind = Literal[
    "user",
    "role",
    "group",
    "account",
    "permission_set",
    "organization",
    "organizational_unit",
    "session",
]
Attachable = Literal["user", "role", "group"]
TrustBy = Literal["id", "name"]

EVERYBODY = "*"


@dataclass(frozen=True)
class Traits:
    """What is true of every principal of a kind.

    Attributes:
        meaning: Who gets in.
        trust: How the trust policy names it.
        console: Whether the console's switch-role works for its callers: `yes`, `no`, or for whom.
        chained: Whether its callers are role sessions, so that a session lasts an hour at most: likewise.
        mfa: Whether its callers can carry MFA: likewise.
        attached: What the source's policy is attached to; None where it is handed out instead.
    """

    meaning: str
    trust: str
    console: str
    chained: str
    mfa: str
    attached: Attachable | None


TRAITS: Mapping[PrincipalKind, Traits] = {
    "user": Traits("one IAM user", "its ARN", "yes", "no", "yes", "user"),
    "role": Traits("every session of one IAM role", "its ARN", "no", "yes", "no", "role"),
    "group": Traits(
        "every identity of the account that its own account allows; of these, the group's policy allows its members",
        "the account",
        "yes",
        "no",
        "yes",
        "group",
    ),
    "account": Traits(
        "every identity of the account that its own account allows",
        "the account",
        "users",
        "roles",
        "users",
        None,
    ),
    "permission_set": Traits(
        "every session of an Identity Center permission set in the account",
        "the account, and aws:PrincipalArn like the set's reserved role",
        "yes",
        "yes",
        "no",
        None,
    ),
    "organization": Traits(
        "every identity of the organization that its own account allows",
        "everybody, and aws:PrincipalOrgID",
        "users",
        "roles",
        "users",
        None,
    ),
    "organizational_unit": Traits(
        "every identity of the unit's accounts, and of the units' below it, that its own account allows",
        "everybody, and aws:PrincipalOrgPaths",
        "users",
        "roles",
        "users",
        None,
    ),
    "session": Traits("one session of a role, by its name", "its ARN", "no", "yes", "no", "role"),
}
KINDS = get_args(PrincipalKind)
IDENTITY_KEYS = (*KINDS, "arn")


def _named(value: object, text: limits.StringRule) -> str:
    if isinstance(value, str) and value.startswith("arn:"):
        remedy = "Give its name" if text is limits.GROUP_NAME else "An ARN goes into the key arn"
        raise Refusal(text.rule, remedy=remedy)
    if not isinstance(value, str):
        return text(value)
    path, name = arns.split_path(value)
    limits.check_path(path)
    text(name)
    return value


def check_user_name(value: object) -> str:
    """Check a user's name, with its path where it has one: `alice`, `team/alice`."""
    return _named(value, limits.USER_NAME)


def check_role_name(value: object) -> str:
    """Check a role's name, with its path where it has one: `ci`, `team/ci`."""
    return _named(value, limits.ROLE_NAME)


def check_group_name(value: object) -> str:
    """Check a group's name, with its path where it has one."""
    return _named(value, limits.GROUP_NAME)


def check_session(value: object) -> str:
    """Check an exact role session, ROLE/SESSION."""
    role, slash, name = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not slash or not isinstance(value, str) or "/" in name:
        raise Refusal("a session is ROLE/SESSION, the role's name without its path")
    limits.ROLE_NAME(role)
    limits.SESSION_NAME(name)
    return value


def check_unit_path(value: object) -> str:
    """Check an organizational unit's path from the organization down, and end it with a slash."""
    return f"{limits.ORGANIZATION_PATH(value).rstrip('/')}/"


def check_principal_arn(value: object) -> str:
    """Check the ARN of a user or role.

    A role session's ARN is refused: whoever trusts the role trusts its sessions.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    rule = "a principal's ARN is that of an IAM user or role, arn:aws:iam::ACCOUNT:user/NAME or …:role/NAME"
    if not isinstance(value, str):
        raise Refusal(rule)
    if role := arns.find_role_of_session(value):
        raise Refusal(
            rule,
            remedy=f"This is one session of a role; the role's own ARN is {role}, with its path. For exactly this "
            "session use the key session",
        )
    arn = arns.parse_arn(value)
    if arn is None or arn.kind not in ("user", "role") or arn.account == "aws":
        remedy = ""
        if value.endswith(":root"):
            remedy = "This is the whole account: if that is meant, use the key account"
        elif arn is not None and arn.kind == "group":
            remedy = "A group can't be a principal: use the key group"
        raise Refusal(rule, remedy=remedy)
    limits.check_path(arn.path)
    (limits.USER_NAME if arn.kind == "user" else limits.ROLE_NAME)(arn.name)
    return value


def _trust_by(value: object) -> TrustBy:
    match getattr(value, "value", value):
        case "id" | "name" as by:
            return by
        case _:
            raise Refusal("a principal is trusted by id or by name")


class PrincipalModel(Model):
    """One trusted principal, by exactly one of its keys; `args.Principal` says what each means."""

    user: Annotated[str | Unresolved | None, when_known(check_user_name)] = None
    role: Annotated[str | Unresolved | None, when_known(check_role_name)] = None
    arn: Annotated[str | Unresolved | None, when_known(check_principal_arn)] = None
    group: Annotated[str | Unresolved | None, when_known(check_group_name)] = None
    account: Annotated[str | None, plain(limits.check_account_id)] = None
    permission_set: Annotated[str | None, plain(limits.PERMISSION_SET)] = None
    organization: Annotated[str | None, plain(limits.ORGANIZATION)] = None
    organizational_unit: Annotated[str | None, plain(check_unit_path)] = None
    session: Annotated[str | None, plain(check_session)] = None
    label: Annotated[str | None, plain(limits.LABEL)] = None
    trust_by: Annotated[TrustBy, plain(_trust_by)] = "id"
    unique_id: Annotated[str | Unresolved | None, when_known(limits.UNIQUE_ID)] = None
    conditions: ConditionsModel | None = None

    @model_validator(mode="after")
    def _one_kind(self, info: ValidationInfo) -> "PrincipalModel":
        keys = {key: spell_key(key, info) for key in IDENTITY_KEYS}
        given = [key for key in IDENTITY_KEYS if getattr(self, key) is not None]
        if len(given) != 1:
            found = f"{' and '.join(keys[key] for key in given)} are" if given else "none is"
            raise Refusal(
                f"a principal is given by exactly one of {', '.join(keys.values())}; {found} here"
            )
        if isinstance(self.identity, Unresolved) and self.label is None:
            raise Refusal(
                f"a label is required beside a principal's {given[0]} that is an Output, "
                "for resources are called by it",
                remedy="Add a plain label, such as the name in your program",
                where=(Key("label"),),
            )
        for key, given_it in (
            ("trust_by", self.by_name),
            ("unique_id", self.unique_id is not None),
        ):
            if given_it and given[0] not in ("user", "role", "arn"):
                raise Refusal(
                    "this stands beside a user, role or arn",
                    where=(Key(key),),
                    value=getattr(self, key),
                )
        if self.by_name and self.unique_id is not None:
            raise Refusal(
                "a principal trusted by name is trusted whatever its unique id",
                where=(Key("unique_id"),),
                value=self.unique_id,
                remedy="Leave one of them out",
            )
        return self

    @property
    def by_name(self) -> bool:
        """Whether it is trusted by name, so that a re-made one is trusted too."""
        return self.trust_by == "name"

    @property
    def identity(self) -> str | Unresolved:
        """Whatever it was given by."""
        given: list[str | Unresolved | None] = [getattr(self, key) for key in IDENTITY_KEYS]
        return next(value for value in given if value is not None)

    @property
    def display_name(self) -> str:
        """The same for a message."""
        return str(self.label) if isinstance(self.identity, Unresolved) else self.identity

    @property
    def known_account(self) -> str | None:
        """Its account, where that is known from itself."""
        return self.account or (self.entity.account if self.entity else None)

    @property
    def kind(self) -> PrincipalKind | None:
        """What it is; None while its ARN isn't known."""
        if isinstance(self.arn, Unresolved):
            return None
        if self.arn is not None:
            return "user" if arns.get_kind(self.arn) == "user" else "role"
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def entity(self) -> "Entity | None":
        """The user, role or group in its parts; None for other kinds, and while it isn't known."""
        if isinstance(self.identity, Unresolved) or self.kind not in ("user", "role", "group"):
            return None
        if self.arn is not None:
            arn = arns.parse_arn(self.identity)
            return Entity(self.kind, arn.path, arn.name, arn.account) if arn else None
        return Entity(self.kind, *arns.split_path(self.identity))

    @property
    def resource_label(self) -> str:
        """Its label, or its name without the path."""
        return self.label or (self.entity.name if self.entity else str(self.identity).rstrip("/"))

    @property
    def key(self) -> str:
        """What its resources are called by: plain, and unique in an account (so are names, whatever the path)."""
        return f"{(self.kind or 'arn').replace('_', '-')}-{self.resource_label}"

    @property
    def rank(self) -> tuple[str, str]:
        """What decides which of a grant's principals goes first, whatever their order in it."""
        return self.resource_label, self.key

    @property
    def attached(self) -> Attachable | None:
        """What the source's policy is attached to; None where it is handed out."""
        return TRAITS[self.kind].attached if self.kind else "role"

    def element(self, partition: str, account: str) -> tuple[str, Block]:
        """How a trust policy names it: a principal, and the condition that narrows that down; known principals only.

        Raises:
            Refusal: If it is of another account than the source.
        """
        root = f"arn:{partition}:iam::{account}:root"
        match self.kind:
            case "user" | "role" if self.entity:
                arn = self.entity.arn(partition, account)
                return (root, {"ArnLike": {"aws:PrincipalArn": arn}}) if self.by_name else (arn, {})
            case "session":
                return f"arn:{partition}:sts::{account}:assumed-role/{self.session}", {}
            case "permission_set":
                # The suffix has 16 characters, and so many ?: with a * instead, SET would let SET_MORE in too.
                role = f"AWSReservedSSO_{self.permission_set}_{'?' * 16}"
                arn = f"arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com*/{role}"
                return root, {"ArnLike": {"aws:PrincipalArn": arn}}
            case "organization":
                return EVERYBODY, {"StringEquals": {"aws:PrincipalOrgID": self.organization}}
            case "organizational_unit":
                paths = f"{self.organizational_unit}*"
                return EVERYBODY, {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": paths}}
            case "account":
                _same_source(self.account, account)
                return root, {}
            case _:
                return root, {}


@dataclass(frozen=True)
class Entity:
    """A user, role or group.

    Attributes:
        kind: Which.
        path: Its path, with both slashes.
        name: Its name without the path.
        account: Its account where that is known by an ARN.
    """

    kind: Attachable
    path: str
    name: str
    account: str | None = None

    @property
    def fully_named(self) -> bool:
        """Whether its path was given; a name alone is enough to find it, for names are unique in an account."""
        return self.account is not None or self.path != "/"

    def arn(self, partition: str, account: str) -> str:
        """Its ARN in the source account.

        Raises:
            Refusal: If it was given by an ARN of another account.
        """
        _same_source(self.account, account)
        return str(arns.IamArn(partition, account, self.kind, self.path, self.name))


def _same_source(given: str | None, source: str) -> None:
    if given not in (None, source):
        raise Refusal(
            f"a principal is of the source account, {source}",
            value=given,
            remedy="Another source account takes another stack, or another CrossAccountAccess",
        )
