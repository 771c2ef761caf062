"""Trust policies that the tests build from principals, and what their statements say."""

from __future__ import annotations

import json
from typing import Any

from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy
from cross_account_access.iam.quotas import TRUST_POLICY_CHARACTERS, Quota
from tests.unit.reading import SOURCE

ROOT = f"arn:aws:iam::{SOURCE}:root"
ALICE = f"arn:aws:iam::{SOURCE}:user/alice"
CI = f"arn:aws:iam::{SOURCE}:role/team/ci"


ORGANIZATION, UNIT = "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"


def trusting(
    *principals: dict[str, Any],
    conditions: dict[str, Any] | None = None,
    partition: str = "aws",
    account: str = SOURCE,
    quota: Quota = TRUST_POLICY_CHARACTERS,
) -> str:
    """The trust policy of these principals, where no quota is raised by default."""
    trusted = [read_model(PrincipalModel, principal) for principal in principals]
    own = read_model(ConditionsModel, conditions) if conditions else None
    return build_trust_policy(trusted, own, partition, account, quota=quota)


def statements(*principals: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """Its statements."""
    found: list[dict[str, Any]] = json.loads(trusting(*principals, **more))["Statement"]
    return found


def like(*arns: str) -> dict[str, Any]:
    return {"ArnLike": {"aws:PrincipalArn": arns[0] if len(arns) == 1 else list(arns)}}
