"""One account's half of a grant, as plain data, from which every file of a handoff is written."""

import re
from dataclasses import dataclass
from hashlib import sha256

from cross_account_access.cli.expected_half import build_expected_half
from cross_account_access.grants.documents import Document, GrantDocuments, SourceHalf
from cross_account_access.grants.principal_entities import Attachable
from cross_account_access.grants.principal_kinds import MANY_ROLES
from cross_account_access.iam import arns, limits
from cross_account_access.iam.findings import AccountSide
from cross_account_access.iam.identity_policy import render_document
from cross_account_access.iam.partitions import get_main_region
from cross_account_access.iam.policy_document import list_conditions, list_statements
from cross_account_access.iam.policy_normalization import compute_checksum, render_canonical
from cross_account_access.iam.quotas import POLICIES_PER_ROLE, TRUST_POLICY_CHARACTERS

_DIGEST = 8
_READABLE = 64
_EXTERNAL_ID = "sts:externalid"


@dataclass(frozen=True)
class AttachedPolicy:
    """A managed policy of the source account, and the user, role or group it is attached to.

    Attributes:
        name: The policy's name.
        arn: Its ARN.
        kind: What it is attached to.
        holder: The name of that, without the path.
        file: The name of the document's file.
        document: The policy.
    """

    name: str
    arn: str
    kind: Attachable
    holder: str
    file: str
    document: Document


@dataclass(frozen=True)
class UnattachedPolicy:
    """A policy that the account's owner attaches by hand, and the principal that needs it."""

    principal: SourceHalf
    file: str


@dataclass(frozen=True)
class HandoffHalf:
    """The half of a grant that one account deploys.

    Attributes:
        documents: Both halves of the grant; for a source, with the principals of its account alone.
        side: Which of them.
    """

    documents: GrantDocuments
    side: AccountSide

    @property
    def account(self) -> str:
        """The account that deploys it."""
        source = self.side == "source"
        return self.documents.source_account_id if source else self.documents.destination_account_id

    @property
    def other_accounts(self) -> list[str]:
        """The other account; among many accounts, a destination may have several."""
        if self.side == "source":
            return [self.documents.destination_account_id]
        return self.documents.source_account_ids

    @property
    def region(self) -> str:
        """A Region of the partition: IAM is global, but its clients need a Region."""
        return get_main_region(self.documents.partition)

    @property
    def checksum(self) -> str:
        """The checksum, as `verify` computes it from what is deployed."""
        return compute_checksum(build_expected_half(self.documents, self.side))

    @property
    def attached(self) -> list[AttachedPolicy]:
        """The source's policies; a role and its session share one where they need the same."""
        policies: dict[tuple[tuple[Attachable, str], str], AttachedPolicy] = {}
        if self.side == "source":
            # By kind, so that a role goes before its sessions.
            for principal in sorted(
                self.documents.principals, key=lambda one: (one.kind, one.name)
            ):
                if principal.attached_to:
                    key = principal.attached_to, render_canonical(principal.needs)
                    policy = self._build_policy(principal, *principal.attached_to)
                    policies.setdefault(key, policy)
        return list(policies.values())

    @property
    def unattached(self) -> list[UnattachedPolicy]:
        """The source's policies that can't be attached to an IAM entity from here."""
        if self.side != "source":
            return []
        return [
            UnattachedPolicy(
                principal, f"policy-{principal.kind.replace('_', '-')}-{_name_file(principal)}.json"
            )
            for principal in self.documents.principals
            if principal.attached_to is None
        ]

    @property
    def inline_files(self) -> dict[str, str]:
        """The files of the role's inline policies, by the policies' names."""
        return {name: f"inline-{name}.json" for name in sorted(self.documents.role.inline_policies)}

    @property
    def policy_files(self) -> dict[str, Document]:
        """The exact policies, by their files' names."""
        if self.side == "destination":
            role = self.documents.role
            inline = {file: role.inline_policies[name] for name, file in self.inline_files.items()}
            return {"trust-policy.json": role.trust_policy} | inline
        attached = {policy.file: policy.document for policy in self.attached}
        return attached | {policy.file: policy.principal.needs for policy in self.unattached}

    @property
    def needed_quotas(self) -> list[str]:
        """The quotas of the account that AWS's defaults are too small for, in words."""
        if self.side == "source":
            return []
        role = self.documents.role
        length = limits.count_characters(render_document(role.trust_policy))
        needed = {
            "the length of a role's trust policy": (length, TRUST_POLICY_CHARACTERS),
            "managed policies per role": (len(role.managed_policies), POLICIES_PER_ROLE),
        }
        return [
            f"{what}, {quota.default:,} by default, to at least {size:,}"
            for what, (size, quota) in needed.items()
            if size > quota.default
        ]

    @property
    def can_be_applied(self) -> bool:
        """Whether it has resources to deploy, and not only policies that are attached by hand."""
        return self.side == "destination" or bool(self.attached)

    @property
    def has_external_id(self) -> bool:
        """Whether its documents contain an external ID."""
        return self.side == "destination" and any(
            key.lower() == _EXTERNAL_ID
            for statement in list_statements(self.documents.role.trust_policy)
            for _, key, _ in list_conditions(statement.get("Condition", {}))
        )

    @property
    def slug(self) -> str:
        """A name of the half in letters, digits and hyphens."""
        grant = re.sub("[^A-Za-z0-9]+", "-", self.documents.label).strip("-")
        return _shorten(f"cross-account-access-{grant}-{self.side}")

    def _build_policy(self, principal: SourceHalf, kind: Attachable, holder: str) -> AttachedPolicy:
        role, account = self.documents.role, self.documents.destination_account_id
        label = (
            f"session-{principal.name.replace('/', '@')}"
            if principal.kind == "session"
            else f"{kind}-{holder}"
        )
        name = _shorten(f"assume-{role.name}-in-{account}-by-{label}")
        arn = str(
            arns.IamArn(
                self.documents.partition, self.documents.source_account_id, "policy", "/", name
            )
        )
        return AttachedPolicy(name, arn, kind, holder, f"policy-{label}.json", principal.needs)


def _name_file(principal: SourceHalf) -> str:
    """Name a principal in a file's name: of a pattern without wildcards, unique by a digest."""
    name = principal.name.strip("/").replace("/", "-")
    if principal.kind not in MANY_ROLES:
        return name
    digest = sha256(principal.name.encode()).hexdigest()[:_DIGEST]
    readable = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-.")[:_READABLE]
    return f"{readable}-{digest}"


def _shorten(name: str) -> str:
    """Shorten a policy's name to IAM's limit; a digest keeps it unique."""
    if len(name) <= limits.POLICY_NAME.most:
        return name
    digest = sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limits.POLICY_NAME.most - _DIGEST - 1]}-{digest}"
