"""What is secret stays so: in the state, the outputs, the lookups, the log and in errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.component.engine_record import SECRET, Run
from tests.component.harness import refused, run
from tests.component.programs import Late, access, grant, output, secret, trusted_role
from tests.component.world import DESTINATION, SOURCE, role_arn

EXTERNAL_ID = "swordfish-7f3a"
GRANTS = {
    "partner": grant(
        role={"managed_policies": ["SecurityAudit"]},
        conditions={"external_id": secret(EXTERNAL_ID)},
    ),
    "read": grant(principals=[{"user": "alice"}, {"user": "bob"}]),
}


def plain(grants: dict[str, Any]) -> dict[str, Any]:
    """The same with an external ID that is no secret."""
    return {
        **grants,
        "partner": {**grants["partner"], "conditions": {"external_id": output(EXTERNAL_ID)}},
    }


SIDES: dict[str, dict[str, Any]] = {
    "both": {},
    "source": {
        "side": "source",
        "destination_account_id": DESTINATION,
        "leave_out": ("destination_provider",),
    },
    "destination": {
        "side": "destination",
        "source_account_id": SOURCE,
        "leave_out": ("source_provider",),
    },
}

each_side = pytest.mark.parametrize("side", SIDES)


@each_side
@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_secret_external_id_is_nowhere_in_plain_text(side: str, *, preview: bool) -> None:
    found = run(access(GRANTS, **SIDES[side]), preview=preview)
    assert EXTERNAL_ID not in found.visible()
    assert EXTERNAL_ID in run(access(plain(GRANTS), **SIDES[side]), preview=preview).visible()


def test_a_secret_external_id_makes_the_trust_secret_and_nothing_else() -> None:
    found = run(access(GRANTS))
    assert {(made.name, key) for made in found.made for key in made.secret} == {
        ("team-partner", "assumeRolePolicy")
    }
    assert found.document("Role", "team-partner")["Statement"][0]["Condition"] == {
        "StringEquals": {"sts:ExternalId": EXTERNAL_ID}
    }


@each_side
def test_what_tells_a_secret_external_id_is_secret_and_nothing_else_is(side: str) -> None:
    found = run(access(GRANTS, **SIDES[side]))
    hidden = {key for key, value in found.shown.items() if SECRET in json.dumps(value)}
    assert hidden == {"cli_profiles", "assume_role_commands", "documents"}
    assert EXTERNAL_ID in found.outputs["cli_profiles"]["partner"]
    assert EXTERNAL_ID in found.outputs["assume_role_commands"]["partner"]
    assert found.shown["role_arns"] == {"partner": role_arn("partner"), "read": role_arn("read")}
    assert set(found.shown["switch_role_urls"]) == {"read"}
    assert set(found.shown["switch_role_unavailable"]) == {"partner"}


def hidden_by(found: Run, component: str) -> set[str]:
    """The outputs that a component registers as secrets."""
    told = next(
        outputs for key, outputs in found.registered.items() if key.endswith(f":{component}")
    )
    return {key for key, value in told.items() if SECRET in json.dumps(value)}


def test_components_register_as_secret_what_tells_the_external_id() -> None:
    found = run(access(GRANTS))
    assert hidden_by(found, "CrossAccountAccess::team") == {
        "cliProfiles",
        "assumeRoleCommands",
        "documents",
    }
    assert hidden_by(found, "TrustedRole::team-partner") == {"cliProfile", "assumeRoleCommand"}
    assert hidden_by(found, "TrustedRole::team-read") == set()
    assert hidden_by(found, "AssumeRoleGrant::team-user-alice") == set()


def test_nothing_is_secret_where_nothing_secret_was_given() -> None:
    found = run(access(plain(GRANTS)))
    assert {(made.name, key) for made in found.made for key in made.secret} == set()
    assert SECRET not in found.visible()


def test_the_secret_external_id_of_a_role_alone_is_hidden() -> None:
    found = run(trusted_role(conditions={"external_id": secret(EXTERNAL_ID)}))
    assert EXTERNAL_ID not in found.visible()
    assert found.one("Role").secret == {"assumeRolePolicy"}
    assert {key for key, value in found.shown.items() if value == SECRET} == {
        "cli_profile",
        "assume_role_command",
    }


@pytest.mark.parametrize(
    "value", [secret("sword fish"), output("sword fish"), "sword fish"], ids=str
)
def test_a_wrong_external_id_is_told_to_nobody(value: Late | str) -> None:
    error, found = refused(access({"deploy": grant(conditions={"external_id": value})}))
    (problem,) = error.problems
    assert (problem.path.rpartition(".")[2], problem.value) == ("external_id", "[secret]")
    assert "sword" not in str(error) + str(error.errors) + found.visible()


def test_a_secret_name_of_a_principal_is_in_no_input_in_plain_text() -> None:
    given = {"user": secret("swordfish"), "label": "hidden"}
    found = run(access({"deploy": grant(principals=[given], conditions={"mfa": True})}))
    assert "swordfish" not in json.dumps(
        [made.shown for made in found.made] + [found.shown, found.registered]
    )
    assert {(made.name, key) for made in found.made for key in made.secret} >= {
        ("team-deploy", "assumeRolePolicy"),
        ("team-user-hidden", "user"),
    }


def test_a_secret_policy_arn_is_in_no_input_in_plain_text() -> None:
    arn = secret(f"arn:aws:iam::{DESTINATION}:policy/swordfish")
    role = {"managed_policy_arns": {"hidden": arn}, "permissions_boundary": arn}
    found = run(access({"deploy": grant(role=role)}))
    assert "swordfish" not in found.visible()
    assert found.one("RolePolicyAttachment", "team-deploy-label-hidden").secret == {"policyArn"}
    assert found.one("Role").secret == {"permissionsBoundary"}
