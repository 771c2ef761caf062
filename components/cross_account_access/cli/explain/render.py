"""How an explanation is told: on the terminal, and as JSON."""

from dataclasses import dataclass
from typing import Any

from rich.text import Text

from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import make_console

from .explanation import HALVES, Explanation
from .principal_ref import PrincipalRef
from .request_context import RequestContext
from .sources import CallerWithPolicies, Role

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}


@dataclass(frozen=True)
class Report:
    """An explanation with what was asked."""

    answer: Explanation
    who: PrincipalRef
    calling: CallerWithPolicies
    role: Role
    grant: DeployedGrant | None
    asked: RequestContext
    live: bool

    @property
    def _accounts(self) -> dict[str, str]:
        return {"source": self.calling.caller.account, "destination": self.role.arn.split(":")[4]}

    def _allows(self, half: str) -> bool | None:
        """Whether a half allows; None where what the other refuses for leaves it without a say."""
        if any(reason.half == half for reason in self.answer.reasons):
            return False
        return True if half in self.answer.allowing else None

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "allowed": self.answer.allowed,
            "half": self.answer.half,
            "caller": {
                "told": self.who.told,
                "arn": self.calling.caller.arn,
                "policiesKnown": self.calling.known,
            },
            "role": self.role.arn,
            "grant": self.grant.name if self.grant else None,
            "stack": self.grant.stack if self.grant else None,
            "basis": "accounts" if self.live else "documents",
            "actions": list(self.asked.actions),
            "at": self.asked.at.isoformat(),
            "sessionName": self.asked.named,
            "halves": {
                half: {
                    "account": self._accounts[half],
                    "allows": self._allows(half),
                    "by": self.answer.allowing.get(half) if self._allows(half) else None,
                    "reasons": [reason.as_dict() for reason in self.answer.of(half)],
                }
                for half in HALVES
            },
            "remedies": self.answer.remedies,
            "notes": list(self.answer.notes),
        }

    def show(self) -> None:
        """Print it for a person."""
        out = make_console()
        word, colour = ("allowed", "bold green") if self.answer.allowed else ("refused", "bold red")
        of_grant = f", grant {self.grant.name} of {self.grant.stack}" if self.grant else ""
        whence, whither = self._accounts.values()
        may = f"{self.who.told} ({whence}) {'may' if self.answer.allowed else 'may not'} assume "
        target = f"{self.role.arn.partition(':role/')[2]} ({whither})"
        basis = "what stands in the accounts" if self.live else "the stack's documents"
        out.print(Text.assemble((word, colour), f": {may}{target}"), soft_wrap=True)
        out.print(
            Text(f"{' and '.join(self.asked.actions)}, by {basis}{of_grant}", "dim"), soft_wrap=True
        )
        out.print()
        for half in HALVES:
            self._show_half(half)
        _list("What to do", self.answer.remedies)
        _list("Note", self.answer.notes)

    def _show_half(self, half: str) -> None:
        sign, colour = _MARKS[self._allows(half)]
        head = f" {half:<12}{self._accounts[half]}  "
        reasons = [reason.text for reason in self.answer.reasons if reason.half == half]
        for number, text in enumerate(reasons or [self._allowing(half)]):
            lead = (
                Text.assemble((sign, colour), head) if number == 0 else Text(" " * (len(head) + 1))
            )
            make_console().print(lead + Text(text), soft_wrap=True)

    def _allowing(self, half: str) -> str:
        if self._allows(half):
            return next(text for name, text in self.answer.allowing.items() if name == half)
        return "has no say then"


def _list(title: str, texts: Any) -> None:
    if texts:
        make_console().print()
        make_console().print(Text(title, "bold"))
        for text in texts:
            make_console().print(Text(f"  - {text}"), soft_wrap=True)
