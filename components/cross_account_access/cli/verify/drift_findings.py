"""The findings of `verify`: every kind, each with a stable code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.iam.findings import AccountSide

_REFRESH = "Run `pulumi up --refresh`, which restores the stack's state."
_TRUST = f"{_REFRESH} CloudTrail's UpdateAssumeRolePolicy in the destination shows who changed it."
_RENEW = "`pulumi up --refresh`, which renews the trust policy and the policy's attachment."
_OWNER = (
    "The source account's owner must change that policy, or the grant must name another principal."
)

PrincipalKey: TypeAlias = tuple[str | None, str, str]
"""A grant's principal: its account's ID where that isn't the grant's own, its kind and name."""


@dataclass(frozen=True)
class DriftKind:
    """One kind of finding.

    Attributes:
        half: The half that it is in; None where it may be either.
        meaning: What it means, for the docs.
        remedy: What to do, where the stack manages that half.
        repaired: Whether deploying the stack again repairs it.
        refuses: Whether it can be the reason that the role cannot be assumed.
    """

    half: AccountSide | None
    meaning: str
    remedy: str = _REFRESH
    repaired: bool = True
    refuses: bool = True


def _destination(meaning: str, remedy: str = _REFRESH, **options: bool) -> DriftKind:
    return DriftKind("destination", meaning, remedy, **options)


def _source(meaning: str, remedy: str = _REFRESH, **options: bool) -> DriftKind:
    return DriftKind("source", meaning, remedy, **options)


KINDS: Mapping[str, DriftKind] = {
    "role-gone": _destination("The role was deleted."),
    "role-remade": _destination(
        "The role was deleted and re-created. Policies elsewhere that name it no longer match it.",
        refuses=False,
    ),
    "trust-widened": _destination(
        "The trust policy allows more than the stack defines: an extra principal, action or "
        "statement, or a condition that is missing or looser.",
        _TRUST,
    ),
    "trust-narrowed": _destination(
        "The trust policy allows less: a principal or statement is missing, or there is an extra "
        "condition or Deny.",
        _TRUST,
    ),
    "trust-changed": _destination(
        "The trust policy allows the same, but its Sid, Version or Id differs from the stack's.",
        _TRUST,
        refuses=False,
    ),
    "principal-dead": _destination(
        "The trust policy names a principal by the unique ID of one that was deleted. A principal "
        "re-created under the same name does not match it.",
        f"Run {_RENEW}",
    ),
    "duration-changed": _destination(
        "The role's maximum session duration was changed.", refuses=False
    ),
    "role-boundary-changed": _destination(
        "The role's permissions boundary was added, removed or replaced.", refuses=False
    ),
    "role-policy-detached": _destination(
        "A managed or inline policy of the role is missing.", refuses=False
    ),
    "role-policy-added": _destination(
        "The role has a managed or inline policy that the stack does not define.",
        "Detach or delete it, or add it to the grant. Pulumi ignores policies that it didn't "
        "attach.",
        repaired=False,
        refuses=False,
    ),
    "role-policy-changed": _destination(
        "An inline policy of the role has another document.", refuses=False
    ),
    "sessions-ended": _destination(
        "The role's sessions of before a time were ended outside of Pulumi, as the console's "
        "“Revoke active sessions” does it.",
        "Set `sessionsIssuedAfter` to that time, or delete the role's inline policy "
        "`AWSRevokeOlderSessions`.",
        repaired=False,
        refuses=False,
    ),
    "principal-gone": _source(
        "The principal doesn't exist any more.",
        "Remove it from the grant, or re-create it and run `pulumi up --refresh`.",
        repaired=False,
    ),
    "principal-remade": _source(
        "The principal was deleted and re-created since the stack was deployed.",
        f"If the new one is to have access, run {_RENEW}",
    ),
    "policy-detached": _source(
        "The policy that allows assuming the role isn't attached to the principal."
    ),
    "policy-changed": _source("That policy is attached, but has another document."),
    "policy-missing": _source(
        "The stack doesn't manage the source, and no policy of the principal allows assuming the "
        "role.",
        "`cross-account-access handoff` writes that policy for the source account's owner.",
        repaired=False,
    ),
    "boundary-blocks": _source(
        "The principal's permissions boundary doesn't allow assuming the role.",
        _OWNER,
        repaired=False,
    ),
    "explicit-deny": _source(
        "Another policy of the principal, or of one of its groups, denies it.",
        _OWNER,
        repaired=False,
    ),
    "access-refused": DriftKind(
        None,
        "AWS refuses the principal, and no other finding explains it: a service or resource "
        "control policy, a session policy, a condition that isn't met from here, or something that "
        "couldn't be read.",
        "`cross-account-access explain` lists the conditions; changes of IAM take up to a minute "
        "to take effect.",
        repaired=False,
    ),
    "stranger-allowed": _destination(
        "The caller is not a principal of the grant, and could still assume the role.", _TRUST
    ),
    "handoff-differs": DriftKind(
        None,
        "The half in the account isn't the one that was handed over with that checksum.",
        "The other findings say how it differs.",
    ),
    "handoff-outdated": DriftKind(
        None,
        "The checksum matches neither half as the stack defines it now.",
        "Run `cross-account-access handoff` again, and give the half to its owner.",
        repaired=False,
    ),
    "access-analyzer": DriftKind(
        None,
        "Access Analyzer's ValidatePolicy reports an error or security warning about a document.",
        "Follow the link in the message.",
        repaired=False,
        refuses=False,
    ),
}


@dataclass(frozen=True)
class DriftFinding:
    """A difference between a grant and the accounts.

    Attributes:
        grant: The grant's name.
        half: The half that it is in; None where it may be either.
        code: A key of `KINDS`.
        message: What differs, for a person.
        remedy: What to do.
        principal: The principal's name, where it concerns only one.
        key: What tells that one apart, for another account's may have the same name.
        account: The ID of the account that it is in; None where it may be either.
    """

    grant: str
    half: AccountSide | None
    code: str
    message: str
    remedy: str
    principal: str | None = None
    key: PrincipalKey | None = None
    account: str | None = None

    def explains(self, principal: SourceHalf) -> bool:
        """Whether it can be the reason that AWS refuses that principal."""
        return KINDS[self.code].refuses and self.key in (None, principal.key)

    def as_json(self) -> dict[str, Any]:
        """The finding for `--json`."""
        return {
            "code": self.code,
            "half": self.half,
            "principal": self.principal,
            "message": self.message,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Unchecked:
    """Something that could not be checked.

    Attributes:
        what: What it is.
        why: The reason.
        permission: The missing permission, where that is the reason.
        account: The ID of the account that has it, where it is of one.
    """

    what: str
    why: str
    permission: str | None = None
    account: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same for `--json`."""
        return {"what": self.what, "why": self.why, "permission": self.permission}


def make_finding(
    documents: GrantDocuments,
    code: str,
    message: str,
    *,
    principal: SourceHalf | None = None,
    half: AccountSide | None = None,
    account: str | None = None,
) -> DriftFinding:
    """Make a finding about a grant; its remedy depends on who manages that half.

    Args:
        documents: The grant.
        code: A key of `KINDS`.
        message: What differs.
        principal: The principal that it concerns, where that is only one.
        half: The half, where its kind of findings may be in either.
        account: The account of that half; by default the principal's, or the grant's own.
    """
    kind = KINDS[code]
    half = half or kind.half
    remedy = kind.remedy
    account = (
        account
        or {
            "source": documents.get_account(principal)
            if principal
            else documents.source_account_id,
            "destination": documents.destination_account_id,
            None: "",
        }[half]
    )
    if kind.repaired and half and not documents.makes_part_of(account):
        owner = "Another stack or the owner" if documents.account else "The owner"
        remedy = (
            f"{owner} of account {account} manages this half: run `cross-account-access handoff` "
            "again, and give it to them."
        )
    name, key = (principal.name, principal.key) if principal else (None, None)
    return DriftFinding(documents.grant, half, code, message, remedy, name, key, account or None)
