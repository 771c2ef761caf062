"""Tokens of AssumeRoleWithWebIdentity: which are valid, their tags, and the session they give."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws.web_identities import (
    ACTION,
    ISSUER,
    OTHER,
    PROVIDER,
    ROLE,
    SUBJECT,
    assume,
    refused,
    trust,
)
from tests.sandbox.conftest import DESTINATION, SOURCE, document
from tests.unsigned_tokens import AUDIENCE, GITHUB, build_token, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sandbox.conftest import Stage


class TestToken:
    @pytest.mark.parametrize(
        ("token", "code", "words"),
        [
            ("nothing", "InvalidIdentityToken", "not a valid JWT"),
            ("a.b.c", "InvalidIdentityToken", "not a valid JWT"),
            (f"{encode('[]')}.{encode('{}')}.", "InvalidIdentityToken", "not a valid JWT"),
            (f"{encode('{}')}.{encode('[' * 5000)}.", "InvalidIdentityToken", "not a valid JWT"),
            (build_token(SUBJECT, algorithm="HS256"), "InvalidIdentityToken", "RS256"),
            (build_token(SUBJECT, iss=None), "InvalidIdentityToken", "claim iss"),
            (build_token(SUBJECT, sub=None), "InvalidIdentityToken", "claim sub"),
            (build_token(SUBJECT, sub=7), "InvalidIdentityToken", "claim sub"),
            (build_token(SUBJECT, aud=None), "InvalidIdentityToken", "claim aud"),
            (build_token(SUBJECT, aud=[]), "InvalidIdentityToken", "claim aud"),
            (build_token(SUBJECT, exp=None), "InvalidIdentityToken", "claim exp"),
            (build_token(SUBJECT, exp="1"), "InvalidIdentityToken", "claim exp"),
            (build_token(SUBJECT, exp=time.time() + 60.5), "InvalidIdentityToken", "claim exp"),
            (build_token(SUBJECT, exp=True), "InvalidIdentityToken", "claim exp"),
            (build_token(SUBJECT, aud="c"), "InvalidIdentityToken", "Incorrect token audience"),
            (build_token(SUBJECT, iss=OTHER), "InvalidIdentityToken", f"account for {OTHER}"),
            (build_token(SUBJECT, iss=f"{GITHUB}/"), "InvalidIdentityToken", "account for"),
            (build_token(SUBJECT, iss=ISSUER), "InvalidIdentityToken", "account for"),
            (build_token(SUBJECT, exp=1), "ExpiredTokenException", "expiration date/time 1"),
        ],
    )
    def test_one_that_is_not_valid_is_refused(
        self, stage: Stage, provider: str, token: str, code: str, words: str
    ) -> None:
        assert provider
        trust(stage)
        found = refused(stage, token)
        assert (found.code, found.status) == (code, 400)
        assert words in found.message

    @pytest.mark.parametrize("algorithm", ["none", "RS256", "ES512"])
    @pytest.mark.parametrize("audience", [AUDIENCE, ["c", AUDIENCE]])
    def test_no_signature_is_looked_at(
        self, stage: Stage, provider: str, algorithm: str, audience: object
    ) -> None:
        assert provider
        trust(stage)
        token = build_token(SUBJECT, algorithm=algorithm, aud=audience)
        assert assume(stage, f"{token}anything")["Audience"] == AUDIENCE

    def test_another_of_the_providers_audiences_is_up_to_the_trust(
        self, stage: Stage, provider: str
    ) -> None:
        assert provider
        trust(stage)
        assert refused(stage, build_token(SUBJECT, aud="b")).code == "AccessDenied"

    def test_it_expires_by_the_clock_and_its_session_lives_on(
        self, stage: Stage, provider: str
    ) -> None:
        assert provider
        trust(stage)
        token = build_token(SUBJECT, exp=int(time.time()) + 300)
        keys = assume(stage, token)["Credentials"]
        stage.clock.offset = 300
        assert refused(stage, token).code == "ExpiredTokenException"
        assert stage.sts(keys).get_caller_identity()["Account"] == SOURCE

    def test_without_a_provider_in_the_roles_own_account_no_token_is_valid(
        self, stage: Stage
    ) -> None:
        stage.destination.create_open_id_connect_provider(Url=GITHUB, ClientIDList=[AUDIENCE])
        trust(stage)
        found = refused(stage, build_token(SUBJECT))
        assert found.message == f"No OpenIDConnect provider found in your account for {GITHUB}"

    def test_an_access_token_of_oauth_is_not_emulated(self, stage: Stage) -> None:
        assert refused(stage, "token", ProviderId="www.amazon.com").code == "NotImplemented"


class TestTags:
    TAGS: Mapping[str, Any] = {
        "https://aws.amazon.com/tags": {
            "principal_tags": {"team": ["red"], "site": ["x"]},
            "transitive_tag_keys": ["team"],
        }
    }
    FLAT: Mapping[str, Any] = {
        "https://aws.amazon.com/tags/principal_tags/team": "red",
        "https://aws.amazon.com/tags/principal_tags/site": ["x"],
        "https://aws.amazon.com/tags/transitive_tag_keys": ["team"],
    }

    @pytest.mark.parametrize("claims", [TAGS, FLAT], ids=["nested", "flat"])
    def test_they_are_the_sessions_and_the_transitive_ones_go_on(
        self, stage: Stage, provider: str, claims: Mapping[str, Any]
    ) -> None:
        assert provider
        condition = {"StringEquals": {"aws:RequestTag/team": "red"}}
        trust(stage, condition, actions=[ACTION, "sts:TagSession"])
        stage.source.put_role_policy(
            RoleName="ci", PolicyName="p", PolicyDocument=document(Action="sts:*", Resource="*")
        )
        keys = assume(stage, build_token(SUBJECT, **claims))["Credentials"]
        assert refused(stage, build_token(SUBJECT)).code == "AccessDenied"
        tagged = {"StringEquals": {"aws:PrincipalTag/team": "red", "aws:PrincipalTag/site": "x"}}
        both = ["sts:AssumeRole", "sts:TagSession"]
        assert stage.session(keys, stage.role(trusts=ROLE, condition=tagged, actions=both))
        # The transitive tag is passed on, which needs sts:TagSession.
        found = stage.refused(keys, stage.role("plain", trusts=ROLE))
        assert "sts:TagSession" in found.message

    def test_they_need_permission(self, stage: Stage, provider: str) -> None:
        assert provider
        trust(stage)
        found = refused(stage, build_token(SUBJECT, **self.TAGS))
        assert (found.code, found.half) == ("AccessDenied", "destination")
        assert found.message == "Not authorized to perform sts:TagSession"

    @pytest.mark.parametrize(
        ("claims", "code"),
        [
            ({"https://aws.amazon.com/tags": ["team"]}, "InvalidIdentityToken"),
            ({"https://aws.amazon.com/tags": {"principal_tags": []}}, "InvalidIdentityToken"),
            (
                {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["a", "b"]}}},
                "InvalidIdentityToken",
            ),
            (
                {"https://aws.amazon.com/tags": {"principal_tags": {"team": 7}}},
                "InvalidIdentityToken",
            ),
            (
                {"https://aws.amazon.com/tags": {"transitive_tag_keys": ["team"]}},
                "InvalidIdentityToken",
            ),
            (
                {"https://aws.amazon.com/tags": {"transitive_tag_keys": "team"}},
                "InvalidIdentityToken",
            ),
            (
                {"https://aws.amazon.com/tags": {"principal_tags": {"team": "a", "TEAM": "a"}}},
                "InvalidParameterValue",
            ),
            ({"https://aws.amazon.com/source_identity": ["alice"]}, "InvalidIdentityToken"),
        ],
    )
    def test_of_another_form_they_are_refused(
        self, stage: Stage, provider: str, claims: Mapping[str, Any], code: str
    ) -> None:
        assert provider
        trust(stage, {}, actions="sts:*")
        assert refused(stage, build_token(SUBJECT, **claims)).code == code

    def test_a_source_identity_needs_permission_and_stays(
        self, stage: Stage, provider: str
    ) -> None:
        assert provider
        trust(stage)
        token = build_token(SUBJECT, **{"https://aws.amazon.com/source_identity": "alice"})
        assert refused(stage, token).message == "Not authorized to perform sts:SetSourceIdentity"
        stage.source.delete_role(RoleName="ci")
        condition = {"StringEquals": {"sts:SourceIdentity": "alice"}}
        trust(stage, condition, actions=[ACTION, "sts:SetSourceIdentity"])
        assert assume(stage, token)["SourceIdentity"] == "alice"


class TestSession:
    def test_its_duration_is_the_roles_not_a_chains(self, stage: Stage, provider: str) -> None:
        assert provider
        trust(stage, MaxSessionDuration=7200)
        token = build_token(SUBJECT)
        assert assume(stage, token, DurationSeconds=7200)["Credentials"]
        found = refused(stage, token, DurationSeconds=7201)
        assert (found.code, found.status) == ("ValidationError", 400)

    def test_assuming_another_role_is_chaining(self, stage: Stage, provider: str) -> None:
        assert provider
        trust(stage)
        keys = assume(stage, build_token(SUBJECT))["Credentials"]
        found = stage.refused(keys, stage.role(trusts=ROLE), DurationSeconds=3601)
        assert "not authorized" in found.message
        stage.source.put_role_policy(
            RoleName="ci", PolicyName="p", PolicyDocument=document(Action="sts:*", Resource="*")
        )
        found = stage.refused(
            keys, stage.role("long", trusts=ROLE, MaxSessionDuration=7200), DurationSeconds=3601
        )
        assert "1 hour session limit for roles assumed by role chaining" in found.message
        assert stage.session(keys, f"arn:aws:iam::{DESTINATION}:role/deploy")

    @pytest.mark.parametrize(
        ("condition", "let_in"),
        [
            ({"StringEquals": {f"{ISSUER}:sub": SUBJECT}}, True),
            ({"StringEquals": {f"{ISSUER}:aud": "b"}}, False),
            ({"StringEquals": {"aws:FederatedProvider": PROVIDER}}, True),
            # AWS says of the other claims that a session doesn't have them.
            ({"StringEquals": {f"{ISSUER}:repository": "example/access"}}, False),
        ],
    )
    def test_its_own_calls_have_the_tokens_subject_and_audience(
        self, stage: Stage, provider: str, condition: Mapping[str, Any], *, let_in: bool
    ) -> None:
        assert provider
        trust(stage)
        policy = document(Action="sts:*", Resource="*", Condition=condition)
        stage.source.put_role_policy(RoleName="ci", PolicyName="p", PolicyDocument=policy)
        keys = assume(stage, build_token(SUBJECT, repository="example/access"))["Credentials"]
        deploy = stage.role(trusts=ROLE)
        if let_in:
            assert stage.session(keys, deploy)
        else:
            assert stage.refused(keys, deploy).half == "source"

    def test_its_policy_limits_it(self, stage: Stage, provider: str) -> None:
        assert provider
        trust(stage)
        stage.source.put_role_policy(
            RoleName="ci", PolicyName="p", PolicyDocument=document(Action="sts:*", Resource="*")
        )
        narrow = document(Action="s3:*", Resource="*")
        keys = assume(stage, build_token(SUBJECT), Policy=narrow)["Credentials"]
        assert stage.refused(keys, stage.role(trusts=ROLE)).half == "source"
