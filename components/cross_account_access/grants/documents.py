"""What both accounts have of a grant, as one record in the stack's outputs.

The components write it; the command-line tool verifies, explains, draws and hands over from it.
"""

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from cross_account_access.iam import limits
from cross_account_access.iam.identity_policy import check_identity_policy
from cross_account_access.iam.policy_patterns import escape_brackets

from .accounts import ACCOUNT_NAME
from .exclusions import read_exclusion_pattern
from .grant import GrantModel, Side
from .policies import AssumableRole, build_assume_role_policy
from .principal_entities import Attachable
from .principal_kinds import TRAITS, PrincipalKind
from .principals import PrincipalModel
from .roles import check_managed_policy_arn, check_role_arn, resolve_policy_arn
from .trust import build_trust_policy, get_allowed_actions

Document = dict[str, Any]
_AccountId = Annotated[str, AfterValidator(limits.check_account_id)]
_RoleName = Annotated[str, AfterValidator(limits.ROLE_NAME)]
_PolicyArn = Annotated[str, AfterValidator(check_managed_policy_arn)]


class _Record(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, frozen=True, defer_build=True
    )


class SourceHalf(_Record):
    """What the source account has for one principal of a grant.

    Attributes:
        account_id: Its account's ID, where that isn't the record's source account.
        kind: What the principal is.
        name: Its name with its path; or the account's or organization's ID, the permission set's
            name, ROLE/SESSION.
        arn: Its ARN; None where there isn't one (account, permission set, organization).
        unique_id: Its unique ID, where it is trusted by that.
        trusted_as: Its Principal in the trust policy: its ARN, its account's, or everybody.
        scoping_conditions: The conditions, as a policy's Condition, that scope `trusted_as` down to
            it; empty where nothing does.
        excluded: Patterns of `aws:PrincipalArn`, sorted: who of those that it names is denied.
        attached_to: Kind and name, without the path, of the identity that its policy is attached
            to; None where the user attaches it.
        needs: The identity policy that it needs for the role, and no more.
        policy_arn: The managed policy that was created for it; None where none was created here.
        policy: That policy's document, which may hold other grants' roles too. None in the record
            of a grant among many accounts: there the stack's output `policies` has it.
    """

    account_id: _AccountId | None = None
    kind: PrincipalKind
    name: str
    arn: str | None
    unique_id: Annotated[str, AfterValidator(limits.UNIQUE_ID)] | None
    trusted_as: str
    scoping_conditions: Document = Field(
        validation_alias="narrowing", serialization_alias="narrowing"
    )
    excluded: list[str] = Field(default=[], exclude_if=lambda excluded: not excluded)
    attached_to: tuple[Attachable, str] | None
    needs: Document
    policy_arn: _PolicyArn | None = None
    policy: Document | None = None

    @property
    def excluded_names(self) -> list[str]:
        """Who is excluded, by names and ARNs."""
        return [read_exclusion_pattern(pattern) for pattern in self.excluded]

    @property
    def key(self) -> tuple[str | None, str, str]:
        """What tells it apart from the grant's other principals."""
        return self.account_id, self.kind, self.name


class DestinationHalf(_Record):
    """The destination's role.

    Attributes:
        arn: Its ARN.
        unique_id: AROA…; None where another stack creates the role.
        trust_policy: Its trust policy.
        max_session_duration: In seconds; None for AWS's default, an hour.
        permissions_boundary: A managed policy's ARN.
        managed_policies: Their ARNs.
        inline_policies: Their documents by name.
        self_assuming: Whether it may assume itself.
    """

    arn: Annotated[str, AfterValidator(check_role_arn)]
    name: _RoleName
    path: Annotated[str, AfterValidator(limits.check_path)]
    unique_id: Annotated[str, AfterValidator(limits.UNIQUE_ID)] | None = None
    trust_policy: Document
    description: Annotated[str, AfterValidator(limits.DESCRIPTION)] | None
    max_session_duration: Annotated[int, AfterValidator(limits.MAX_SESSION_DURATION)] | None
    permissions_boundary: _PolicyArn | None
    managed_policies: list[_PolicyArn]
    inline_policies: dict[Annotated[str, AfterValidator(limits.POLICY_NAME)], Document]
    self_assuming: bool = False
    tags: Annotated[dict[str, str], AfterValidator(limits.check_tags)]


