"""Args that are one thing to a check and another to a document; secrets told by a refusal."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import pulumi
import pytest

from cross_account_access import InvalidArgs
from tests.component.engine_record import SECRET, UNKNOWN
from tests.component.harness import refused, run
from tests.component.programs import (
    NEVER_KNOWN,
    Late,
    access,
    assume_role_grant,
    grant,
    output,
    secret,
    trusted_role,
)
from tests.component.world import DESTINATION, ELSEWHERE, SOURCE, ci_arn

POLICY_ARN = f"arn:aws:iam::{DESTINATION}:policy/own"


def inline(statement: Any) -> dict[str, Any]:
    return {"inline_policies": {"p": {"Statement": statement}}}


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
@pytest.mark.parametrize(
    "change",
    [
        {"Action": secret("swordfish")},
        {"Effect": secret("swordfish")},
        {"Sid": secret("sword fish")},
        {"Resource": ["*", secret("swordfish")]},
    ],
    ids=["Action", "Effect", "Sid", "Resource"],
)
def test_a_secret_in_a_statement_is_not_told(change: dict[str, Any], *, preview: bool) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **change}
    for given in (statement, [statement]):
        error, record = refused(trusted_role(role=inline(given)), preview=preview)
        assert "sword" not in str(error) + record.visible()


@pytest.mark.parametrize(
    "principal", [{"arn": f"arn:aws:iam::{SOURCE}:user/a"}, {"account": SOURCE}], ids=["arn", "id"]
)
def test_a_secret_source_account_is_not_told(principal: dict[str, Any]) -> None:
    error, _ = refused(trusted_role(source_account_id=secret(ELSEWHERE), principals=[principal]))
    assert ELSEWHERE not in str(error)


def test_a_label_shared_by_an_arn_and_a_group_mixes_nothing_up() -> None:
    role = {"arn": output(ci_arn("ci")), "label": "x", "conditions": {"session_names": ["ci-*"]}}
    more = {"external_id": "for-admins-only", "session_names": ["ci-*"]}
    admins = {"group": "admins", "label": "x", "conditions": more}
    outputs = run(access({"deploy": grant(principals=[role, admins])})).outputs
    command = outputs["assume_role_commands"]["deploy"]
    assert "--role-session-name ci-deploy" in command
    assert "--external-id" not in command
    halves = json.loads(outputs["documents"]["deploy"])["principals"]
    made = {half["name"]: half["policyArn"].rpartition("/")[2] for half in halves}
    assert made["ci"].startswith("team-arn-x-")
    assert made["admins"].startswith("team-group-x-")


@pytest.mark.parametrize("leaf", [NEVER_KNOWN, secret(POLICY_ARN)], ids=str)
def test_a_label_that_is_called_conditions_is_no_condition(leaf: Late) -> None:
    role = {"managed_policy_arns": {"conditions": leaf}}
    made = run(access({"deploy": grant(role=role)}), preview=True).one("Role")
    assert "assumeRolePolicy" not in made.secret
    assert made.inputs["assumeRolePolicy"] is not UNKNOWN


@pytest.mark.parametrize(
    "leaf", [secret("AIDAALICEXXXXXXXXXXX1"), NEVER_KNOWN], ids=["secret", "unknown"]
)
def test_a_unique_id_that_is_looked_up_instead_hides_nothing(leaf: Late) -> None:
    record = run(access({"deploy": grant(principals=[{"user": "alice", "unique_id": leaf}])}))
    assert SECRET not in record.visible()
    assert record.one("Role").inputs["assumeRolePolicy"] is not UNKNOWN


def nested(action: Any) -> Late:
    """An Output of a policy that has an Output inside."""

    def make() -> Any:
        statement = {"Effect": "Allow", "Action": action.make(), "Resource": "*"}
        return pulumi.Output.from_input("x").apply(lambda _: {"Statement": [statement]})

    return Late("nested", make)


def test_outputs_inside_an_outputs_value_are_resolved() -> None:
    role = {"inline_policies": {"p": nested(secret("s3:GetObject"))}}
    made = run(trusted_role(role=role)).one("RolePolicy")
    assert json.loads(made.inputs["policy"])["Statement"][0]["Action"] == "s3:GetObject"
    assert made.secret == {"policy"}
    unknown = {"inline_policies": {"p": nested(NEVER_KNOWN)}}
    assert (
        run(trusted_role(role=unknown), preview=True).one("RolePolicy").inputs["policy"] is UNKNOWN
    )


def test_what_an_output_holds_is_copied_once() -> None:
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    shared = {"Statement": [statement]}

    def make() -> Any:
        return pulumi.Output.from_input("x").apply(lambda _: shared)

    program = access({"deploy": grant(role={"inline_policies": {"p": Late("shared", make)}})})

    def changed() -> dict[str, Any]:
        outputs = program() or {}
        outputs["role_unique_ids"].apply(lambda _: statement.update(Action="s3:DeleteBucket"))
        return dict(outputs)

    record = run(changed)
    documents = json.loads(record.outputs["documents"]["deploy"])
    made = json.loads(record.one("RolePolicy").inputs["policy"])
    assert documents["role"]["inlinePolicies"]["p"] == made
    assert made["Statement"][0]["Action"] == "iam:PassRole"


class Named(str, Enum):  # noqa: UP042 - whose members Python 3.11 writes by their names
    """Texts by name."""

    ACCOUNT = SOURCE
    SET = "Admins"
    TAG = "team"
    ID = "partner-7f3a"


class Seconds(int, Enum):
    """Numbers by name."""

    HOUR = 3600


def test_members_of_enums_are_written_by_their_values() -> None:
    conditions = {
        "mfa_max_age": Seconds.HOUR,
        "external_id": Named.ID,
        "session_tags": {Named.TAG: ["x"]},
    }
    principals = [{"user": "alice", "conditions": conditions}, {"permission_set": Named.SET}]
    record = run(trusted_role(principals=principals, source_account_id=Named.ACCOUNT))
    shown = record.visible()
    assert "Named." not in shown
    assert "Seconds." not in shown
    assert f"arn:aws:iam::{SOURCE}:user/alice" in json.dumps(record.document("Role"))


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "policy",
    [
        Late("deep", lambda: deep(5000)),
        "[" * 100_000,
        deep(400),
        output("[" * 100_000),
        {"Statement": "\ud800"},
    ],
)
def test_what_is_nested_too_deeply_or_no_text_is_refused_without_a_traceback(policy: Any) -> None:
    error, _ = refused(trusted_role(role={"inline_policies": {"p": policy}}))
    assert isinstance(error, InvalidArgs)
    assert all(problem.code for problem in error.problems)


def test_arns_that_are_longer_than_was_said_are_refused_at_their_place() -> None:
    long = f"arn:aws:iam::{DESTINATION}:role/{'p' * 400}"
    arns = {f"r{number}": output(f"{long}/x{number}") for number in range(20)}
    error, _ = refused(assume_role_grant(role_arns=arns, role_arn_lengths=dict.fromkeys(arns, 40)))
    assert [(problem.path, problem.code) for problem in error.problems] == [
        ("role_arns", "managed-policy-too-long")
    ]
