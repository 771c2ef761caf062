"""A role's ARN is told once both sides stand, so that whoever gets it can use it at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import AssumeRoleGrant, CrossAccountAccess, TrustedRole
from tests.component.harness import run
from tests.component.world import SOURCE, World, role_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.component.engine_record import Run

PERMISSIONS: Any = {
    "managed_policies": ["ReadOnlyAccess"],
    "inline_policies": {
        "pass": {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
    },
}
GRANTS: Any = {
    "deploy": {"principals": [{"user": "alice"}, {"role": "ci"}], "role": PERMISSIONS},
    "read": {"principals": [{"user": "bob"}]},
}

ROLE, ATTACHED, INLINE, POLICY, TO_USER, TO_ROLE = (
    "aws:iam/role:Role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/policy:Policy",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
)
DESTINATION_HALF = {
    f"{ROLE}::team-deploy",
    f"{ATTACHED}::team-deploy-aws-ReadOnlyAccess",
    f"{INLINE}::team-deploy-inline-pass",
}
SOURCE_HALF = {
    f"{POLICY}::team-user-alice",
    f"{TO_USER}::team-user-alice",
    f"{POLICY}::team-role-ci",
    f"{TO_ROLE}::team-role-ci",
}


def consumer(value: pulumi.Input[str], provider: aws.Provider) -> None:
    """Someone else's resource, that needs the role's ARN."""
    aws.ssm.Parameter(
        "consumer", type="String", value=value, opts=pulumi.ResourceOptions(provider=provider)
    )


def access(grant: str, output: str = "role_arns") -> Callable[[], None]:
    def program() -> None:
        source, destination = aws.Provider("source"), aws.Provider("destination")
        args: Any = {
            "source_provider": source,
            "destination_provider": destination,
            "grants": GRANTS,
        }
        component = CrossAccountAccess("team", args)
        consumer(getattr(component, output)[grant], source)

    return program


def before_consumer(found: Run) -> set[str]:
    """What stood before the consumer was registered."""
    until = found.events[: found.events.index("begin aws:ssm/parameter:Parameter::consumer")]
    return {event.removeprefix("end ") for event in until if event.startswith("end ")}


ALL = World(
    slow=frozenset({"Role", "Policy", "RolePolicy", "RolePolicyAttachment", "UserPolicyAttachment"})
)


def test_a_role_arn_is_known_after_both_halves_are_made() -> None:
    assert before_consumer(run(access("deploy"), world=ALL)) >= DESTINATION_HALF | SOURCE_HALF


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_role_arn_depends_on_all_of_both_halves(*, preview: bool) -> None:
    uses = run(access("deploy"), preview=preview).one("Parameter").uses["value"]
    assert uses >= (DESTINATION_HALF | SOURCE_HALF) - {
        f"{POLICY}::team-user-alice",
        f"{POLICY}::team-role-ci",
    }


def test_a_roles_name_depends_on_the_role_alone() -> None:
    uses = run(access("read", "role_names")).one("Parameter").uses["value"]
    assert uses == {f"{ROLE}::team-read", f"{ROLE}::team-deploy"}


def test_the_source_half_is_made_after_the_destination_half() -> None:
    found = run(access("deploy"), world=ALL)
    ends = [found.events.index(f"end {key}") for key in DESTINATION_HALF]
    begins = [found.events.index(f"begin {key}") for key in SOURCE_HALF]
    assert max(ends) < min(begins)


def test_the_source_policies_depend_on_the_role_and_its_permissions() -> None:
    found = run(access("deploy"))
    assert found.one("Policy", "team-user-alice").depends == DESTINATION_HALF
    assert found.one("Policy", "team-user-bob").depends == {f"{ROLE}::team-read"}


def test_a_trusted_role_tells_its_arn_after_its_permissions_are_attached() -> None:
    def program() -> None:
        provider = aws.Provider("destination")
        args: Any = {
            "principals": [{"user": "alice"}],
            "source_account_id": SOURCE,
            "role": PERMISSIONS,
        }
        role = TrustedRole("team-deploy", args, pulumi.ResourceOptions(provider=provider))
        consumer(role.role_arn, provider)

    found = run(program, world=World(slow=frozenset({"RolePolicy", "RolePolicyAttachment"})))
    assert before_consumer(found) >= DESTINATION_HALF
    assert found.one("Parameter").uses["value"] == DESTINATION_HALF


def test_an_assume_role_grant_tells_its_policies_after_they_are_attached() -> None:
    def program() -> None:
        provider = aws.Provider("source")
        args: Any = {"principal": {"user": "alice"}, "role_arns": {"deploy": role_arn("deploy")}}
        made = AssumeRoleGrant("team-user-alice", args, pulumi.ResourceOptions(provider=provider))
        consumer(made.policy_arns[0], provider)

    expected = {f"{POLICY}::team-user-alice", f"{TO_USER}::team-user-alice"}
    found = run(program, world=World(slow=frozenset({"UserPolicyAttachment"})))
    assert before_consumer(found) >= expected
    assert found.one("Parameter").uses["value"] == expected


class _MovedRoles(World):
    """Where a transform gives every role another path."""

    def make(
        self, kind: str, name: str, inputs: Mapping[str, Any], provider: str
    ) -> tuple[str, dict[str, Any]]:
        moved = {"path": "/managed/"} if kind == ROLE else {}
        return super().make(kind, name, {**inputs, **moved}, provider)


def test_it_is_the_one_that_the_role_has_once_it_is_there() -> None:
    found = run(access("deploy"), world=_MovedRoles())
    moved = {name: role_arn(name, "/managed/") for name in ("deploy", "read")}
    assert found.one("Parameter").inputs["value"] == moved["deploy"]
    documents = json.dumps([made.inputs["policy"] for made in found.of("Policy")])
    assert all(f'{arn}\\"' in documents for arn in moved.values())
    assert role_arn("deploy") not in documents
