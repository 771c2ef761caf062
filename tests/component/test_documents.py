"""The documents that the components make, byte by byte, and that no order of their input changes
them."""

from __future__ import annotations

import json
import random
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.harness import run
from tests.component.programs import access, assume_role_grant, grant, output, trusted_role
from tests.component.world import SOURCE, World, ci_arn, role_arn, user_arn

if TYPE_CHECKING:
    from tests.component.engine_record import Run


def sid(world: World, *names: tuple[str, str]) -> str:
    """The `Sid` of a trust whose principals have unique IDs in the world."""
    ids = sorted(world.unique_id(kind, name) for kind, name in names)
    return "Trust" + sha256("\n".join(ids).encode()).hexdigest()[:12]


def trust(principals: list[str], sid: str = "Trust", condition: Any = None) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": principals},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def reach(role_arns: list[str]) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role_arns}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def trust_of(found: Run, name: str | None = None) -> str:
    return str(found.one("Role", name).inputs["assumeRolePolicy"])


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
AGE = {"NumericLessThan": {"aws:MultiFactorAuthAge": "7200"}}
EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "partner-7f3a"}}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (None, None),
        ({"mfa": True}, MFA),
        ({"mfa_max_age": 7200}, MFA | AGE),
        ({"mfa": True, "mfa_max_age": 7200.0}, MFA | AGE),
        ({"external_id": "partner-7f3a"}, EXTERNAL_ID),
        ({"external_id": output("partner-7f3a")}, EXTERNAL_ID),
        (
            {"external_id": output("partner-7f3a"), "mfa": True, "mfa_max_age": 7200},
            MFA | AGE | EXTERNAL_ID,
        ),
        ({"mfa": False, "external_id": "partner-7f3a"}, EXTERNAL_ID),
        ({"mfa": False}, None),
    ],
    ids=str,
)
def test_the_trust_holds_exactly_the_conditions(
    conditions: dict[str, Any] | None, expected: object
) -> None:
    given = {} if conditions is None else {"conditions": conditions}
    found = run(access({"deploy": grant(**given)}))
    assert trust_of(found) == trust([user_arn("alice")], sid(World(), ("user", "alice")), expected)
    assert trust_of(run(trusted_role(**given))) == trust([user_arn("alice")], condition=expected)


def test_the_trust_names_exactly_the_principals_in_order() -> None:
    world = World(users={"erin": "/team/"}, roles={"ci": "/team/sub/"})
    principals = [
        {"user": "alice"},
        {"role": "alice"},
        {"arn": ci_arn("ci", "/team/sub/")},
        {"user": output("bob"), "label": "somebody"},
        {"user": "erin"},
    ]
    found = run(access({"deploy": grant(principals=principals)}), world=world)
    ids = [("user", "alice"), ("role", "alice"), ("role", "ci"), ("user", "bob"), ("user", "erin")]
    assert trust_of(found) == trust(
        [
            ci_arn("alice"),
            ci_arn("ci", "/team/sub/"),
            user_arn("alice"),
            user_arn("bob"),
            user_arn("erin", "/team/"),
        ],
        sid(world, *ids),
    )


def test_a_name_without_its_path_is_trusted_by_the_path_that_it_has() -> None:
    found = run(access({"deploy": grant()}), world=World(users={"alice": "/people/"}))
    assert json.loads(trust_of(found))["Statement"][0]["Principal"] == {
        "AWS": [user_arn("alice", "/people/")]
    }


def test_each_grant_has_principals_and_conditions_of_its_own() -> None:
    grants = {
        "read": grant(conditions={"mfa": True}),
        "deploy": grant(principals=[{"role": "ci"}], conditions={"external_id": "partner-7f3a"}),
    }
    found = run(access(grants))
    assert trust_of(found, "team-read") == trust(
        [user_arn("alice")], sid(World(), ("user", "alice")), MFA
    )
    assert trust_of(found, "team-deploy") == trust(
        [ci_arn("ci")], sid(World(), ("role", "ci")), EXTERNAL_ID
    )


def test_the_trust_of_a_role_alone_names_principals_as_they_are_given() -> None:
    principals = [
        {"user": "team/alice"},
        {"role": output("ci"), "label": "ci"},
        {"arn": user_arn("bob")},
    ]
    found = run(trusted_role(principals=principals, source_account_id=output(SOURCE)))
    assert trust_of(found) == trust([ci_arn("ci"), user_arn("bob"), user_arn("alice", "/team/")])


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc"])
def test_every_arn_is_of_the_partition_of_the_credentials(partition: str) -> None:
    found = run(access(), world=World(partition=partition))
    assert json.loads(trust_of(found))["Statement"][0]["Principal"] == {
        "AWS": [f"arn:{partition}:iam::{SOURCE}:user/alice"]
    }
    assert found.one("Policy").inputs["policy"] == reach(
        [f"arn:{partition}:iam::222222222222:role/deploy"]
    )
    alone = run(trusted_role(), world=World(partition=partition))
    assert f'"AWS":["arn:{partition}:iam::{SOURCE}:user/alice"]' in trust_of(alone)


