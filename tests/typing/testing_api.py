"""A user's test of a program; it is never run, only type-checked: by mypy and by pyright."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_type

import pulumi

from cross_account_access.testing import AwsMocks, CallTerms, MockAccount, Registration

people = MockAccount(
    "111111111111", users=["team/alice"], roles=("ci",), groups={"admins": ["alice"]}, policies=[]
)
mocks = AwsMocks(
    {"source": people, "destination": MockAccount("222222222222", partition="aws")},
    stack_outputs={"organization/people/dev": {"ci_arn": "arn"}},
)
assert_type(mocks.run(Path("infra"), preview=True, config={"shop:size": "3"}), dict[str, Any])
mocks.run("__main__.py", project="shop", stack="dev")
mocks.run(lambda: pulumi.export("name", "value"))
pulumi.runtime.set_mocks(mocks)

assert_type(mocks.get("Role", "team-deploy", account="destination"), Registration)
assert_type([one.document for one in mocks.made("aws:iam/policy:Policy")], list[dict[str, Any]])
assert_type(mocks.trust_policy("deploy"), dict[str, Any])
assert_type(mocks.source_policies("alice"), list[dict[str, Any]])
assert_type(mocks.log, list[str])

office: CallTerms = {
    "mfa": True,
    "source_ip": "203.0.113.7",
    "at": datetime(2026, 1, 1, tzinfo=UTC),
}
mocks.assert_allows("alice", "deploy", **office)
mocks.assert_allows("role/ci", "deploy", account="destination", entitled=True, mfa_age=60)
mocks.assert_refuses("alice", "deploy", half="source", because="aws:SourceIp", mfa=True)

mocks.assert_allows("alice", "deploy", mfa="yes")  # type: ignore[arg-type]
mocks.assert_allows("alice", "deploy", mfaa=True)  # type: ignore[call-arg]
mocks.assert_refuses("alice", "deploy", half="sources")  # type: ignore[arg-type]
MockAccount(users=["alice"])  # type: ignore[call-arg]


class OwnMocks(AwsMocks):
    """Mocks that answer more."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        """Answer a lookup."""
        if args.token == "aws:ssm/getParameter:getParameter":
            return {"value": "10.0.0.0/16"}
        return super().call(args)
