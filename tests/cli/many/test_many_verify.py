"""`verify` on stacks of many accounts: each its own parts, as each of their callers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.verify.half_drift import _describe_resources
from tests.cli.fleets import ACCOUNTS, CI, DEVELOPMENT, PEOPLE, PRODUCTION, STAGING, name_both_alice

if TYPE_CHECKING:
    from tests.cli.fleets import FleetStage

READ_ONLY = ["read-only@development", "read-only@production", "read-only@staging"]
DEPLOY = ["deploy@development", "deploy@production"]
SOURCES, DESTINATIONS = ["people", "ci"], ["production", "staging", "development"]


def choose_readers(destinations: list[str]) -> list[str]:
    """The options that choose credentials for each account."""
    sides = [("source", name) for name in SOURCES] + [
        ("destination", name) for name in destinations
    ]
    return [word for side, name in sides for word in (f"--{side}-profile", name)]


READERS = choose_readers(DESTINATIONS)


def verify(many: FleetStage, *args: str) -> dict[str, Any]:
    """Verify, without waiting for a role that is refused, and return the JSON document."""
    done = many.call("verify", *args, "--timeout", "0", "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    return document | {"code": done.returncode}


def list_codes(document: dict[str, Any]) -> dict[str, list[str]]:
    """The findings' codes, by the accounts' names."""
    return {
        result["grant"]: [finding["code"] for finding in result["findings"]]
        for result in document["grants"]
        if result["findings"]
    }


@pytest.mark.parametrize(
    ("profile", "grants"),
    [("alice", READ_ONLY), ("ci-alice", DEPLOY), ("deployer", [*DEPLOY, *READ_ONLY])],
)
def test_every_caller_verifies_the_grants_that_name_it(
    many: FleetStage, profile: str, grants: list[str]
) -> None:
    document = verify(many, *many.every_part, "--profile", profile, *READERS)
    assert sorted(result["grant"] for result in document["grants"]) == grants
    assert (document["findings"], document["code"]) == (0, 0)
    for result in document["grants"]:
        assert f"::{result['role'].split(':')[4]}:" in result["became"]
        assert result["notChecked"] == []
        assert {"destination"} <= result["checksums"].keys()


def test_others_are_refused_in_every_destination(many: FleetStage) -> None:
    document = verify(many, "read-only", *many.every_part, "--profile", "outsider", *READERS)
    attempts = [attempt for result in document["grants"] for attempt in result["attempts"]]
    assert [attempt["observed"] for attempt in attempts] == ["refused"] * 3
    assert document["findings"] == 0


def test_a_user_of_the_same_name_in_another_account_is_none_of_the_grant(many: FleetStage) -> None:
    document = verify(many, "read-only", *many.every_part, "--profile", "ci-alice", *READERS)
    assert [result["principal"] for result in document["grants"]] == [None] * 3
    assert document["findings"] == 0


def damage(many: FleetStage) -> None:
    """Damage a part of each account."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    wide = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    many.iam(PRODUCTION).update_assume_role_policy(RoleName="read-only", PolicyDocument=wide)
    many.iam(STAGING).detach_role_policy(
        RoleName="read-only", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )
    for account, kind in ((PEOPLE, "user"), (CI, "role")):
        iam = many.iam(account)
        name = {"user": "alice", "role": "deployer"}[kind]
        listing = getattr(iam, f"list_attached_{kind}_policies")(**{f"{kind.title()}Name": name})
        (policy,) = listing["AttachedPolicies"]
        getattr(iam, f"detach_{kind}_policy")(
            **{f"{kind.title()}Name": name, "PolicyArn": policy["PolicyArn"]}
        )


DAMAGES = {
    "people": {grant: ["policy-detached"] for grant in READ_ONLY},
    "ci": {grant: ["policy-detached"] for grant in [*READ_ONLY, *DEPLOY]},
    "production": {"read-only@production": ["trust-widened"]},
    "staging": {"read-only@staging": ["role-policy-detached"]},
    "development": {},
}


