"""A preview of many accounts, their secrets, and the options that reach every account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from cross_account_access import MultiAccountAccess
from tests.component.engine_record import SECRET, UNKNOWN, Options
from tests.component.fleets import COMPONENT, EVERYWHERE, GRANTS, NAMES, PARTS, accounts
from tests.component.harness import run
from tests.component.programs import (
    ACCOUNTS,
    IDS,
    NEVER_KNOWN,
    filled,
    fleet,
    output,
    outputs,
    provider,
    secret,
    wide,
)
from tests.component.world import SOURCE, World

if TYPE_CHECKING:
    from collections.abc import Callable


class TestPreview:
    def test_what_is_made_elsewhere_is_known_and_the_rest_is_not(self) -> None:
        told = run(fleet(), preview=True).outputs
        assert told["account_ids"] == IDS
        assert told["role_unique_ids"] is UNKNOWN
        assert told["role_names"] == {"read": dict.fromkeys(("production", "staging"), "read")}
        alone = run(fleet(GRANTS, accounts({"people"})), preview=True)
        assert alone.document("Policy", "team-user-alice@people")

    def test_nothing_is_left_out_of_a_document_while_a_principal_is_unknown(self) -> None:
        given = [{"user": "alice"}, {"user": NEVER_KNOWN, "label": "x", "source": "ci"}]
        grants = {"read": wide(principals=given)}
        found = run(fleet(grants, accounts(set(NAMES))), preview=True)
        assert {made.inputs["assumeRolePolicy"] for made in found.of("Role")} == {UNKNOWN}
        assert len(found.of("AssumeRoleGrant")) == 2

    def test_the_same_is_made_while_no_account_answers(self) -> None:
        found = run(EVERYWHERE, preview=True, world=World(lookups_unknown=True))
        assert found.graph() == COMPONENT.union(*PARTS.values())


class TestSecrets:
    @pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
    def test_a_secret_external_id_hides_what_holds_it_and_no_more(self, *, preview: bool) -> None:
        grants = {"read": wide(conditions={"external_id": secret("swordfish")}), "write": wide()}
        found = run(fleet(grants), preview=preview)
        assert "swordfish" not in found.visible()
        hidden = {key for key, value in found.shown.items() if value == SECRET}
        assert hidden == {"cli_profiles", "assume_role_commands", "documents"}
        assert found.one("Role", "team-read@production").secret == {"assumeRolePolicy"}
        assert found.one("Role", "team-write@production").secret == set()
        assert all(not one.secret for one in found.of("Policy"))

    def test_python_programs_have_the_other_grants_in_plain_text(self) -> None:
        grants = {"read": wide(conditions={"external_id": secret("swordfish")}), "write": wide()}

        def program() -> dict[str, Any]:
            made: Any = MultiAccountAccess("team", filled({"accounts": ACCOUNTS, "grants": grants}))
            return {name: one["staging"].cli_profile for name, one in made.granted.items()}

        shown = run(program).shown
        assert shown["read"] == SECRET
        assert shown["write"].startswith("[profile write-staging]")


def granted_with(**options: Any) -> Callable[[], dict[str, Any]]:
    def program() -> dict[str, Any]:
        args: Any = {"accounts": accounts(set(NAMES)), "grants": GRANTS}
        return outputs(MultiAccountAccess("team", filled(args), pulumi.ResourceOptions(**options)))

    return program


class TestOptions:
    def test_what_pulumi_does_not_hand_down_by_itself_reaches_every_child(self) -> None:
        kept = Options(ignore_changes=("tags",), retain_on_delete=True)
        found = run(granted_with(ignore_changes=["tags"], retain_on_delete=True))
        own = [made.options for made in found.made if made.type.startswith("aws:")]
        # What the components set: see test_kept_roles.py and test_renewed_attachments.py.
        set_here: dict[str, Any] = {
            "secret_outputs": frozenset(),
            "deleted_with": "",
            "replacement_trigger": None,
            "deleted_first": False,
        }
        assert {replace(options, **set_here) for options in own} == {
            kept,
            replace(kept, retain_on_delete=False),
        }
        assert len(own) == sum(bool(one[3]) for part in PARTS.values() for one in part)

    def test_a_grants_former_names_are_aliases_of_its_roles_in_every_account(self) -> None:
        grants = {"read": wide(formerly=["look", "old/see"], role={"name": "look"})}
        everywhere = {
            **ACCOUNTS,
            "staging": {"provider": provider("staging"), "groups": ["workloads"]},
        }
        found = run(fleet(grants, everywhere))
        assert [line.partition(":")[0] for line in found.log] == ["grant read was look and old/see"]
        component = "cross-account-access:index:MultiAccountAccess"
        for account in ("production", "staging"):
            assert found.one("TrustedRole", f"team-read@{account}").options.aliases == (
                (f"team-look@{account}", "::"),
                (f"old-look@{account}".replace("look", "see"), f"{component}::old"),
            )

    def test_what_exists_is_imported_by_its_name_and_account(self) -> None:
        policy = f"arn:aws:iam::{SOURCE}:policy/to-workloads"
        imports = {
            "Role/team-read@production": "read",
            "RolePolicy/team-read@production-inline-pass": "read:pass",
            "Policy/team-user-alice@people": policy,
            "UserPolicyAttachment/team-user-alice@people": f"alice/{policy}",
        }
        found = run(fleet(GRANTS, accounts(set(NAMES)), imports=imports))
        assert imports == {
            f"{made.type.rpartition(':')[2]}/{made.name}": made.options.import_id
            for made in found.made
            if made.options.import_id
        }

    def test_tags_reach_roles_and_policies_of_every_account(self) -> None:
        found = run(fleet(tags={"owner": output("platform")}))
        for kind in ("Role", "Policy"):
            assert [made.inputs["tags"] for made in found.of(kind)] == [{"owner": "platform"}]

    def test_two_components_of_one_program_are_two(self) -> None:
        def program() -> None:
            for name in ("one", "two"):
                run_one: Any = {"accounts": made, "grants": filled({name: wide()})}
                MultiAccountAccess(name, run_one)

        made: Any = {}

        def both() -> None:
            made.update(filled(ACCOUNTS))
            program()

        found = run(both)
        assert {one.name for one in found.of("Role")} == {
            "one-one@production",
            "two-two@production",
        }