class GrantDocuments(_Record):
    """Both halves of one grant.

    Attributes:
        format: The version of the record's form.
        account: The destination account's name, where the grant is one among many accounts.
        side: Which half the stack creates: of several sources', at least one.
        made: The IDs of the accounts whose parts the stack creates; None between a pair.
        source_account_id: The account of the principals that have no `account_id` of their own.
        principals: One for each of the grant's principals.
    """

    format: Literal[1] = 1
    grant: _RoleName  # the rule of a grant's name is a role's
    account: Annotated[str, AfterValidator(ACCOUNT_NAME)] | None = None
    side: Side
    made: list[_AccountId] | None = None
    partition: str
    source_account_id: _AccountId
    destination_account_id: _AccountId
    role: DestinationHalf
    principals: list[SourceHalf]

    @property
    def label(self) -> str:
        """What a person calls it: GRANT, or GRANT@ACCOUNT among many accounts."""
        return f"{self.grant}@{self.account}" if self.account else self.grant

    @property
    def usage_label(self) -> str:
        """What profile and console call it: as its role, or GRANT-ACCOUNT among many accounts."""
        return f"{self.grant}-{self.account}" if self.account else self.role.name

    def is_own_role(self, caller: str) -> bool:
        """Whether a caller is the role itself.

        Args:
            caller: The caller's ARN, or its role's.
        """
        session = f":sts::{self.destination_account_id}:assumed-role/{self.role.name}/"
        return caller == self.role.arn or session in caller

    @property
    def source_account_ids(self) -> list[str]:
        """The IDs of the principals' accounts, sorted."""
        return sorted({self.get_account(half) for half in self.principals})

    def get_account(self, half: SourceHalf) -> str:
        """Return the ID of a principal's account."""
        return half.account_id or self.source_account_id

    def find_exclusion(self, principal_arn: str) -> tuple[SourceHalf, str] | None:
        """Find the principal from which a caller is excluded, and by which name or ARN.

        Args:
            principal_arn: The caller's `aws:PrincipalArn`.
        """
        for half in self.principals:
            for pattern in half.excluded:
                if fnmatchcase(principal_arn, escape_brackets(pattern)):
                    return half, read_exclusion_pattern(pattern)
        return None

    def makes_part_of(self, account: str) -> bool:
        """Whether the stack makes the part of an account, which is one of the grant's."""
        if self.made is not None:
            return account in self.made
        own: Side = "source" if account == self.source_account_id else "destination"
        return self.side in ("both", own)

    def limit_to_source(self, account: str) -> "GrantDocuments":
        """The same with the principals of one account alone, as the record's source account."""
        principals = [
            half.model_copy(update={"account_id": None})
            for half in self.principals
            if self.get_account(half) == account
        ]
        return self.model_copy(update={"source_account_id": account, "principals": principals})

    def with_made(
        self, role_id: str | None, policies_made: Sequence[tuple[str, str] | None]
    ) -> "GrantDocuments":
        """Add what AWS returned.

        Args:
            role_id: The role's unique ID.
            policies_made: ARN and document of each principal's policy; None where it has none.
                Among many accounts the document is left out.
        """
        principals = [
            half.model_copy(
                update={
                    "policy_arn": made[0],
                    "policy": None if self.account else json.loads(made[1]),
                }
            )
            if made
            else half
            for half, made in zip(self.principals, policies_made, strict=True)
        ]
        role = self.role.model_copy(update={"unique_id": role_id})
        return self.model_copy(update={"role": role, "principals": principals})

    def as_json(self) -> str:
        """Render the record as the stack's outputs have it."""
        left_out: dict[str, Any] = {}
        if not self.account:
            left_out = {"account": True, "made": True, "principals": {"__all__": {"account_id"}}}
        if not self.role.self_assuming:
            left_out["role"] = {"self_assuming"}
        return self.model_dump_json(by_alias=True, exclude=left_out)


