"""AssumeRoleWithWebIdentity: the token, the provider in IAM, the trust policy, the session."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import DESTINATION, SOURCE, document, refusal
from tests.unsigned_tokens import AUDIENCE, GITHUB, build_token, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sandbox.conftest import Refusal, Stage

ISSUER = GITHUB.removeprefix("https://")
PROVIDER = f"arn:aws:iam::{SOURCE}:oidc-provider/{ISSUER}"
SUBJECT = "repo:example/access:environment:production"
ROLE = f"arn:aws:iam::{SOURCE}:role/ci"
ACTION = "sts:AssumeRoleWithWebIdentity"
NOBODY = {"AccessKeyId": "", "SecretAccessKey": ""}
OTHER = "https://oidc.example.com/id/A1"


@pytest.fixture
def provider(stage: Stage) -> str:
    made = stage.source.create_open_id_connect_provider(Url=GITHUB, ClientIDList=[AUDIENCE, "b"])
    return made["OpenIDConnectProviderArn"]


def trust(
    stage: Stage,
    condition: Mapping[str, Any] | None = None,
    *,
    principal: Mapping[str, Any] | None = None,
    actions: object = ACTION,
    **more: Any,
) -> None:
    """A role that lets one repository's environment in, unless it says otherwise."""
    condition = (
        {"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": SUBJECT}}
        if condition is None
        else condition
    )
    principal = principal or {"Federated": PROVIDER}
    policy = document(Principal=principal, Action=actions, Condition=condition)
    stage.source.create_role(RoleName="ci", AssumeRolePolicyDocument=policy, **more)


def assume(stage: Stage, token: str, **more: Any) -> dict[str, Any]:
    """What STS answers to whoever comes with the token, and with no credentials."""
    more = {"RoleArn": ROLE, "RoleSessionName": "session"} | more
    sts = stage.sts({"AccessKeyId": "x", "SecretAccessKey": "x"})
    return dict(sts.assume_role_with_web_identity(WebIdentityToken=token, **more))


def refused(stage: Stage, token: str, **more: Any) -> Refusal:
    return refusal(lambda: assume(stage, token, **more))


class TestTrust:
    def test_the_right_subject_is_let_in_without_credentials(
        self, stage: Stage, provider: str
    ) -> None:
        assert provider == PROVIDER
        trust(stage)
        reply = assume(stage, build_token(SUBJECT))
        assert reply["SubjectFromWebIdentityToken"] == SUBJECT
        assert (reply["Audience"], reply["Provider"]) == (AUDIENCE, GITHUB)
        arn = f"arn:aws:sts::{SOURCE}:assumed-role/ci/session"
        assert reply["AssumedRoleUser"]["Arn"] == arn
        assert stage.sts(reply["Credentials"]).get_caller_identity()["Arn"] == arn

    @pytest.mark.parametrize(
        "subject",
        [
            "repo:example/other:environment:production",
            "repo:example/access:environment:staging",
            "repo:example/access:ref:refs/heads/main",
            "repo:example/access:environment:production2",
            "Repo:example/access:environment:production",
        ],
    )
    def test_another_subject_is_refused(self, stage: Stage, provider: str, subject: str) -> None:
        assert provider
        trust(stage)
        found = refused(stage, build_token(subject))
        assert (found.code, found.status, found.half) == ("AccessDenied", 403, "destination")
        assert found.message == f"Not authorized to perform {ACTION}"
        assert f"{ISSUER}:sub" in (found.reason or "")

    @pytest.mark.parametrize(
        ("condition", "claims"),
        [
            ({"StringLike": {f"{ISSUER}:sub": "repo:example/*:environment:production"}}, {}),
            ({"StringEquals": {f"{ISSUER}:repository": "example/access"}}, {}),
            ({"StringEquals": {f"{ISSUER}:ref": "refs/heads/main"}}, {"ref": "refs/heads/main"}),
            ({"ForAnyValue:StringEquals": {f"{ISSUER}:amr": "mfa"}}, {"amr": ["pwd", "mfa"]}),
            ({"Null": {f"{ISSUER}:actor": "true"}}, {}),
            ({"Null": {f"{ISSUER}:made_up": "true"}}, {"made_up": "x"}),
            ({"Null": {"aws:PrincipalArn": "true", "aws:username": "true"}}, {}),
            ({"StringEquals": {"sts:RoleSessionName": "session"}}, {}),
            ({"StringEquals": {"aws:ResourceAccount": SOURCE}}, {}),
        ],
    )
    def test_claims_and_the_call_are_condition_keys(
        self, stage: Stage, provider: str, condition: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> None:
        assert provider
        trust(stage, condition)
        token = build_token(SUBJECT, **{"repository": "example/access", **claims})
        assert assume(stage, token)["Credentials"]

    def test_another_providers_claims_are_none_of_githubs_keys(self, stage: Stage) -> None:
        made = stage.source.create_open_id_connect_provider(Url=OTHER, ClientIDList=[AUDIENCE])
        principal = {"Federated": made["OpenIDConnectProviderArn"]}
        own = {"Null": {f"{OTHER.removeprefix('https://')}:repository": "true"}}
        trust(
            stage, own | {"StringEquals": {"oidc.example.com/id/A1:sub": "x"}}, principal=principal
        )
        assert assume(stage, build_token("x", iss=OTHER, repository="example/access"))
        assert refused(stage, build_token("y", iss=OTHER)).code == "AccessDenied"

    @pytest.mark.parametrize(
        ("principal", "actions"),
        [
            ({"AWS": SOURCE}, ACTION),
            ({"Federated": f"arn:aws:iam::{DESTINATION}:oidc-provider/{ISSUER}"}, ACTION),
            ({"Federated": f"{PROVIDER}/enterprise"}, ACTION),
            ({"Federated": f"arn:aws:iam::{SOURCE}:saml-provider/{ISSUER}"}, ACTION),
            ({"Service": "ec2.amazonaws.com"}, ACTION),
            ({"Federated": PROVIDER}, "sts:AssumeRole"),
            ({"Federated": PROVIDER}, "sts:AssumeRoleWithSAML"),
        ],
    )
    def test_a_trust_of_somebody_else_refuses(
        self, stage: Stage, provider: str, principal: Mapping[str, Any], actions: str
    ) -> None:
        assert provider
        trust(stage, {}, principal=principal, actions=actions)
        assert refused(stage, build_token(SUBJECT)).code == "AccessDenied"

    def test_a_trusted_provider_opens_assume_role_to_nobody(
        self, stage: Stage, provider: str
    ) -> None:
        assert provider
        trust(stage, {}, actions="sts:*")
        assert stage.refused(stage.user(), ROLE).half == "destination"

    def test_an_explicit_deny_wins(self, stage: Stage, provider: str) -> None:
        assert provider
        trust(stage, {})
        allow = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": ACTION}
        condition = {"StringLike": {f"{ISSUER}:sub": "*:environment:production"}}
        for denied in ({"Federated": PROVIDER}, {"AWS": "*"}):
            deny = {"Effect": "Deny", "Principal": denied, "Action": "sts:*"}
            deny["Condition"] = condition
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]})
            stage.source.update_assume_role_policy(RoleName="ci", PolicyDocument=policy)
            assert assume(stage, build_token("repo:example/access:environment:staging"))
            found = refused(stage, build_token(SUBJECT))
            assert found.reason == "explicit deny in trust policy, statement 2"

    def test_a_role_that_does_not_exist_is_refused_the_same(
        self, stage: Stage, provider: str
    ) -> None:
        assert provider
        found = refused(stage, build_token(SUBJECT))
        assert (found.code, found.message) == (
            "AccessDenied",
            f"Not authorized to perform {ACTION}",
        )

    def test_the_providers_of_another_partition_are_others(
        self, stage: Stage, provider: str
    ) -> None:
        assert provider
        role = ROLE.replace("arn:aws:", "arn:aws-cn:")
        assert refused(stage, build_token(SUBJECT), RoleArn=role).code == "InvalidIdentityToken"


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


