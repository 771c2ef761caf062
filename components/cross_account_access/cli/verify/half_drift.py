"""How each half of a grant in the accounts differs from the stack's. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from cross_account_access.cli.expected_half import build_destination_half, build_source_half
from cross_account_access.cli.iam_reader import LiveEntity
from cross_account_access.cli.stacks import list_labels
from cross_account_access.errors import Refusal
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.grants.generated_policies import REVOKES_SESSIONS, find_issued_after
from cross_account_access.grants.policy_roles import list_policy_roles
from cross_account_access.iam.findings import AccountSide
from cross_account_access.iam.policy_normalization import compute_checksum, normalize_policy

from .drift_findings import DriftFinding, Unchecked, make_finding
from .grant_snapshot import EntitySnapshot, GrantSnapshot
from .principal_policies import PrincipalPolicies
from .trust_drift import compare_trust_policies

Part: TypeAlias = tuple[AccountSide, str]
"""A half of a grant, and the ID of the account that has it."""

_DEFAULT_SESSION = 3600


def compare_grant(
    documents: GrantDocuments, snapshot: GrantSnapshot
) -> list[DriftFinding | Unchecked]:
    """Compare a grant with what the accounts have of it."""
    return [*_Comparison(documents, snapshot).compare()]


@dataclass
class _Comparison:
    documents: GrantDocuments
    snapshot: GrantSnapshot
    # Unique IDs whose principal has a finding of its own already.
    reported: set[str | None] = field(default_factory=set)

    @property
    def role(self) -> LiveEntity | None:
        return self.snapshot.role.entity if self.snapshot.role else None

    @property
    def arns(self) -> dict[str, str]:
        """The ARNs of the grant's principals by their unique IDs."""
        principals = self.documents.principals
        return {half.unique_id: half.arn for half in principals if half.unique_id and half.arn}

    def compare(self) -> Iterator[DriftFinding | Unchecked]:
        for half in self.documents.principals:
            principal = self.snapshot.principals.get(half.key)
            if principal is not None and half.attached_to is not None:
                yield from self.compare_principal(half, principal.entity)
        if self.snapshot.role is not None:
            yield from self.compare_role()

    # --- Source ---------------------------------------------------------------------------------

    def compare_principal(
        self, half: SourceHalf, entity: LiveEntity | None
    ) -> Iterator[DriftFinding | Unchecked]:
        display_name = PrincipalPolicies.name_holder(half)
        if entity is None:
            self.reported.add(half.unique_id)
            yield self.make_finding("principal-gone", f"{display_name} doesn't exist", half)
            return
        if half.unique_id not in (None, entity.unique_id):
            self.reported.add(half.unique_id)
            code = (
                "principal-dead" if half.unique_id in self.find_dead_ids() else "principal-remade"
            )
            ids = f"its unique ID was {half.unique_id} and is now {entity.unique_id}"
            yield self.make_finding(code, f"{display_name} was deleted and re-created: {ids}", half)
        principal = PrincipalPolicies(self.documents, half, entity)
        if half.policy_arn is not None and half.policy is not None:
            yield from self.compare_attached_policy(half, entity, display_name)
        elif not principal.allow_role():
            message = f"no policy of {display_name} allows assuming {self.documents.role.arn}"
            yield self.make_finding("policy-missing", message, half)
        yield from principal.find_blocks()

    def compare_attached_policy(
        self, half: SourceHalf, entity: LiveEntity, display_name: str
    ) -> Iterator[DriftFinding]:
        attached = entity.managed_policies.get(half.policy_arn or "")
        if attached is None:
            message = f"{half.policy_arn} isn't attached to {display_name}"
            yield self.make_finding("policy-detached", message, half)
        elif not _are_equal(attached, half.policy or {}):
            difference = _describe_resources(half.policy or {}, attached)
            message = f"{half.policy_arn} of {display_name} has another document: {difference}"
            yield self.make_finding("policy-changed", message, half)

    def find_dead_ids(self) -> list[str]:
        if self.role is None or not self.role.trust_policy:
            return []
        expected = self.documents.role.trust_policy
        return compare_trust_policies(expected, self.role.trust_policy, self.arns).dead

    # --- Destination ----------------------------------------------------------------------------

    def compare_role(self) -> Iterator[DriftFinding]:
        expected, role = self.documents.role, self.role
        if role is None:
            yield self.make_finding("role-gone", f"{expected.arn} doesn't exist")
            return
        if expected.unique_id not in (None, role.unique_id) or role.arn != expected.arn:
            ids = f"it was {expected.unique_id}, and now {role.arn} is {role.unique_id}"
            yield self.make_finding("role-remade", f"{expected.arn} was re-created: {ids}")
        yield from self.compare_trust(role)
        # A stack that manages only the source may not know the role's own settings.
        if self.documents.side != "source" or expected.max_session_duration is not None:
            longest = expected.max_session_duration or _DEFAULT_SESSION
            if role.max_session_duration not in (None, longest):
                message = (
                    f"sessions last up to {role.max_session_duration} s instead of {longest} s"
                )
                yield self.make_finding("duration-changed", message)
        if self.documents.side != "source":
            yield from self.compare_role_policies(role)

    def compare_trust(self, role: LiveEntity) -> Iterator[DriftFinding]:
        expected = self.documents.role.trust_policy
        drift = compare_trust_policies(expected, role.trust_policy or {}, self.arns)
        for unique_id in drift.dead:
            if unique_id not in self.reported:
                owner = f" of {self.arns[unique_id]}" if unique_id in self.arns else ""
                message = f"the trust policy names {unique_id}, the ID{owner} that was deleted"
                yield self.make_finding("principal-dead", message)
        differences = "; ".join([*drift.wider, *drift.narrower])
        if drift.wider:
            yield self.make_finding("trust-widened", f"the trust policy differs: {differences}")
        elif drift.narrower:
            yield self.make_finding("trust-narrowed", f"the trust policy differs: {differences}")
        elif drift.cosmetic and (self.makes_role or not drift.sids_only):
            message = "the trust policy differs from the stack's in its Sid, Version or Id only"
            yield self.make_finding("trust-changed", message)

    @property
    def makes_role(self) -> bool:
        """Whether the stack writes the trust policy, and so its Sids.

        Their digests are of unique IDs, which another stack need not have looked up.
        """
        return self.documents.makes_part_of(self.documents.destination_account_id)

    def compare_role_policies(self, role: LiveEntity) -> Iterator[DriftFinding]:
        expected = self.documents.role
        if role.permissions_boundary != expected.permissions_boundary:
            yield self.make_finding(
                "role-boundary-changed",
                f"the role's permissions boundary is {role.permissions_boundary or 'none'} instead "
                f"of {expected.permissions_boundary or 'none'}",
            )
        managed = {*expected.managed_policies}
        for arn in sorted(managed - role.managed_policies.keys()):
            message = f"managed policy {arn} isn't attached to the role"
            yield self.make_finding("role-policy-detached", message)
        for arn in sorted(role.managed_policies.keys() - managed):
            message = f"managed policy {arn} is attached to the role"
            yield self.make_finding("role-policy-added", message)
        for name in sorted(expected.inline_policies.keys() | role.inline_policies.keys()):
            old, new = expected.inline_policies.get(name), role.inline_policies.get(name)
            if name == REVOKES_SESSIONS and (ended := self.find_ended_sessions(role)):
                yield ended
            elif new is None:
                message = f"the role's inline policy {name} is missing"
                yield self.make_finding("role-policy-detached", message)
            elif old is None:
                message = f"the role has the inline policy {name}"
                yield self.make_finding("role-policy-added", message)
            elif not _are_equal(old, new):
                message = f"the role's inline policy {name} has another document"
                yield self.make_finding("role-policy-changed", message)

    def find_ended_sessions(self, role: LiveEntity) -> DriftFinding | None:
        """Find that sessions were ended outside of Pulumi, as the console does it, and until when.

        None where the stack ends them until then too, or means another policy by that name.
        """
        expected = self.documents.role.inline_policies
        own, ended = find_issued_after(expected), find_issued_after(role.inline_policies)
        if ended is None or (REVOKES_SESSIONS in expected and (own is None or ended <= own)):
            return None
        message = f"the role's sessions issued before {ended} were ended outside of Pulumi"
        remedy = (
            f"To keep them ended, set sessionsIssuedAfter: {ended} in the grant's role and run "
            f"`pulumi up`; `cross-account-access revoke {self.documents.label} --at {ended}` has "
            f"the command. Otherwise delete the role's inline policy {REVOKES_SESSIONS}: sessions "
            "that haven't expired work again then."
        )
        return replace(self.make_finding("sessions-ended", message), remedy=remedy)

    def make_finding(
        self, code: str, message: str, principal: SourceHalf | None = None
    ) -> DriftFinding:
        return make_finding(self.documents, code, message, principal=principal)


