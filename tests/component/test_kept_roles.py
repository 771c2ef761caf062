"""What Pulumi refuses to delete of a role and its policies, what stays in AWS, and what an imported
role has beside its grant."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess, MultiAccountAccess
from tests.component.harness import run
from tests.component.programs import (
    NEVER_KNOWN,
    access,
    filled,
    grant,
    output,
    provider,
    secret,
    trusted_role,
    wide,
)
from tests.component.world import DESTINATION, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.engine_record import Run

MADE = f"arn:aws:iam::{DESTINATION}:policy/made"
PASS = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
ROLE: dict[str, Any] = {
    "managed_policies": ["ReadOnlyAccess"],
    "managed_policy_arns": {"made": output(MADE)},
    "inline_policies": {"pass": PASS},
}
SWITCHES = (None, True, False)


def pair(options: dict[str, Any], **keys: bool) -> Callable[[], None]:
    """A pair's component with those options: a grant with these keys, and one without."""

    def program() -> None:
        grants = {"deploy": grant(role=ROLE, **keys), "read": grant(role=ROLE)}
        args: Any = {
            "source_provider": aws.Provider("source"),
            "destination_provider": aws.Provider("destination"),
            "grants": filled(grants),
        }
        CrossAccountAccess("team", args, pulumi.ResourceOptions(**options))

    return program


def many(options: dict[str, Any], **keys: bool) -> Callable[[], None]:
    """The same among many accounts, with two destinations."""

    def program() -> None:
        accounts = {
            "people": {"provider": provider("people")},
            "production": {"provider": provider("production"), "groups": ["workloads"]},
            "staging": {"provider": provider("staging"), "groups": ["workloads"]},
        }
        role = {"inline_policies": {"pass": PASS}}
        grants = {"deploy": wide(role=role, **keys), "read": wide(role=role)}
        args: Any = filled({"accounts": accounts, "grants": grants})
        MultiAccountAccess("team", args, pulumi.ResourceOptions(**options))

    return program


every_form = pytest.mark.parametrize(
    ("make", "made", "roles"),
    [(pair, 4, ["team-deploy"]), (many, 2, ["team-deploy@production", "team-deploy@staging"])],
    ids=["pair", "many"],
)
every_setting = pytest.mark.parametrize(
    ("component", "own"), [*product(SWITCHES, SWITCHES)], ids=lambda value: str(value).lower()
)


def given(**keys: bool | None) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if value is not None}


@every_form
@every_setting
def test_a_grants_protect_is_its_roles_and_its_policies_and_the_components_all_others(
    make: Any, made: int, roles: list[str], component: bool | None, own: bool | None
) -> None:
    found = run(make(given(protect=component), **given(protect=own)))
    resources = [one for one in found.made if one.type.startswith("aws:")]
    of_grant = [one for one in resources if one.name.startswith(tuple(roles))]
    assert len(of_grant) == made * len(roles)
    expected = bool(component if own is None else own)
    assert {one.options.protect for one in of_grant} == {expected}
    others = [one for one in resources if one not in of_grant]
    assert {one.options.protect for one in others} == {bool(component)}
    assert {"Role", "Policy", "UserPolicyAttachment"} <= {
        one.type.rpartition(":")[2] for one in others
    }


@every_form
@every_setting
def test_a_retained_role_is_retained_and_its_policies_stay_with_it(
    make: Any, made: int, roles: list[str], component: bool | None, own: bool | None
) -> None:
    found = run(make(given(retain_on_delete=component), **given(retain=own)))
    for name in roles:
        kept = component if own is None else own
        assert list_kept(found, name) == [(kept, ""), *[with_role(name, kept)] * (made - 1)]
        other = name.replace("deploy", "read")
        assert list_kept(found, other) == [
            (component, ""),
            *[with_role(other, component)] * (made - 1),
        ]
    source = [*found.of("Policy"), *found.of("UserPolicyAttachment")]
    assert {one.options.retain_on_delete for one in source} == {component}


def list_kept(found: Run, name: str) -> list[tuple[bool | None, str]]:
    """What is retained of a role and its policies, and what goes with the role."""
    policies = [*found.of("RolePolicyAttachment"), *found.of("RolePolicy")]
    own = [found.one("Role", name), *(one for one in policies if one.name.startswith(f"{name}-"))]
    return [(one.options.retain_on_delete, one.options.deleted_with) for one in own]


def with_role(name: str, kept: bool | None) -> tuple[bool | None, str]:
    """The same of one policy: not retained by itself, nor by its parent's option."""
    return (False, f"aws:iam/role:Role::{name}") if kept else (kept, "")


# --- What an imported role has --------------------------------------------------------------------

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
HAS = World(
    attached={"deploy": (READ_ONLY, ADMINISTRATOR, MADE)}, inline={"deploy": ("pass", "legacy")}
)
IMPORTS = {"Role/team-deploy": "deploy"}


def warnings(args: dict[str, Any], role: Any = ROLE, world: World = HAS) -> list[str]:
    return run(access({"deploy": grant(role=role)}, **args), world=world).log


@pytest.mark.parametrize(
    ("role", "beside"),
    [
        (ROLE, f"managed policy {ADMINISTRATOR}; inline policy legacy,"),
        (
            {**ROLE, "managed_policies": ["AdministratorAccess", "ReadOnlyAccess"]},
            "inline policy legacy,",
        ),
        (
            {**ROLE, "inline_policies": {"pass": PASS, "legacy": output(PASS)}},
            f"managed policy {ADMINISTRATOR},",
        ),
        (
            {**ROLE, "managed_policy_arns": {"made": secret(MADE)}},
            f"managed policy {ADMINISTRATOR}; inline policy legacy,",
        ),
        # One that isn't known yet can't be told from those that the role has.
        (
            {**ROLE, "managed_policy_arns": {"made": NEVER_KNOWN}},
            f"managed policy {MADE}, {ADMINISTRATOR}; inline policy legacy,",
        ),
        ({}, f"managed policy {MADE}, {ADMINISTRATOR}, {READ_ONLY}; inline policy legacy, pass,"),
    ],
    ids=["both", "inline alone", "managed alone", "a secret one", "an unknown one", "all"],
)
def test_what_an_imported_role_has_beside_its_grant_is_warned_of_in_one_line(
    role: Any, beside: str
) -> None:
    (warning,) = warnings({"imports": IMPORTS}, role)
    start = "CrossAccountAccess team: grants.deploy.role: the imported role also has "
    assert warning.startswith(f"{start}{beside} which the grant doesn't define. ")
    assert "\n" not in warning


@pytest.mark.parametrize(
    ("args", "world"),
    [
        ({}, HAS),
        ({"imports": {"RolePolicy/team-deploy-inline-pass": "deploy:pass"}}, HAS),
        ({"imports": IMPORTS}, World()),
        (
            {"imports": IMPORTS},
            World(attached={"deploy": (READ_ONLY, MADE)}, inline={"deploy": ("pass",)}),
        ),
    ],
    ids=["not imported", "a policy imported", "bare", "as the grant"],
)
def test_nothing_is_warned_of_otherwise(args: dict[str, Any], world: World) -> None:
    assert warnings(args, world=world) == []


def test_a_half_warns_of_what_its_imported_role_has() -> None:
    program = trusted_role(role={"name": "deploy"}, imports={"Role/reader": "deploy"})
    (warning,) = run(program, world=World(inline={"deploy": ("legacy\x1b[2K",)})).log
    assert warning.startswith("TrustedRole reader: role: the imported role also has inline policy")
    assert "policy legacy\\x1b[2K, which" in warning
