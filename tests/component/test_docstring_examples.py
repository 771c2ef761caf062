"""The programs in the components' docstrings and on the pages, run as they stand."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cross_account_access import AssumeRoleGrant, CrossAccountAccess, TrustedRole
from tests.component.engine_record import short
from tests.component.harness import run

if TYPE_CHECKING:
    import pulumi

FENCE = "```"


ROOT = Path(__file__).parents[2]


def run_example(text: str) -> set[tuple[str, str, str]]:
    """Run the one program in a text: each AWS resource's type, name and provider."""
    (code,) = re.findall(rf"{FENCE}python\n(.*?){FENCE}", text, re.DOTALL)
    program = compile(textwrap.dedent(str(code)), "example", "exec")
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
    assert run_example(inspect.getdoc(component) or "") == made


@pytest.mark.parametrize("page", ["README.md", "components/README.md", "docs/embedding.md"])
def test_a_pages_program_makes_both_halves(page: str) -> None:
    made = run_example((ROOT / page).read_text(encoding="utf-8"))
    assert {provider for *_, provider in made} == {"source", "destination"}
