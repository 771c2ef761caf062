"""Role chaining: one hour, tags that go on, a source identity that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import DESTINATION, SOURCE, administrator

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

TEAM, SITE = {"Key": "team", "Value": "red"}, {"Key": "site", "Value": "x"}


@pytest.fixture
def first(stage: Stage) -> str:
    return stage.role("first", trusts=SOURCE, actions="sts:*", account=SOURCE, may="sts:*")


def chained(stage: Stage, first: str, **more: Any) -> dict[str, Any]:
    return stage.session(administrator(SOURCE), first, **more)


def test_a_chained_session_lasts_an_hour_at_most(stage: Stage, first: str) -> None:
    second = stage.role("second", trusts=first, MaxSessionDuration=43200)
    keys = chained(stage, first)
    assert stage.session(keys, second, DurationSeconds=3600)
    found = stage.refused(keys, second, DurationSeconds=3601)
    assert (found.code, found.status) == ("ValidationError", 400)
    assert "1 hour session limit for roles assumed by role chaining" in found.message


def test_a_users_session_counts_as_a_chain_and_its_access_key_does_not(stage: Stage) -> None:
    """https://repost.aws/knowledge-center/iam-role-chaining-limit"""
    alice = stage.user()
    arn = stage.role(trusts=SOURCE, MaxSessionDuration=43200)
    keys = dict(stage.sts(alice).get_session_token()["Credentials"])
    assert stage.session(keys, arn, DurationSeconds=3600)
    found = stage.refused(keys, arn, DurationSeconds=3601)
    assert (found.code, found.status) == ("ValidationError", 400)
    assert "1 hour session limit for roles assumed by role chaining" in found.message
    assert stage.session(alice, arn, DurationSeconds=43200)


def test_a_chain_is_let_in_by_the_roles_arn_and_by_its_sessions(stage: Stage) -> None:
    first = stage.role("first", trusts=SOURCE, account=SOURCE, may="sts:*", Path="/team/")
    keys = chained(stage, first, RoleSessionName="build-7")
    assert stage.session(keys, stage.role("by-role", trusts=first))
    by_session = stage.role(
        "by-session", trusts=f"arn:aws:sts::{SOURCE}:assumed-role/first/build-7"
    )
    assert stage.session(keys, by_session)
    other = chained(stage, first, RoleSessionName="build-8")
    assert stage.refused(other, by_session).half == "destination"


