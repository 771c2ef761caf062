"""Users, roles and groups: names, constraints, tags, boundaries, quotas."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws import entities
from tests.sandbox.conftest import DESTINATION, SOURCE, document, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Stage

POLICY = document(Action="s3:*", Resource="*")
READING = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = document(Principal={"AWS": SOURCE}, Action="sts:AssumeRole")


def creations(stage: Stage, account: str = SOURCE) -> dict[str, Callable[..., Any]]:
    iam = stage.iam(account)
    return {
        "user": lambda name, **more: iam.create_user(UserName=name, **more),
        "role": lambda name, **more: iam.create_role(
            RoleName=name, **{"AssumeRolePolicyDocument": TRUST} | more
        ),
        "group": lambda name, **more: iam.create_group(GroupName=name, **more),
        "policy": lambda name, **more: iam.create_policy(
            PolicyName=name, **{"PolicyDocument": POLICY} | more
        ),
    }


ALL = pytest.mark.parametrize("kind", ["user", "role", "group", "policy"])


class TestNames:
    @ALL
    def test_they_are_unique_whatever_their_case_and_path(self, stage: Stage, kind: str) -> None:
        create = creations(stage)[kind]
        create("Deploy")
        for name, path in (("Deploy", "/"), ("deploy", "/"), ("DEPLOY", "/other/")):
            found = refusal(lambda name=name, path=path: create(name, Path=path))  # type: ignore[misc]
            assert (found.code, found.status) == ("EntityAlreadyExists", 409)
        create("Deploy2")

    @ALL
    def test_another_account_has_its_own(self, stage: Stage, kind: str) -> None:
        creations(stage)[kind]("deploy")
        creations(stage, DESTINATION)[kind]("deploy")

    @ALL
    @pytest.mark.parametrize("name", ["with space", "ümlaut", "a/b", "a:b", ""])
    def test_characters_that_aws_forbids_are_refused(
        self, stage: Stage, kind: str, name: str
    ) -> None:
        found = refusal(lambda: creations(stage)[kind](name))
        assert (found.code, found.status) == ("ValidationError", 400)
        assert f"Value at '{kind}Name' failed to satisfy constraint: Member must " in found.message

    @pytest.mark.parametrize(
        ("kind", "most"), [("user", 64), ("role", 64), ("group", 128), ("policy", 128)]
    )
    def test_their_length_has_bounds(self, stage: Stage, kind: str, most: int) -> None:
        create = creations(stage)[kind]
        create("x" * most)
        found = refusal(lambda: create("y" * (most + 1)))
        assert f"Value at '{kind}Name' failed" in found.message
        assert found.message.endswith(f" length less than or equal to {most}")

    @ALL
    @pytest.mark.parametrize("path", ["team", "/team", "team/", "/te am/", ""])
    def test_a_wrong_path_is_refused(self, stage: Stage, kind: str, path: str) -> None:
        found = refusal(lambda: creations(stage)[kind]("deploy", Path=path))
        assert found.code == "ValidationError"
        assert "Value at 'path' failed to satisfy constraint: Member must " in found.message

    @ALL
    @pytest.mark.parametrize("path", ["/", "/team/", "/a/b/c/"])
    def test_a_right_path_is_part_of_the_arn(self, stage: Stage, kind: str, path: str) -> None:
        found = creations(stage)[kind]("deploy", Path=path)
        assert found[kind.title()]["Arn"] == f"arn:aws:iam::{SOURCE}:{kind}{path}deploy"

    def test_a_user_may_be_renamed_to_nobodys_name_only(self, stage: Stage) -> None:
        for name in ("alice", "bob"):
            stage.source.create_user(UserName=name)
        for taken in ("bob", "BOB"):
            rename = partial(stage.source.update_user, UserName="alice", NewUserName=taken)
            found = refusal(rename)
            assert found.code == "EntityAlreadyExists"
        stage.source.update_user(UserName="alice", NewUserName="Alice")
        assert {user["UserName"] for user in stage.source.list_users()["Users"]} == {"Alice", "bob"}
        assert refusal(lambda: stage.source.update_user(UserName="alice")).code == "NoSuchEntity"

    def test_a_group_may_be_renamed_and_moved(self, stage: Stage) -> None:
        for name in ("team", "other"):
            stage.source.create_group(GroupName=name)
        found = refusal(lambda: stage.source.update_group(GroupName="team", NewGroupName="OTHER"))
        assert found.code == "EntityAlreadyExists"
        stage.source.update_group(GroupName="team", NewPath="/people/")
        stage.source.update_group(GroupName="team", NewGroupName="crew")
        assert (
            stage.source.get_group(GroupName="crew")["Group"]["Arn"]
            == f"arn:aws:iam::{SOURCE}:group/people/crew"
        )

    def test_ids_are_as_iam_makes_them(self, stage: Stage) -> None:
        create = creations(stage)
        for kind, prefix in (("user", "AIDA"), ("role", "AROA"), ("group", "AGPA")):
            made = create[kind]("deploy")[kind.title()][f"{kind.title()}Id"]
            assert made.startswith(prefix)
            assert len(made) == 21
            get: Any = getattr(stage.source, f"get_{kind}")
            assert (
                get(**{f"{kind.title()}Name": "deploy"})[kind.title()][f"{kind.title()}Id"] == made
            )


class TestRoleSettings:
    @pytest.mark.parametrize("seconds", [3599, 43201])
    def test_the_session_duration_has_bounds(self, stage: Stage, seconds: int) -> None:
        found = refusal(lambda: creations(stage)["role"]("deploy", MaxSessionDuration=seconds))
        assert found.code == "ValidationError"
        assert "'maxSessionDuration'" in found.message
        creations(stage)["role"]("deploy")
        found = refusal(
            lambda: stage.source.update_role(RoleName="deploy", MaxSessionDuration=seconds)
        )
        assert found.code == "ValidationError"

    @pytest.mark.parametrize("seconds", [3600, 43200])
    def test_at_its_bounds_it_is_taken(self, stage: Stage, seconds: int) -> None:
        found = creations(stage)["role"]("deploy", MaxSessionDuration=seconds)
        assert found["Role"]["MaxSessionDuration"] == seconds

    def test_a_description_stays_unless_it_is_changed(self, stage: Stage) -> None:
        creations(stage)["role"]("deploy", Description="for releases")
        for change, shown in (
            ({"MaxSessionDuration": 7200}, "for releases"),
            ({"Description": "for all"}, "for all"),
            ({"Description": ""}, ""),
            ({"MaxSessionDuration": 3600}, ""),
        ):
            stage.source.update_role(RoleName="deploy", **change)
            assert stage.source.get_role(RoleName="deploy")["Role"].get("Description", "") == shown

    @pytest.mark.parametrize("text", ["x" * 1001, "—", "\x00"])
    def test_a_wrong_description_is_refused(self, stage: Stage, text: str) -> None:
        found = refusal(lambda: creations(stage)["role"]("deploy", Description=text))
        assert found.code == "ValidationError"

    @pytest.mark.parametrize("text", ["x" * 1000, "Zugriff für alle\n\t¡", ""])
    def test_a_right_description_is_taken(self, stage: Stage, text: str) -> None:
        assert creations(stage)["role"]("deploy", Description=text)


class TestTags:
    KINDS = pytest.mark.parametrize("kind", ["user", "role", "policy"])

    def tag(self, stage: Stage, kind: str, tags: list[dict[str, str]]) -> None:
        name = f"arn:aws:iam::{SOURCE}:policy/deploy" if kind == "policy" else "deploy"
        key = "PolicyArn" if kind == "policy" else f"{kind.title()}Name"
        getattr(stage.source, f"tag_{kind}")(**{key: name, "Tags": tags})

    @KINDS
    @pytest.mark.parametrize(
        ("tags", "code"),
        [
            ([{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}], "InvalidInput"),
            ([{"Key": "aws:team", "Value": "a"}], "InvalidInput"),
            ([{"Key": "AWS:team", "Value": "a"}], "InvalidInput"),
            ([{"Key": "k" * 129, "Value": "a"}], "ValidationError"),
            ([{"Key": "k", "Value": "v" * 257}], "ValidationError"),
            ([{"Key": "k?", "Value": "a"}], "ValidationError"),
            ([{"Key": "k", "Value": "a*"}], "ValidationError"),
            ([{"Key": f"k{number}", "Value": ""} for number in range(51)], "ValidationError"),
        ],
    )
    def test_wrong_ones_are_refused(
        self, stage: Stage, kind: str, tags: list[dict[str, str]], code: str
    ) -> None:
        create = creations(stage)[kind]
        assert refusal(lambda: create("deploy", Tags=tags)).code == code
        create("deploy")
        assert refusal(lambda: self.tag(stage, kind, tags)).code == code

    @KINDS
    def test_right_ones_are_taken(self, stage: Stage, kind: str) -> None:
        tags = [{"Key": "Straße 1_.:/=+-@", "Value": "ü" * 256}, {"Key": "k" * 128, "Value": ""}]
        creations(stage)[kind]("deploy", Tags=tags)
        self.tag(stage, kind, [{"Key": "k" * 128, "Value": "changed"}])

    @KINDS
    def test_fifty_is_all(self, stage: Stage, kind: str) -> None:
        creations(stage)[kind](
            "deploy", Tags=[{"Key": f"k{number}", "Value": ""} for number in range(49)]
        )
        self.tag(stage, kind, [{"Key": "k49", "Value": ""}])
        self.tag(stage, kind, [{"Key": "k0", "Value": "changed"}])
        found = refusal(lambda: self.tag(stage, kind, [{"Key": "k50", "Value": ""}]))
        assert (found.code, found.status) == ("LimitExceeded", 409)


class TestBoundaries:
    KINDS = pytest.mark.parametrize("kind", ["user", "role"])

    def shown(self, stage: Stage, kind: str) -> Any:
        found: Any = getattr(stage.source, f"get_{kind}")(**{f"{kind.title()}Name": "deploy"})
        return found[kind.title()].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")

    @KINDS
    @pytest.mark.parametrize(
        ("arn", "code"),
        [
            (f"arn:aws:iam::{SOURCE}:policy/missing", "NoSuchEntity"),
            (f"arn:aws:iam::{DESTINATION}:policy/theirs", "NoSuchEntity"),
            ("arn:aws:iam::aws:policy/NoSuchPolicy", "NoSuchEntity"),
            ("arn:aws:iam::aws:policy/service-role/ReadOnlyAccess", "NoSuchEntity"),
            (f"arn:aws:iam::{SOURCE}:role/deploy", "ValidationError"),
            ("policy/ReadOnlyAccess-of-aws", "ValidationError"),
        ],
    )
    def test_it_must_be_a_policy_of_the_account(
        self, stage: Stage, kind: str, arn: str, code: str
    ) -> None:
        stage.destination.create_policy(PolicyName="theirs", PolicyDocument=POLICY)
        create = creations(stage)[kind]
        assert refusal(lambda: create("deploy", PermissionsBoundary=arn)).code == code
        create("deploy")
        put: Any = getattr(stage.source, f"put_{kind}_permissions_boundary")
        found = refusal(
            lambda: put(**{f"{kind.title()}Name": "deploy", "PermissionsBoundary": arn})
        )
        assert found.code == code
        assert self.shown(stage, kind) is None

    @KINDS
    def test_it_is_shown_changed_and_taken_away(self, stage: Stage, kind: str) -> None:
        own = stage.source.create_policy(PolicyName="own", PolicyDocument=POLICY)["Policy"]["Arn"]
        creations(stage)[kind]("deploy", PermissionsBoundary=own)
        name = {f"{kind.title()}Name": "deploy"}
        assert self.shown(stage, kind) == own
        getattr(stage.source, f"put_{kind}_permissions_boundary")(
            **name, PermissionsBoundary=READING
        )
        assert self.shown(stage, kind) == READING
        getattr(stage.source, f"delete_{kind}_permissions_boundary")(**name)
        assert self.shown(stage, kind) is None

    def test_a_missing_user_has_none(self, stage: Stage) -> None:
        for call in (
            lambda: stage.source.put_user_permissions_boundary(
                UserName="missing", PermissionsBoundary=READING
            ),
            lambda: stage.source.delete_user_permissions_boundary(UserName="missing"),
        ):
            assert refusal(call).code == "NoSuchEntity"
        stage.source.create_user(UserName="deploy")
        found = refusal(lambda: stage.source.delete_user_permissions_boundary(UserName="deploy"))
        assert found.code == "NoSuchEntity"


def test_nobody_has_credentials_of_other_services(stage: Stage) -> None:
    stage.source.create_user(UserName="alice")
    assert (
        stage.source.list_service_specific_credentials(UserName="alice")[
            "ServiceSpecificCredentials"
        ]
        == []
    )
    found = refusal(lambda: stage.source.list_service_specific_credentials(UserName="missing"))
    assert found.code == "NoSuchEntity"


class TestQuotas:
    @pytest.mark.parametrize(
        ("kind", "constant", "quota"),
        [
            ("user", "USERS", "UsersPerAccount"),
            ("role", "ROLES", "RolesPerAccount"),
            ("group", "GROUPS", "GroupsPerAccount"),
        ],
    )
    def test_of_an_account(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, kind: str, constant: str, quota: str
    ) -> None:
        monkeypatch.setattr(entities, constant, 2)
        create = creations(stage)[kind]
        create("one")
        create("two")
        found = refusal(lambda: create("three"))
        assert (found.code, found.status) == ("LimitExceeded", 409)
        assert found.message == f"Cannot exceed quota for {quota}: 2"

    def test_of_a_users_groups(self, stage: Stage) -> None:
        stage.source.create_user(UserName="alice")
        for number in range(11):
            stage.source.create_group(GroupName=f"g{number}")
        for number in range(10):
            stage.source.add_user_to_group(UserName="alice", GroupName=f"g{number}")
        stage.source.add_user_to_group(UserName="alice", GroupName="g0")
        found = refusal(lambda: stage.source.add_user_to_group(UserName="alice", GroupName="g10"))
        assert (found.code, found.message) == (
            "LimitExceeded",
            "Cannot exceed quota for GroupsPerUser: 10",
        )

    def test_of_a_users_access_keys(self, stage: Stage) -> None:
        stage.source.create_user(UserName="alice")
        for _ in range(2):
            stage.source.create_access_key(UserName="alice")
        assert (
            refusal(lambda: stage.source.create_access_key(UserName="alice")).code
            == "LimitExceeded"
        )
