"""A refusal of the evaluator in words, and what to do about it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from cross_account_access.grants.conditions import ASSUME_ROLE
from cross_account_access.iam.condition_words import SIGN_IN, describe_unmet
from cross_account_access.iam.findings import Finding
from cross_account_access.iam.policy_document import list_principals, list_statements
from cross_account_access.text_format import join_words

if TYPE_CHECKING:
    from .explanation import Question

_MFA_KEYS = {"aws:multifactorauthpresent", "aws:multifactorauthage"}
_REQUESTED = {"sts:TagSession": "session tags", "sts:SetSourceIdentity": "a source identity"}


class Advice(NamedTuple):
    """A refusal for a person.

    Attributes:
        text: Why it is refused.
        remedies: What to do.
    """

    text: str
    remedies: tuple[str, ...]


def describe_refusal(finding: Finding, actions: tuple[str, ...], question: "Question") -> Advice:
    """Describe a refusal.

    Args:
        finding: The refusal.
        actions: The actions that are refused.
        question: The caller, the role and the grant.
    """
    return _Refusal(finding, actions, question).describe()


@dataclass(frozen=True)
class _Refusal:
    finding: Finding
    actions: tuple[str, ...]
    question: "Question"

    @property
    def action_names(self) -> str:
        return " and ".join(self.actions)

    @property
    def location(self) -> str:
        return f"{self.finding.policy}, statement {self.finding.statement}"

    @property
    def statement(self) -> str:
        """The statement that would allow it."""
        actions = self.actions[0] if len(self.actions) == 1 else list(self.actions)
        role = self.question.role.arn
        statement = {"Effect": "Allow", "Action": actions, "Resource": role}
        return json.dumps(statement, separators=(",", ":"))

    def describe(self) -> Advice:
        caller = self.question.principal.caller
        match self.finding.kind:
            case "root_user":
                remedy = "Call as an IAM user or a role of that account."
                return Advice("a root user can't assume roles", (remedy,))
            case "partition":
                role = self.question.role.arn
                partitions = " and ".join(arn.split(":")[1] for arn in (caller.arn, role))
                text = f"the partitions of caller and role, {partitions}, don't trust each other"
                return Advice(text, ("Call from an account of the role's partition.",))
            case "deny":
                return self._describe_deny()
            case "trust":
                return self._describe_trust()
            case "boundary":
                name = caller.permissions_boundary.name if caller.permissions_boundary else ""
                return self._describe_limit(
                    f"the permissions boundary, {name}, doesn't allow {self.action_names}",
                    f"Allow it there too ({self.statement}): a boundary limits every policy.",
                )
            case "session":
                return self._describe_limit(
                    f"the session policy doesn't allow {self.action_names}",
                    "Start the calling session without that policy, or allow it there too.",
                )
            case _:
                return self._describe_identity()

    def _describe_deny(self) -> Advice:
        keys = ", ".join(self.finding.condition_keys)
        text = f"{self.location} denies {self.action_names}"
        remedy = "No allow overrides a deny: its owner must remove the statement or exempt you"
        if not keys:
            return Advice(text, (f"{remedy}.",))
        if keys.lower() == "aws:tokenissuetime":
            text = f"{self.location} denies everything to sessions issued before a time"
            return Advice(text, ("Assume the calling session's own role again, then this one.",))
        remedy += f", or call so that its conditions ({keys}) are not met."
        return Advice(f"{text}, under its conditions of {keys}", (*self._suggest_mfa(), remedy))

    def _suggest_mfa(self) -> Iterator[str]:
        """Suggest MFA where a deny asks about it: most deny those who did not sign in with it."""
        if not _MFA_KEYS & {key.lower() for key in self.finding.condition_keys}:
            return
        question, finding = self.question, self.finding
        if question.principal.caller.kind != "User":
            yield "Call as a user who is signed in with MFA: a role session never carries it."
            return
        decisions = question.decide_for(replace(question.request, mfa_age=0)).values()
        denies = [one for decision in decisions for one in decision.findings if one.kind == "deny"]
        place = (finding.policy, finding.statement)
        if all((one.policy, one.statement) != place for one in denies):
            yield SIGN_IN

    def _describe_limit(self, text: str, remedy: str) -> Advice:
        nearest = self._describe_nearest()
        return Advice(text + nearest.text, (*nearest.remedies, remedy))

    def _describe_nearest(self) -> Advice:
        """Describe what keeps the policy that comes nearest from allowing."""
        if self.finding.element == "condition":
            unmet = self._describe_conditions()
            return Advice(f"; {self.location} would, but {unmet.text}", unmet.remedies)
        if self.finding.element == "resource":
            return Advice(f"; {self.location} is for other roles", ())
        return Advice("", ())

    def _describe_conditions(self) -> Advice:
        unmet = describe_unmet(
            self.finding.unmet, user=self.question.principal.caller.kind == "User"
        )
        return Advice(unmet.plain, unmet.remedies)

    # --- Source ---------------------------------------------------------------------------------

    def _describe_identity(self) -> Advice:
        who, documents = self.question.who, self.question.documents
        what = f"allows {who.display_name} {self.action_names} on the role"
        attach = f"Its account must allow it by this statement: {self.statement}"
        if not self.question.principal.has_known_policies and self.finding.element != "condition":
            text = f"no known policy {what}: its own account's policies decide"
            ask = "If its account allows it, pass --entitled; to read its policies, pass --live."
            return Advice(text, (attach, *self._suggest_groups(), ask))
        nearest = self._describe_nearest()
        text = f"no policy of {who.display_name} allows {self.action_names} on the role"
        text += nearest.text
        if self.finding.element == "condition":
            return Advice(text, nearest.remedies)
        if ASSUME_ROLE not in self.actions:
            return Advice(text, (self._suggest_fewer_actions(), attach))
        if documents and who.find_halves(documents):
            remedy = "Run `pulumi up --refresh`: the stack manages that policy. By hand: "
            return Advice(text, (f"{remedy}{self.statement}",))
        return Advice(text, (attach,))

    def _suggest_groups(self) -> Iterator[str]:
        documents = self.question.documents
        for half in documents.principals if documents else ():
            if half.kind == "group" and self.question.who.kind == "user":
                yield f"Group {half.name} allows its members: for one, ask for group/{half.name}."

    def _suggest_fewer_actions(self) -> str:
        passed = [text for action, text in _REQUESTED.items() if action in self.actions]
        return (
            f"Call without {' and '.join(passed) or 'more'}; or require it in the grant's "
            f"conditions, so that both halves allow {self.action_names}."
        )

    # --- Destination ----------------------------------------------------------------------------

    def _describe_trust(self) -> Advice:
        if self.finding.element == "condition":
            unmet = self._describe_conditions()
            return Advice(f"{self.location}: {unmet.text}", unmet.remedies)
        if self.finding.element == "action":
            text = f"{self.location} doesn't allow it {self.action_names}"
            return Advice(text, (self._suggest_fewer_actions(),))
        if self.finding.dead_ids:
            dead = f"{', '.join(self.finding.dead_ids)}, users or roles that were deleted"
            text = f"the trust policy names {dead}; one re-created under its name doesn't match"
            remedy = "Run `pulumi up --refresh`, which trusts whoever has the name now."
            return Advice(text, (remedy,))
        return Advice(self._describe_unnamed(), (self._suggest_principal(),))

    def _describe_unnamed(self) -> str:
        caller, who = self.question.principal.caller, self.question.who
        text = f"the trust policy doesn't name {who.display_name_with_account}"
        names = list(self._list_trusted())
        similar = [name for name in names if _get_tail(name) == _get_tail(caller.principal_arn)]
        if similar:
            differ = "differs" if len(similar) == 1 else "differ"
            text += f"; {' and '.join(similar)} {differ}: check kind, account, path and case"
        role, is_session = caller.arn.rpartition("/")[0], ":assumed-role/" in caller.arn
        sessions = [
            name.rpartition("/")[2]
            for name in names
            if is_session and name.rpartition("/")[0] == role
        ]
        if sessions:
            text += f"; of that role it names only the session {' and '.join(sessions)}"
        return text

    def _suggest_principal(self) -> str:
        documents = self.question.documents
        if documents is None:
            return "Its owner must add the caller to the role's trust policy."
        if documents.is_own_role(self.question.principal.caller.principal_arn):
            role = f"role of grant {documents.grant}"
            return f"A role may assume itself only with selfAssuming: true in the {role}."
        sources = documents.source_account_ids
        if self.question.principal.caller.account not in sources:
            whose = f"account{'s' if len(sources) > 1 else ''} {join_words(sources, 'and')}"
            return f"The grant is for {whose}: add a grant for the caller's account."
        return f"Add it to the principals of grant {documents.grant} and run `pulumi up`."

    def _list_trusted(self) -> Iterator[str]:
        trust = self.question.role.trust
        for statement in list_statements(trust.document) if trust else ():
            yield from list_principals(statement.get("Principal"))


def _get_tail(arn: str) -> str:
    return arn.rpartition("/")[2].lower() if "/" in arn else arn
