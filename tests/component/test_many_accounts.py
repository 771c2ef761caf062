"""Access among many accounts: exactly its resources, each by its own account's provider, and the
same ones however they are divided among programs."""

from __future__ import annotations

import json

import pytest

from tests.component.fleets import (
    CI_ROLE,
    COMPONENT,
    EVERYWHERE,
    GRANTS,
    LOOKUPS,
    NAMES,
    PARTS,
    POLICY_LOOKUPS,
    accounts,
)
from tests.component.harness import run
from tests.component.programs import PEOPLE, fleet, output, wide
from tests.component.world import CI, DESTINATION, ELSEWHERE, SOURCE, World, ci_arn, user_arn


class TestParts:
    def test_all_parts_are_made_in_one_program(self) -> None:
        found = run(EVERYWHERE)
        assert found.graph() == COMPONENT.union(*PARTS.values())
        callers = {("getCallerIdentity", "", name) for name in NAMES}
        assert found.asked() == sorted(callers | LOOKUPS | POLICY_LOOKUPS)

    @pytest.mark.parametrize("part", PARTS)
    def test_each_part_is_made_alone_and_asks_its_own_account_only(self, part: str) -> None:
        found = run(fleet(GRANTS, accounts({part})))
        assert found.graph() == COMPONENT | PARTS[part]
        own = {lookup for lookup in LOOKUPS | POLICY_LOOKUPS if lookup[2] == part}
        assert found.asked() == sorted({("getCallerIdentity", "", part)} | own)

    @pytest.mark.parametrize("part", PARTS)
    def test_each_part_alone_has_the_resources_of_all_parts_where_principals_are_looked_up(
        self, part: str
    ) -> None:
        looking = {"people", "ci"} - {part}
        found = run(fleet(GRANTS, accounts({part}, looking)))
        assert found.graph() == COMPONENT | PARTS[part]
        own = {lookup for lookup in POLICY_LOOKUPS if lookup[2] == part}
        assert {call for call in found.asked() if call[0] != "getCallerIdentity"} == LOOKUPS | own
        everything = {(made.type, made.name): made for made in run(EVERYWHERE).made}
        for made in found.made:
            if made.type.startswith("aws:"):
                assert made.inputs == everything[made.type, made.name].inputs

    @pytest.mark.parametrize("part", ["production", "staging"])
    def test_without_a_lookup_only_the_digest_of_unique_ids_is_another(self, part: str) -> None:
        alone = run(fleet(GRANTS, accounts({part}))).document("Role", f"team-read@{part}")
        together = run(EVERYWHERE).document("Role", f"team-read@{part}")
        assert alone["Statement"][0].pop("Sid") == "Trust"
        assert len(together["Statement"][0].pop("Sid")) == len("Trust") + 12
        assert alone == together

    def test_half_of_the_parts_are_made_together(self) -> None:
        found = run(fleet(GRANTS, accounts({"ci", "staging"})))
        assert found.graph() == COMPONENT | PARTS["ci"] | PARTS["staging"]


class TestDocuments:
    def test_a_role_trusts_principals_of_several_accounts(self) -> None:
        (statement,) = run(EVERYWHERE).document("Role", "team-read@production")["Statement"]
        assert statement["Principal"] == {"AWS": [user_arn("alice"), CI_ROLE]}

    def test_users_of_one_name_in_two_accounts_are_two(self) -> None:
        both = [{"user": "alice"}, {"user": "alice", "source": "ci"}]
        found = run(fleet({"read": wide(principals=both)}, accounts(set(NAMES))))
        (statement,) = found.document("Role", "team-read@staging")["Statement"]
        other = f"arn:aws:iam::{CI}:user/alice"
        assert statement["Principal"] == {"AWS": [user_arn("alice"), other]}
        assert {made.provider for made in found.of("UserPolicyAttachment")} == {"people", "ci"}

    def test_a_principal_of_another_account_without_conditions_lends_them_to_none(self) -> None:
        given = [
            {"group": "admins", "conditions": {"mfa": True}},
            {"group": "admins", "source": "ci"},
        ]
        found = run(fleet({"read": wide(principals=given)}, accounts(set(NAMES))))
        statements = found.document("Role", "team-read@staging")["Statement"]
        conditions = {one["Principal"]["AWS"][0]: one.get("Condition") for one in statements}
        assert conditions == {
            f"arn:aws:iam::{SOURCE}:root": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            f"arn:aws:iam::{CI}:root": None,
        }

    def test_a_principals_policy_has_its_roles_of_all_accounts_made_here_or_not(self) -> None:
        found = run(fleet(GRANTS, accounts({"people"})))
        (statement,) = found.document("Policy", "team-user-alice@people")["Statement"]
        assert statement["Resource"] == [
            f"arn:aws:iam::{DESTINATION}:role/read",
            f"arn:aws:iam::{DESTINATION}:role/x/writer",
            f"arn:aws:iam::{ELSEWHERE}:role/read",
        ]
        (statement,) = found.document("Policy", "team-group-admins@people")["Statement"]
        assert statement["Resource"] == [f"arn:aws:iam::{DESTINATION}:role/x/writer"]

    def test_twelve_accounts_take_one_attachment(self) -> None:
        spokes = {
            f"spoke-{number:02}": {"account_id": f"{number:012}", "groups": ["spokes"]}
            for number in range(12)
        }
        grants = {"read": wide(destinations=["spokes"], principals=[{"group": "engineers"}])}
        found = run(fleet(grants, {"people": PEOPLE, **spokes}))
        assert len(found.of("GroupPolicyAttachment")) == 1
        (statement,) = found.document("Policy")["Statement"]
        assert len(statement["Resource"]) == 12

    def test_the_policy_of_a_partition_is_the_one_of_the_credentials(self) -> None:
        found = run(fleet(), world=World(partition="aws-cn"))
        assert found.outputs["role_arns"]["read"] == {
            "production": f"arn:aws-cn:iam::{DESTINATION}:role/read",
            "staging": f"arn:aws-cn:iam::{ELSEWHERE}:role/read",
        }


def test_an_arn_of_another_account_may_be_an_output() -> None:
    given = [
        {"arn": output(user_arn("alice")), "label": "alice"},
        {"arn": output(CI_ROLE), "label": "ci", "source": "ci"},
    ]
    found = run(fleet({"read": wide(principals=given)}, accounts(set(NAMES))))
    (statement,) = found.document("Role", "team-read@staging")["Statement"]
    assert statement["Principal"] == {"AWS": [user_arn("alice"), CI_ROLE]}
    assert ci_arn("deployer") not in json.dumps(statement)
