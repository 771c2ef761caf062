"""The programs in the components' docstrings and on the pages, run as they stand."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cross_account_access import (
    AssumeRoleGrant,
    CrossAccountAccess,
    MultiAccountAccess,
    TrustedRole,
)
from tests.component.engine_record import short
from tests.component.harness import run

if TYPE_CHECKING:
    import pulumi

FENCE = "```"


ROOT = Path(__file__).parents[2]


def find_programs(text: str) -> list[str]:
    """The Python programs in a text."""
    return re.findall(rf"{FENCE}python\n(.*?){FENCE}", text, re.DOTALL)


def run_example(code: str) -> set[tuple[str, str, str]]:
    """Run a program: each AWS resource's type, name and provider."""
    program = compile(textwrap.dedent(code), "example", "exec")
    found = run(lambda: exec(program, {}))  # noqa: S102 - the package's own text
    return {
        (short(made.type), made.name, made.provider)
        for made in found.made
        if made.type.startswith("aws:")
    }


@pytest.mark.parametrize(
    ("component", "made"),
    [
        (
            CrossAccountAccess,
            {
                ("Policy", "team-user-alice", "source"),
                ("Role", "team-read-only", "destination"),
                ("RolePolicyAttachment", "team-read-only-aws-ReadOnlyAccess", "destination"),
                ("UserPolicyAttachment", "team-user-alice", "source"),
            },
        ),
        (
            MultiAccountAccess,
            {
                ("Policy", "team-user-alice@people", "people"),
                ("Role", "team-read-only@production", "production"),
                (
                    *("RolePolicyAttachment", "team-read-only@production-aws-ReadOnlyAccess"),
                    "production",
                ),
                ("UserPolicyAttachment", "team-user-alice@people", "people"),
            },
        ),
        (
            TrustedRole,
            {
                ("Role", "audit", "destination"),
                ("RolePolicyAttachment", "audit-aws-SecurityAudit", "destination"),
            },
        ),
        (
            AssumeRoleGrant,
            {("Policy", "audit", "source"), ("UserPolicyAttachment", "audit", "source")},
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_components_example_makes_what_it_is_to_make(
    component: type[pulumi.Resource], made: set[tuple[str, str, str]]
) -> None:
    (code,) = find_programs(inspect.getdoc(component) or "")
    assert run_example(code) == made


BOTH, MANY = {"source", "destination"}, {"people", "production"}
PAGES = {
    "README.md": [BOTH],
    "components/README.md": [BOTH],
    "docs/embedding.md": [BOTH, MANY],
    "docs/_index.md": [MANY],
}


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_programs_make_something_in_each_account(page: str) -> None:
    made = map(run_example, find_programs((ROOT / page).read_text(encoding="utf-8")))
    assert [{provider for *_, provider in one} for one in made] == PAGES[page]
