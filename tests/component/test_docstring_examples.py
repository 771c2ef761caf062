"""The examples in the components' docstrings, run as they stand."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import TYPE_CHECKING

import pytest

from cross_account_access import AssumeRoleGrant, CrossAccountAccess, TrustedRole
from tests.component.harness import run, short

if TYPE_CHECKING:
    import pulumi

FENCE = "```"


def find_example(component: type[pulumi.Resource]) -> str:
    text = inspect.getdoc(component) or ""
    (code,) = re.findall(rf"{FENCE}python\n(.*?){FENCE}", text, re.DOTALL)
    return textwrap.dedent(str(code))


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
)
def test_a_components_example_makes_what_it_is_to_make(
    component: type[pulumi.Resource], made: set[tuple[str, str, str]]
) -> None:
    code = compile(find_example(component), component.__name__, "exec")
    found = run(lambda: exec(code, {}))  # noqa: S102 - the package's own docstring
    assert {
        (short(resource.type), resource.name, resource.provider)
        for resource in found.made
        if resource.type.startswith("aws:")
    } == made
