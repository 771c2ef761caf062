"""What AWS doesn't have, or doesn't tell, is found while the program is previewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess
from tests.component.engine_record import UNKNOWN
from tests.component.harness import attempt, run
from tests.component.programs import (
    ACCOUNTS,
    access,
    fleet,
    grant,
    output,
    secret,
    trusted_role,
    wide,
)
from tests.component.refusals import report
from tests.component.world import DESTINATION, World, user_arn

if TYPE_CHECKING:
    from tests.component.harness import Program

COMPONENTS = {"CrossAccountAccess", "MultiAccountAccess", "TrustedRole", "AssumeRoleGrant"}
OF_AWS = "arn:aws:iam::aws:policy/{}".format
PRINCIPAL = "grants.deploy.principals[0]"
DENIED = "operation error IAM: Get, api error AccessDenied: no"
READ_ONLY = {"managed_policies": ["ReadOnlyAccess"]}
MISSPELT = World(missing=frozenset({"ReadOnlyAcess"}))


def with_role(**role: Any) -> Program:
    """A program of two grants with the same role's settings."""
    return access({"audit": grant(role=role), "deploy": grant(role=role)})


class TestManagedPolicies:
    @pytest.mark.parametrize(
        ("program", "where"),
        [
            (with_role(managed_policies=["SecurityAudit", "ReadOnlyAcess"]), "managed_policies[1]"),
            (with_role(managed_policies=[OF_AWS("x/ReadOnlyAcess")]), "managed_policies[0]"),
            (
                with_role(managed_policy_arns={"read": OF_AWS("ReadOnlyAcess")}),
                "managed_policy_arns.read",
            ),
            (with_role(permissions_boundary="ReadOnlyAcess"), "permissions_boundary"),
        ],
        ids=["name", "ARN", "label", "boundary"],
    )
    @pytest.mark.parametrize("preview", [True, False])
    def test_one_that_aws_does_not_have_is_refused_before_anything_is_made(
        self, program: Program, where: str, preview: bool
    ) -> None:
        component, problems, found = report(program, preview=preview, world=MISSPELT)
        expected = [(f"grants.audit.role.{where}", "missing-managed-policy")]
        assert (component, problems) == ("CrossAccountAccess team", expected)
        assert found.kinds() <= COMPONENTS
        # Once, though two grants name it.
        assert [call[2] for call in found.asked() if "Acess" in call[1]] == ["destination"]

    def test_one_that_aws_does_not_have_is_refused_of_a_role_alone(self) -> None:
        program = trusted_role(role={"managed_policies": ["ReadOnlyAcess"]})
        component, problems, _ = report(program, world=MISSPELT)
        assert component == "TrustedRole reader"
        assert problems == [("role.managed_policies[0]", "missing-managed-policy")]

    def test_each_is_looked_up_once_in_each_account_that_has_a_role(self) -> None:
        role = {
            "managed_policies": ["ReadOnlyAccess", f"arn:aws:iam::{DESTINATION}:policy/own"],
            "permissions_boundary": "PowerUserAccess",
        }
        grants = {name: wide(role=role, destinations=["production"]) for name in ("read", "write")}
        found = run(fleet(grants, {name: ACCOUNTS[name] for name in ("people", "production")}))
        assert [call for call in found.asked() if call[0] == "getPolicy"] == [
            ("getPolicy", OF_AWS("PowerUserAccess"), "production"),
            ("getPolicy", OF_AWS("ReadOnlyAccess"), "production"),
        ]

    def test_nothing_is_looked_up_in_a_destination_that_is_made_elsewhere(self) -> None:
        program = access(
            {"deploy": grant(role={"managed_policies": ["ReadOnlyAcess"]})},
            side="source",
            destination_account_id=DESTINATION,
            leave_out=("destination_provider",),
        )
        assert {call[2] for call in run(program, world=MISSPELT).asked()} == {"source"}

    def test_credentials_that_may_not_look_one_up_make_the_role_all_the_same(self) -> None:
        program = with_role(managed_policies=["ReadOnlyAccess", "SecurityAudit"])
        found = run(program, world=World(failing={"getPolicy": DENIED}))
        assert found.graph() == run(program).graph()
        (warning,) = [line for line in found.log if "can't be looked up" in line]
        assert "grants.audit.role.managed_policies[0]: ReadOnlyAccess" in warning
        assert warning.endswith(DENIED)

    def test_a_lookup_that_is_unknown_in_the_preview_leaves_the_arn_known(self) -> None:
        program = access({"deploy": grant(role={"managed_policies": ["ReadOnlyAccess"]})})
        world = World(lookups_unknown=True)
        found = run(program, preview=True, world=world)
        assert found.kinds() == run(program, preview=True).kinds()


