"""Whether a principal's own policies let it assume the role, by the evaluator. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from cross_account_access.cli.iam_reader import LiveEntity
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.iam.evaluator import Caller, Decision, Policy, Request, decide
from cross_account_access.iam.policy_document import list_statements, to_list
from cross_account_access.iam.policy_normalization import normalize_statement

from .drift_findings import DriftFinding, Unchecked, make_finding

_VERSION = "2012-10-17"
_EVERYTHING = Policy(
    "everything",
    {"Version": _VERSION, "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
)
# What follows from the caller, so that a condition on it can be decided.
_DERIVED = frozenset(
    {"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username"}
)
_MFA = "aws:multifactorauthpresent"


def allows(documents: GrantDocuments, half: SourceHalf, standing: LiveEntity) -> bool:
    """Whether the principal's identity policies allow all that it needs; yes where a condition leaves it open."""
    allowing = tuple(
        Policy(policy.name, _opened(policy.document, documents))
        for policy in standing.identity_policies
    )
    return not _refused(documents, half, standing, allowing)


def blocks(
    documents: GrantDocuments, half: SourceHalf, standing: LiveEntity
) -> Iterator[DriftFinding | Unchecked]:
    """What in the principal's boundary and other policies keeps it from assuming the role."""
    whom = f"{half.attached_to[0]} {half.attached_to[1]}" if half.attached_to else half.name
    for policy in standing.identity_policies:
        for one in list_statements(policy.document):
            alone = Policy(
                policy.name, {"Version": policy.document.get("Version", _VERSION), "Statement": one}
            )
            if one.get("Effect") != "Deny" or not _refused(
                documents, half, standing, (_EVERYTHING, alone)
            ):
                continue
            if unknown := _unknown_keys(one, documents):
                why = f"{policy.name} denies it under {', '.join(unknown)}, which isn't known here"
                yield Unchecked(f"whether {whom} is denied the role", why)
            else:
                told = f"{policy.name} of {whom} denies to assume {documents.role.arn}"
                yield make_finding(documents, "explicit-deny", told, principal=half.name)
    if standing.boundary is None:
        return
    boundary = Policy(f"managed policy {standing.permissions_boundary}", standing.boundary)
    if _refused(documents, half, standing, (_EVERYTHING,), boundary):
        opened = Policy(boundary.name, _opened(standing.boundary, documents))
        if not _refused(documents, half, standing, (_EVERYTHING,), opened):
            why = "its permissions boundary has conditions that aren't known here"
            yield Unchecked(f"whether the boundary of {whom} allows the role", why)
            return
        told = f"the permissions boundary of {whom}, {standing.permissions_boundary}, doesn't allow to assume the role"
        yield make_finding(documents, "boundary-blocks", told, principal=half.name)


def _refused(
    documents: GrantDocuments,
    half: SourceHalf,
    standing: LiveEntity,
    identity: tuple[Policy, ...],
    boundary: Policy | None = None,
) -> bool:
    return not all(
        _decide(documents, half, standing, action, identity, boundary).allowed
        for action in _actions(half)
    )


def _decide(
    documents: GrantDocuments,
    half: SourceHalf,
    standing: LiveEntity,
    action: str,
    identity: tuple[Policy, ...],
    boundary: Policy | None = None,
) -> Decision:
    """The source's part of AWS's decision: the trust lets in everybody of the account."""
    arn, unique_id = standing.arn, standing.unique_id
    prefix = f"arn:{documents.partition}"
    kind, name = half.attached_to or ("user", half.name)
    if kind == "role":
        session = half.name.partition("/")[2] if half.kind == "session" else "verify"
        arn, unique_id = (
            f"{prefix}:sts::{documents.source_account_id}:assumed-role/{name}/{session}",
            f"{unique_id}:x",
        )
    elif kind == "group":
        arn = f"{prefix}:iam::{documents.source_account_id}:user/a-member-of-{name}"
    principal_arn = standing.arn if kind == "role" else arn
    caller = Caller(arn, unique_id, principal_arn, identity, boundary)
    trust = {
        "Version": _VERSION,
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": documents.source_account_id},
            "Action": _actions(half),
        },
    }
    request = Request(action, documents.role.arn, _context(documents))
    try:
        return decide(caller, request, Policy("trust policy", trust))
    except ValueError as error:
        # AWS saved it, so that it is only the evaluator that doesn't know it.
        return Decision(True, None, str(error))


def _actions(half: SourceHalf) -> list[str]:
    return [
        action
        for statement in list_statements(half.needs)
        for action in to_list(statement.get("Action", []))
    ]


def _context(documents: GrantDocuments) -> dict[str, str | tuple[str, ...]]:
    """What is known of whoever meets the grant's conditions."""
    conditions = [normalize_statement(one).get("Condition", {}) for one in _trusting(documents)]
    if conditions and all(_MFA in each.get("Bool", {}) for each in conditions):
        return {"aws:MultiFactorAuthPresent": "true"}
    return {}


def _trusting(documents: GrantDocuments) -> list[Mapping[str, Any]]:
    return list_statements(documents.role.trust_policy)


def _unknown_keys(statement: Mapping[str, Any], documents: GrantDocuments) -> list[str]:
    known = _DERIVED | {key.lower() for key in _context(documents)}
    keys = {key for conditions in statement.get("Condition", {}).values() for key in conditions}
    return sorted(key for key in keys if key.lower() not in known)


def _opened(document: Mapping[str, Any], documents: GrantDocuments) -> dict[str, Any]:
    """What the policy allows at most, whatever the conditions that aren't known are met by; without its denials."""
    allowing = [one for one in list_statements(document) if one.get("Effect") == "Allow"]
    opened = [
        {
            key: value
            for key, value in one.items()
            if key != "Condition" or not _unknown_keys(one, documents)
        }
        for one in allowing
    ]
    return {**document, "Statement": opened}
