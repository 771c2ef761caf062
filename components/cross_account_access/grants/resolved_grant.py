"""A grant with all that its documents need: its accounts, and its principals as they were found.

Whatever is made of a grant — trust policy, usage, record — is made of this one value, so that
nothing can be read twice and differently.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import arns
from cross_account_access.iam.quotas import Quota

from .documents import GrantDocuments, build_grant_documents
from .grant import GrantModel, RoleGrantModel, Side
from .principal_kinds import MANY_ROLES
from .trust import build_trust_policy
from .trust_overlap import check_overlaps
from .usage import Usage


@dataclass(frozen=True)
class Account:
    """An AWS account.

    Attributes:
        id: Its twelve digits.
        partition: `aws`, `aws-cn`, `aws-us-gov`, …
    """

    id: str
    partition: str


Accounts = Mapping[str, Account]
"""Accounts by their names, all of one partition."""


@dataclass(frozen=True)
class FoundPrincipal:
    """A user or role as the source account has it."""

    arn: str
    unique_id: str

    def check_unique_id(self, given: object) -> None:
        """Check that a unique ID that was given for it is its own.

        Raises:
            Refusal: If it is another.
        """
        if given != self.unique_id:
            raise Refusal(
                "must be the principal's own unique ID",
                code="wrong-unique-id",
                value=given,
                remedy=f"{self.arn} has {self.unique_id}: leave the key out, for the source "
                "account is asked",
            )


@dataclass(frozen=True)
class ResolvedGrant:
    """A grant, its accounts, and its principals as the source account has them.

    Attributes:
        grant: The grant. What is `Unresolved` in it isn't needed for what is asked of this value.
            Each principal has its account's ID as its `source`.
        accounts: Its accounts.
        lead: The position of the principal for whom profile and command are written.
    """

    grant: RoleGrantModel
    accounts: Accounts
    lead: int

    @classmethod
    def build(
        cls,
        grant: RoleGrantModel,
        accounts: Accounts,
        found: Mapping[int, FoundPrincipal],
        order: Sequence[int],
    ) -> "ResolvedGrant":
        """Put principals as they were found into a grant, each with its rank as its label.

        Args:
            grant: The grant, its principals' names and ARNs known.
            accounts: Its accounts.
            found: Principals that the source account was asked for, by their position.
            order: The positions by rank; the first principal's profile and command are written.

        Raises:
            Refusal: If a principal is of another account, or a role at a path that wasn't given is
                trusted by a pattern too.
        """
        principals = list(grant.principals)
        for rank, position in enumerate(order):
            one = found.get(position)
            if one and isinstance(principals[position].unique_id, str):
                with locate(Key("principals"), position, Key("unique_id")):
                    one.check_unique_id(principals[position].unique_id)
            identity = {"arn": one.arn, "unique_id": one.unique_id} if one else {}
            source = accounts[grant.source_of(principals[position])]
            principal = principals[position].with_label(f"{rank:03}", **identity)
            principals[position] = principal.located_in(source.id)
            with locate(Key("principals"), position):
                principals[position].build_trust_element(source.partition, source.id)
        if found and any(principal.kind in MANY_ROLES for principal in principals):
            check_overlaps(principals, grant.conditions)
        return cls(grant.model_copy(update={"principals": principals}), accounts, order[0])

    @property
    def source(self) -> Account:
        """The account of the principals that name no other."""
        named = self.grant.source if isinstance(self.grant, GrantModel) else None
        if named:
            return self.accounts[named]
        lead = self.grant.principals[self.lead].source
        return next(one for one in self.accounts.values() if one.id == lead)

    def trust_policy(self, quota: Quota, own_role: str | None = None) -> str:
        """The role's trust policy.

        Args:
            quota: How long it may be.
            own_role: The role's ARN, where it may assume itself.

        Raises:
            Refusal: If it is longer.
        """
        source = self.source
        with locate(Key("principals")):
            return build_trust_policy(
                self.grant.principals,
                self.grant.conditions,
                source.partition,
                source.id,
                own_role,
                quota,
            )

    def usage(self, role_arn: str, label: str | None = None) -> Usage:
        """How the role is used.

        Args:
            role_arn: The role's ARN.
            label: What profile and console call it; its name by default.
        """
        role = arns.parse_arn(role_arn)
        if role is None:
            raise ValueError(f"{role_arn} is no role's ARN")
        longest = self.grant.role.max_session_duration
        principals, conditions = self.grant.principals, self.grant.conditions
        name = label or role.name
        return Usage(role, name, principals, conditions, self.source.id, longest, self.lead)

    def record(
        self,
        name: str,
        destination: str,
        side: Side,
        tags: Mapping[str, str],
        made: Collection[str] | None = None,
    ) -> GrantDocuments:
        """Both halves of the grant as one record, but for what AWS alone knows of them.

        Args:
            name: The grant's name.
            destination: The name of the account that has the role.
            side: Which half is made here.
            tags: The role's tags.
            made: The names of the accounts whose parts are made here; None between a pair.
        """
        if not isinstance(self.grant, GrantModel):
            raise TypeError("a record is made of a whole grant")
        record = build_grant_documents(
            name,
            self.grant,
            side=side,
            tags=tags,
            partition=self.source.partition,
            source=self.source.id,
            destination=self.accounts[destination].id,
        )
        if made is None:
            return record
        ids = sorted(self.accounts[account].id for account in made)
        return record.model_copy(update={"account": destination, "made": ids})
