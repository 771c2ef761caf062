"""The examples in the components' docstrings, run as they stand on mocks of two accounts."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from cross_account_access import AssumeRoleGrant, CrossAccountAccess, TrustedRole

if TYPE_CHECKING:
    import pulumi

ACCOUNTS = {"source": "111111111111", "destination": "222222222222"}
FENCE = "```"

# The mocks know the two accounts by their providers' names; a default provider has none, and fails.
MOCKED = f"""
import json, sys
import pulumi

accounts = {ACCOUNTS}
made = []

def account(provider):
    return accounts[provider.split("::")[-2]]

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        outputs = dict(args.inputs)
        if args.typ.startswith("aws:"):
            made.append([args.typ, args.name, account(args.provider)])
            kind = args.typ.rpartition(":")[2].lower()
            outputs["arn"] = f"arn:aws:iam::{{account(args.provider)}}:{{kind}}/{{args.inputs.get('name', args.name)}}"
            outputs["uniqueId"] = "AROA0123456789ABCDEF0"
        return f"{{args.name}}-id", outputs

    def call(self, args):
        number = account(args.provider)
        name = args.args.get("userName", "me")
        arn = f"arn:aws:iam::{{number}}:user/{{name}}"
        return {{"accountId": number, "arn": arn, "userName": name, "userId": "AIDA0123456789ABCDEF0", "id": "id"}}

pulumi.runtime.set_mocks(Mocks(), preview=False)
code = compile(sys.stdin.read(), "example", "exec")
pulumi.runtime.test(lambda: exec(code, {{}}))()
print(json.dumps(sorted(made)))
"""


def example(component: type[pulumi.Resource]) -> str:
    text = inspect.getdoc(component) or ""
    found = re.findall(rf"{FENCE}python\n(.*?){FENCE}", text, re.DOTALL)
    assert len(found) == 1, f"{component.__name__} has {len(found)} examples"
    return textwrap.dedent(str(found[0]))


@pytest.mark.parametrize(
    ("component", "made"),
    [
        (
            CrossAccountAccess,
            [
                ["aws:iam/policy:Policy", "team-user-alice", ACCOUNTS["source"]],
                ["aws:iam/role:Role", "team-read-only", ACCOUNTS["destination"]],
                [
                    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                    "team-read-only-aws-ReadOnlyAccess",
                    ACCOUNTS["destination"],
                ],
                [
                    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
                    "team-user-alice",
                    ACCOUNTS["source"],
                ],
            ],
        ),
        (
            TrustedRole,
            [
                ["aws:iam/role:Role", "audit", ACCOUNTS["destination"]],
                [
                    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                    "audit-aws-SecurityAudit",
                    ACCOUNTS["destination"],
                ],
            ],
        ),
        (
            AssumeRoleGrant,
            [
                ["aws:iam/policy:Policy", "audit", ACCOUNTS["source"]],
                ["aws:iam/userPolicyAttachment:UserPolicyAttachment", "audit", ACCOUNTS["source"]],
            ],
        ),
    ],
)
def test_a_components_example_makes_what_it_is_to_make(
    component: type[pulumi.Resource], made: list[list[str]]
) -> None:
    command = [sys.executable, "-W", "ignore", "-c", MOCKED]
    done = subprocess.run(  # noqa: S603
        command, input=example(component), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == made
