"""Who a caller is: administrators, users, role sessions and users' sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from sandbox.aws.mfa import totp
from tests.sandbox.conftest import DESTINATION, SOURCE, administrator, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage


def identity(stage: Stage, keys: dict[str, Any]) -> tuple[str, str, str]:
    found = stage.sts(keys).get_caller_identity()
    return found["Account"], found["Arn"], found["UserId"]


ADMINISTRATOR = administrator(SOURCE)


class TestIdentity:
    def test_twelve_digits_are_an_administrator_of_that_account(self, stage: Stage) -> None:
        account, arn, user_id = identity(stage, ADMINISTRATOR)
        assert (account, arn) == (SOURCE, f"arn:aws:iam::{SOURCE}:user/sandbox-administrator")
        assert user_id == f"AIDAADMIN{SOURCE}"
        assert len(user_id) == 21

    def test_a_token_of_an_administrators_does_not_matter(self, stage: Stage) -> None:
        assert identity(stage, {**ADMINISTRATOR, "SessionToken": "test"})[0] == SOURCE

    @pytest.mark.parametrize(
        "key", ["11111111111", "1111111111111", "test", "AKIAIOSFODNN7EXAMPLE", "ASIAX"]
    )
    def test_any_other_key_must_have_been_issued_here(self, stage: Stage, key: str) -> None:
        found = refusal(stage.sts({"AccessKeyId": key, "SecretAccessKey": "x"}).get_caller_identity)
        assert (found.code, found.status) == ("InvalidClientTokenId", 403)
        assert found.message == "The security token included in the request is invalid."

    def test_a_user_is_known_by_path_and_unique_id(self, stage: Stage) -> None:
        keys = stage.user(path="/people/")
        user_id = stage.source.get_user(UserName="alice")["User"]["UserId"]
        assert user_id.startswith("AIDA")
        assert len(user_id) == 21
        assert identity(stage, keys) == (
            SOURCE,
            f"arn:aws:iam::{SOURCE}:user/people/alice",
            user_id,
        )

    def test_a_role_session_is_known_by_role_and_session_name(self, stage: Stage) -> None:
        arn = stage.role(trusts=SOURCE, Path="/team/")
        role_id = stage.destination.get_role(RoleName="deploy")["Role"]["RoleId"]
        assert role_id.startswith("AROA")
        session = stage.session(stage.user(), arn, RoleSessionName="build-7")
        assert identity(stage, session) == (
            DESTINATION,
            f"arn:aws:sts::{DESTINATION}:assumed-role/deploy/build-7",
            f"{role_id}:build-7",
        )

    def test_a_role_session_acts_in_the_roles_account(self, stage: Stage) -> None:
        session = stage.session(stage.user(), stage.role(trusts=SOURCE))
        stage.iam_of(session).create_user(UserName="made-by-the-role")
        assert [user["UserName"] for user in stage.destination.list_users()["Users"]] == [
            "made-by-the-role"
        ]
        assert [user["UserName"] for user in stage.source.list_users()["Users"]] == ["alice"]

    def test_a_user_acts_in_its_own_account(self, stage: Stage) -> None:
        stage.iam_of(stage.user()).create_user(UserName="bob")
        assert {user["UserName"] for user in stage.source.list_users()["Users"]} == {"alice", "bob"}


class TestKeys:
    def test_an_inactive_key_is_refused_until_it_is_active_again(self, stage: Stage) -> None:
        keys = stage.user()
        statuses: tuple[tuple[Literal["Active", "Inactive"], bool], ...] = (
            ("Inactive", False),
            ("Active", True),
        )
        for status, works in statuses:
            stage.source.update_access_key(
                UserName="alice", AccessKeyId=keys["AccessKeyId"], Status=status
            )
            if works:
                assert identity(stage, keys)[0] == SOURCE
            else:
                assert refusal(stage.sts(keys).get_caller_identity).code == "InvalidClientTokenId"

    def test_a_deleted_key_is_refused(self, stage: Stage) -> None:
        keys = stage.user()
        stage.source.delete_access_key(UserName="alice", AccessKeyId=keys["AccessKeyId"])
        assert refusal(stage.sts(keys).get_caller_identity).code == "InvalidClientTokenId"

    def test_a_users_key_with_a_token_is_refused(self, stage: Stage) -> None:
        keys = stage.user() | {"SessionToken": "any"}
        assert refusal(stage.sts(keys).get_caller_identity).code == "InvalidClientTokenId"

    def test_a_renamed_user_keeps_its_keys(self, stage: Stage) -> None:
        keys = stage.user()
        stage.source.update_user(UserName="alice", NewUserName="alicia", NewPath="/people/")
        assert identity(stage, keys)[1] == f"arn:aws:iam::{SOURCE}:user/people/alicia"
        stage.source.delete_access_key(UserName="alicia", AccessKeyId=keys["AccessKeyId"])
        assert refusal(stage.sts(keys).get_caller_identity).code == "InvalidClientTokenId"

    @pytest.mark.parametrize("token", [None, "another"])
    def test_temporary_keys_need_their_token(self, stage: Stage, token: str | None) -> None:
        session = stage.session(stage.user(), stage.role(trusts=SOURCE))
        found = refusal(stage.sts(session | {"SessionToken": token}).get_caller_identity)
        assert found.code == "InvalidClientTokenId"

    def test_temporary_keys_expire(self, stage: Stage) -> None:
        session = stage.session(stage.user(), stage.role(trusts=SOURCE), DurationSeconds=900)
        stage.clock.offset = 890
        assert identity(stage, session)[0] == DESTINATION
        stage.clock.offset = 901
        found = refusal(stage.sts(session).get_caller_identity)
        assert (found.code, found.status) == ("ExpiredToken", 403)
        assert found.message == "The security token included in the request is expired"

    def test_the_session_of_a_deleted_role_ends_though_the_role_is_made_again(
        self, stage: Stage
    ) -> None:
        session = stage.session(stage.user(), stage.role(trusts=SOURCE))
        stage.destination.delete_role(RoleName="deploy")
        assert refusal(stage.sts(session).get_caller_identity).code == "InvalidClientTokenId"
        stage.role(trusts=SOURCE)
        assert refusal(stage.sts(session).get_caller_identity).code == "InvalidClientTokenId"

    def test_the_account_of_a_key_is_told(self, stage: Stage) -> None:
        keys = stage.user()
        session = stage.session(keys, stage.role(trusts=SOURCE))
        sts = stage.sts(ADMINISTRATOR)
        assert sts.get_access_key_info(AccessKeyId=session["AccessKeyId"])["Account"] == DESTINATION
        assert sts.get_access_key_info(AccessKeyId=keys["AccessKeyId"])["Account"] == SOURCE
        assert (
            refusal(lambda: sts.get_access_key_info(AccessKeyId="A" * 16)).code == "ValidationError"
        )


class TestOwnUser:
    """Where UserName may be left out, it is the caller's."""

    def test_a_user_asks_about_itself(self, stage: Stage) -> None:
        iam = stage.iam_of(stage.user())
        assert iam.get_user()["User"]["UserName"] == "alice"
        assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1
        assert iam.create_access_key()["AccessKey"]["UserName"] == "alice"
        assert len(stage.source.list_access_keys(UserName="alice")["AccessKeyMetadata"]) == 2

    def test_the_administrator_sees_itself(self, stage: Stage) -> None:
        user = stage.source.get_user()["User"]
        assert user["Arn"] == f"arn:aws:iam::{SOURCE}:user/sandbox-administrator"
        assert user["UserId"] == f"AIDAADMIN{SOURCE}"

    def test_nobody_else_can_be_called_as_the_administrator_is(self, stage: Stage) -> None:
        found = refusal(lambda: stage.source.create_user(UserName="Sandbox-Administrator"))
        assert found.code == "EntityAlreadyExists"
        stage.user()
        found = refusal(
            lambda: stage.source.update_user(UserName="alice", NewUserName="sandbox-administrator")
        )
        assert found.code == "EntityAlreadyExists"

    def test_a_role_session_has_no_user(self, stage: Stage) -> None:
        iam = stage.iam_of(stage.session(stage.user(), stage.role(trusts=SOURCE)))
        for call in (iam.get_user, iam.list_access_keys, iam.create_access_key):
            found = refusal(call)
            assert found.code == "ValidationError"
            assert found.message == "Must specify userName when calling with non-User credentials"


