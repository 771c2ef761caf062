"""Who is trusted, under which conditions."""

from collections.abc import Sequence
from functools import cached_property

from pydantic import Field, model_validator

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import limits
from cross_account_access.iam.quotas import TRUST_POLICY_CHARACTERS, Quota

from .conditions import ConditionsModel
from .model import Model, Unresolved
from .principal_entities import Entity
from .principal_kinds import TRAITS, PrincipalKind
from .principals import PrincipalModel
from .trust import build_trust_policy, check_size, get_effective_conditions
from .trust_overlap import check_overlaps

SOURCE, DESTINATION = "source", "destination"
"""What the accounts are called where there is only a pair of them."""

# Of the minimum length; the digest of unique IDs has one length whatever theirs.
_PLACEHOLDER_ID = "0" * limits.UNIQUE_ID.least


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


def _describe(kind: PrincipalKind) -> str:
    names: dict[PrincipalKind, str] = {"session": "role session", "path": "role by its path"}
    return names.get(kind, kind.replace("_", " "))
