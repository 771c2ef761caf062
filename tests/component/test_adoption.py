"""What exists already is taken over, what had another name is kept, and a component's options
reach its children."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import AssumeRoleGrant, CrossAccountAccess, TrustedRole
from tests.component.engine_record import Options
from tests.component.harness import run
from tests.component.programs import access, assume_role_grant, filled, grant, output, trusted_role
from tests.component.refusals import refused_at_once
from tests.component.world import DESTINATION, SOURCE, role_arn

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
POLICY = f"arn:aws:iam::{SOURCE}:policy/to-production"
PASS = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
ROLE: dict[str, Any] = {
    "managed_policies": ["ReadOnlyAccess"],
    "managed_policy_arns": {"made": output(f"arn:aws:iam::{DESTINATION}:policy/made")},
    "inline_policies": {"pass": PASS},
}
GRANTS = {
    "deploy": grant(principals=[{"user": "alice"}, {"group": "admins"}], role=ROLE),
    # Its name begins as the names of the other's attachments do.
    "deploy-aws": grant(principals=[{"user": "alice"}, {"session": "ci/build"}]),
}
OF_ROLE = {
    "Role/team-deploy": "deploy",
    "RolePolicyAttachment/team-deploy-aws-ReadOnlyAccess": f"deploy/{READ_ONLY}",
    "RolePolicyAttachment/team-deploy-label-made": f"deploy/arn:aws:iam::{DESTINATION}:policy/made",
    "RolePolicy/team-deploy-inline-pass": "deploy:pass",
    "Role/team-deploy-aws": "deploy-aws",
}
OF_SOURCE = {
    "Policy/team-user-alice": POLICY,
    "UserPolicyAttachment/team-user-alice": f"alice/{POLICY}",
    "Policy/team-group-admins": POLICY,
    "GroupPolicyAttachment/team-group-admins": f"admins/{POLICY}",
    "Policy/team-role-ci": POLICY,
    "RolePolicyAttachment/team-role-ci": f"ci/{POLICY}",
}


def imported(program: Any) -> dict[str, str]:
    """What is imported, by type and name."""
    found = run(program)
    return {
        f"{made.type.rpartition(':')[2]}/{made.name}": made.options.import_id
        for made in found.made
        if made.options.import_id
    }


def test_what_is_imported_is_and_no_other_is_then() -> None:
    everything = list((OF_ROLE | OF_SOURCE).items())
    for imports in (dict(everything[::2]), dict(everything[1::2])):
        assert imported(access(GRANTS, imports=imports)) == imports


def test_all_can_be_imported_at_once() -> None:
    assert imported(access(GRANTS, imports=OF_ROLE | OF_SOURCE)) == OF_ROLE | OF_SOURCE


def test_nothing_is_imported_otherwise() -> None:
    assert imported(access(GRANTS)) == {}


def test_the_halves_import_too() -> None:
    of_role = {
        "Role/reader": "reader",
        "RolePolicyAttachment/reader-aws-ReadOnlyAccess": f"reader/{READ_ONLY}",
    }
    assert imported(trusted_role(role=ROLE, imports=of_role)) == of_role
    of_grant = {"Policy/reach": POLICY, "UserPolicyAttachment/reach": f"alice/{POLICY}"}
    assert imported(assume_role_grant(imports=of_grant)) == of_grant


def test_the_attachment_by_an_output_arn_can_be_imported() -> None:
    imports = {"PolicyAttachment/reach": "reach"}
    principal = {"arn": output(f"arn:aws:iam::{SOURCE}:user/alice"), "label": "x"}
    assert imported(assume_role_grant(principal=principal, imports=imports)) == imports


def test_each_of_several_policies_can_be_imported() -> None:
    grants = {f"grant-{number}": grant(role={"path": f"/{'p' * 200}/"}) for number in range(40)}
    imports = {
        "Policy/team-user-alice-2": POLICY,
        "UserPolicyAttachment/team-user-alice-2": f"alice/{POLICY}",
    }
    assert imported(access(grants, imports=imports)) == imports


UNKNOWN_IMPORT = ("imports", "unknown-import")


def test_what_is_not_made_cannot_be_imported_and_nothing_is_made_then() -> None:
    unknown = [
        "Role/team-deplyo",
        "Role/team-deploy-x",
        "Role/deploy",
        "UserPolicyAttachment/team-deploy",
        "Rolle/x",
    ]
    imports = {"Role/team-deploy": "deploy"} | dict.fromkeys(unknown, "x")
    refused_at_once(
        access(imports=imports), "CrossAccountAccess team", *[UNKNOWN_IMPORT] * len(unknown)
    )


@pytest.mark.parametrize(
    ("key", "args"),
    [
        (
            "Role/team-deploy",
            {
                "side": "source",
                "destination_account_id": DESTINATION,
                "leave_out": ("destination_provider",),
            },
        ),
        (
            "Policy/team-user-alice",
            {"side": "destination", "source_account_id": SOURCE, "leave_out": ("source_provider",)},
        ),
    ],
    ids=["source", "destination"],
)
def test_what_the_other_side_makes_cannot_be_imported(key: str, args: dict[str, Any]) -> None:
    refused_at_once(access(imports={key: "x"}, **args), "CrossAccountAccess team", UNKNOWN_IMPORT)


def test_the_halves_refuse_what_they_do_not_make() -> None:
    refused_at_once(
        trusted_role(imports={"Role/deploy": "x"}), "TrustedRole reader", UNKNOWN_IMPORT
    )
    refused_at_once(
        assume_role_grant(imports={"Policy/x": "x"}), "AssumeRoleGrant reach", UNKNOWN_IMPORT
    )


@pytest.mark.parametrize(
    ("imports", "path"),
    [
        ({"Role": "x"}, "imports.Role"),
        ({"Role/team-deploy": ""}, "imports.Role/team-deploy"),
        ({"Role/team-deploy": 1}, "imports.Role/team-deploy"),
        ([], "imports"),
    ],
)
def test_imports_are_ids_by_type_and_name(imports: Any, path: str) -> None:
    refused_at_once(access(imports=imports), "CrossAccountAccess team", (path, "invalid-imports"))


def test_roles_that_do_not_fit_in_a_principals_policies_are_refused_before_any_is_made() -> None:
    grants = {f"grant-{number:03}": grant(role={"path": f"/{'p' * 500}/"}) for number in range(130)}
    refused_at_once(
        access(grants),
        "CrossAccountAccess team",
        ("grants.grant-000.principals[0]", "too-many-roles"),
    )


COMPONENT = "cross-account-access:index:CrossAccountAccess"


def test_a_grants_former_names_are_aliases_of_its_role() -> None:
    grants = {
        "deploy": grant(formerly=["release", "old/ship"], role={"name": "release"}),
        "read": grant(),
    }
    found = run(access(grants))
    assert found.one("TrustedRole", "team-deploy").options.aliases == (
        ("team-release", "::"),
        ("old-ship", f"{COMPONENT}::old"),
    )
    # The engine derives the children's from it, for their names begin with it.
    assert {made.name for made in found.made if made.options.aliases} == {"team-deploy"}
    assert found.one("Role", "team-deploy").name == "team-deploy"


def test_a_renamed_grant_is_told_of_in_one_line_where_its_role_is_made() -> None:
    grants = {"deploy": grant(formerly=["ship"], role={"name": "ship"}), "read": grant()}
    line = "grant deploy was ship: nothing is re-made for the new name"
    assert run(access(grants)).log == [line]
    source = {"side": "source", "destination_account_id": DESTINATION}
    assert run(access(grants, **source, leave_out=("destination_provider",))).log == []


@pytest.mark.parametrize(
    ("former", "code"),
    [
        ("/release", "invalid-former-name"),
        ("a b", "invalid-grant-name"),
        ("old/", "grant-name-too-short"),
        (7, "former-name-not-string"),
    ],
)
def test_a_wrong_former_name_is_refused(former: Any, code: str) -> None:
    refused_at_once(
        access({"deploy": grant(formerly=["fine", former])}),
        "CrossAccountAccess team",
        ("grants.deploy.formerly[1]", code),
    )


KEPT = Options(ignore_changes=("tags",), retain_on_delete=True)
GIVEN: dict[str, Any] = {"ignore_changes": ["tags"], "retain_on_delete": True}


def both(opts: dict[str, Any]) -> None:
    args: Any = {
        "source_provider": aws.Provider("source"),
        "destination_provider": aws.Provider("destination"),
    }
    CrossAccountAccess("team", args | {"grants": filled(GRANTS)}, pulumi.ResourceOptions(**opts))


def destination(opts: dict[str, Any]) -> None:
    args: Any = {
        "principals": [{"user": "alice"}],
        "source_account_id": SOURCE,
        "role": filled(ROLE),
    }
    TrustedRole(
        "reader", args, pulumi.ResourceOptions(provider=aws.Provider("destination"), **opts)
    )


def source(opts: dict[str, Any]) -> None:
    args: Any = {"principal": {"user": "alice"}, "role_arns": {"deploy": role_arn("deploy")}}
    AssumeRoleGrant("reach", args, pulumi.ResourceOptions(provider=aws.Provider("source"), **opts))


@pytest.mark.parametrize("make", [both, destination, source], ids=lambda make: make.__name__)
def test_what_pulumi_does_not_hand_down_by_itself_reaches_every_child(make: Any) -> None:
    kept = options_of(lambda: make(GIVEN))
    assert kept
    # A role's policies are kept by the role: tests/component/test_kept_roles.py.
    with_role = {name for name, options in kept.items() if options.deleted_with}
    assert len(with_role) == {both: 3, destination: 3, source: 0}[make]
    role = {name: replace(KEPT, retain_on_delete=False) for name in with_role}
    assert {name: replace(options, deleted_with="") for name, options in kept.items()} == {
        **dict.fromkeys(kept, KEPT),
        **role,
    }
    assert options_of(lambda: make({})) == dict.fromkeys(kept, Options())


def options_of(program: Any) -> dict[str, Options]:
    """The options of what is made in AWS, by type and name, but for what components set."""
    own: dict[str, Any] = {"secret_outputs": frozenset(), "replacement_trigger": None}
    return {
        f"{made.type} {made.name}": replace(made.options, **own, deleted_first=False)
        for made in run(program).made
        if made.type.startswith("aws:")
    }


def tags_of(program: Any) -> dict[tuple[str, str], Any]:
    """The tags of what can have some."""
    found = run(program)
    return {
        (kind, made.name): made.inputs.get("tags")
        for kind in ("Role", "Policy")
        for made in found.of(kind)
    }


def test_tags_reach_roles_and_policies_and_a_roles_own_stand_in_their_place() -> None:
    grants = {"deploy": grant(role={"tags": {"owner": "deployers", "cost": "1"}}), "read": grant()}
    assert tags_of(access(grants, tags={"owner": "platform", "stack": "prod"})) == {
        ("Role", "team-deploy"): {"owner": "deployers", "stack": "prod", "cost": "1"},
        ("Role", "team-read"): {"owner": "platform", "stack": "prod"},
        ("Policy", "team-user-alice"): {"owner": "platform", "stack": "prod"},
    }


def test_the_halves_tag_what_they_make() -> None:
    role = {"tags": {"owner": "readers"}}
    assert tags_of(trusted_role(role=role, tags={"owner": "platform", "a": "b"})) == {
        ("Role", "reader"): {"owner": "readers", "a": "b"}
    }
    assert tags_of(assume_role_grant(tags={"a": "b"})) == {("Policy", "reach"): {"a": "b"}}


def test_nothing_is_tagged_where_no_tags_were_given() -> None:
    assert tags_of(access(tags={})) == {
        ("Role", "team-deploy"): None,
        ("Policy", "team-user-alice"): None,
    }


def test_a_roles_own_tag_stands_in_the_place_of_one_spelt_in_another_case() -> None:
    role = {"tags": {"Owner": "readers"}}
    assert tags_of(trusted_role(role=role, tags={"owner": "platform", "a": "b"})) == {
        ("Role", "reader"): {"Owner": "readers", "a": "b"}
    }


def test_a_roles_tags_and_the_common_ones_are_50_together_at_most() -> None:
    tags, role = (
        {f"a{number}": "" for number in range(26)},
        {"tags": {f"b{number}": "" for number in range(25)}},
    )
    for program, component, where in (
        (trusted_role(role=role, tags=tags), "TrustedRole reader", "role.tags"),
        (
            access({"deploy": grant(role=role)}, tags=tags),
            "CrossAccountAccess team",
            "grants.deploy.role.tags",
        ),
    ):
        refused_at_once(program, component, (where, "too-many-tags"))
    role["tags"]["A0"] = role["tags"].pop("b0")
    assert len(tags_of(trusted_role(role=role, tags=tags))["Role", "reader"]) == 50


@pytest.mark.parametrize(
    "program", [access, trusted_role, assume_role_grant], ids=lambda program: program.__name__
)
def test_wrong_tags_are_refused_at_once(program: Any) -> None:
    component = {access: "CrossAccountAccess team", trusted_role: "TrustedRole reader"}
    refused_at_once(
        program(tags={"aws:x": "y"}),
        component.get(program, "AssumeRoleGrant reach"),
        ("tags.aws:x", "reserved-tag-key"),
    )
