"""Who gets in, and who doesn't: without AWS and without the Pulumi CLI."""

from pathlib import Path

import pytest
from cross_account_access.testing import AwsMocks, MockAccount

SOURCE, DESTINATION = "111111111111", "222222222222"
CONFIG = {
    "sourceAccountId": SOURCE,
    "sourceProfile": "people",
    "destinationAccountId": DESTINATION,
    "destinationProfile": "production",
    "region": "us-east-1",
    "user": "alice",
}


@pytest.fixture
def mocks() -> AwsMocks:
    """Both accounts after the program has run."""
    people = MockAccount(SOURCE, users=["alice", "bob"])
    mocks = AwsMocks({"source": people, "destination": MockAccount(DESTINATION)})
    config = {f"project:{key}": value for key, value in CONFIG.items()}
    outputs = mocks.run(Path(__file__).parent, config=config)
    assert outputs["role_arn"] == f"arn:aws:iam::{DESTINATION}:role/read-only"
    return mocks


def test_alice_gets_in_with_mfa(mocks: AwsMocks) -> None:
    mocks.assert_allows("alice", "read-only", mfa=True)


def test_alice_is_refused_without_mfa(mocks: AwsMocks) -> None:
    mocks.assert_refuses("alice", "read-only", because="MultiFactorAuth")


def test_bob_is_refused_by_both_accounts(mocks: AwsMocks) -> None:
    mocks.assert_refuses("bob", "read-only", half="source", mfa=True)
    # Even if his own account let him.
    mocks.assert_refuses("bob", "read-only", half="destination", mfa=True, entitled=True)


def test_the_role_can_only_read(mocks: AwsMocks) -> None:
    attached = mocks.made("RolePolicyAttachment", account="destination")
    policies = [attachment.inputs["policyArn"] for attachment in attached]
    assert policies == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    assert mocks.made("RolePolicy", account="destination") == []
