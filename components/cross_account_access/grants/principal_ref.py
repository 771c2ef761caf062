"""Who calls, and who is trusted, by one text: KIND/NAME or an ARN."""

import json
import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

from cross_account_access.iam import arns, limits
from cross_account_access.iam.evaluator import Caller, Policy

from .conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from .documents import GrantDocuments, SourceHalf
from .policies import AssumableRole, build_assume_role_policy
from .principal_entities import Attachable
from .principal_names import check_unit_path
from .request_context import RequestContext

PrincipalRefKind = Literal[
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
REF_KINDS: tuple[PrincipalRefKind, ...] = get_args(PrincipalRefKind)
SSO_PATH = "/aws-reserved/sso.amazonaws.com/"
_SET_SUFFIX = "0123456789abcdef"
_SESSION_NAME = "any-session"
_ANYONE = "anyone"
_USER_ID, _ROLE_ID = "AIDA0000000000000000", "AROA0000000000000000"
_WITH_KIND = re.compile(rf"({'|'.join(REF_KINDS)})[/: ] *(.*)", re.DOTALL)
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

    kind: PrincipalRefKind
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

    def build_caller(
        self,
        unique_id: str | None,
        identity_policies: tuple[Policy, ...] = (),
        boundary: Policy | None = None,
    ) -> Caller:
        """Build the caller as the evaluator takes it.

        Args:
            unique_id: The unique ID of its user or role; None where it isn't known.
            identity_policies: Those of its user or role.
            boundary: The permissions boundary of its user or role.
        """
        if self.kind == "root":
            return Caller(self.arn, self.account, self.arn)
        own_id = unique_id or (_USER_ID if self.is_user else _ROLE_ID)
        if not self.is_user:
            own_id = f"{own_id}:{self.arn.rpartition('/')[2]}"
        return Caller(self.arn, own_id, self.principal_arn, identity_policies, boundary)

    def add_organization(self, request: RequestContext) -> RequestContext:
        """Add the organization or unit that names the caller, unless the call gives another."""
        if request.organization or request.organization_path:
            return request
        if self.kind == "organization":
            return replace(request, organization=self.name)
        if self.kind == "organizational-unit":
            return replace(request, organization_path=self.name)
        return request

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
        role = documents.role
        own = "role", role.name, documents.partition, documents.destination_account_id
        if own == (kind, self.name, self.partition, self.account):
            return replace(self, path=role.path)
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


def build_entitlement(role: str) -> Policy:
    """Build a policy that allows all that a caller may need for a role.

    Args:
        role: The role's ARN.
    """
    actions = (ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION)
    document = build_assume_role_policy([AssumableRole(role, actions)])
    return Policy("the policy that its own account is assumed to have", json.loads(document))


def get_sso_prefix(permission_set: str) -> str:
    """Get the beginning of the name of a permission set's reserved role."""
    return f"AWSReservedSSO_{permission_set}_"


def split_kind(text: str) -> tuple[PrincipalRefKind, str] | None:
    """Split KIND/NAME; an account's ID alone is one too. None where the text has no kind."""
    if limits.is_account_id(text):
        return "account", text
    match = _WITH_KIND.fullmatch(text)
    return (to_ref_kind(match[1]), match[2]) if match else None


def parse_principal_arn(text: str) -> PrincipalRef | None:
    """Parse the ARN of whoever may call; None for another text."""
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
        return None
    return PrincipalRef(to_ref_kind(arn.kind), arn.partition, arn.account, arn.name, arn.path)


def to_ref_kind(text: str) -> PrincipalRefKind:
    """Return the kind by its word, with a hyphen or an underscore in it."""
    return next(kind for kind in REF_KINDS if kind == text.replace("_", "-"))


def parse_principal_name(
    kind: PrincipalRefKind, name: str, partition: str, account: str
) -> PrincipalRef:
    """Parse a principal's name, which may have a path before it.

    Args:
        kind: Its kind.
        name: Its name; of a session ROLE/SESSION, of an organizational unit its path.
        partition: Its account's partition.
        account: Its account's ID, but of an account, whose name that is.

    Raises:
        Refusal: If it can't be the name of one.
    """
    match kind:
        case "account" | "root":
            return PrincipalRef(kind, partition, limits.check_account_id(name), name)
        case "organization":
            return PrincipalRef(kind, partition, account, limits.ORGANIZATION(name))
        case "organizational-unit":
            return PrincipalRef(kind, partition, account, check_unit_path(name))
        case "permission-set":
            return PrincipalRef(kind, partition, account, limits.PERMISSION_SET(name))
    named, session = (name, None) if kind != "session" else _split_session(name)
    path, own_name = arns.split_path(named)
    _NAME_RULES[kind](own_name)
    own_path = path if "/" in named else None
    return PrincipalRef(kind, partition, account, own_name, own_path, session)


def _split_session(text: str) -> tuple[str, str]:
    role, _, session = text.rpartition("/")
    return role, limits.SESSION_NAME(session)