class TestHealing:
    GRANTS = {
        "deploy": grant(principals=[{"user": "alice"}, {"role": "ci"}]),
        "read": grant(principals=[{"user": "bob"}]),
    }

    def sids(self, world: World) -> dict[str, str]:
        found = run(access(self.GRANTS), world=world)
        return {
            made.name: json.loads(made.inputs["assumeRolePolicy"])["Statement"][0]["Sid"]
            for made in found.of("Role")
        }

    def test_a_trust_tells_its_principals_unique_ids_by_a_digest(self) -> None:
        assert self.sids(World()) == {
            "team-deploy": sid(World(), ("user", "alice"), ("role", "ci")),
            "team-read": sid(World(), ("user", "bob")),
        }

    @pytest.mark.parametrize(
        ("made_again", "changed"),
        [
            ("alice", {"team-deploy"}),
            ("ci", {"team-deploy"}),
            ("bob", {"team-read"}),
            ("nobody", set()),
        ],
    )
    def test_a_principal_that_is_made_again_changes_the_trusts_that_name_it_alone(
        self, made_again: str, changed: set[str]
    ) -> None:
        before, after = self.sids(World()), self.sids(World(made_again=frozenset({made_again})))
        assert {name for name in before if before[name] != after[name]} == changed

    def test_nothing_but_the_sid_changes(self) -> None:
        before, after = run(access()), run(access(), world=World(made_again=frozenset({"alice"})))
        sids = [json.loads(trust_of(found))["Statement"][0]["Sid"] for found in (before, after)]
        assert sids[0] != sids[1]
        assert trust_of(before).replace(sids[0], sids[1]) == trust_of(after)

    def test_a_sid_has_letters_and_digits_alone(self) -> None:
        assert all(text.isalnum() and text.isascii() for text in self.sids(World()).values())

    def test_there_is_no_digest_where_the_source_cannot_be_asked(self) -> None:
        found = run(
            access(side="destination", source_account_id=SOURCE, leave_out=("source_provider",))
        )
        assert trust_of(found) == trust([user_arn("alice")])


def test_the_source_is_allowed_exactly_the_roles_in_order() -> None:
    role_arns = {"z": role_arn("a"), "b": output(role_arn("c", "/team/")), "a": role_arn("b")}
    found = run(assume_role_grant(role_arns=role_arns))
    assert found.one("Policy").inputs["policy"] == reach(
        [role_arn("a"), role_arn("b"), role_arn("c", "/team/")]
    )


def test_the_source_is_allowed_the_role_by_the_name_and_path_that_it_has() -> None:
    found = run(access({"deploy": grant(role={"name": "deployer", "path": "/team/"})}))
    assert found.one("Policy").inputs["policy"] == reach([role_arn("deployer", "/team/")])


def everything() -> dict[str, Any]:
    """Grants with something in each place that has an order."""
    statement = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    return {
        "deploy": {
            "principals": [
                {"role": "ci", "conditions": {"session_tags": {"team": ["b"], "cost": ["1"]}}},
                {
                    "user": "alice",
                    "conditions": {"external_id": "partner-7f3a", "source_ips": ["203.0.113.7"]},
                },
                {"arn": user_arn("bob")},
                {"role": "deployer", "trust_by": "name"},
                {"permission_set": "PowerUsers"},
            ],
            "role": {
                "managed_policies": ["ReadOnlyAccess", "SecurityAudit"],
                "managed_policy_arns": {
                    "b": output("arn:aws:iam::aws:policy/b"),
                    "a": "arn:aws:iam::aws:policy/a",
                },
                "inline_policies": {
                    "y": {"Statement": [statement]},
                    "x": {"Statement": [statement]},
                },
                "tags": {"owner": "platform", "cost": "1"},
            },
        },
        "read": {
            "principals": [{"user": output("carol"), "label": "carol"}, {"user": "alice"}],
            "conditions": {"mfa": True, "mfa_max_age": 7200, "external_id": output("partner-7f3a")},
        },
        "audit": {"principals": [{"group": "admins"}, {"account": SOURCE}, {"user": "bob"}]},
    }


def shuffled(value: Any, order: random.Random) -> Any:
    """The same with the keys of each object in another order, and the lists that have none."""
    if isinstance(value, dict):
        keys = order.sample(list(value), len(value))
        unordered = {"principals", "managed_policies"}
        inner = {key: shuffled(value[key], order) for key in keys}
        return {k: order.sample(v, len(v)) if k in unordered else v for k, v in inner.items()}
    return value


def inputs(found: Run) -> dict[tuple[str, str], dict[str, Any]]:
    return {(made.type, made.name): made.inputs for made in found.made}


@pytest.mark.parametrize("seed", range(6))
def test_no_order_of_the_input_changes_a_resource_or_a_byte_of_a_document(seed: int) -> None:
    order = random.Random(seed)  # noqa: S311 - the same order each time
    given = shuffled(everything(), order)
    assert json.dumps(given, default=repr) != json.dumps(everything(), default=repr)
    straight, other = run(access(everything())), run(access(given))
    assert inputs(other) == inputs(straight)
    assert len(inputs(straight)) > len(everything()) * 3
    assert other.outputs == straight.outputs


def test_grants_that_differ_have_other_documents() -> None:
    changed = everything()
    changed["audit"]["principals"].pop()
    assert inputs(run(access(changed))) != inputs(run(access(everything())))
