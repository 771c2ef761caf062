"""Who may be trusted: the source account's users and roles, as the destination's trust policy names them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import model_validator

from . import arns, limits
from .errors import Key, Refusal
from .model import Later, Model, plain, when_known

Kind = Literal["user", "role"]


def _named(value: object, text: limits.Text) -> str:
    if isinstance(value, str) and value.startswith("arn:"):
        raise Refusal(text.rule, remedy="An ARN goes into the key arn")
    if not isinstance(value, str):
        return text(value)
    path, name = arns.split(value)
    limits.path(path)
    text(name)
    return value


def user_name(value: object) -> str:
    """Check a user's name, with its path where it has one: `alice`, `team/alice`."""
    return _named(value, limits.USER_NAME)


def role_name(value: object) -> str:
    """Check a role's name, with its path where it has one: `ci`, `team/ci`."""
    return _named(value, limits.ROLE_NAME)


def principal_arn(value: object) -> str:
    """Check the ARN of a user or role.

    A role session's ARN is refused: whoever trusts the role trusts its sessions.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    rule = "a principal's ARN is that of an IAM user or role, arn:aws:iam::ACCOUNT:user/NAME or …:role/NAME"
    if not isinstance(value, str):
        raise Refusal(rule)
    if role := arns.role_of_session(value):
        raise Refusal(rule, remedy=f"This is one session of a role; the role's own ARN is {role}, with its path")
    arn = arns.parse(value)
    if arn is None or arn.kind not in ("user", "role") or arn.account == "aws":
        remedy = ""
        if value.endswith(":root"):
            remedy = "This is the whole account: name the users and roles that are meant"
        elif arn is not None and arn.kind == "group":
            remedy = "A group can't be a principal: name its users"
        raise Refusal(rule, remedy=remedy)
    limits.path(arn.path)
    (limits.USER_NAME if arn.kind == "user" else limits.ROLE_NAME)(arn.name)
    return value


class PrincipalModel(Model):
    """One trusted principal, by exactly one of its keys; `args.Principal` says what each means."""

    user: Annotated[str | Later | None, when_known(user_name)] = None
    role: Annotated[str | Later | None, when_known(role_name)] = None
    arn: Annotated[str | Later | None, when_known(principal_arn)] = None
    label: Annotated[str | None, plain(limits.LABEL)] = None

    @model_validator(mode="after")
    def _one_kind(self) -> "PrincipalModel":
        kinds = [key for key in ("user", "role", "arn") if getattr(self, key) is not None]
        if len(kinds) != 1:
            found = "none is" if not kinds else f"{' and '.join(kinds)} are"
            raise Refusal(f"a principal is given by exactly one of user, role, arn; {found} here")
        if isinstance(getattr(self, kinds[0]), Later) and self.label is None:
            raise Refusal(
                f"a label is required beside a {kinds[0]} that is an Output, for resources are called by it",
                remedy="Add a plain label, such as the user's or role's name in your program",
                where=(Key("label"),),
            )
        return self

    @property
    def identity(self) -> str | Later:
        """The name with its path, or the ARN: whatever was given."""
        return next(value for value in (self.user, self.role, self.arn) if value is not None)

    @property
    def kind(self) -> Kind | None:
        """What it is; None while its ARN isn't known."""
        if self.user is not None:
            return "user"
        if self.role is not None:
            return "role"
        if not isinstance(self.arn, str):
            return None
        return "user" if arns.kind_of(self.arn) == "user" else "role"

    @property
    def entity(self) -> "Entity | None":
        """The principal in its parts; None while it isn't known."""
        if isinstance(self.identity, Later) or self.kind is None:
            return None
        if self.arn is not None:
            arn = arns.parse(self.identity)
            return Entity(self.kind, arn.path, arn.name, arn.account) if arn else None
        return Entity(self.kind, *arns.split(self.identity))

    @property
    def key(self) -> str:
        """What its resources are called by: plain, and unique in an account (so are names, whatever the path)."""
        name = self.label or (self.entity.name if self.entity else "")
        return f"{self.kind or 'arn'}-{name}"


@dataclass(frozen=True)
class Entity:
    """A user or role.

    Attributes:
        kind: `user` or `role`.
        path: Its path, with both slashes.
        name: Its name without the path.
        account: Its account where that is known by an ARN.
    """

    kind: Kind
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
        if self.account not in (None, account):
            raise Refusal(
                f"a principal is of the source account, {account}",
                remedy="Give it a grant of its own, with that account as source",
            )
        return str(arns.IamArn(partition, account, self.kind, self.path, self.name))