def of(*principals: dict[str, Any]) -> Program:
    return access({"deploy": grant(principals=[*principals])})


USERS = World(
    users={"alice": "/", "bob": "/team/"},
    roles={"ci": "/team/", "AWSServiceRoleForSupport": "/aws-service-role/support/"},
    missing=frozenset({"alicia", "cd"}),
)


class TestPrincipals:
    @pytest.mark.parametrize(
        ("principal", "where"),
        [
            ({"user": "alicia"}, ".user"),
            ({"role": "team/cd"}, ".role"),
            ({"arn": user_arn("alicia")}, ".arn"),
            ({"user": output("alicia"), "label": "x"}, ".user"),
            ({"arn": output(user_arn("alicia")), "label": "x"}, ".arn"),
        ],
        ids=["user", "role", "ARN", "late user", "late ARN"],
    )
    @pytest.mark.parametrize("preview", [True, False])
    def test_one_that_is_not_there_is_refused_by_the_names_that_are(
        self, principal: dict[str, Any], where: str, preview: bool
    ) -> None:
        component, problems, found = report(of(principal), preview=preview, world=USERS)
        expected = [(f"{PRINCIPAL}{where}", "missing-principal")]
        assert (component, problems) == ("CrossAccountAccess team", expected)
        assert found.kinds() <= COMPONENTS

    def test_one_that_the_program_renames_is_not_known_before_the_update(self) -> None:
        def program() -> None:
            source, destination = aws.Provider("source"), aws.Provider("destination")
            user = aws.iam.User("u", name="alicia", opts=pulumi.ResourceOptions(provider=source))
            args: Any = {
                "source_provider": source,
                "destination_provider": destination,
                "grants": {"deploy": grant(principals=[{"user": user.name, "label": "u"}])},
            }
            CrossAccountAccess("team", args)

        found = run(program, preview=True, world=USERS)
        assert found.one("Role", "team-deploy").inputs["assumeRolePolicy"] is UNKNOWN
        _, problems, _ = report(program, world=USERS)
        assert problems == [(f"{PRINCIPAL}.user", "missing-principal")]

    def test_the_names_may_not_be_listed(self) -> None:
        world = World(missing=USERS.missing, failing={"getUsers": DENIED})
        _, problems, _ = report(of({"user": "alicia"}), world=world)
        assert problems == [(f"{PRINCIPAL}.user", "missing-principal")]

    def test_no_names_are_listed_where_every_principal_is_there(self) -> None:
        found = run(of({"user": "alice"}, {"role": "team/ci"}), world=USERS)
        assert {call[0] for call in found.asked()} == {"getCallerIdentity", "getUser", "getRole"}

    def test_a_secret_name_and_what_it_is_like_stay_secret(self) -> None:
        program = of({"user": secret("alicia"), "label": "x"})
        _, problems, _ = report(program, world=USERS)
        assert problems == [(f"{PRINCIPAL}.user", "missing-principal")]

    def test_one_that_may_not_be_looked_up_is_refused_with_what_aws_answered(self) -> None:
        _, problems, found = report(of({"user": "alice"}), world=World(failing={"getUser": DENIED}))
        assert problems == [(f"{PRINCIPAL}.user", "lookup-failed")]
        assert found.kinds() <= COMPONENTS


def test_credentials_that_aws_refuses_are_named_by_their_provider() -> None:
    answer = "operation error STS: GetCallerIdentity, api error ExpiredToken: it has expired"
    component, problems, found = report(
        of({"user": "alice"}), world=World(failing={"getCallerIdentity": answer})
    )
    assert (component, problems) == ("aws.Provider source", [("", "credentials-refused")])
    assert found.kinds() <= COMPONENTS


@pytest.mark.parametrize("function", ["getCallerIdentity", "getUser", "getUsers", "getPolicy"])
@pytest.mark.parametrize(
    "answer",
    [
        "grpc: the client connection is closing",
        "operation error IAM: Get, https response error StatusCode: 0, canceled, context canceled",
        "Resource monitor has terminated, shutting down",
    ],
)
def test_a_lookup_that_pulumi_interrupts_is_not_taken_for_an_answer(
    function: str, answer: str
) -> None:
    missing = USERS.missing if function == "getUsers" else frozenset[str]()
    user = "alicia" if missing else "alice"
    program = access({"deploy": grant(principals=[{"user": user}], role=READ_ONLY)})
    found, error = attempt(program, world=World(missing=missing, failing={function: answer}))
    assert type(error) is pulumi.RunError
    assert str(error) == "Resource monitor has terminated, shutting down"
    assert found.log == []
    assert found.kinds() <= COMPONENTS
