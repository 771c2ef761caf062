"""The answer of `verify`, as JSON and for a person."""

from collections import Counter
from dataclasses import dataclass

from rich.text import Text

from cross_account_access.cli.caller import CallerIdentity
from cross_account_access.cli.terminal import ExitCode, make_console

from .drift_findings import Unchecked
from .grant_verification import GrantResult

_STYLES = {
    "ok": "green",
    "wrong": "bold red",
    "finding": "bold red",
    "unknown": "yellow",
    "remark": "cyan",
}
_COLUMN = 9


@dataclass(frozen=True)
class VerifyReport:
    """The results of all grants.

    Attributes:
        caller: Who verified them.
        results: A result for each grant.
        unchecked: What could be checked of no grant.
    """

    caller: CallerIdentity
    results: list[GrantResult]
    unchecked: list[Unchecked]

    @property
    def finding_count(self) -> int:
        """How many findings there are."""
        return sum(len(result.findings) for result in self.results)

    @property
    def unchecked_count(self) -> int:
        """How much could not be checked."""
        return len(self.unchecked) + sum(len(result.unchecked) for result in self.results)

    def get_exit_code(self, *, strict: bool) -> ExitCode:
        """The exit code.

        Args:
            strict: Whether what could not be checked counts.
        """
        if self.finding_count:
            return ExitCode.NO
        return ExitCode.UNAVAILABLE if strict and self.unchecked_count else ExitCode.DONE

    def as_json(self) -> dict[str, object]:
        """The report for `--json`."""
        return {
            "caller": self.caller.arn,
            "grants": [result.as_json() for result in self.results],
            "notChecked": [unchecked.as_json() for unchecked in self.unchecked],
            "findings": self.finding_count,
        }

    def show(self) -> None:
        """Print it for a person."""
        console = make_console()
        console.print(f"As {self.caller.arn}")
        counts = Counter(result.grant.name for result in self.results)
        for result in self.results:
            grant = result.grant
            # Stacks that contradict each other have it each.
            stack = f" of {grant.stack}" if counts[grant.name] > 1 else ""
            console.print()
            title = Text.assemble((grant.name, "bold"), f"{stack}  {grant.documents.role.arn}")
            console.print(title)
            _show_result(result)
        console.print()
        _show_unchecked(self.unchecked)
        count, unchecked = self.finding_count, self.unchecked_count
        findings = {0: "No finding", 1: "1 finding"}.get(count, f"{count} findings")
        rest = f"; {unchecked} not checked" if unchecked else ""
        console.print(Text(f"{findings}{rest}.", "bold red" if count else "bold green"))


def _show_result(result: GrantResult) -> None:
    for attempt in result.attempts:
        became = f"became {attempt.message}" if attempt.observed == "allowed" else "refused"
        _show_line("ok" if attempt.holds else "wrong", f"{attempt.what}: {became}")
    for finding in result.findings:
        half = f" ({finding.half})" if finding.half else ""
        _show_line("finding", f"{finding.code}{half}: {finding.message}")
        _show_line("", finding.remedy)
    for remark in result.remarks:
        _show_line("remark", remark.message)
    _show_unchecked(result.unchecked)


def _show_unchecked(items: list[Unchecked]) -> None:
    for unchecked in items:
        _show_line("unknown", f"not checked: {unchecked.what}: {unchecked.why}")


def _show_line(word: str, text: str) -> None:
    line = Text.assemble("  ", (word.ljust(_COLUMN), _STYLES.get(word, "")), text)
    make_console().print(line, soft_wrap=True)