def _are_equal(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return normalize_policy(one) == normalize_policy(other)


def _describe_resources(expected: Mapping[str, object], attached: Mapping[str, object]) -> str:
    before, after = _list_resources(expected), _list_resources(attached)
    # Names and accounts in one statement may be hundreds of roles.
    parts = [
        list_labels([f"{arn} is missing" for arn in sorted(before - after)]),
        list_labels([f"{arn} is extra" for arn in sorted(after - before)]),
    ]
    return ", ".join(filter(None, parts)) or "its effect, actions or conditions differ"


def _list_resources(document: Mapping[str, object]) -> set[str]:
    try:
        return list_policy_roles(document)
    except Refusal:
        # Somebody else's policy may be about anything.
        statements = normalize_policy(document)["Statement"]
        return {arn for statement in statements for arn in statement.get("Resource", ())}


# --- Checksums ------------------------------------------------------------------------------------


def compute_checksums(documents: GrantDocuments, snapshot: GrantSnapshot) -> dict[Part, str]:
    """Compute the checksum of each part as the accounts have it, where all of it was read."""
    checksums: dict[Part, str] = {}
    if snapshot.role and (role := snapshot.role.entity):
        checksums["destination", documents.destination_account_id] = compute_checksum(
            build_destination_half(
                trust_policy=role.trust_policy or {},
                inline_policies=role.inline_policies,
                managed_policies=[*role.managed_policies],
                permissions_boundary=role.permissions_boundary,
                max_session_duration=role.max_session_duration,
            )
        )
    for account in documents.source_account_ids:
        halves = [half for half in documents.principals if documents.get_account(half) == account]
        if all(half.key in snapshot.principals for half in halves):
            policies = {
                f"{half.kind} {half.name}": _select_policy(half, snapshot.principals[half.key])
                for half in halves
            }
            checksums["source", account] = compute_checksum(build_source_half(policies))
    return checksums


def _select_policy(half: SourceHalf, principal: EntitySnapshot) -> Mapping[str, object] | None:
    """Select the principal's policy for the role: the equal one, or else one for its resources."""
    if principal.entity is None:
        return None
    policies = [policy.document for policy in principal.entity.identity_policies]
    equal = [document for document in policies if _are_equal(document, half.needs)]
    resources = _list_resources(half.needs)
    similar = [document for document in policies if resources & _list_resources(document)]
    return next(iter([*equal, *similar]), None)
