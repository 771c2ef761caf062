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


# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
@pytest.mark.parametrize(
    ("passed", "inherited", "requested", "own"),
    [
        ({}, {}, {}, {}),
        ({"team": "a"}, {}, {"team": "a"}, {}),
        ({}, {"team": "a"}, {"team": "a"}, {"team": "a"}),
        ({"stage": "b"}, {"team": "a"}, {"team": "a", "stage": "b"}, {"team": "a"}),
    ],
)
def test_inherited_tags_are_requested_ones_and_the_callers_own(
    passed: dict[str, str],
    inherited: dict[str, str],
    requested: dict[str, str],
    own: dict[str, str],
) -> None:
    call = replace(CALL, session_tags=passed, inherited_tags=inherited)
    keys = call.build_condition_keys(ALICE, account=OTHER, tags={})
    assert keys.get("aws:TagKeys", ()) == tuple(requested)
    for prefix, tags in (("aws:RequestTag/", requested), ("aws:PrincipalTag/", own)):
        found = {key: value for key, value in keys.items() if key.startswith(prefix)}
        assert found == {f"{prefix}{key}": value for key, value in tags.items()}
    assert "sts:TransitiveTagKeys" not in keys
    assert ("sts:TagSession" in call.actions) is bool(requested)


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
def test_an_identity_context_is_an_action_and_a_key_of_its_own() -> None:
    provider = "arn:aws:iam::aws:contextProvider/IdentityCenter"
    call = replace(CALL, more={"sts:RequestContextProviders": (provider,)})
    keys = call.build_condition_keys(ALICE, account=OTHER, tags={})
    assert keys["sts:RequestContextProviders"] == provider
    assert call.actions == ("sts:AssumeRole", "sts:SetContext")
    assert CALL.actions == ("sts:AssumeRole",)


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
