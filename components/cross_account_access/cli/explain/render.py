"""An explanation for the terminal, and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import make_console
from cross_account_access.iam.findings import AccountSide

from .explanation import HALVES, Explanation, Question

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}


@dataclass(frozen=True)
class Report:
    """An explanation with its question.

    Attributes:
        grant: The grant of the role; None for a role of no grant.
        live: Whether the accounts decide, and not the stack's documents.
    """

    question: Question
    explanation: Explanation
    grant: DeployedGrant | None
    live: bool

    @property
    def _accounts(self) -> dict[AccountSide, str]:
        return {
            "source": self.question.principal.caller.account,
            "destination": self.question.role.account,
        }

    def as_dict(self) -> dict[str, Any]:
        """The report for `--json`."""
        question, request = self.question, self.question.request
        return {
            "allowed": self.explanation.allowed,
            "half": self.explanation.half,
            "caller": {
                "told": question.who.display_name,
                "arn": question.principal.caller.arn,
                "policiesKnown": question.principal.has_known_policies,
            },
            "role": question.role.arn,
            "grant": self.grant.name if self.grant else None,
            "stack": self.grant.stack if self.grant else None,
            "basis": "accounts" if self.live else "documents",
            "actions": list(request.actions),
            "at": request.at.isoformat(),
            "sessionName": request.effective_session_name,
            "halves": {half: self._describe_half(half) for half in HALVES},
            "remedies": self.explanation.remedies,
            "notes": list(self.explanation.notes),
        }

    def _describe_half(self, half: AccountSide) -> dict[str, Any]:
        allows = self.explanation.allows(half)
        return {
            "account": self._accounts[half],
            "allows": allows,
            "by": self.explanation.allowing.get(half) if allows else None,
            "reasons": [reason.as_dict() for reason in self.explanation.get_reasons(half)],
        }

    def show(self) -> None:
        """Print it for a person."""
        console, question, allowed = make_console(), self.question, self.explanation.allowed
        word, color = ("allowed", "bold green") if allowed else ("refused", "bold red")
        caller = f"{question.who.display_name} ({self._accounts['source']})"
        role = f"{question.role.arn.partition(':role/')[2]} ({self._accounts['destination']})"
        sentence = f": {caller} {'may' if allowed else 'may not'} assume {role}"
        console.print(Text.assemble((word, color), sentence), soft_wrap=True)
        basis = "the accounts" if self.live else "the stack's documents"
        grant = f", grant {self.grant.name} of {self.grant.stack}" if self.grant else ""
        actions = " and ".join(question.request.actions)
        console.print(Text(f"{actions}, by {basis}{grant}", "dim"), soft_wrap=True)
        console.print()
        for half in HALVES:
            self._show_half(half)
        _show_list("What to do", self.explanation.remedies)
        _show_list("Note", self.explanation.notes)

    def _show_half(self, half: AccountSide) -> None:
        allows = self.explanation.allows(half)
        sign, color = _MARKS[allows]
        head = f" {half:<12}{self._accounts[half]}  "
        reasons = [reason.text for reason in self.explanation.get_reasons(half)]
        allowing = self.explanation.allowing[half] if allows else "undecided"
        for number, text in enumerate(reasons or [allowing]):
            indent = Text(" " * (len(head) + 1))
            lead = indent if number else Text.assemble((sign, color), head)
            make_console().print(lead + Text(text), soft_wrap=True)


def _show_list(title: str, texts: Sequence[str]) -> None:
    if texts:
        make_console().print()
        make_console().print(Text(title, "bold"))
        for text in texts:
            make_console().print(Text(f"  - {text}"), soft_wrap=True)
