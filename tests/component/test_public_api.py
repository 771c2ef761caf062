"""Which names are public, and that each component has the outputs that it declares."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic.alias_generators import to_camel

import cross_account_access
from cross_account_access import (
    AssumeRoleGrant,
    CrossAccountAccess,
    MultiAccountAccess,
    TrustedRole,
    testing,
)
from tests.component.harness import run
from tests.component.programs import access, assume_role_grant, fleet, trusted_role
from tests.component.world import World

if TYPE_CHECKING:
    from tests.component.engine_record import Run
    from tests.component.harness import Program


def test_exactly_these_names_are_public() -> None:
    assert cross_account_access.__all__ == [
        "AccountSettings",
        "AssumeRoleGrant",
        "AssumeRoleGrantArgs",
        "Conditions",
        "CrossAccountAccess",
        "CrossAccountAccessArgs",
        "CrossAccountAccessError",
        "Grant",
        "GrantOutputs",
        "InvalidArgs",
        "InvalidInput",
        "Limits",
        "MultiAccountAccess",
        "MultiAccountAccessArgs",
        "Principal",
        "Problem",
        "RoleSettings",
        "Side",
        "TrustBy",
        "TrustedRole",
        "TrustedRoleArgs",
    ]
    assert dir(cross_account_access) == cross_account_access.__all__
    assert all(hasattr(cross_account_access, name) for name in cross_account_access.__all__)
    assert not hasattr(cross_account_access, "Accounts")
    assert testing.__all__ == ["AwsMocks", "CallTerms", "MockAccount", "Registration"]


def test_the_documents_and_the_tool_need_no_pulumi() -> None:
    code = "import sys; import cross_account_access.cli.main; sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


COMPONENTS: dict[Any, tuple[str, Program]] = {
    CrossAccountAccess: ("team", access()),
    MultiAccountAccess: ("team", fleet()),
    TrustedRole: ("reader", trusted_role()),
    AssumeRoleGrant: ("reach", assume_role_grant()),
}

each_component = pytest.mark.parametrize(
    "component", COMPONENTS, ids=lambda component: component.__name__
)


def registered(found: Run, component: Any) -> set[str]:
    name = component.__name__
    return set(found.registered[f"cross-account-access:index:{name}::{COMPONENTS[component][0]}"])


@each_component
def test_a_component_registers_the_outputs_that_it_declares_and_no_others(component: Any) -> None:
    _, program = COMPONENTS[component]
    declared = {to_camel(name) for name in inspect.get_annotations(component)}
    # While nothing is known, none is left out for being none.
    found = run(program, preview=True, world=World(lookups_unknown=True))
    assert registered(found, component) == declared
    assert len(declared) >= 2


@each_component
def test_a_component_has_each_output_that_it_declares(component: Any) -> None:
    _, program = COMPONENTS[component]
    declared = set(inspect.get_annotations(component))
    found = run(program, preview=True, world=World(lookups_unknown=True))
    assert set(found.outputs) == declared