class TestTags:
    def test_session_tags_are_the_principals_and_win_over_the_roles(self, stage: Stage) -> None:
        first = stage.role(
            "first",
            trusts=SOURCE,
            actions="sts:*",
            account=SOURCE,
            may="sts:*",
            Tags=[{"Key": "Team", "Value": "old"}],
        )
        condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
        second = stage.role("second", trusts=first, condition=condition)
        assert stage.refused(chained(stage, first), second).half == "destination"
        assert stage.session(chained(stage, first, Tags=[TEAM]), second)

    def test_only_transitive_tags_go_on(self, stage: Stage, first: str) -> None:
        keys = chained(stage, first, Tags=[TEAM, SITE], TransitiveTagKeys=["site"])
        second = stage.role("second", trusts=first, actions="sts:*", may="sts:*")
        session = stage.session(keys, second)
        has_site = {"StringEquals": {"aws:PrincipalTag/site": "x"}}
        has_team = {"Null": {"aws:PrincipalTag/team": "false"}}
        assert stage.session(
            session, stage.role("third", trusts=second, actions="sts:*", condition=has_site)
        )
        assert (
            stage.refused(session, stage.role("other", trusts=second, condition=has_team)).half
            == "destination"
        )

    def test_transitive_tags_go_on_further(self, stage: Stage, first: str) -> None:
        keys = chained(stage, first, Tags=[TEAM], TransitiveTagKeys=["team"])
        trusted = first
        for name in ("second", "third", "fourth"):
            trusted = stage.role(name, trusts=trusted, actions="sts:*", may="sts:*")
            keys = stage.session(keys, trusted)
        condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
        assert stage.session(
            keys, stage.role("last", trusts=trusted, actions="sts:*", condition=condition)
        )

    def test_an_inherited_tag_cannot_be_passed_again(self, stage: Stage, first: str) -> None:
        keys = chained(
            stage, first, Tags=[{"Key": "Team", "Value": "red"}], TransitiveTagKeys=["team"]
        )
        second = stage.role("second", trusts=first, actions="sts:*")
        found = stage.refused(keys, second, Tags=[{"Key": "TEAM", "Value": "blue"}])
        assert found.code == "InvalidParameterValue"
        assert "conflicts with a transitive tag key from the calling session" in found.message
        assert stage.session(keys, second, Tags=[SITE])

    def test_inherited_tags_need_permission_too(self, stage: Stage, first: str) -> None:
        keys = chained(stage, first, Tags=[TEAM], TransitiveTagKeys=["team"])
        found = stage.refused(keys, stage.role("second", trusts=first))
        assert "not authorized to perform: sts:TagSession" in found.message

    # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html
    @pytest.mark.parametrize(
        ("condition", "allowed"),
        [
            ({"StringEquals": {"aws:RequestTag/team": "red"}}, True),
            ({"StringEquals": {"aws:RequestTag/Team": "red"}}, True),
            ({"StringLike": {"aws:RequestTag/team": "*"}}, True),
            ({"StringEquals": {"aws:RequestTag/team": "blue"}}, False),
            ({"StringEquals": {"aws:RequestTag/site": "x"}}, False),
            ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "app"]}}, True),
            ({"ForAllValues:StringEquals": {"aws:TagKeys": ["app"]}}, False),
            ({"Null": {"sts:TransitiveTagKeys": "true"}}, True),
        ],
        ids=str,
    )
    def test_inherited_tags_count_as_the_calls_own(
        self, stage: Stage, first: str, condition: dict[str, Any], allowed: bool
    ) -> None:
        keys = chained(stage, first, Tags=[TEAM, SITE], TransitiveTagKeys=["team"])
        second = stage.role("second", trusts=first, actions="sts:*", condition=condition)
        if allowed:
            assert stage.session(keys, second)
        else:
            assert stage.refused(keys, second).half == "destination"


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-sts
class TestIdentityContexts:
    CENTER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
    BOUND = {"ForAllValues:ArnEquals": {"sts:RequestContextProviders": CENTER}}

    @staticmethod
    def provided(*providers: str) -> list[dict[str, str]]:
        return [{"ProviderArn": arn, "ContextAssertion": "asserted"} for arn in providers]

    def test_one_needs_permission_on_both_sides(self, stage: Stage) -> None:
        context = self.provided(self.CENTER)
        able = stage.role("able", trusts=SOURCE, actions="sts:*", account=SOURCE, may="sts:*")
        unable = stage.role(
            "unable", trusts=SOURCE, actions="sts:*", account=SOURCE, may="sts:AssumeRole"
        )
        trust = [able, unable]
        target = stage.role("target", trusts=trust, actions=["sts:AssumeRole", "sts:SetContext"])
        closed = stage.role("closed", trusts=trust)
        may, may_not = chained(stage, able), chained(stage, unable)
        assert stage.session(may, target, ProvidedContexts=context)
        found = stage.refused(may_not, target, ProvidedContexts=context)
        assert "not authorized to perform: sts:SetContext" in found.message
        assert found.half == "source"
        assert stage.refused(may, closed, ProvidedContexts=context).half == "destination"
        assert stage.session(may, closed)

    def test_trust_can_be_bound_to_one_provider(self, stage: Stage, first: str) -> None:
        target = stage.role("target", trusts=first, actions="sts:*", condition=self.BOUND)
        keys, other = chained(stage, first), self.CENTER.replace("IdentityCenter", "QuickSight")
        assert stage.session(keys, target, ProvidedContexts=self.provided(self.CENTER))
        assert stage.session(keys, target)
        for providers in [(other,), (self.CENTER, other)]:
            found = stage.refused(keys, target, ProvidedContexts=self.provided(*providers))
            assert found.half == "destination"


class TestSourceIdentity:
    CONDITION = {"StringEquals": {"aws:SourceIdentity": "alice"}}

    def test_it_stays_through_a_chain(self, stage: Stage, first: str) -> None:
        keys = chained(stage, first, SourceIdentity="alice")
        trusted = first
        for name in ("second", "third"):
            trusted = stage.role(
                name, trusts=trusted, actions="sts:*", may="sts:*", condition=self.CONDITION
            )
            reply = stage.sts(keys).assume_role(RoleArn=trusted, RoleSessionName="session")
            assert reply["SourceIdentity"] == "alice"
            keys = dict(reply["Credentials"])

    def test_without_one_the_key_is_absent(self, stage: Stage, first: str) -> None:
        second = stage.role("second", trusts=first, actions="sts:*", condition=self.CONDITION)
        assert stage.refused(chained(stage, first), second).half == "destination"

    def test_it_cannot_be_changed(self, stage: Stage, first: str) -> None:
        keys = chained(stage, first, SourceIdentity="alice")
        second = stage.role("second", trusts=first, actions="sts:*")
        assert stage.session(keys, second, SourceIdentity="alice")
        found = stage.refused(keys, second, SourceIdentity="bob")
        assert (found.code, found.half) == ("AccessDenied", "source")
        assert (
            found.reason
            == "sts:SetSourceIdentity: the session's source identity is alice, and can't be changed"
        )

    def test_handing_it_on_needs_permission(self, stage: Stage, first: str) -> None:
        keys = chained(stage, first, SourceIdentity="alice")
        found = stage.refused(keys, stage.role("second", trusts=first))
        assert "not authorized to perform: sts:SetSourceIdentity" in found.message
        assert found.half == "destination"


def test_session_policies_do_not_go_on(stage: Stage, first: str) -> None:
    second = stage.role("second", trusts=first, may="sts:*")
    third = stage.role("third", trusts=second)
    narrow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": second}],
    }
    keys = chained(stage, first, Policy=str(narrow).replace("'", '"'))
    assert stage.refused(keys, stage.role("other", trusts=first)).half == "source"
    assert stage.session(stage.session(keys, second), third)
    assert DESTINATION in third
