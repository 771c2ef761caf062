"""The record of a grant among many accounts, and the policies beside it, as a stack has them."""

from __future__ import annotations

import json
from typing import Any

from cross_account_access.grants.documents import GrantDocuments, build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model

PEOPLE, CI = "111111111111", "333333333333"
PRODUCTION, STAGING = "222222222222", "444444444444"
GRANT = "read-only"
POLICIES = {
    f"arn:aws:iam::{PEOPLE}:policy/fleet-user-alice": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [f"arn:aws:iam::{account}:role/x/{GRANT}" for account in (PRODUCTION, STAGING)],
    },
    # The same roles by their names and accounts, as where there are many.
    f"arn:aws:iam::{CI}:policy/fleet-role-deployer": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [f"arn:aws:iam::*:role/x/{GRANT}"],
        "Condition": {"StringEquals": {"aws:ResourceAccount": [PRODUCTION, STAGING]}},
    },
}


def build_record(
    principals: list[dict[str, Any]] | None = None, *, account: str = "production"
) -> GrantDocuments:
    """The record of the stack that makes every part; each principal's policy is its own."""
    grant = {
        "principals": principals or [{"user": "alice"}, {"role": "deployer", "source": CI}],
        "role": {"path": "/x/", "description": "x", "tags": {"owner": "x"}},
        "conditions": {"external_id": "fleet-7f3a"},
    }
    model = read_model(GrantModel, grant)
    located = [one.located_in(one.source or PEOPLE) for one in model.principals]
    destination = {"production": PRODUCTION, "staging": STAGING}[account]
    record = build_grant_documents(
        GRANT,
        model.model_copy(update={"principals": located}),
        side="both",
        tags=model.role.tags,
        partition="aws",
        source=PEOPLE,
        destination=destination,
    )
    made = sorted({PEOPLE, destination, *(one.source for one in located if one.source)})
    record = record.model_copy(update={"account": account, "made": made})
    arns = list(POLICIES)[: len(record.principals)]
    return record.with_made("AROA0000000000000001", [(arn, "") for arn in arns])


def write_policies() -> dict[str, str]:
    """The stack's output `policies`."""
    return {
        arn: json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        for arn, statement in POLICIES.items()
    }
