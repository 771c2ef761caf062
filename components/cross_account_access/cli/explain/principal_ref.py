"""The caller to explain, parsed from WHO on the command line."""

import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import Refusal
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.grants.principal_entities import Attachable
from cross_account_access.grants.principal_names import check_unit_path
from cross_account_access.iam import arns, limits

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
    "WHO is user/NAME, role/NAME, session/ROLE/SESSION, group/NAME (a member), "
    "permission-set/NAME, account/ID (anyone there), root/ID, organization/ID, "
    "organizational-unit/PATH, an ARN, or the name of one of the grant's principals"
)
SSO_PATH = "/aws-reserved/sso.amazonaws.com/"
_SET_SUFFIX = "0123456789abcdef"
_SESSION_NAME = "any-session"
_ANYONE = "anyone"
_WITH_KIND = re.compile(rf"({'|'.join(KINDS)})[/: ] *(.*)", re.DOTALL)
_STS_ARN = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/([^/]+)", re.ASCII)
_RESERVED = re.compile(r"AWSReservedSSO_(.+)_([0-9a-f]{16})", re.ASCII)
_ROOT_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):root", re.ASCII)

_NAME_RULES: dict[str, limits.StringRule] = {
    "user": limits.USER_NAME,
    "role": limits.ROLE_NAME,
    "session": limits.ROLE_NAME,
    "group": limits.GROUP_NAME,
}


@dataclass(frozen=True)
class PrincipalRef:
    """A caller that may assume the role.

    Attributes:
        kind: Its kind; `group` for a member of one, `account` for anyone there.
        account: Its account.
        path: Of a user, role or group, the path with both slashes; None where it isn't given.
        name: Its name without the path; of an organization or unit, its ID or path.
        session: Of a session, its name.
        suffix: Of a permission set, the end of its reserved role's name; None where it isn't given.
    """

    kind: Kind
    partition: str
    account: str
    name: str
    path: str | None = None
    session: str | None = None
    suffix: str | None = None

    @property
    def display_name(self) -> str:
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
                return f"anyone of account {self.account}"
            case "root":
                return f"the root user of account {self.account}"
            case "organization" | "organizational-unit":
                return f"anyone of {self.kind.replace('-', ' ')} {self.name}"
            case _:
                return f"user {name}"

    @property
    def display_name_with_account(self) -> str:
        """Who it is and of which account, for a person."""
        if self.kind in ("account", "root"):
            return self.display_name
        return f"{self.display_name} of account {self.account}"

    @property
    def is_user(self) -> bool:
        """Whether it calls as an IAM user, who can carry MFA."""
        return self.kind not in ("role", "session", "permission-set", "root")

    @property
    def policy_holder(self) -> Attachable:
        """The kind of entity that has its policies."""
        if not self.is_user:
            return "role"
        return "group" if self.kind == "group" else "user"

    @property
    def can_switch_role(self) -> bool:
        """Whether it could switch roles in the console."""
        return self.kind == "permission-set" or self.is_user

    @property
    def arn(self) -> str:
        """Its ARN as GetCallerIdentity returns it; for a group or account that of some member."""
        if self.kind == "root":
            return f"arn:{self.partition}:iam::{self.account}:root"
        if self.is_user:
            return self.principal_arn
        role, session = self.principal_arn.rpartition("/")[2], self.session or _SESSION_NAME
        return f"arn:{self.partition}:sts::{self.account}:assumed-role/{role}/{session}"

    @property
    def principal_arn(self) -> str:
        """Its ARN in `aws:PrincipalArn`: for a session that of its role."""
        kind, path, name = ("user" if self.is_user else "role"), self.path or "/", self.name
        match self.kind:
            case "root":
                return self.arn
            case "permission-set":
                path = SSO_PATH
                name = f"{get_sso_prefix(self.name)}{self.suffix or _SET_SUFFIX}"
            case "group":
                path, name = "/", f"member-of-{self.name}"[: limits.USER_NAME.most]
            case "account" | "organization" | "organizational-unit":
                path, name = "/", _ANYONE
        return str(arns.IamArn(self.partition, self.account, kind, path, name))

    def find_halves(self, documents: GrantDocuments) -> list[SourceHalf]:
        """Find the grant's principals that it is, whose attached policies are its own."""
        return [half for half in self._list_neighbors(documents) if self._matches(half)]

    def _list_neighbors(self, documents: GrantDocuments) -> list[SourceHalf]:
        """The grant's principals of its account."""
        if self.partition != documents.partition:
            return []
        principals = documents.principals
        return [half for half in principals if documents.get_account(half) == self.account]

    def with_path_of(self, documents: GrantDocuments | None) -> "PrincipalRef":
        """The same with the path in the grant: names are unique in an account."""
        named = ("user", "role", "session", "group")
        if documents is None or self.path is not None or self.kind not in named:
            return self
        kind = "role" if self.kind == "session" else self.kind
        for half in self._list_neighbors(documents):
            path, name = arns.split_path(half.name)
            if half.kind == kind and name == self.name:
                return replace(self, path=path)
        return self

    def _matches(self, half: SourceHalf) -> bool:
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


