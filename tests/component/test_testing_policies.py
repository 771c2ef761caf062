"""The policies of a test's caller, by every way in which a program gives them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from tests.component.tested_programs import PEOPLE, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from cross_account_access.testing import AwsMocks


def _write(effect: str) -> str:
    statement = {"Effect": effect, "Action": "sts:AssumeRole", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ALLOW, DENY = _write("Allow"), _write("Deny")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def _run(more: Callable[[pulumi.ResourceOptions], object], **grant: Any) -> AwsMocks:
    return run(
        lambda source: more(pulumi.ResourceOptions(provider=source)),
        **{"principals": [{"account": PEOPLE}], **grant},
    )


@pytest.mark.parametrize("effects", [(DENY, ALLOW), (ALLOW, DENY)])
def test_inline_policies_of_one_name_all_count(effects: tuple[str, str]) -> None:
    def make(opts: pulumi.ResourceOptions) -> None:
        aws.iam.UserPolicy("user", name="access", user="bob", policy=effects[0], opts=opts)
        aws.iam.GroupPolicy("group", name="access", group="admins", policy=effects[1], opts=opts)

    _run(make).assert_refuses("bob", "deploy", half="source", because="explicit deny")


def _make_role(name: str, opts: pulumi.ResourceOptions, **args: Any) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    aws.iam.Role(name, name=name, assume_role_policy=trust, opts=opts, **args)


def test_policies_in_a_roles_own_inputs_count() -> None:
    def make(opts: pulumi.ResourceOptions) -> None:
        for name, document in (("allowed", ALLOW), ("denied", DENY)):
            inline = aws.iam.RoleInlinePolicyArgs(name="inline", policy=document)
            _make_role(name, opts, inline_policies=[inline])
        aws.iam.RolePolicy("denied", role="denied", policy=ALLOW, opts=opts)
        policy = aws.iam.Policy("managed", policy=ALLOW, opts=opts)
        _make_role("managed", opts, managed_policy_arns=[policy.arn])
        _make_role("administrator", opts, managed_policy_arns=[ADMINISTRATOR])

    mocks = _run(make)
    mocks.assert_allows("role/allowed", "deploy")
    mocks.assert_allows("role/managed", "deploy")
    mocks.assert_refuses("role/denied", "deploy", half="source", because="explicit deny")
    with pytest.raises(LookupError, match="AdministratorAccess"):
        mocks.assert_refuses("role/administrator", "deploy")


def test_no_refusal_rests_on_an_attached_policy_that_is_not_known() -> None:
    def make(opts: pulumi.ResourceOptions) -> None:
        aws.iam.UserPolicyAttachment("bob", user="bob", policy_arn=ADMINISTRATOR, opts=opts)

    mocks = _run(make, conditions={"mfa": True})
    unknown = "AdministratorAccess of arn:aws:iam::111111111111:user/bob allows isn't known here"
    for half in (None, "source"):
        with pytest.raises(LookupError, match=unknown):
            mocks.assert_refuses("bob", "deploy", half=half, mfa=True)  # type: ignore[arg-type] # str of the tuple
    mocks.assert_allows("bob", "deploy", entitled=True, mfa=True)
    mocks.assert_refuses("bob", "deploy", entitled=False, mfa=True)
    mocks.assert_refuses("bob", "deploy", half="destination", because="MultiFactorAuth")
    mocks.assert_refuses("zed", "deploy", half="source", caller_account=PEOPLE, mfa=True)
    assert mocks.source_policies("bob") == []
