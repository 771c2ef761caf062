"""A grant as a whole: who gets which role under which conditions, and how its parts go together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import arns, limits
from cross_account_access.text_format import join_words

from .account_limits import LimitsModel, check_policies_of_role
from .accounts import ACCOUNT_NAME
from .condition_values import check_boolean
from .conditions import ASSUME_ROLE
from .model import plain
from .principals import PrincipalModel
from .roles import RoleModel
from .trust_model import SOURCE, TrustModel

Side = Literal["both", "source", "destination"]

GRANT_NAME = replace(limits.ROLE_NAME, what="a grant's name")


def _check_former_name(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal("a former name must be a string", code="former-name-not-string")
    component, slash, grant = value.rpartition("/")
    if slash and not component:
        raise Refusal(
            "must be GRANT, or COMPONENT/GRANT for a grant that was in another component",
            code="invalid-former-name",
        )
    GRANT_NAME(grant)
    return value


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

    @model_validator(mode="after")
    def _check_self_assuming(self) -> "RoleGrantModel":
        names = (self.conditions.session_names if self.conditions else None) or []
        if self.role.self_assuming and any("${aws:username}" in str(name) for name in names):
            raise Refusal(
                "must not be true where the grant's session names have ${aws:username}, which a "
                "role session doesn't have",
                code="username-for-non-user",
                remedy="Put these session names into conditions of the principals' own",
                where=(Key("role"), Key("self_assuming")),
                value=True,
            )
        return self

    def _expect_own_role(self, partition: str) -> str | None:
        return self._build_own_arn(self.role.name or "", partition, "9" * 12)

    def _build_own_arn(self, name: str, partition: str, account: str) -> str | None:
        if not self.role.self_assuming:
            return None
        return str(arns.IamArn(partition, account, "role", self.role.path, name))

    @property
    def own_actions(self) -> tuple[str, ...]:
        """What a role that assumes itself is allowed on itself: what the conditions require."""
        return self.conditions.actions if self.conditions else (ASSUME_ROLE,)

    def check_limits(self, limits: LimitsModel) -> None:
        """Check the trust policy and the role against the limits of the role's account.

        Raises:
            Refusal: If a document is too long, or the policies are too many.
        """
        self.check_trust_policy(limits.trust_policy)
        with locate(Key("role")):
            check_policies_of_role(self.role.number_of_policies, limits.of_role)
            own = self._expect_own_role(self._expected_partition)
            self.role.check_inline_size(own, self.own_actions)

    @property
    def longest_session(self) -> int:
        """The longest session in seconds; an hour where all callers are role sessions."""
        if self.chained:
            return limits.CHAINED_SESSION_SECONDS
        return self.role.max_session_duration or limits.DEFAULT_SESSION_SECONDS


class GrantModel(RoleGrantModel):
    """One grant; `args.Grant` says what each key means."""

    source: Annotated[str | None, plain(ACCOUNT_NAME)] = None
    destinations: (
        Annotated[list[Annotated[str, plain(ACCOUNT_NAME)]], Field(min_length=1)] | None
    ) = None
    exclude: list[Annotated[str, plain(ACCOUNT_NAME)]] = []
    formerly: list[Annotated[str, plain(_check_former_name)]] = []
    protect: Annotated[bool | None, plain(check_boolean)] = None
    retain: Annotated[bool | None, plain(check_boolean)] = None

    def source_of(self, principal: PrincipalModel) -> str:
        """The name of the account that a principal is in."""
        return principal.source or self.source or SOURCE

    def role_name(self, grant: str) -> str:
        """The role's name, by default the grant's."""
        return self.role.name or grant

    def role_arn(self, grant: str, partition: str, account: str) -> str:
        """The role's ARN in the destination account."""
        return str(arns.IamArn(partition, account, "role", self.role.path, self.role_name(grant)))

    def with_role_name(self, grant: str) -> "GrantModel":
        """The same with its role's name, for checks of documents that have it."""
        role = self.role.model_copy(update={"name": self.role_name(grant)})
        copy = self.model_copy(update={"role": role})
        copy.__dict__.pop("_expected_trust_policy", None)
        return copy

    def own_role_arn(self, grant: str, partition: str, account: str) -> str | None:
        """The role's ARN where it may assume itself; None where it may not."""
        return self._build_own_arn(self.role_name(grant), partition, account)

    def role_place(self, grant: str) -> str:
        """The role's name after its path, such as `/team/read-only`."""
        return f"{self.role.path}{self.role_name(grant)}"

    def describe_rename(self, grant: str) -> str | None:
        """Describe what the grant's former names change; None where it has none."""
        if not self.formerly:
            return None
        was = f"grant {grant} was {join_words(self.formerly, 'and')}"
        names = [name.rpartition("/")[2] for name in self.formerly]
        if self.role.name is None and any(name != grant for name in names):
            kept = join_words(names, "or")
            return (
                f"{was}: role.name isn't set, so that the first `pulumi up` under the new name "
                f"replaces the role by one named {grant}; role.name {kept}, set before, keeps it"
            )
        if any("/" in name for name in self.formerly):
            return f"{was}: the role is kept; its principals' policies are created again here"
        return f"{was}: nothing is re-made for the new name"

    @property
    def unattached_principals(self) -> list[PrincipalModel]:
        """The principals to whom the user must attach the source's policy."""
        return [principal for principal in self.principals if principal.attached is None]


def check_side(value: object) -> Side:
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
