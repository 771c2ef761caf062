"""What a test's assertion rests on: all of a caller's policies, and a call that can be made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess
from cross_account_access.testing import AwsMocks, MockAccount
from tests.component.tested_programs import PEOPLE, PRODUCTION, run

if TYPE_CHECKING:
    from collections.abc import Callable


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
            mocks.assert_refuses("bob", "deploy", half=half, mfa=True)
    mocks.assert_allows("bob", "deploy", entitled=True, mfa=True)
    mocks.assert_refuses("bob", "deploy", entitled=False, mfa=True)
    mocks.assert_refuses("bob", "deploy", half="destination", because="MultiFactorAuth")
    mocks.assert_refuses("zed", "deploy", half="source", caller_account=PEOPLE, mfa=True)
    assert mocks.source_policies("bob") == []


# A call that STS refuses whatever the policies say, or that is none; and what is said of it.
WRONG_TERMS: dict[str, tuple[dict[str, Any], str]] = {
    "no address": ({"source_ip": "192.0.2.256"}, "source_ip '192.0.2.256': must be an IPv4 or"),
    "a range": ({"source_ip": "192.0.2.0/24"}, "source_ip '192.0.2.0/24': must be an IPv4"),
    "no VPC": ({"source_vpc": "main"}, "source_vpc 'main': "),
    "no endpoint": ({"source_vpc_endpoint": "main"}, "source_vpc_endpoint 'main': "),
    "a name with a space": ({"session_name": "a b"}, "session_name 'a b': "),
    "a list of a tag": ({"session_tags": {"team": ["x"]}}, "session_tags {"),
    "a transitive key of no tag": ({"transitive_tag_keys": ["team"]}, "must be the key of a sess"),
    "no organization": ({"organization": "o-1"}, "organization 'o-1': "),
    "an age in the future": ({"mfa_age": -1}, "mfa_age -1: must be 0 or more"),
    "a text for MFA": ({"mfa": "false"}, "mfa 'false': must be True or False"),
    "an age without MFA": ({"mfa": False, "mfa_age": 5}, "mfa False: must be True or False, and"),
    "a short external ID": ({"external_id": "?"}, "external_id: "),
}


@pytest.mark.parametrize("case", WRONG_TERMS)
def test_no_refusal_rests_on_a_call_that_cannot_be_made(case: str) -> None:
    terms, message = WRONG_TERMS[case]
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared below
        run().assert_refuses("bob", "deploy", **terms)
    assert message in str(error.value)
    assert "?" not in str(error.value)


def test_a_group_has_the_members_that_each_of_an_accounts_providers_says() -> None:
    own = {"first": ["zed"], "second": ["bob"]}
    mocks = AwsMocks(
        {
            name: MockAccount(PEOPLE, users=members, groups={"admins": members})
            for name, members in own.items()
        }
        | {"destination": MockAccount(PRODUCTION)}
    )

    def program() -> None:
        CrossAccountAccess(
            "team",
            source_provider=aws.Provider("first"),
            destination_provider=aws.Provider("destination"),
            grants={"deploy": {"principals": [{"group": "admins"}]}},
        )

    mocks.run(program)
    mocks.assert_allows("zed", "deploy")
    mocks.assert_allows("bob", "deploy")
