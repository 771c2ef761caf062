"""What one account is to make for a grant, as plain data: every form of it is written from this."""

import re
from dataclasses import dataclass
from hashlib import sha256

from cross_account_access.cli.policy_normalization import (
    build_expected_half,
    compute_checksum,
    render_canonical,
)
from cross_account_access.grants.documents import Document, GrantDocuments, SourceHalf
from cross_account_access.grants.principals import Attachable
from cross_account_access.iam import arns, limits
from cross_account_access.iam.findings import AccountSide

_DIGEST = 8
_EXTERNAL_ID = "sts:externalid"
_REGIONS = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-eusc": "eusc-de-east-1"}


@dataclass(frozen=True)
class Attached:
    """A managed policy of the source account and whom it attaches to.

    Attributes:
        name: The policy's name.
        arn: Its ARN.
        kind: Of whom it attaches to.
        holder: Their name, without the path.
        file: The file that holds the document.
        document: The policy.
    """

    name: str
    arn: str
    kind: Attachable
    holder: str
    file: str
    document: Document


@dataclass(frozen=True)
class HandedOut:
    """A policy that can't be attached from here, and for whom it is."""

    principal: SourceHalf
    file: str


@dataclass(frozen=True)
class Side:
    """One account's part of a grant.

    Attributes:
        documents: The grant, both its halves.
        half: Whose part.
    """

    documents: GrantDocuments
    half: AccountSide

    @property
    def account(self) -> str:
        """The account that makes it."""
        source = self.half == "source"
        return self.documents.source_account_id if source else self.documents.destination_account_id

    @property
    def asker(self) -> str:
        """The other account."""
        source = self.half == "source"
        return self.documents.destination_account_id if source else self.documents.source_account_id

    @property
    def region(self) -> str:
        """A region of the partition: IAM is global, but whatever calls it wants one."""
        return _REGIONS.get(self.documents.partition, "us-east-1")

    @property
    def checksum(self) -> str:
        """What tells it from every other, as `verify` computes it from what stands."""
        return compute_checksum(build_expected_half(self.documents, self.half))

    @property
    def attached(self) -> list[Attached]:
        """The source's policies; a role and one of its sessions share one where they need the same."""
        found: dict[tuple[tuple[Attachable, str], str], Attached] = {}
        if self.half == "source":
            # By kind, so that a role goes before its sessions.
            for principal in sorted(
                self.documents.principals, key=lambda one: (one.kind, one.name)
            ):
                if principal.attached_to:
                    key = principal.attached_to, render_canonical(principal.needs)
                    found.setdefault(key, self._attached(principal, *principal.attached_to))
        return list(found.values())

    @property
    def handed_out(self) -> list[HandedOut]:
        """The source's policies for whoever can't have one attached."""
        if self.half != "source":
            return []
        return [
            HandedOut(
                principal, f"policy-{principal.kind.replace('_', '-')}-{_flat(principal.name)}.json"
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
        if self.half == "destination":
            role = self.documents.role
            inline = {file: role.inline_policies[name] for name, file in self.inline_files.items()}
            return {"trust-policy.json": role.trust_policy} | inline
        found = {attached.file: attached.document for attached in self.attached}
        return found | {handed.file: handed.principal.needs for handed in self.handed_out}

    @property
    def can_be_applied(self) -> bool:
        """Whether there is anything to make; not so where every policy is for its owner to hand out."""
        return self.half == "destination" or bool(self.attached)

    @property
    def has_external_id(self) -> bool:
        """Whether an external ID is among its documents."""
        return self.half == "destination" and any(
            key.lower() == _EXTERNAL_ID
            for statement in self.documents.role.trust_policy["Statement"]
            for keys in statement.get("Condition", {}).values()
            for key in keys
        )

    @property
    def slug(self) -> str:
        """What is called by the grant where letters, digits and hyphens are all that is allowed."""
        return f"cross-account-access-{re.sub('[^A-Za-z0-9]+', '-', self.documents.grant).strip('-')}-{self.half}"

    def _attached(self, principal: SourceHalf, kind: Attachable, holder: str) -> Attached:
        role, account = self.documents.role, self.documents.destination_account_id
        who = (
            f"session-{principal.name.replace('/', '@')}"
            if principal.kind == "session"
            else f"{kind}-{holder}"
        )
        name = _short(f"assume-{role.name}-in-{account}-by-{who}")
        arn = str(
            arns.IamArn(
                self.documents.partition, self.documents.source_account_id, "policy", "/", name
            )
        )
        return Attached(name, arn, kind, holder, f"policy-{who}.json", principal.needs)


def _short(name: str) -> str:
    """A policy's name within IAM's length, and still no other's."""
    if len(name) <= limits.POLICY_NAME.most:
        return name
    digest = sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limits.POLICY_NAME.most - _DIGEST - 1]}-{digest}"


def _flat(name: str) -> str:
    return name.strip("/").replace("/", "-")
