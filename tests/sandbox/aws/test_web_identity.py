"""AssumeRoleWithWebIdentity: the trust policy decides, by the token's claims and the call."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
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
from tests.sandbox.conftest import DESTINATION, SOURCE
from tests.unsigned_tokens import AUDIENCE, GITHUB, build_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sandbox.conftest import Stage


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