def build_grant_documents(
    name: str,
    grant: GrantModel,
    *,
    side: Side,
    tags: Mapping[str, str],
    partition: str,
    source: str,
    destination: str,
) -> GrantDocuments:
    """Build the record of both halves of a grant, without what only AWS knows.

    Args:
        name: The grant's name.
        grant: The grant, all of it known.
        side: Which half the stack creates.
        tags: The tags of every resource.
        partition: The accounts' partition.
        source: The source account's ID.
        destination: The destination account's ID.
    """
    role = _build_destination_half(name, grant, tags, partition, source, destination)
    return GrantDocuments(
        grant=name,
        side=side,
        partition=partition,
        source_account_id=source,
        destination_account_id=destination,
        role=role,
        principals=[
            build_principal_half(
                principal,
                get_allowed_actions(principal, grant.conditions),
                role.arn,
                partition,
                source,
            )
            for principal in sorted(grant.principals, key=lambda principal: principal.rank)
        ],
    )


def _build_destination_half(
    name: str,
    grant: GrantModel,
    tags: Mapping[str, str],
    partition: str,
    source: str,
    destination: str,
) -> DestinationHalf:
    role = grant.role
    boundary = role.permissions_boundary
    attached = [*role.managed_policies, *role.managed_policy_arns.values()]
    own_role = grant.own_role_arn(name, partition, destination)
    trust_policy = build_trust_policy(
        grant.principals, grant.conditions, partition, source, own_role
    )
    generated = role.build_generated_policies(own_role, grant.own_actions)
    return DestinationHalf(
        arn=grant.role_arn(name, partition, destination),
        name=grant.role_name(name),
        path=role.path,
        trust_policy=json.loads(trust_policy),
        description=role.description if isinstance(role.description, str) else None,
        max_session_duration=role.max_session_duration,
        permissions_boundary=resolve_policy_arn(str(boundary), partition, destination)
        if boundary
        else None,
        managed_policies=sorted(
            resolve_policy_arn(str(policy), partition, destination) for policy in attached
        ),
        inline_policies={
            policy: json.loads(check_identity_policy(document))
            for policy, document in sorted({**role.inline_policies, **generated}.items())
        },
        self_assuming=role.self_assuming,
        tags=dict(sorted(tags.items())),
    )


def build_principal_half(
    principal: PrincipalModel, actions: tuple[str, ...], role_arn: str, partition: str, account: str
) -> SourceHalf:
    """Build what the source account has for one principal, without what only AWS knows.

    Args:
        principal: The principal, known.
        actions: What both sides allow it.
        role_arn: The role's ARN.
        partition: The source account's partition.
        account: Its ID, which a principal's own `source` takes the place of.

    Raises:
        Refusal: If the principal is in another account.
    """
    if principal.kind is None:
        raise ValueError(f"{principal.display_name} must be known")
    entity, attached_kind = principal.entity, TRAITS[principal.kind].attached
    element, scope = principal.build_trust_element(partition, account)
    arn, holder = None, ""
    if principal.session is not None:
        arn, holder = element, principal.session.partition("/")[0]
    elif entity is not None:
        arn, holder = entity.build_arn(partition, principal.source or account), entity.name
    role = AssumableRole(role_arn, actions)
    return SourceHalf(
        account_id=None if principal.source in (None, account) else principal.source,
        kind=principal.kind,
        name=f"{entity.path}{entity.name}".removeprefix("/") if entity else principal.display_name,
        arn=arn,
        unique_id=principal.unique_id if isinstance(principal.unique_id, str) else None,
        trusted_as=element,
        scoping_conditions=scope,
        excluded=sorted(principal.build_exclusions(partition, account)),
        attached_to=(attached_kind, holder) if attached_kind else None,
        needs=json.loads(build_assume_role_policy([role])),
    )
