"""The condition keys of the call that is explained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cross_account_access.grants.request_context import RequestContext
from cross_account_access.iam.evaluator import Caller

SOURCE, OTHER = "111111111111", "222222222222"
ALICE = Caller(
    f"arn:aws:iam::{SOURCE}:user/alice", "AIDAALICE", f"arn:aws:iam::{SOURCE}:user/alice"
)
CALL = RequestContext(datetime(2026, 1, 1, tzinfo=UTC))
ID, PATH = "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/"


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid
@pytest.mark.parametrize(
    ("account", "options", "keys"),
    [
        (OTHER, {}, {}),
        (SOURCE, {}, {}),
        (OTHER, {"organization": ID}, {"aws:PrincipalOrgID": ID}),
        (SOURCE, {"organization": ID}, {"aws:PrincipalOrgID": ID, "aws:ResourceOrgID": ID}),
        (
            SOURCE,
            {"organization_path": PATH},
            {
                "aws:PrincipalOrgID": ID,
                "aws:PrincipalOrgPaths": (PATH,),
                "aws:ResourceOrgID": ID,
                "aws:ResourceOrgPaths": (PATH,),
            },
        ),
        (
            OTHER,
            {"organization": ID, "more": {"aws:ResourceOrgID": ("o-zzzzzzzzzz",)}},
            {"aws:PrincipalOrgID": ID, "aws:ResourceOrgID": "o-zzzzzzzzzz"},
        ),
    ],
)
def test_the_organizations_of_caller_and_role(
    account: str, options: dict[str, Any], keys: dict[str, object]
) -> None:
    built = replace(CALL, **options).build_condition_keys(ALICE, account=account, tags={})
    assert {key: value for key, value in built.items() if "Org" in key} == keys
    assert built["aws:SecureTransport"] == "true"
