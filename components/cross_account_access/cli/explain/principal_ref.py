"""Who is meant, from how a person writes it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from cross_account_access.errors import Refusal
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.grants.principal_names import check_unit_path
from cross_account_access.grants.principals import Attachable
from cross_account_access.iam import arns, limits

from .request_context import wrong

Kind = Literal[
    "user",
    "role",
    "session",
    "group",
    "permission-set",
    "account",
    "root",
    "organization",
    "organizational-unit",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
FORMS = (
    "WHO is user/NAME, role/NAME, session/ROLE/SESSION, group/NAME (a member), permission-set/NAME, account/ID "
    "(anybody there), root/ID, organization/ID, organizational-unit/PATH, an ARN, or one of the grant's "
    "principals by its name"
)
_SET_SUFFIX = "0123456789abcdef"
_SESSION_NAME = "any-session"
_NOBODY_IN_PARTICULAR = "anyone"
_WITH_KIND = re.compile(rf"({'|'.join(KINDS)})[/: ] *(.*)", re.DOTALL)
_STS_ARN = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/([^/]+)", re.ASCII)
_RESERVED = re.compile(r"AWSReservedSSO_(.+)_([0-9a-f]{16})", re.ASCII)
_ROOT_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):root", re.ASCII)


@dataclass(frozen=True)
class PrincipalRef:
    """Whoever is to assume the role.

    Attributes:
        kind: What it is; `group` for a member of one, `account` for anybody there.
        account: Its account.
        path: Of a user, role or group, the path with both slashes; None where it isn't told.
        name: Its name without the path; of an organization or unit, its ID or path.
        session: Of a session, its name.
        suffix: Of a permission set, what ends the name of its reserved role; None where it isn't told.
    """

    kind: Kind
    partition: str
    account: str
    name: str
    path: str | None = None
    session: str | None = None
    suffix: str | None = None

    @property
    def told(self) -> str:
        """Who it is, for a person."""
        name = f"{(self.path or '/').removeprefix('/')}{self.name}"
        match self.kind:
            case "session":
                return f"the session {self.session} of role {name}"
            case "role":
                return f"a session of role {name}"
            case "group":
                return f"a member of group {name}"
            case "permission-set":
                return f"a session of permission set {name}"
            case "account":
                return f"anybody of account {self.account}"
            case "root":
                return f"the root user of account {self.account}"
            case "organization" | "organizational-unit":
                return f"anybody of {self.kind.replace('-', ' ')} {self.name}"
            case _:
                return f"user {name}"

    @property
    def is_user(self) -> bool:
        """Whether it calls as an IAM user, who can carry MFA."""
        return self.kind not in ("role", "session", "permission-set", "root")

    @property
    def holder(self) -> Attachable:
        """What has its policies."""
        return "role" if not self.is_user else "group" if self.kind == "group" else "user"

    @property
    def switches(self) -> bool:
        """Whether it could switch roles in the console."""
        return self.kind == "permission-set" or self.is_user

    @property
    def arn(self) -> str:
        """As get-caller-identity would tell it; where nobody in particular is meant, of some user or session there."""
        if self.kind == "root":
            return f"arn:{self.partition}:iam::{self.account}:root"
        if self.is_user:
            return self.principal_arn
        role = self.principal_arn.rpartition("/")[2]
        return f"arn:{self.partition}:sts::{self.account}:assumed-role/{role}/{self.session or _SESSION_NAME}"

    @property
    def principal_arn(self) -> str:
        """As `aws:PrincipalArn` has it: of a session, its role's."""
        kind, path, name = ("user" if self.is_user else "role"), self.path or "/", self.name
        match self.kind:
            case "root":
                return self.arn
            case "permission-set":
                path, name = (
                    "/aws-reserved/sso.amazonaws.com/",
                    f"AWSReservedSSO_{self.name}_{self.suffix or _SET_SUFFIX}",
                )
            case "group":
                path, name = "/", f"member-of-{self.name}"[: limits.USER_NAME.most]
            case "account" | "organization" | "organizational-unit":
                path, name = "/", _NOBODY_IN_PARTICULAR
        return str(arns.IamArn(self.partition, self.account, kind, path, name))

    def halves(self, documents: GrantDocuments) -> list[SourceHalf]:
        """Of the grant's principals, those that it is: a policy that is attached to one is its own."""
        if not _of_source(self, documents):
            return []
        return [half for half in documents.principals if self._is(half)]

    def _is(self, half: SourceHalf) -> bool:
        match half.kind:
            case "user" | "role" | "group" | "session":
                kind = "role" if self.kind == "session" else self.kind
                if half.attached_to != (kind, self.name):
                    return False
                return half.kind == "session" or self.path in (None, arns.split_path(half.name)[0])
            case "account":
                return self.kind == "account"
            case kind:
                return self.kind == kind.replace("_", "-") and self.name == half.name


