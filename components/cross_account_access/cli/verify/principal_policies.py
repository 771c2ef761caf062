"""Whether a principal's own policies let it assume the role, by the evaluator. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cross_account_access.cli.iam_reader import LiveEntity
from cross_account_access.cli.trust_requirements import ALLOW_EVERYTHING
from cross_account_access.grants.documents import Document, GrantDocuments, SourceHalf
from cross_account_access.iam.evaluator import Caller, Policy, Request, decide
from cross_account_access.iam.identity_policy import VERSION
from cross_account_access.iam.policy_document import list_statements, list_values
from cross_account_access.iam.policy_normalization import normalize_statement

from .drift_findings import DriftFinding, Unchecked, make_finding

# These follow from the caller, so a condition on them can be decided.
_DERIVED_KEYS = frozenset(
    {
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principaltype",
        "aws:resourceaccount",
        "aws:username",
    }
)
_MFA = "aws:multifactorauthpresent"


@dataclass(frozen=True)
class PrincipalPolicies:
    """A grant's principal and its policies in the account.

    Attributes:
        documents: The grant.
        half: The principal as the grant has it.
        entity: The principal as the account has it.
    """

    documents: GrantDocuments
    half: SourceHalf
    entity: LiveEntity

    @property
    def display_name(self) -> str:
        """Its kind and name, for messages."""
        return self.name_holder(self.half)

    @staticmethod
    def name_holder(half: SourceHalf) -> str:
        """Name what a principal's policies are attached to, with an account that isn't the lead."""
        name = " ".join(half.attached_to or (half.kind, half.name))
        return f"{name} of account {half.account_id}" if half.account_id else name

    def allow_role(self) -> bool:
        """Whether the identity policies allow the role; unknown conditions count as met."""
        return self._decide(
            tuple(
                Policy(policy.name, self._drop_unknown_conditions(policy.document))
                for policy in self.entity.identity_policies
            )
        )

    def find_blocks(self) -> Iterator[DriftFinding | Unchecked]:
        """Find what in its policies and permissions boundary keeps it from assuming the role."""
        for policy in self.entity.identity_policies:
            for statement in list_statements(policy.document):
                if statement.get("Effect") == "Deny":
                    yield from self._check_deny(policy, statement)
        if self.entity.boundary_policy is not None:
            yield from self._check_boundary(self.entity.boundary_policy)

    def _check_deny(
        self, policy: Policy, statement: Mapping[str, Any]
    ) -> Iterator[DriftFinding | Unchecked]:
        document = {**policy.document, "Statement": statement}
        if self._decide((ALLOW_EVERYTHING, Policy(policy.name, document))):
            return
        if unknown := self._list_unknown_keys(statement):
            why = f"{policy.name} denies it if {', '.join(unknown)} match, which is not known here"
            yield Unchecked(f"whether {self.display_name} is denied the role", why)
        else:
            message = f"{policy.name} of {self.display_name} denies assuming the role"
            yield make_finding(self.documents, "explicit-deny", message, principal=self.half)

    def _check_boundary(self, boundary: Policy) -> Iterator[DriftFinding | Unchecked]:
        if self._decide((ALLOW_EVERYTHING,), boundary):
            return
        relaxed = Policy(boundary.name, self._drop_unknown_conditions(boundary.document))
        if self._decide((ALLOW_EVERYTHING,), relaxed):
            why = "its permissions boundary has conditions that are not known here"
            yield Unchecked(f"whether the boundary of {self.display_name} allows the role", why)
            return
        name = f"{self.display_name}, {self.entity.permissions_boundary}"
        message = f"the permissions boundary of {name}, doesn't allow assuming the role"
        yield make_finding(self.documents, "boundary-blocks", message, principal=self.half)

    def _decide(self, identity: tuple[Policy, ...], boundary: Policy | None = None) -> bool:
        """Whether the source allows all the actions; the trust policy allows the whole account."""
        actions = [
            action
            for statement in list_statements(self.half.needs)
            for action in list_values(statement.get("Action", []))
        ]
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": self.documents.get_account(self.half)},
            "Action": actions,
        }
        trust = Policy("trust policy", {"Version": VERSION, "Statement": statement})
        caller, context = self._build_caller(identity, boundary), self._build_context()
        role = self.documents.role.arn
        return all(_allows(caller, Request(action, role, context), trust) for action in actions)

    def _build_caller(self, identity: tuple[Policy, ...], boundary: Policy | None) -> Caller:
        arn, unique_id = self.entity.arn, self.entity.unique_id
        kind, name = self.half.attached_to or ("user", self.half.name)
        account, partition = self.documents.get_account(self.half), self.documents.partition
        if kind == "role":
            is_session = self.half.kind == "session"
            session = self.half.name.partition("/")[2] if is_session else "verify"
            session_arn = f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}"
            return Caller(session_arn, f"{unique_id}:x", arn, identity, boundary)
        if kind == "group":
            arn = f"arn:{partition}:iam::{account}:user/a-member-of-{name}"
        return Caller(arn, unique_id, arn, identity, boundary)

    def _build_context(self) -> dict[str, str | tuple[str, ...]]:
        """Build the condition keys of every call that meets the grant's conditions."""
        conditions = [
            normalize_statement(statement).get("Condition", {})
            for statement in list_statements(self.documents.role.trust_policy)
            if statement["Effect"] == "Allow"
        ]
        if conditions and all(_MFA in operators.get("Bool", {}) for operators in conditions):
            return {"aws:MultiFactorAuthPresent": "true"}
        return {}

    def _list_unknown_keys(self, statement: Mapping[str, Any]) -> list[str]:
        known = _DERIVED_KEYS | {key.lower() for key in self._build_context()}
        keys = {key for keys in statement.get("Condition", {}).values() for key in keys}
        return sorted(key for key in keys if key.lower() not in known)

    def _drop_unknown_conditions(self, document: Mapping[str, Any]) -> Document:
        """The most that the policy allows, whatever is not known here; without its denials."""
        statements = [
            {
                element: value
                for element, value in statement.items()
                if element != "Condition" or not self._list_unknown_keys(statement)
            }
            for statement in list_statements(document)
            if statement.get("Effect") == "Allow"
        ]
        return {**document, "Statement": statements}


def _allows(caller: Caller, request: Request, trust: Policy) -> bool:
    try:
        return decide(caller, request, trust).allowed
    except ValueError:
        # AWS accepted the policy, so only the evaluator doesn't know what is in it.
        return True
