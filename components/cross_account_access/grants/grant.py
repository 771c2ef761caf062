"""A grant as a whole: who gets which role under which conditions, and how its parts go together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import arns, limits
from cross_account_access.iam.quotas import TRUST_POLICY_CHARACTERS, Quota
from cross_account_access.text_format import join_words

from .account_limits import LimitsModel, check_policies_of_role
from .accounts import ACCOUNT_NAME
from .condition_values import check_boolean
from .conditions import ASSUME_ROLE, ConditionsModel
from .model import Model, Unresolved, plain
from .principal_entities import Entity
from .principal_kinds import TRAITS, PrincipalKind
from .principals import PrincipalModel
from .roles import RoleModel
from .trust import build_trust_policy, check_size, get_effective_conditions
from .trust_overlap import check_overlaps

Side = Literal["both", "source", "destination"]

SOURCE, DESTINATION = "source", "destination"
"""What the accounts are called where there is only a pair of them."""

GRANT_NAME = replace(limits.ROLE_NAME, what="a grant's name")
# Of the minimum length; the digest of unique IDs has one length whatever theirs.
_PLACEHOLDER_ID = "0" * limits.UNIQUE_ID.least


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
        self.check_trust_policy(TRUST_POLICY_CHARACTERS.at_maximum)
        check_overlaps(self._placed, self.conditions)
        return self

    def source_of(self, principal: PrincipalModel) -> str:
        """The name of the account that a principal is in."""
        return principal.source or SOURCE

    @cached_property
    def _placed(self) -> Sequence[PrincipalModel]:
        """The principals, each with its account's name where one has its own."""
        if not any(principal.source for principal in self.principals):
            return self.principals
        return [principal.located_in(self.source_of(principal)) for principal in self.principals]

    def _check_unique(self) -> None:
        """Check that no two principals share a label, nor a name under different labels."""
        accounts = [f"{p.source or ''}/" for p in self._placed]
        own_keys = [p.key for p in self.principals]
        names = [f"{p.kind}-{p.entity.name}" if p.entity else p.key for p in self.principals]
        for spelt in (own_keys, names):
            keys = [f"{account}{key}" for account, key in zip(accounts, spelt, strict=True)]
            if repeated := limits.find_repeated(keys, key=str.lower):
                position = max(i for i, k in enumerate(keys) if k.lower() == repeated.lower())
                raise Refusal(
                    "a grant must not have a principal twice; names are unique ignoring case, "
                    "whatever the path",
                    code="repeated-principal",
                    where=(Key("principals"), position),
                    value=self.principals[position].display_name,
                )

    def _find_accounts(self) -> dict[str, str]:
        """Find the ID of each source that principals' own keys hold; where none does, one of its
        length.
        """
        known: dict[str, set[str]] = {}
        for principal in self.principals:
            own = {principal.known_account} if principal.known_account else set()
            known.setdefault(self.source_of(principal), set()).update(own)
        for source, accounts in known.items():
            if len(accounts) > 1:
                hint = "" if source == SOURCE else ". Name each one's account as its source"
                raise Refusal(
                    "a grant's principals must be in one source account",
                    code="principals-of-several-accounts",
                    remedy=f"These are in {', '.join(sorted(accounts))}{hint}",
                    where=(Key("principals"),),
                )
        return {
            source: next(iter(accounts), f"{number:012}")
            for number, (source, accounts) in enumerate(sorted(known.items()))
        }

    def check_trust_policy(self, quota: Quota) -> None:
        """Check the trust policy's size, as it will be with the principals' unique IDs.

        Raises:
            Refusal: If what is known of it is longer than the quota.
        """
        document = self._expected_trust_policy
        with locate(Key("principals")):
            check_size(document, len(self._known_positions), quota)

    @cached_property
    def _known_positions(self) -> list[int]:
        return [
            position
            for position, principal in enumerate(self.principals)
            if not isinstance(principal.identity, Unresolved)
        ]

    @property
    def _expected_partition(self) -> str:
        return next(filter(None, (p.known_partition for p in self.principals)), "aws")

    @cached_property
    def _expected_trust_policy(self) -> str:
        positions, accounts = self._known_positions, self._find_accounts()
        principals = [
            (
                p.model_copy(update={"unique_id": _PLACEHOLDER_ID})
                if p.kind in ("user", "role") and not p.by_name
                else p
            ).located_in(accounts[self.source_of(p)])
            for p in (self.principals[position] for position in positions)
        ]
        partition = self._expected_partition
        with locate(Key("principals")):
            try:
                return build_trust_policy(
                    principals, self.conditions, partition, "", self._expect_own_role(partition)
                )
            except Refusal as refusal:
                if refusal.where:
                    first, *rest = refusal.where
                    refusal.where = (positions[int(first)], *rest)
                raise

    def _expect_own_role(self, partition: str) -> str | None:  # noqa: ARG002 - a role's grant has it
        """The ARN of the role that may assume itself, as far as it is known; None without one."""
        return None

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


def _describe(kind: PrincipalKind) -> str:
    names: dict[PrincipalKind, str] = {"session": "role session", "path": "role by its path"}
    return names.get(kind, kind.replace("_", " "))


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
