"""A program, and the accounts in which its own tests try it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from cross_account_access import CrossAccountAccess
from cross_account_access.testing import AwsMocks, MockAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from cross_account_access import Grant

PEOPLE, PRODUCTION, STAGING = "111111111111", "222222222222", "333333333333"
USER_ARN = f"arn:aws:iam::{PEOPLE}:user/team/alice"


def accounts() -> AwsMocks:
    people = MockAccount(
        PEOPLE,
        users=["team/alice", "bob", "zed"],
        roles=["ci/deployer"],
        groups={"admins": ["bob"]},
    )
    return AwsMocks(
        {
            "source": people,
            "destination": MockAccount(PRODUCTION),
            "staging": MockAccount(STAGING, users=["zed"]),
        }
    )


def program(
    grants: dict[str, Any] | None = None, more: Callable[[aws.Provider], object] | None = None
) -> Callable[[], None]:
    """One access of the given grants, by default to alice; and more in the source account."""
    given: dict[str, Grant] = grants or {"deploy": {"principals": [{"user": "team/alice"}]}}

    def run() -> None:
        source = aws.Provider("source", region="eu-west-1")
        destination = aws.Provider("destination", region="eu-west-1")
        access = CrossAccountAccess(
            "team", source_provider=source, destination_provider=destination, grants=given
        )
        if more:
            more(source)
        pulumi.export("arns", access.role_arns)

    return run


def run(*args: Any, **grant: Any) -> AwsMocks:
    """The mocks, after a program of one grant has run."""
    mocks = accounts()
    grants = {"deploy": {"principals": [{"user": "team/alice"}], **grant}} if grant else None
    mocks.run(program(grants, *args))
    return mocks