def test_what_befell_a_namesake_of_another_account_explains_no_refusal(
    own_many: FleetStage,
) -> None:
    (own_many.folder / "same.json").write_text(name_both_alice(own_many), encoding="utf-8")
    damage(own_many)
    callers = {"alice": ["policy-detached"], "ci-alice": ["policy-detached", "access-refused"]}
    for profile, codes in callers.items():
        options = ("--outputs", "same.json", "--profile", profile)
        readers = choose_readers(["staging"])
        assert list_codes(verify(own_many, "read-only@staging", *options, *readers)) == {
            "read-only@staging": codes
        }


def verify_stacks(many: FleetStage, *stacks: str) -> dict[str, Any]:
    """Verify all grants of stacks as one who is no principal of any."""
    records = [many.parts[stack]["grants"] for stack in stacks]
    accounts = {account for grants in records for grant in grants.values() for account in grant}
    outputs = [word for stack in stacks for word in ("--outputs", f"{stack}.json")]
    readers = choose_readers(sorted(accounts))
    grants = {grant for grants in records for grant in grants}
    return verify(many, *grants, *outputs, "--profile", "outsider", *readers)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_stack_tells_of_drift_in_its_own_part_alone(own_many: FleetStage, name: str) -> None:
    damage(own_many)
    document = verify_stacks(own_many, name)
    codes = list_codes(document)
    # Whoever tries it sees what the widened trust lets in, from any stack.
    found = {
        grant: [code for code in listed if code != "stranger-allowed"]
        for grant, listed in codes.items()
    }
    assert {grant: listed for grant, listed in found.items() if listed} == DAMAGES[name]
    unchecked = [item["what"] for result in document["grants"] for item in result["notChecked"]]
    assert unchecked == []


def test_all_stacks_together_tell_of_all_drift(own_many: FleetStage) -> None:
    damage(own_many)
    codes = list_codes(verify_stacks(own_many, *ACCOUNTS))
    assert "trust-widened" in codes["read-only@production"]
    assert "role-policy-detached" in codes["read-only@staging"]
    assert codes["deploy@development"] == ["policy-detached"]


def test_a_policy_is_compared_whole(own_many: FleetStage) -> None:
    """A role that was taken out of it is missing from every grant's point of view."""
    iam = own_many.iam(PEOPLE)
    (policy,) = iam.list_attached_user_policies(UserName="alice")["AttachedPolicies"]
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": ["arn:aws:iam::*:role/read-only"],
        "Condition": {"StringEquals": {"aws:ResourceAccount": [PRODUCTION, DEVELOPMENT]}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_policy_version(
        PolicyArn=policy["PolicyArn"], PolicyDocument=document, SetAsDefault=True
    )
    found = verify(own_many, "--outputs", "people.json", "--profile", "alice")
    messages = {
        finding["message"]
        for result in found["grants"]
        for finding in result["findings"]
        if finding["code"] == "policy-changed"
    }
    (message,) = messages
    assert message.endswith(f"arn:aws:iam::{STAGING}:role/read-only is missing")


@pytest.mark.parametrize(
    ("key", "changed", "difference"),
    [
        ("accounts", range(299), "arn:aws:iam::000000000299:role/r-0 is missing"),
        ("accounts", range(301), "arn:aws:iam::000000000300:role/r-4 is extra"),
        ("names", range(4), "arn:aws:iam::000000000019:role/r-4 is missing and 280 more"),
        ("names", range(6), "arn:aws:iam::000000000019:role/r-5 is extra and 280 more"),
    ],
)
def test_hundreds_of_roles_are_said_in_a_short_message(
    key: str, changed: range, difference: str
) -> None:
    def build(accounts: range = range(300), names: range = range(5)) -> dict[str, Any]:
        ids = [f"{number:012}" for number in accounts]
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": [f"arn:aws:iam::*:role/r-{name}" for name in names],
            "Condition": {"StringEquals": {"aws:ResourceAccount": ids}},
        }
        return {"Version": "2012-10-17", "Statement": [statement]}

    message = _describe_resources(build(), build(**{key: changed}))
    assert difference in message
    assert len(message) < 2000