class TestCall:
    def test_parameters_are_those_of_awss_model(self, stage: Stage) -> None:
        found = refused(stage, "tok", RoleSessionName="x")
        assert found.code == "ValidationError"
        assert "'webIdentityToken' failed" in found.message
        assert "'roleSessionName' failed" in found.message

    @pytest.mark.parametrize(
        "arn", [f"arn:aws:iam::{SOURCE}:user/ci", "arn:aws:iam::1234:role/ci", "x" * 20]
    )
    def test_what_is_no_roles_arn_is_invalid(self, stage: Stage, arn: str) -> None:
        assert refused(stage, build_token(SUBJECT), RoleArn=arn).message == f"{arn} is invalid"

    def test_assume_roles_other_parameters_are_none_of_its(
        self, stage: Stage, provider: str
    ) -> None:
        assert provider
        trust(stage, {"Null": {"sts:ExternalId": "true", "sts:SourceIdentity": "true"}})
        query = {"Action": ACTION.removeprefix("sts:"), "Version": "2011-06-15", "RoleArn": ROLE}
        query |= {"RoleSessionName": "session", "WebIdentityToken": build_token(SUBJECT)}
        query |= {"ExternalId": "secret", "SourceIdentity": "alice"}
        body = urllib.parse.urlencode(query).encode()
        with urllib.request.urlopen(stage.sandbox.endpoint, body, timeout=10) as reply:  # noqa: S310
            assert "<SubjectFromWebIdentityToken>" in reply.read().decode()

    def test_it_is_logged_without_the_token(self, stage: Stage, provider: str) -> None:
        assert provider
        trust(stage)
        token = build_token(SUBJECT)
        assume(stage, token)
        refused(stage, build_token("repo:example/other:environment:production"))
        decisions = stage.sandbox._state.decisions
        assert [(one.caller, one.role, one.allowed) for one in decisions] == [
            (PROVIDER, ROLE, True),
            (PROVIDER, ROLE, False),
        ]
        assert token not in str(decisions) + str(stage.sandbox.requests)
        assert (SOURCE, "sts", ACTION.removeprefix("sts:")) in stage.sandbox.requests