def get_sso_prefix(permission_set: str) -> str:
    """Get the beginning of the name of a permission set's reserved role."""
    return f"AWSReservedSSO_{permission_set}_"


def parse_principal(text: str, documents: GrantDocuments | None) -> PrincipalRef:
    """Parse WHO: an ARN, KIND/NAME, or the name of one of the grant's principals.

    Raises:
        InputError: If it is none of these.
    """
    if text.startswith("arn:"):
        return _parse_arn(text).with_path_of(documents)
    if documents is None:
        raise InputError(f"{text}: must be an ARN, because no stack is given", "Pass its ARN.")
    if match := _WITH_KIND.fullmatch(text):
        return _parse_kind(match[1], match[2], documents).with_path_of(documents)
    if limits.is_account_id(text):
        return _parse_kind("account", text, documents)
    return _parse_name(text, documents).with_path_of(documents)


def _parse_arn(text: str) -> PrincipalRef:
    if match := _STS_ARN.fullmatch(text):
        partition, account, role, session = match.groups()
        if reserved := _RESERVED.fullmatch(role):
            name, suffix = reserved.groups()
            return PrincipalRef(
                "permission-set", partition, account, name, session=session, suffix=suffix
            )
        return PrincipalRef("session", partition, account, role, session=session)
    if match := _ROOT_ARN.fullmatch(text):
        return PrincipalRef("root", match[1], match[2], "root")
    arn = arns.parse_arn(text)
    kinds = ("user", "role", "group")
    if arn is None or arn.kind not in kinds or not limits.is_account_id(arn.account):
        raise InputError(f"{text} is no user, role, group, role session or root user", FORMS)
    return PrincipalRef(_to_kind(arn.kind), arn.partition, arn.account, arn.name, arn.path)


def _to_kind(text: str) -> Kind:
    return next(kind for kind in KINDS if kind == text)


def _parse_kind(text: str, rest: str, documents: GrantDocuments) -> PrincipalRef:
    kind, partition, source = (
        _to_kind(text),
        documents.partition,
        _find_source(text, rest, documents),
    )
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
        named, session = (rest, None) if kind != "session" else _split_session(rest)
        path, name = arns.split_path(named)
        _NAME_RULES[kind](name)
    except Refusal as refusal:
        raise InputError(f"{text}/{rest}: {refusal.rule}", FORMS) from None
    return PrincipalRef(kind, partition, source, name, path if "/" in named else None, session)


def _find_source(kind: str, name: str, documents: GrantDocuments) -> str:
    """Find the account of a principal by its name; that of most principals for an unknown one."""
    same_name = [
        half
        for half in documents.principals
        if half.kind.replace("_", "-") == kind and name in _list_names(half)
    ]
    accounts = {documents.get_account(half) for half in same_name}
    if len(accounts) > 1:
        listed = " or ".join(half.arn for half in same_name if half.arn)
        raise InputError(
            f"{kind}/{name} is in several accounts: {', '.join(sorted(accounts))}",
            f"Pass its ARN{f': {listed}' if listed else ''}.",
        )
    return next(iter(accounts), documents.source_account_id)


def _split_session(text: str) -> tuple[str, str]:
    role, _, session = text.rpartition("/")
    return role, limits.SESSION_NAME(session)


def _parse_name(text: str, documents: GrantDocuments) -> PrincipalRef:
    """Parse the name of a principal of the grant, of a session of one, or of another user."""
    kinds = {half.kind for half in documents.principals if text in _list_names(half)}
    if len(kinds) > 1:
        forms = " or ".join(f"{kind.replace('_', '-')}/{text}" for kind in sorted(kinds))
        raise InputError(f"{text} is the name of several principals", f"Choose one: {forms}.")
    for kind in kinds:
        return _parse_kind(kind.replace("_", "-"), text, documents)
    role, slash, _ = text.rpartition("/")
    holder = ("role", arns.split_path(role)[1])
    if slash and any(half.attached_to == holder for half in documents.principals):
        return _parse_kind("session", text, documents)
    if slash:
        known = ", ".join(
            f"{half.kind.replace('_', '-')}/{half.name}" for half in documents.principals
        )
        raise InputError(f"{text} is none of the grant's principals: {known}", FORMS)
    return _parse_kind("user", text, documents)


def _list_names(half: SourceHalf) -> set[str]:
    if half.kind in ("user", "role", "group"):
        return {half.name, arns.split_path(half.name)[1]}
    return {half.name}
