"""How each half that stands differs from what the stack means. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cross_account_access.cli.expected_half import build_destination_half, build_source_half
from cross_account_access.cli.iam_reader import LiveEntity
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.iam.policy_normalization import compute_checksum, normalize_policy

from . import own_policies
from .drift_findings import DriftFinding, Unchecked, make_finding
from .trust_drift import drift

_DEFAULT_SESSION = 3600


@dataclass(frozen=True)
class EntitySnapshot:
    """What was read of a user, role or group.

    Attributes:
        standing: What there is; None if there is no such one.
    """

    standing: LiveEntity | None


@dataclass(frozen=True)
class GrantSnapshot:
    """What was read of a grant.

    Attributes:
        role: The role; None if it couldn't be read.
        principals: By the principal's name; those that couldn't be read are missing.
    """

    role: EntitySnapshot | None
    principals: Mapping[str, EntitySnapshot]


def compare(documents: GrantDocuments, read: GrantSnapshot) -> Iterator[DriftFinding | Unchecked]:
    """Everything in which a grant differs from what was meant."""
    trust = read.role.standing.trust_policy if read.role and read.role.standing else None
    # Unique ids that stand in the trust without being meant.
    arns = {one.unique_id: one.arn for one in documents.principals if one.unique_id and one.arn}
    dead = drift(documents.role.trust_policy, trust, arns).dead if trust else []
    explained: set[str] = set()
    for half in documents.principals:
        holder = read.principals.get(half.name)
        if holder is None or half.attached_to is None:
            continue
        if holder.standing is None:
            explained.add(half.unique_id or "")
            yield make_finding(
                documents, "principal-gone", f"{_whom(half)} doesn't exist", principal=half.name
            )
            continue
        if half.unique_id not in (None, holder.standing.unique_id):
            explained.add(half.unique_id or "")
            yield _remade(documents, half, holder.standing, dead=half.unique_id in dead)
        yield from _source(documents, half, holder.standing)
    if read.role is not None:
        yield from _destination(documents, read.role.standing, arns, explained)


def _whom(half: SourceHalf) -> str:
    kind, name = half.attached_to or (half.kind, half.name)
    return f"{kind} {name}"


def _remade(
    documents: GrantDocuments, half: SourceHalf, standing: LiveEntity, *, dead: bool
) -> DriftFinding:
    told = f"{_whom(half)} was deleted and made again: {half.unique_id} was trusted, and now it is {standing.unique_id}"
    return make_finding(
        documents, "principal-dead" if dead else "principal-remade", told, principal=half.name
    )


# --- Source ---------------------------------------------------------------------------------------


def _source(
    documents: GrantDocuments, half: SourceHalf, standing: LiveEntity
) -> Iterator[DriftFinding | Unchecked]:
    whom = _whom(half)
    if half.policy_arn is not None and half.policy is not None:
        attached = standing.managed_policies.get(half.policy_arn)
        if attached is None:
            told = f"{half.policy_arn} isn't attached to {whom}"
            yield make_finding(documents, "policy-detached", told, principal=half.name)
        elif normalize_policy(attached) != normalize_policy(half.policy):
            told = f"{half.policy_arn} of {whom} has another document: {_how(half, attached)}"
            yield make_finding(documents, "policy-changed", told, principal=half.name)
    elif not own_policies.allows(documents, half, standing):
        told = f"no policy of {whom} allows to assume {documents.role.arn}"
        yield make_finding(documents, "policy-missing", told, principal=half.name)
    yield from own_policies.blocks(documents, half, standing)


def _how(half: SourceHalf, attached: Mapping[str, object]) -> str:
    resources = [{*_resources(document)} for document in (half.policy or {}, attached)]
    less, more = sorted(resources[0] - resources[1]), sorted(resources[1] - resources[0])
    parts = [*(f"{arn} less" for arn in less), *(f"{arn} more" for arn in more)]
    return ", ".join(parts) or "its effect, actions or conditions are others"


def _resources(document: Mapping[str, object]) -> Iterator[str]:
    for statement in normalize_policy(document)["Statement"]:
        yield from statement.get("Resource", ())


# --- Destination ----------------------------------------------------------------------------------


def _destination(
    documents: GrantDocuments,
    standing: LiveEntity | None,
    arns: Mapping[str, str],
    explained: set[str],
) -> Iterator[DriftFinding]:
    role = documents.role
    if standing is None:
        yield make_finding(documents, "role-gone", f"{role.arn} doesn't exist")
        return
    if role.unique_id not in (None, standing.unique_id) or standing.arn != role.arn:
        told = f"{role.arn} was made again: it was {role.unique_id}, and now {standing.arn} is {standing.unique_id}"
        yield make_finding(documents, "role-remade", told)
    yield from _trust(documents, standing, arns, explained)
    # Who makes the source alone may know nothing of the role's own settings.
    if documents.side != "source" or role.max_session_duration is not None:
        meant = role.max_session_duration or _DEFAULT_SESSION
        if standing.max_session_duration not in (None, meant):
            told = f"sessions last up to {standing.max_session_duration} s instead of {meant} s"
            yield make_finding(documents, "duration-changed", told)
    if documents.side != "source":
        yield from _role_policies(documents, standing)


def _trust(
    documents: GrantDocuments, standing: LiveEntity, arns: Mapping[str, str], explained: set[str]
) -> Iterator[DriftFinding]:
    difference = drift(documents.role.trust_policy, standing.trust_policy or {}, arns)
    for unique_id in difference.dead:
        if unique_id not in explained:
            whose = f", which {arns[unique_id]} had" if unique_id in arns else ""
            told = f"the trust policy names {unique_id}{whose}: a principal that was deleted"
            yield make_finding(documents, "principal-dead", told)
    told = "; ".join([*difference.wider, *difference.narrower])
    if difference.wider:
        yield make_finding(documents, "trust-widened", f"the trust policy differs: {told}")
    elif difference.narrower:
        yield make_finding(documents, "trust-narrowed", f"the trust policy differs: {told}")
    elif difference.other:
        told = "the trust policy has another Sid, Version or Id than the stack wrote, and no other difference"
        yield make_finding(documents, "trust-changed", told)


def _role_policies(documents: GrantDocuments, standing: LiveEntity) -> Iterator[DriftFinding]:
    role = documents.role
    if standing.permissions_boundary != role.permissions_boundary:
        told = (
            f"the role's permissions boundary is {standing.permissions_boundary or 'none'} instead of "
            f"{role.permissions_boundary or 'none'}"
        )
        yield make_finding(documents, "role-boundary-changed", told)
    for arn in sorted({*role.managed_policies} - {*standing.managed_policies}):
        yield make_finding(
            documents, "role-policy-detached", f"managed policy {arn} isn't attached to the role"
        )
    for arn in sorted({*standing.managed_policies} - {*role.managed_policies}):
        yield make_finding(
            documents, "role-policy-added", f"managed policy {arn} is attached to the role"
        )
    for name in sorted(role.inline_policies.keys() | standing.inline_policies.keys()):
        meant, there = role.inline_policies.get(name), standing.inline_policies.get(name)
        if there is None:
            yield make_finding(
                documents, "role-policy-detached", f"the role's inline policy {name} is gone"
            )
        elif meant is None:
            yield make_finding(
                documents, "role-policy-added", f"the role has an inline policy {name}"
            )
        elif normalize_policy(meant) != normalize_policy(there):
            yield make_finding(
                documents,
                "role-policy-changed",
                f"the role's inline policy {name} has another document",
            )


# --- What was handed over -------------------------------------------------------------------------


def checksums(documents: GrantDocuments, read: GrantSnapshot) -> dict[str, str]:
    """The checksum of each half as it stands, as far as it was read."""
    told = {}
    if read.role and (role := read.role.standing):
        told["destination"] = compute_checksum(
            build_destination_half(
                trust_policy=role.trust_policy or {},
                inline_policies=role.inline_policies,
                managed_policies=[*role.managed_policies],
                permissions_boundary=role.permissions_boundary,
                max_session_duration=role.max_session_duration,
            )
        )
    if all(half.name in read.principals for half in documents.principals):
        told["source"] = compute_checksum(
            build_source_half(
                {
                    f"{half.kind} {half.name}": _handed(half, read.principals[half.name])
                    for half in documents.principals
                }
            )
        )
    return told


def _handed(half: SourceHalf, read: EntitySnapshot) -> Mapping[str, object] | None:
    """What stands in for the policy that the principal needs: the same one if it has that, or the one most alike."""
    if read.standing is None:
        return None
    policies = read.standing.identity_policies
    needs = normalize_policy(half.needs)
    same = [policy.document for policy in policies if normalize_policy(policy.document) == needs]
    resources = {*_resources(half.needs)}
    alike = [policy.document for policy in policies if resources & {*_resources(policy.document)}]
    return next(iter([*same, *alike]), None)
