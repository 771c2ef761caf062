"""What a finding of the evaluator means in plain words, and what to do about it."""

import json
from collections.abc import Iterable

from cross_account_access.cli.condition_words import describe_unmet
from cross_account_access.grants.conditions import ASSUME_ROLE
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.findings import Finding
from cross_account_access.iam.operators import as_list

from .principal_ref import PrincipalRef
from .sources import CallerWithPolicies, Role

_UP = "and run `pulumi up`"


def told(
    finding: Finding,
    actions: tuple[str, ...],
    who: PrincipalRef,
    calling: CallerWithPolicies,
    role: Role,
    documents: GrantDocuments | None,
) -> tuple[str, tuple[str, ...]]:
    """A refusal in plain words, and what to do.

    Args:
        finding: The refusal.
        actions: Of which actions.
        who: Who calls, as it was asked.
        calling: The same with its policies.
        role: The role.
        documents: The grant that made it.
    """
    what = " and ".join(actions)
    where = f"{finding.policy}, statement {finding.statement}"
    match finding.kind:
        case "root_user":
            return "no root user can assume a role", (
                "Call as an IAM user or a role of that account.",
            )
        case "partition":
            partitions = " and ".join(arn.split(":")[1] for arn in (calling.caller.arn, role.arn))
            return (
                f"caller and role are in different partitions, {partitions}, which trust nobody of each other",
                ("Call from an account of the role's partition.",),
            )
        case "deny":
            return _denied(finding, where, what)
        case "trust":
            return _untrusted(finding, where, what, who, calling, role, documents)
        case "boundary":
            boundary = calling.caller.permissions_boundary
            text = f"the permissions boundary, {boundary.name if boundary else ''}, doesn't allow {what} on the role"
            remedy = f"Allow it there too ({_grant(actions, role)}): a boundary limits whatever the policies allow."
        case "session":
            text = f"the session's own policy doesn't allow {what} on the role"
            remedy = "Start the calling session without that session policy, or allow it there too."
        case _:
            return _unentitled(finding, where, what, actions, who, calling, role, documents)
    more, remedies = _nearest(finding, where, calling)
    return text + more, (*remedies, remedy)


def _denied(finding: Finding, where: str, what: str) -> tuple[str, tuple[str, ...]]:
    keys = ", ".join(finding.condition_keys)
    text = f"{where} denies {what}" + (f", under its conditions of {keys}" if keys else "")
    remedy = "No allow outweighs a deny: its owner takes the statement away or excepts this call"
    return text, (
        f"{remedy}{f', or call so that its conditions ({keys}) are not met' if keys else ''}.",
    )


def _nearest(
    finding: Finding, where: str, calling: CallerWithPolicies
) -> tuple[str, tuple[str, ...]]:
    """What keeps the policy that comes nearest from allowing."""
    if finding.element == "condition":
        unmet = describe_unmet(finding.unmet, user=calling.caller.kind == "User")
        return f"; {where} would, but {unmet.plain}", unmet.remedies
    if finding.element == "resource":
        return f"; {where} is for other roles", ()
    return "", ()


def _unentitled(
    finding: Finding,
    where: str,
    what: str,
    actions: tuple[str, ...],
    who: PrincipalRef,
    calling: CallerWithPolicies,
    role: Role,
    documents: GrantDocuments | None,
) -> tuple[str, tuple[str, ...]]:
    more, remedies = _nearest(finding, where, calling)
    if finding.element == "condition":
        return f"no policy of {who.told} allows {what} on the role{more}", remedies
    named = bool(documents and who.halves(documents))
    attach = f"Let its account allow it by this statement: {_grant(actions, role)}"
    if not calling.known:
        text = f"no policy is known that allows {who.told} {what} on the role: the policies of its own account decide"
        asking = "Ask with --entitled if its account allows it, or with --live what stands there."
        return text, (attach, *_by_group(who, documents), asking)
    text = f"no policy of {who.told} allows {what} on the role{more}"
    if what != ASSUME_ROLE and ASSUME_ROLE not in actions:
        return text, (_passing(actions), attach)
    if named:
        return text, (
            f"Run `pulumi up --refresh`: the stack makes that policy. By hand: {_grant(actions, role)}",
        )
    return text, (attach,)


def _untrusted(
    finding: Finding,
    where: str,
    what: str,
    who: PrincipalRef,
    calling: CallerWithPolicies,
    role: Role,
    documents: GrantDocuments | None,
) -> tuple[str, tuple[str, ...]]:
    if finding.element == "condition":
        unmet = describe_unmet(finding.unmet, user=calling.caller.kind == "User")
        return f"{where}: {unmet.plain}", unmet.remedies
    if finding.element == "action":
        actions = tuple(what.split(" and "))
        return f"{where} doesn't let it have {what}", (_passing(actions),)
    if finding.dead_ids:
        text = (
            f"the trust policy names {', '.join(finding.dead_ids)}: users or roles that were deleted, and one that was "
            "made again by the same name is another to AWS"
        )
        return text, (
            "Run `pulumi up --refresh`: it saves the trust again for whoever has the name now.",
        )
    text = f"the trust policy doesn't name {who.told} of account {calling.caller.account}"
    names = list(_names(role))
    if like := [name for name in names if _tail(name) == _tail(calling.caller.principal_arn)]:
        text += f"; {' and '.join(like)} is another one: compare kind, account, path and capitals"
    sessions = [name.rpartition("/")[2] for name in names if _same_role(name, calling.caller.arn)]
    if sessions:
        text += f"; of that role it names only the session {' and '.join(sessions)}"
    if documents is None:
        return text, ("Its owner adds it to the role's trust policy.",)
    if calling.caller.account != documents.source_account_id:
        account = documents.source_account_id
        return text, (
            f"The grant is for account {account}: another source takes another CrossAccountAccess.",
        )
    return text, (f"Add it to the principals of grant {documents.grant} {_UP}.",)


def _by_group(who: PrincipalRef, documents: GrantDocuments | None) -> Iterable[str]:
    groups = (
        [half.name for half in documents.principals if half.kind == "group"] if documents else []
    )
    if who.kind == "user":
        for group in groups:
            yield f"A member of group {group} is allowed it by the group: ask for group/{group}."


def _passing(actions: tuple[str, ...]) -> str:
    things = {"sts:TagSession": "session tags", "sts:SetSourceIdentity": "a source identity"}
    found = [thing for action, thing in things.items() if action in actions]
    return (
        f"Call without {' and '.join(found) or 'more'}; or let the grant's conditions ask for it, so that both halves "
        f"allow {' and '.join(actions)}."
    )


def _names(role: Role) -> Iterable[str]:
    statements = role.trust.document.get("Statement", []) if role.trust else []
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal")
        if isinstance(principal, dict):
            yield from as_list(principal.get("AWS", []))


def _same_role(name: str, arn: str) -> bool:
    return ":assumed-role/" in arn and name.rpartition("/")[0] == arn.rpartition("/")[0]


def _tail(arn: str) -> str:
    return arn.rpartition("/")[2].lower() if "/" in arn else arn


def _grant(actions: tuple[str, ...], role: Role) -> str:
    allowed = actions[0] if len(actions) == 1 else list(actions)
    statement = {"Effect": "Allow", "Action": allowed, "Resource": role.arn}
    return json.dumps(statement, separators=(",", ":"))
