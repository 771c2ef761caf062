"""What a component of many accounts tells, by grant and account."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import MultiAccountAccess
from tests.component.fleets import EVERYWHERE, GRANTS, NAMES, accounts
from tests.component.harness import run
from tests.component.programs import ACCOUNTS, filled, fleet, wide
from tests.component.world import CI, DESTINATION, ELSEWHERE, SOURCE, World


class TestOutputs:
    def test_they_are_maps_by_grant_and_account(self) -> None:
        told = run(EVERYWHERE).outputs
        assert told["account_ids"] == NAMES
        assert told["role_arns"] == {
            "read": {
                "production": f"arn:aws:iam::{DESTINATION}:role/read",
                "staging": f"arn:aws:iam::{ELSEWHERE}:role/read",
            },
            "write": {"production": f"arn:aws:iam::{DESTINATION}:role/x/writer"},
        }
        assert told["role_names"]["write"] == {"production": "writer"}
        assert told["cli_profiles"]["read"]["staging"].startswith("[profile read-staging]\n")
        assert "displayName=read-production" in told["switch_role_urls"]["read"]["production"]
        assert told["longest_sessions"]["read"] == {"production": 3600, "staging": 3600}
        assert told["switch_role_unavailable"] == told["unattached_policies"] == {}

    def test_the_policies_are_told_once_by_their_arns(self) -> None:
        found = run(EVERYWHERE)
        told = found.outputs["policies"]
        assert {arn.split(":")[4] for arn in told} == {SOURCE, CI}
        assert len(told) == 3
        made = [json.loads(one.inputs["policy"]) for one in found.of("Policy")]
        assert all(json.loads(document) in made for document in told.values())
        records = found.outputs["documents"]["read"]
        for record in map(json.loads, records.values()):
            assert all(half["policy"] is None for half in record["principals"])
            assert {half["policyArn"] for half in record["principals"]} <= set(told)

    def test_a_record_tells_accounts_and_whose_parts_are_made_here(self) -> None:
        record = json.loads(run(EVERYWHERE).outputs["documents"]["read"]["staging"])
        assert record["account"] == "staging"
        assert record["made"] == sorted([SOURCE, CI, ELSEWHERE])
        assert (record["sourceAccountId"], record["destinationAccountId"]) == (SOURCE, ELSEWHERE)
        own = {half["name"]: half["accountId"] for half in record["principals"]}
        assert own == {"alice": None, "deployer": CI}

    @pytest.mark.parametrize(
        ("part", "roles"),
        [
            ("people", {"read": {"production", "staging"}, "write": {"production"}}),
            ("ci", {"read": {"production", "staging"}}),
            ("staging", {"read": {"staging"}}),
        ],
    )
    def test_a_program_tells_of_the_roles_of_which_it_makes_a_part(
        self, part: str, roles: dict[str, set[str]]
    ) -> None:
        told = run(fleet(GRANTS, accounts({part}))).outputs
        for key in ("role_arns", "role_names", "cli_profiles", "documents"):
            assert {grant: set(of) for grant, of in told[key].items()} == roles
        made_here = {part} & {"staging"}
        assert {a for of in told["role_unique_ids"].values() for a in of} == made_here
        assert told["account_ids"] == NAMES
        assert bool(told["policies"]) is (part != "staging")
        for by_account in told["documents"].values():
            for record in map(json.loads, by_account.values()):
                assert record["made"] == [NAMES[part]]

    def test_python_programs_get_them_by_grant_and_account(self) -> None:
        def program() -> dict[str, Any]:
            access = MultiAccountAccess(
                "team", accounts=filled(ACCOUNTS), grants=filled({"read": wide()})
            )
            assert access.granted["read"]["staging"].role_unique_id is None
            return {"arn": access.granted["read"]["production"].role_arn}

        assert run(program).outputs == {"arn": f"arn:aws:iam::{DESTINATION}:role/read"}

    def test_a_role_is_ready_once_the_policies_of_all_its_sources_are_attached(self) -> None:
        slow = World(slow=frozenset({"UserPolicyAttachment", "RolePolicyAttachment"}))

        def program() -> dict[str, Any]:
            made: Any = MultiAccountAccess(
                "team", filled({"accounts": accounts(set(NAMES)), "grants": GRANTS})
            )
            arn = made.granted["read"]["staging"].role_arn
            opts = pulumi.ResourceOptions(provider=aws.Provider("destination"))
            aws.iam.User("after", name=arn, opts=opts)
            return {}

        events = run(program, world=slow).events
        begin = events.index("begin aws:iam/user:User::after")
        for kind, name in (
            ("userPolicyAttachment:UserPolicyAttachment", "team-user-alice@people"),
            ("rolePolicyAttachment:RolePolicyAttachment", "team-role-deployer@ci"),
            ("rolePolicyAttachment:RolePolicyAttachment", "team-read@staging-aws-ReadOnlyAccess"),
        ):
            assert events.index(f"end aws:iam/{kind}::{name}") < begin

    def test_what_cannot_be_attached_is_said_once_for_all_destinations(self) -> None:
        given = {"permission_set": "Admins"}
        found = run(fleet({"read": wide(principals=[given])}))
        assert set(found.outputs["unattached_policies"]["read"]) == {"production", "staging"}
        (line,) = found.log
        assert line.startswith("grant read: its policy for permission set Admins can't be attached")
