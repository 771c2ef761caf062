"""What `verify` can find, each kind under a stable code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.findings import AccountSide

_REFRESH = "`pulumi up --refresh` brings back what the stack means."
_TRUST = f"{_REFRESH} CloudTrail's UpdateAssumeRolePolicy in the destination tells who changed it."
_OWNER = "The source account's owner decides: change that policy, or choose another principal for the grant."


@dataclass(frozen=True)
class DriftKind:
    """One kind of finding.

    Attributes:
        half: Where it is; None where it may be either.
        meaning: What it means, for the docs.
        remedy: What to do, where the stack makes that half.
        repaired: Whether deploying the stack again repairs it.
        refuses: Whether it can be why the role can't be assumed.
    """

    half: AccountSide | None
    meaning: str
    remedy: str = _REFRESH
    repaired: bool = True
    refuses: bool = True


KINDS: Mapping[str, DriftKind] = {
    "role-gone": DriftKind("destination", "The role was deleted."),
    "role-remade": DriftKind(
        "destination",
        "The role was deleted and made again: what names it in a policy elsewhere names the old one.",
        refuses=False,
    ),
    "trust-widened": DriftKind(
        "destination",
        "The trust policy lets in more than the stack means: a principal, action or statement more, a condition less "
        "or a looser one.",
        _TRUST,
    ),
    "trust-narrowed": DriftKind(
        "destination",
        "The trust policy lets in less: a principal or statement less, a condition or a Deny more.",
        _TRUST,
    ),
    "trust-changed": DriftKind(
        "destination",
        "The trust policy means the same, but isn't what the stack wrote (Sid, Version, Id).",
        _TRUST,
        refuses=False,
    ),
    "principal-dead": DriftKind(
        "destination",
        "The trust policy names a principal by the unique id of one that was deleted. One made again under its name "
        "is another one for AWS.",
        "`pulumi up` saves the trust policy anew, for whoever has the name now.",
    ),
    "duration-changed": DriftKind(
        "destination", "The role's maximum session duration is another.", refuses=False
    ),
    "role-boundary-changed": DriftKind(
        "destination",
        "The role's permissions boundary was added, removed or exchanged.",
        refuses=False,
    ),
    "role-policy-detached": DriftKind(
        "destination", "A managed or inline policy of the role isn't there any more.", refuses=False
    ),
    "role-policy-added": DriftKind(
        "destination",
        "The role has a managed or inline policy that the stack doesn't give it.",
        "Detach or delete it; or, if it is meant, put it into the grant. Pulumi sees no policy that it didn't attach.",
        repaired=False,
        refuses=False,
    ),
    "role-policy-changed": DriftKind(
        "destination", "An inline policy of the role has another document.", refuses=False
    ),
    "principal-gone": DriftKind(
        "source",
        "The principal doesn't exist any more.",
        "Take it out of the grant; or make it again and run `pulumi up`.",
        repaired=False,
    ),
    "principal-remade": DriftKind(
        "source",
        "The principal was deleted and made again since the stack was deployed.",
        "`pulumi up` takes note of the new one, if it is who is meant.",
    ),
    "policy-detached": DriftKind(
        "source", "The policy that allows to assume the role isn't attached to the principal."
    ),
    "policy-changed": DriftKind("source", "That policy is attached, but has another document."),
    "policy-missing": DriftKind(
        "source",
        "The stack doesn't make the source's policy, and no policy of the principal allows to assume the role.",
        "`cross-account-access handoff` writes that policy for the source account's owner.",
        repaired=False,
    ),
    "boundary-blocks": DriftKind(
        "source",
        "The principal's permissions boundary doesn't allow to assume the role.",
        _OWNER,
        repaired=False,
    ),
    "explicit-deny": DriftKind(
        "source",
        "Another policy of the principal, or of a group of it, denies it.",
        _OWNER,
        repaired=False,
    ),
    "access-refused": DriftKind(
        None,
        "AWS refuses the principal, and no finding above tells why: a service or resource control policy, a session "
        "policy, a condition that isn't met from here, or what couldn't be read.",
        "`cross-account-access explain` tells which conditions there are; IAM takes up to a minute to converge.",
        repaired=False,
    ),
    "stranger-allowed": DriftKind(
        "destination",
        "The caller is no principal of the grant, and could assume the role all the same.",
        _TRUST,
    ),
    "handoff-differs": DriftKind(
        None,
        "What stands isn't what was handed over under that checksum.",
        "The findings beside it tell where.",
    ),
    "handoff-outdated": DriftKind(
        None,
        "The checksum is of no half as the stack means it now.",
        "`cross-account-access handoff` writes the half anew, for its owner to make it so.",
        repaired=False,
    ),
    "access-analyzer": DriftKind(
        None,
        "Access Analyzer's ValidatePolicy has an error or security warning about a document.",
        "Its message tells.",
        repaired=False,
        refuses=False,
    ),
}


@dataclass(frozen=True)
class DriftFinding:
    """Something that isn't as the stack means it.

    Attributes:
        grant: The grant.
        half: Which half of it; None where it may be either.
        code: One of `KINDS`.
        told: What it is, in plain words.
        remedy: What to do.
        principal: The principal's name, where it is about one alone.
    """

    grant: str
    half: AccountSide | None
    code: str
    told: str
    remedy: str
    principal: str | None = None

    def explains(self, principal: str) -> bool:
        """Whether it can be why AWS refuses that principal."""
        return KINDS[self.code].refuses and self.principal in (None, principal)

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {
            "code": self.code,
            "half": self.half,
            "principal": self.principal,
            "message": self.told,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Unchecked:
    """Something that wasn't checked.

    Attributes:
        what: What.
        why: Why not.
        permission: The permission that lacked, where that is why.
    """

    what: str
    why: str
    permission: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {"what": self.what, "why": self.why, "permission": self.permission}


def make_finding(
    documents: GrantDocuments,
    code: str,
    told: str,
    *,
    principal: str | None = None,
    half: AccountSide | None = None,
) -> DriftFinding:
    """A finding about a grant, with what to do by who makes that half."""
    kind = KINDS[code]
    half = half or kind.half
    remedy = kind.remedy
    if kind.repaired and half and documents.side not in ("both", half):
        account = (
            documents.source_account_id if half == "source" else documents.destination_account_id
        )
        remedy = f"The owner of account {account} makes this half: `cross-account-access handoff` writes it anew."
    return DriftFinding(documents.grant, half, code, told, remedy, principal)
