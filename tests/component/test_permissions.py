"""What the destination's role may do and how it is set up: each setting reaches AWS as it was
given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.engine_record import UNKNOWN
from tests.component.harness import run
from tests.component.programs import NEVER_KNOWN, access, grant, output, secret, trusted_role
from tests.component.world import DESTINATION, World

if TYPE_CHECKING:
    from collections.abc import Callable

AWS, AWS_CN, OWN = (
    "arn:aws:iam::aws:policy",
    "arn:aws-cn:iam::aws:policy",
    f"arn:aws:iam::{DESTINATION}:policy",
)
SERVICE_ROLES = f"arn:aws:iam::{DESTINATION}:role/service/*"


@pytest.mark.parametrize(
    ("setting", "key", "expected"),
    [
        ({"name": "deployer"}, "name", "deployer"),
        ({}, "name", "deploy"),
        ({"path": "/team/"}, "path", "/team/"),
        ({}, "path", "/"),
        ({"description": "Deploys"}, "description", "Deploys"),
        ({"max_session_duration": 7200}, "maxSessionDuration", 7200),
        ({"max_session_duration": 7200.0}, "maxSessionDuration", 7200),
        (
            {"tags": {"owner": "platform", "cost:centre": ""}},
            "tags",
            {"owner": "platform", "cost:centre": ""},
        ),
        (
            {"permissions_boundary": "PowerUserAccess"},
            "permissionsBoundary",
            f"{AWS}/PowerUserAccess",
        ),
        ({"permissions_boundary": f"{OWN}/team/bound"}, "permissionsBoundary", f"{OWN}/team/bound"),
        ({"permissions_boundary": output(f"{OWN}/bound")}, "permissionsBoundary", f"{OWN}/bound"),
        (
            {"permissions_boundary": output("job-function/Billing")},
            "permissionsBoundary",
            f"{AWS}/job-function/Billing",
        ),
    ],
    ids=str,
)
def test_a_setting_of_the_role_reaches_aws(
    setting: dict[str, Any], key: str, expected: object
) -> None:
    assert run(access({"deploy": grant(role=setting)})).one("Role").inputs[key] == expected


def test_what_is_not_set_is_not_sent() -> None:
    assert set(run(access()).one("Role").inputs) == {"name", "path", "assumeRolePolicy"}


def test_the_role_holds_no_permissions_of_its_own_that_would_fight_the_attachments() -> None:
    role = {"managed_policies": ["ReadOnlyAccess"], "inline_policies": {"pass": document()}}
    inputs = run(access({"deploy": grant(role=role)})).one("Role").inputs
    assert not {"inlinePolicies", "managedPolicyArns"} & set(inputs)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ({"managed_policies": ["ReadOnlyAccess"]}, {"aws-ReadOnlyAccess": f"{AWS}/ReadOnlyAccess"}),
        (
            {"managed_policies": ["job-function/Billing"]},
            {"aws-Billing": f"{AWS}/job-function/Billing"},
        ),
        (
            {"managed_policies": [f"{AWS}/ReadOnlyAccess"]},
            {"aws-ReadOnlyAccess": f"{AWS}/ReadOnlyAccess"},
        ),
        ({"managed_policies": [f"{OWN}/team/mine"]}, {"own-mine": f"{OWN}/team/mine"}),
        (
            {"managed_policies": ["mine", f"{OWN}/mine"]},
            {"aws-mine": f"{AWS}/mine", "own-mine": f"{OWN}/mine"},
        ),
        (
            {"managed_policy_arns": {"made": output(f"{OWN}/made-0a1b")}},
            {"label-made": f"{OWN}/made-0a1b"},
        ),
        ({"managed_policy_arns": {"made": f"{OWN}/made-0a1b"}}, {"label-made": f"{OWN}/made-0a1b"}),
        ({"managed_policies": [], "managed_policy_arns": {}}, {}),
    ],
    ids=str,
)
def test_managed_policies_are_attached_each_by_its_own_resource(
    role: dict[str, Any], expected: dict[str, str]
) -> None:
    found = run(access({"deploy": grant(role=role)}))
    assert {made.name: made.inputs for made in found.of("RolePolicyAttachment")} == {
        f"team-deploy-{key}": {"role": "deploy", "policyArn": arn} for key, arn in expected.items()
    }


def test_aws_policies_are_of_the_partition_of_the_account() -> None:
    role = {"managed_policies": ["ReadOnlyAccess"], "permissions_boundary": "PowerUserAccess"}
    found = run(access({"deploy": grant(role=role)}), world=World(partition="aws-cn"))
    assert found.one("RolePolicyAttachment").inputs["policyArn"] == f"{AWS_CN}/ReadOnlyAccess"
    assert found.one("Role").inputs["permissionsBoundary"] == f"{AWS_CN}/PowerUserAccess"


def test_a_policy_made_in_the_same_program_is_waited_for_in_a_preview() -> None:
    role = {"managed_policy_arns": {"made": NEVER_KNOWN}, "permissions_boundary": NEVER_KNOWN}
    found = run(access({"deploy": grant(role=role)}), preview=True)
    assert (
        found.one("RolePolicyAttachment", "team-deploy-label-made").inputs["policyArn"] is UNKNOWN
    )
    assert found.one("Role").inputs["permissionsBoundary"] is UNKNOWN


def document(resource: Any = SERVICE_ROLES, **more: Any) -> dict[str, Any]:
    return {
        "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": resource}],
        **more,
    }


def rendered(resource: Any = SERVICE_ROLES) -> dict[str, Any]:
    return {"Version": "2012-10-17", **document(resource)}


@pytest.mark.parametrize(
    "given",
    [
        document(),
        document(Version="2012-10-17"),
        json.dumps(document(), indent=2),
        output(document()),
        output(json.dumps(document())),
        document(output(SERVICE_ROLES)),
        {"Statement": document(output(SERVICE_ROLES))["Statement"][0]},
    ],
    ids=[
        "object",
        "with version",
        "text",
        "output of an object",
        "output of text",
        "output leaf",
        "one statement",
    ],
)
def test_an_inline_policy_is_given_as_an_object_or_text_in_whole_or_in_part_as_an_output(
    given: Any,
) -> None:
    found = run(access({"deploy": grant(role={"inline_policies": {"pass": given}})})).one(
        "RolePolicy"
    )
    assert (found.inputs["name"], found.inputs["role"]) == ("pass", "deploy")
    policy = json.loads(found.inputs["policy"])
    if isinstance(policy["Statement"], dict):
        policy["Statement"] = [policy["Statement"]]
    assert policy == rendered()


def test_an_inline_policy_keeps_each_statement_as_it_is() -> None:
    statement = {
        "Sid": "Pass",
        "Effect": "Deny",
        "NotAction": ["iam:PassRole", "sts:*"],
        "NotResource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}},
    }
    found = run(
        trusted_role(
            role={"inline_policies": {"x": {"Version": "2008-10-17", "Statement": [statement]}}}
        )
    )
    assert found.document("RolePolicy") == {"Version": "2008-10-17", "Statement": [statement]}


@pytest.mark.parametrize(
    "way",
    [lambda given: given, json.dumps, output, secret],
    ids=["object", "text", "Output", "secret"],
)
def test_what_allows_all_but_something_is_warned_of(way: Callable[[Any], Any]) -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::x"},
        {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "*"},
    ]
    policies = {
        "most": way({"Statement": statements}),
        "one": way({"Statement": statements[1]}),
        "fine": document(),
    }
    found = run(access({"deploy": grant(role={"inline_policies": policies})}), preview=True)
    where = "CrossAccountAccess team: grants.deploy.role.inline_policies"
    found_in = [log.partition(": statement ")[::2] for log in sorted(found.log)]
    assert [(place, text.split()[0]) for place, text in found_in] == [
        (f"{where}.{policy}", number)
        for policy, number in (("most", "2"), ("one", "1"))
        for _element in ("NotAction", "NotResource")
    ]
    assert len(found.of("RolePolicy")) == 3


TEN = [f"Team{number}Access" for number in range(10)]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ({"permissions_boundary": "DeveloperBoundary"}, ["permissions_boundary"]),
        ({"managed_policies": ["ReadOnlyAccess", "team"]}, ["managed_policies[1]"]),
        ({"managed_policies": ["AWSLambdaBasicExecutionRole"]}, ["managed_policies[0]"]),
        ({"managed_policies": [*TEN, "OneMoreAccess"]}, ["managed_policies"]),
        (
            {"managed_policies": TEN, "managed_policy_arns": {"one-more": output(f"{OWN}/x")}},
            ["managed_policies"],
        ),
        ({"managed_policies": TEN}, []),
        ({"permissions_boundary": f"{OWN}/DeveloperBoundary"}, []),
        ({"permissions_boundary": "PowerUserAccess"}, []),
        ({"managed_policies": ["service-role/AWSLambdaBasicExecutionRole", "SecurityAudit"]}, []),
        ({"managed_policies": ["job-function/Billing"]}, []),
    ],
    ids=str,
)
def test_policies_that_aws_may_not_attach_are_warned_of(
    role: dict[str, Any], expected: list[str]
) -> None:
    for program, where in (
        (access({"deploy": grant(role=role)}), "CrossAccountAccess team: grants.deploy.role"),
        (trusted_role(role=role), "TrustedRole reader: role"),
    ):
        found = run(program, preview=True)
        assert [log.rpartition(": ")[0] for log in found.log] == [
            f"{where}.{place}" for place in expected
        ]
        assert found.of("Role")


def test_several_inline_policies_are_each_a_resource_of_their_own() -> None:
    policies = {name: document(f"arn:aws:s3:::{name}") for name in ("b", "a")}
    found = run(access({"deploy": grant(role={"inline_policies": policies})}))
    assert {
        made.inputs["name"]: json.loads(made.inputs["policy"]) for made in found.of("RolePolicy")
    } == {name: rendered(f"arn:aws:s3:::{name}") for name in ("a", "b")}


def test_an_inline_policy_with_a_secret_in_it_is_a_secret() -> None:
    policies = {"pass": document(secret("arn:aws:s3:::swordfish")), "plain": document()}
    found = run(access({"deploy": grant(role={"inline_policies": policies})}))
    assert found.one("RolePolicy", "team-deploy-inline-pass").secret == {"policy"}
    assert found.one("RolePolicy", "team-deploy-inline-plain").secret == set()
    assert "swordfish" not in found.visible()


@pytest.mark.parametrize("given", [NEVER_KNOWN, document(NEVER_KNOWN)], ids=["whole", "leaf"])
def test_an_inline_policy_that_is_not_known_is_unknown_in_a_preview(given: Any) -> None:
    found = run(access({"deploy": grant(role={"inline_policies": {"pass": given}})}), preview=True)
    assert found.one("RolePolicy").inputs == {"name": "pass", "role": "deploy", "policy": UNKNOWN}