class TestSessionToken:
    def test_a_users_session_is_the_user(self, stage: Stage) -> None:
        keys = stage.user(path="/people/")
        session = stage.sts(keys).get_session_token()["Credentials"]
        assert session["AccessKeyId"].startswith("ASIA")
        assert identity(stage, dict(session)) == identity(stage, keys)

    def test_it_lasts_twelve_hours_unless_told_otherwise(self, stage: Stage) -> None:
        sts = stage.sts(stage.user())
        long = dict(sts.get_session_token()["Credentials"])
        short = dict(sts.get_session_token(DurationSeconds=900)["Credentials"])
        stage.clock.offset = 1000
        assert identity(stage, long)[0] == SOURCE
        assert refusal(stage.sts(short).get_caller_identity).code == "ExpiredToken"
        stage.clock.offset = 43201
        assert refusal(stage.sts(long).get_caller_identity).code == "ExpiredToken"

    @pytest.mark.parametrize("seconds", [899, 129601])
    def test_its_duration_has_bounds(self, stage: Stage, seconds: int) -> None:
        sts = stage.sts(stage.user())
        assert (
            refusal(lambda: sts.get_session_token(DurationSeconds=seconds)).code
            == "ValidationError"
        )

    def test_session_keys_cannot_get_another(self, stage: Stage) -> None:
        alice = stage.user()
        of_role = stage.session(alice, stage.role(trusts=SOURCE))
        of_user = stage.sts(alice).get_session_token()["Credentials"]
        for keys in (of_role, of_user):
            found = refusal(stage.sts(keys).get_session_token)
            assert (found.code, found.status) == ("AccessDenied", 403)
            assert found.message == "Cannot call GetSessionToken with session credentials"

    def test_the_administrator_has_none(self, stage: Stage) -> None:
        assert refusal(stage.sts(ADMINISTRATOR).get_session_token).code == "AccessDenied"

    def test_without_mfa_it_is_good_for_no_call_of_iam(self, stage: Stage) -> None:
        keys = stage.user()
        serial, seed = stage.mfa_device()
        without = dict(stage.sts(keys).get_session_token()["Credentials"])
        code = totp(seed, stage.clock())
        with_mfa = dict(
            stage.sts(keys).get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
        )
        assert refusal(stage.iam_of(without).list_users).code == "InvalidClientTokenId"
        assert len(stage.iam_of(with_mfa).list_users()["Users"]) == 1
        assert identity(stage, without) == identity(stage, with_mfa)

    @pytest.mark.parametrize("action", ["get_federation_token"])
    def test_what_is_not_decided_is_not_emulated(self, stage: Stage, action: str) -> None:
        sts = stage.sts(stage.user())
        found = refusal(lambda: getattr(sts, action)(Name="bob"))
        assert (found.code, found.status) == ("NotImplemented", 501)
        assert found.message == "The sandbox does not emulate sts:GetFederationToken."
