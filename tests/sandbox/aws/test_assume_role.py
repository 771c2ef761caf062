"""Assuming roles over HTTP: both halves, the caller's own policies, durations, the reply, the log.

How policies are evaluated is tested with the evaluator. Here it is whether the right ones reach it.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import DESTINATION, SOURCE, administrator, document

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

ALICE = f"arn:aws:iam::{SOURCE}:user/alice"
ROLE = f"arn:aws:iam::{DESTINATION}:role/deploy"


class TestHalves:
    def test_both_halves_allow(self, stage: Stage) -> None:
        alice = stage.user()
        assert stage.session(alice, stage.role(trusts=ALICE))

    def test_without_an_identity_policy_the_source_refuses(self, stage: Stage) -> None:
        alice = stage.user(may=None)
        found = stage.refused(alice, stage.role(trusts=ALICE))
        assert (found.code, found.status, found.half) == ("AccessDenied", 403, "source")
        assert (
            found.message
            == f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
        )
        assert found.reason == f"no identity policy of {ALICE} allows sts:AssumeRole on {ROLE}"

    def test_without_trust_the_destination_refuses(self, stage: Stage) -> None:
        alice, _ = stage.user(), stage.user("bob")
        found = stage.refused(alice, stage.role(trusts=f"arn:aws:iam::{SOURCE}:user/bob"))
        assert (found.code, found.status, found.half) == ("AccessDenied", 403, "destination")
        assert (
            found.message
            == f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
        )
        assert found.reason == f"the trust policy names no principal that is {ALICE}"

    def test_a_role_that_does_not_exist_is_refused_the_same(self, stage: Stage) -> None:
        found = stage.refused(stage.user(), ROLE)
        assert (found.code, found.status, found.half) == ("AccessDenied", 403, "destination")
        assert (
            found.message
            == f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
        )
        assert found.reason == "there is no such role"

    def test_a_roles_path_and_case_count(self, stage: Stage) -> None:
        alice, arn = stage.user(), stage.role(trusts=SOURCE, Path="/team/")
        assert arn == f"arn:aws:iam::{DESTINATION}:role/team/deploy"
        assert stage.session(alice, arn)
        assert stage.refused(alice, ROLE).reason == "there is no such role"
        assert (
            stage.refused(alice, arn.replace("deploy", "Deploy")).reason == "there is no such role"
        )

    def test_the_administrator_is_let_in_by_its_account_only(self, stage: Stage) -> None:
        stage.user()
        by_account, by_name = stage.role(trusts=SOURCE), stage.role("named", trusts=ALICE)
        assert stage.session(administrator(SOURCE), by_account)
        assert stage.refused(administrator(SOURCE), by_name).half == "destination"
        assert stage.refused(administrator("333333333333"), by_account).half == "destination"

    def test_a_refused_tag_or_source_identity_is_named(self, stage: Stage) -> None:
        alice, arn = stage.user(), stage.role(trusts=SOURCE)
        for action, more in (
            ("sts:TagSession", {"Tags": [{"Key": "team", "Value": "red"}]}),
            ("sts:SetSourceIdentity", {"SourceIdentity": "alice"}),
        ):
            found = stage.refused(alice, arn, **more)
            assert (
                found.message
                == f"User: {ALICE} is not authorized to perform: {action} on resource: {arn}"
            )
            assert found.half == "destination"
            assert (found.reason or "").startswith(f"{action}: ")

    @pytest.mark.parametrize(
        ("action", "more"),
        [
            ("sts:TagSession", {"Tags": [{"Key": "team", "Value": "red"}]}),
            ("sts:SetSourceIdentity", {"SourceIdentity": "alice"}),
        ],
    )
    def test_tags_and_source_identity_need_permission_on_both_halves(
        self, stage: Stage, action: str, more: dict[str, Any]
    ) -> None:
        both = ["sts:AssumeRole", action]
        arn = stage.role(trusts=SOURCE, actions=both)
        assert stage.session(stage.user(may=both), arn, **more)
        assert stage.refused(stage.user("bob", may="sts:AssumeRole"), arn, **more).half == "source"


class TestPoliciesOfTheCaller:
    DENY = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    )
    ALLOW = document(Action="sts:AssumeRole", Resource="*")

    def managed(self, stage: Stage, text: str, name: str = "p") -> str:
        return stage.source.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]

    def test_a_users_managed_policy_allows(self, stage: Stage) -> None:
        alice, arn = stage.user(may=None), stage.role(trusts=SOURCE)
        stage.source.attach_user_policy(UserName="alice", PolicyArn=self.managed(stage, self.ALLOW))
        assert stage.session(alice, arn)

    def test_the_default_version_is_in_force(self, stage: Stage) -> None:
        alice, arn = stage.user(may=None), stage.role(trusts=SOURCE)
        policy = self.managed(stage, self.ALLOW)
        stage.source.attach_user_policy(UserName="alice", PolicyArn=policy)
        stage.source.create_policy_version(PolicyArn=policy, PolicyDocument=self.DENY)
        assert stage.session(alice, arn)
        stage.source.set_default_policy_version(PolicyArn=policy, VersionId="v2")
        assert (
            stage.refused(alice, arn).reason
            == f"explicit deny in managed policy {policy}, statement 1"
        )

    @pytest.mark.parametrize("inline", [True, False])
    def test_a_groups_policy_allows_its_members(self, stage: Stage, *, inline: bool) -> None:
        alice, arn = stage.user(may=None), stage.role(trusts=SOURCE)
        stage.source.create_group(GroupName="team")
        if inline:
            stage.source.put_group_policy(
                GroupName="team", PolicyName="p", PolicyDocument=self.ALLOW
            )
        else:
            stage.source.attach_group_policy(
                GroupName="team", PolicyArn=self.managed(stage, self.ALLOW)
            )
        assert stage.refused(alice, arn).half == "source"
        stage.source.add_user_to_group(GroupName="team", UserName="alice")
        assert stage.session(alice, arn)
        stage.source.remove_user_from_group(GroupName="team", UserName="alice")
        assert stage.refused(alice, arn).half == "source"

    def test_a_groups_deny_wins(self, stage: Stage) -> None:
        alice, arn = stage.user(), stage.role(trusts=SOURCE)
        stage.source.create_group(GroupName="team")
        stage.source.put_group_policy(GroupName="team", PolicyName="no", PolicyDocument=self.DENY)
        stage.source.add_user_to_group(GroupName="team", UserName="alice")
        assert (
            stage.refused(alice, arn).reason
            == "explicit deny in inline policy no of group team, statement 1"
        )

    def test_awss_own_managed_policies_count(self, stage: Stage) -> None:
        alice, arn = stage.user(may=None), stage.role(trusts=SOURCE)
        stage.source.attach_user_policy(
            UserName="alice", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
        )
        assert stage.refused(alice, arn).half == "source"
        stage.source.attach_user_policy(
            UserName="alice", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )
        assert stage.session(alice, arn)

    def test_a_users_boundary_limits(self, stage: Stage) -> None:
        narrow = self.managed(stage, document(Action="s3:*", Resource="*"))
        wide = self.managed(stage, self.ALLOW, "wide")
        alice, arn = stage.user(PermissionsBoundary=narrow), stage.role(trusts=SOURCE)
        found = stage.refused(alice, arn)
        assert found.half == "source"
        assert (found.reason or "").startswith(
            f"the permissions boundary of {ALICE}, managed policy {narrow}, "
        )
        stage.source.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=wide)
        assert stage.session(alice, arn)
        stage.source.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=narrow)
        assert stage.refused(alice, arn).half == "source"
        stage.source.delete_user_permissions_boundary(UserName="alice")
        assert stage.session(alice, arn)

    def test_a_role_sessions_policies_are_its_roles(self, stage: Stage) -> None:
        first = stage.role("first", trusts=SOURCE, account=SOURCE)
        second = stage.role("second", trusts=first)
        keys = stage.session(stage.user(), first)
        assert stage.refused(keys, second).half == "source"
        stage.source.put_role_policy(RoleName="first", PolicyName="p", PolicyDocument=self.ALLOW)
        assert stage.session(keys, second)

    def test_a_roles_boundary_limits_its_sessions(self, stage: Stage) -> None:
        first = stage.role("first", trusts=SOURCE, account=SOURCE, may="sts:*")
        second = stage.role("second", trusts=first)
        keys = stage.session(stage.user(), first)
        assert stage.session(keys, second)
        stage.source.put_role_permissions_boundary(
            RoleName="first", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess"
        )
        found = stage.refused(keys, second)
        assert found.half == "source"
        assert "permissions boundary" in (found.reason or "")

    @pytest.mark.parametrize("inline", [True, False])
    def test_a_session_policy_limits_its_session(self, stage: Stage, *, inline: bool) -> None:
        first = stage.role("first", trusts=SOURCE, account=SOURCE, may="sts:*")
        second = stage.role("second", trusts=first)
        alice = stage.user()
        reading = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        more: dict[str, Any] = (
            {"Policy": document(Action="s3:*", Resource="*")}
            if inline
            else {"PolicyArns": [{"arn": reading}]}
        )
        found = stage.refused(stage.session(alice, first, **more), second)
        assert found.half == "source"
        assert "session policy" in (found.reason or "")
        more = (
            {"Policy": self.ALLOW}
            if inline
            else {"PolicyArns": [{"arn": reading}, {"arn": self.managed(stage, self.ALLOW)}]}
        )
        assert stage.session(stage.session(alice, first, **more), second)


class TestDuration:
    def test_an_hour_unless_told_otherwise(self, stage: Stage) -> None:
        arn = stage.role(trusts=SOURCE, MaxSessionDuration=43200)
        expires = stage.session(administrator(SOURCE), arn)["Expiration"]
        assert abs((expires - datetime.now(UTC)).total_seconds() - 3600) < 5

    def test_the_roles_own_maximum(self, stage: Stage) -> None:
        arn = stage.role(trusts=SOURCE, MaxSessionDuration=7200)
        expires = stage.session(administrator(SOURCE), arn, DurationSeconds=7200)["Expiration"]
        assert abs((expires - datetime.now(UTC)).total_seconds() - 7200) < 5
        found = stage.refused(administrator(SOURCE), arn, DurationSeconds=7201)
        assert (found.code, found.status) == ("ValidationError", 400)
        assert (
            found.message
            == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
        stage.destination.update_role(RoleName="deploy", MaxSessionDuration=7201)
        assert stage.session(administrator(SOURCE), arn, DurationSeconds=7201)


class TestReply:
    def test_it_names_the_session_and_gives_its_keys(self, stage: Stage) -> None:
        arn = stage.role(trusts=SOURCE, Path="/team/", actions="sts:*")
        role_id = stage.destination.get_role(RoleName="deploy")["Role"]["RoleId"]
        found = stage.sts(administrator(SOURCE)).assume_role(
            RoleArn=arn,
            RoleSessionName="build-7",
            SourceIdentity="alice",
            Policy=document(Action="*", Resource="*"),
        )
        assert found["AssumedRoleUser"] == {
            "AssumedRoleId": f"{role_id}:build-7",
            "Arn": f"arn:aws:sts::{DESTINATION}:assumed-role/deploy/build-7",
        }
        assert found["SourceIdentity"] == "alice"
        assert 0 < found["PackedPolicySize"] <= 100
        assert found["Credentials"]["AccessKeyId"].startswith("ASIA")
        assert len(found["Credentials"]["SecretAccessKey"]) == 40
        assert found["Credentials"]["SessionToken"]

    def test_it_leaves_out_what_was_not_asked_for(self, stage: Stage) -> None:
        arn = stage.role(trusts=SOURCE)
        found = stage.sts(administrator(SOURCE)).assume_role(RoleArn=arn, RoleSessionName="build-7")
        assert found.keys() == {"Credentials", "AssumedRoleUser", "ResponseMetadata"}


class TestLog:
    def test_decisions_are_logged_in_one_line(
        self, stage: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "sandbox")
        alice, arn = stage.user(may=None), stage.role(trusts=SOURCE)
        stage.refused(alice, arn)
        stage.session(administrator(SOURCE), arn)
        assert [record.getMessage() for record in caplog.records if record.name == "sandbox"] == [
            (
                f"refused: {ALICE} → {ROLE}: source half: no identity policy of {ALICE} allows "
                f"sts:AssumeRole on {ROLE}"
            ),
            f"allowed: arn:aws:iam::{SOURCE}:user/sandbox-administrator → {ROLE}",
        ]

    def test_no_secret_is_ever_logged(self, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        for noisy in ("botocore", "boto3", "urllib3"):  # the client's own
            caplog.set_level(logging.WARNING, noisy)
        alice = stage.user()
        arn = stage.role(
            trusts=SOURCE, condition={"StringEquals": {"sts:ExternalId": "required-secret"}}
        )
        found = stage.refused(alice, arn, ExternalId="given-secret")
        session = stage.session(alice, arn, ExternalId="required-secret")
        stage.sts(session).get_caller_identity()
        told = (
            caplog.text
            + str(found)
            + str(stage.sandbox._state.decisions)
            + str(stage.sandbox.requests)
        )
        assert "sts:ExternalId differs from the one required" in told
        for secret in (
            "required-secret",
            "given-secret",
            session["SecretAccessKey"],
            session["SessionToken"],
        ):
            assert secret not in told

    def test_the_reason_is_one_line_that_a_header_can_carry(self, stage: Stage) -> None:
        condition = {"StringEquals": {"aws:PrincipalTag/team": "röd\n→"}}
        found = stage.refused(stage.user(), stage.role(trusts=SOURCE, condition=condition))
        assert found.reason is not None
        assert "\n" not in found.reason
        assert "aws:PrincipalTag/team is absent" in found.reason