def read_who(text: str, documents: GrantDocuments | None) -> PrincipalRef:
    """Who is meant by a text, among a grant's principals first.

    Raises:
        Failure: If nobody is.
    """
    if text.startswith("arn:"):
        who = _of_arn(text)
        return _with_path(who, documents) if documents and _of_source(who, documents) else who
    if documents is None:
        raise wrong(
            f"{text}: without a stack nobody knows of which account that is", "Give its ARN."
        )
    if found := _WITH_KIND.fullmatch(text):
        return _with_path(_of_kind(found[1], found[2], documents), documents)
    if limits.is_account_id(text):
        return _of_kind("account", text, documents)
    return _with_path(_of_name(text, documents), documents)


def _of_arn(text: str) -> PrincipalRef:
    if found := _STS_ARN.fullmatch(text):
        if reserved := _RESERVED.fullmatch(found[3]):
            return PrincipalRef(
                "permission-set",
                found[1],
                found[2],
                reserved[1],
                session=found[4],
                suffix=reserved[2],
            )
        return PrincipalRef("session", found[1], found[2], found[3], session=found[4])
    if found := _ROOT_ARN.fullmatch(text):
        return PrincipalRef("root", found[1], found[2], "root")
    arn = arns.parse_arn(text)
    if (
        arn is None
        or arn.kind not in ("user", "role", "group")
        or not limits.is_account_id(arn.account)
    ):
        raise wrong(f"{text} is no user, role, group, role session or root user", FORMS)
    return PrincipalRef(_literal(arn.kind), arn.partition, arn.account, arn.name, arn.path)


def _literal(text: str) -> Kind:
    return next(kind for kind in KINDS if kind == text)


def _of_kind(text: str, rest: str, documents: GrantDocuments) -> PrincipalRef:
    kind, partition, source = _literal(text), documents.partition, documents.source_account_id
    try:
        match kind:
            case "account" | "root":
                return PrincipalRef(kind, partition, limits.check_account_id(rest), rest)
            case "organization":
                return PrincipalRef(kind, partition, source, limits.ORGANIZATION(rest))
            case "organizational-unit":
                return PrincipalRef(kind, partition, source, check_unit_path(rest))
            case "permission-set":
                return PrincipalRef(kind, partition, source, limits.PERMISSION_SET(rest))
            case "session":
                role, _, session = rest.rpartition("/")
                path, name = arns.split_path(role)
                limits.ROLE_NAME(name)
                return PrincipalRef(
                    kind,
                    partition,
                    source,
                    name,
                    path if "/" in role else None,
                    limits.SESSION_NAME(session),
                )
        path, name = arns.split_path(rest)
        {"user": limits.USER_NAME, "role": limits.ROLE_NAME, "group": limits.GROUP_NAME}[kind](name)
    except Refusal as refusal:
        raise wrong(f"{text}/{rest}: {refusal.rule}", FORMS) from None
    return PrincipalRef(kind, partition, source, name, path if "/" in rest else None)


def _of_name(text: str, documents: GrantDocuments) -> PrincipalRef:
    """One of the grant's principals by its name, a session of one, or else a user whom the grant doesn't name."""
    found = {half.kind: half for half in documents.principals if text in _names(half)}
    if len(found) > 1:
        kinds = " or ".join(f"{kind.replace('_', '-')}/{text}" for kind in sorted(found))
        raise wrong(f"{text} is a name of several principals", f"Say which: {kinds}.")
    for kind in found:
        return _of_kind(kind.replace("_", "-"), text, documents)
    role, slash, session = text.rpartition("/")
    if slash and any(
        half.attached_to == ("role", arns.split_path(role)[1]) for half in documents.principals
    ):
        return _of_kind("session", f"{role}/{session}", documents)
    if slash:
        raise wrong(
            f"{text} is none of the grant's principals: {principals(documents.principals)}", FORMS
        )
    return _of_kind("user", text, documents)


def _names(half: SourceHalf) -> set[str]:
    return (
        {half.name, arns.split_path(half.name)[1]}
        if half.kind in ("user", "role", "group")
        else {half.name}
    )


def _of_source(who: PrincipalRef, documents: GrantDocuments) -> bool:
    return (who.partition, who.account) == (documents.partition, documents.source_account_id)


def _with_path(who: PrincipalRef, documents: GrantDocuments) -> PrincipalRef:
    """With the path that the grant knows: a name alone is enough, for names are unique in an account."""
    if who.path is not None or who.kind not in ("user", "role", "session", "group"):
        return who
    kind = "role" if who.kind == "session" else who.kind
    for half in documents.principals:
        if half.kind == kind and arns.split_path(half.name)[1] == who.name:
            return PrincipalRef(
                who.kind,
                who.partition,
                who.account,
                who.name,
                arns.split_path(half.name)[0],
                who.session,
            )
    return who


def principals(halves: Iterable[SourceHalf]) -> str:
    """The principals of a grant, for a message."""
    return ", ".join(f"{half.kind.replace('_', '-')}/{half.name}" for half in halves)
