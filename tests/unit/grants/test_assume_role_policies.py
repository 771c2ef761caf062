"""The source's identity policy: what it allows, on which roles, in how many characters."""

from __future__ import annotations

import json

from cross_account_access.grants import policies
from cross_account_access.grants.conditions import ASSUME_ROLE, TAG_SESSION
from cross_account_access.grants.policies import AssumableRole
from tests.unit.reading import DESTINATION, refusal


def test_an_identity_policy_allows_assume_role_on_exactly_the_roles() -> None:
    deploy, audit = (
        AssumableRole(f"arn:aws:iam::{DESTINATION}:role/{name}") for name in ("deploy", "audit")
    )
    assert policies.build_assume_role_policy([deploy, audit, deploy]) == (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Resource":["{audit.arn}","{deploy.arn}"]}}]}}'
    )


def test_an_identity_policy_allows_each_role_what_its_own_conditions_ask_for() -> None:
    tagged, plain = (
        f"arn:aws:iam::{DESTINATION}:role/tagged",
        f"arn:aws:iam::{DESTINATION}:role/plain",
    )
    document = policies.build_assume_role_policy(
        [AssumableRole(tagged, (ASSUME_ROLE, TAG_SESSION)), AssumableRole(plain)]
    )
    assert json.loads(document)["Statement"] == [
        {"Effect": "Allow", "Action": ASSUME_ROLE, "Resource": [plain]},
        {"Effect": "Allow", "Action": [ASSUME_ROLE, TAG_SESSION], "Resource": [tagged]},
    ]


def test_an_identity_policy_has_at_most_6144_characters() -> None:
    def policy(longer: int) -> str:
        return policies.build_assume_role_policy(
            AssumableRole(f"arn:aws:iam::{DESTINATION}:role/{n:03}{'' if n else 'x' * longer}")
            for n in range(160)
        )

    room = 6144 - len(policy(0))
    assert 0 < room < 1000
    assert len(policy(room)) == 6144
    refused = refusal(policy, room + 1)
    assert refused.code == "managed-policy-too-long"