def test_the_same_roles_by_names_and_accounts_are_another_document(own_many: FleetStage) -> None:
    iam = own_many.iam(PEOPLE)
    (policy,) = iam.list_attached_user_policies(UserName="alice")["AttachedPolicies"]
    accounts = [PRODUCTION, DEVELOPMENT, STAGING]
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": ["arn:aws:iam::*:role/read-only"],
        "Condition": {"StringEquals": {"aws:ResourceAccount": accounts}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_policy_version(
        PolicyArn=policy["PolicyArn"], PolicyDocument=document, SetAsDefault=True
    )
    found = verify(own_many, "read-only@staging", "--outputs", "people.json", "--profile", "alice")
    (result,) = found["grants"]
    assert result["became"]
    assert [finding["code"] for finding in result["findings"]] == ["policy-changed"]


@pytest.mark.parametrize(
    ("option", "profile"), [("--source-profile", "production"), ("--destination-profile", "people")]
)
def test_a_profile_of_another_account_is_refused(
    many: FleetStage, option: str, profile: str
) -> None:
    done = many.call("verify", *many.every_part, "--profile", "alice", option, profile)
    assert done.returncode == 2
    assert f"{option} {profile} must be of the" in done.stderr


def test_a_role_is_verified_by_the_checksum_of_its_part(many: FleetStage) -> None:
    handed = hand_over(many, "destination", *many.every_part)
    document = verify_handed(many, handed, *many.every_part)
    assert document["findings"] == []
    assert document["checksums"]["destination"] == handed["checksum"]
    assert set(document["checksums"]) == {"destination", f"source {PEOPLE}", f"source {CI}"}


def test_a_source_is_verified_by_the_checksum_of_its_part(own_many: FleetStage) -> None:
    """Although another stack makes it: then drift is reported there too."""
    stack = ("--outputs", "production.json")
    handed = hand_over(own_many, "source", *stack)
    assert handed["account"] == PEOPLE
    findings = verify_handed(own_many, handed, *stack)["findings"]
    assert [finding["code"] for finding in findings] == ["handoff-differs"]
    policy = (own_many.folder / handed["folder"] / "policy-user-alice.json").read_text("utf-8")
    iam = own_many.iam(PEOPLE)
    iam.put_user_policy(UserName="alice", PolicyName="handed", PolicyDocument=policy)
    document = verify_handed(own_many, handed, *stack)
    assert document["findings"] == []
    assert document["checksums"][f"source {PEOPLE}"] == handed["checksum"]


def test_who_is_to_repair_a_source_is_who_manages_that_account(many: FleetStage) -> None:
    stack = ("--outputs", "people.json")
    handed = hand_over(many, "source", *stack, position=1)
    assert handed["account"] == CI
    (finding,) = verify_handed(many, handed, *stack)["findings"]  # and no other Sid's
    assert finding["code"] == "handoff-differs"
    assert f"account {CI} manages this half" in finding["remedy"]


def hand_over(many: FleetStage, half: str, *stacks: str, position: int = 0) -> dict[str, Any]:
    """Hand over the half of a grant; of several sources' the one in that position."""
    done = many.call(
        "handoff", "read-only@production", *stacks, "--to", half, "--for", half, "--json"
    )
    document: dict[str, Any] = json.loads(done.stdout)
    handed: dict[str, Any] = document.get("handoffs", [document])[position]
    return handed


def verify_handed(many: FleetStage, handed: dict[str, Any], *stacks: str) -> dict[str, Any]:
    options = [*choose_readers(["production"]), "--checksum", handed["checksum"]]
    document = verify(many, handed["grant"], *stacks, "--profile", "outsider", *options)
    result: dict[str, Any] = document["grants"][0]
    return result
