"""Trust policies on save: their principals, and what becomes of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.aws.trust_saving import ALICE, ROOT, both_ways, principals, saved, trust
from tests.sandbox.conftest import DESTINATION, SOURCE, administrator, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

NO_SERVICE = 'Invalid principal in policy: "SERVICE":"{}"'
NO_PROVIDER = "Federated principals must be valid domain names or SAML metadata ARNs"


class TestPrincipals:
    @pytest.mark.parametrize(
        "principal",
        [
            f"arn:aws:iam::{SOURCE}:user/bob",
            f"arn:aws:iam::{SOURCE}:user/Alice",
            f"arn:aws:iam::{SOURCE}:user/people/alice",
            f"arn:aws:iam::{DESTINATION}:user/alice",
            "arn:aws:iam::333333333333:user/alice",
            f"arn:aws:iam::{SOURCE}:role/alice",
            f"arn:aws:iam::{SOURCE}:role/ci",
            f"arn:aws:iam::{SOURCE}:user/*",
            f"arn:aws:iam::{SOURCE}:*",
            f"arn:aws:iam::{SOURCE}:group/team",
            f"arn:aws:iam::{SOURCE}:user/sandbox-administrator",
            f"arn:aws:sts::{SOURCE}:assumed-role/missing/session",
            f"arn:aws:sts::{SOURCE}:assumed-role/team/ci/session",
            f"arn:aws:sts::{SOURCE}:assumed-role/ci/*",
            f"arn:aws-cn:iam::{SOURCE}:root",
            f"arn:aws:iam::{SOURCE}:Root",
            "arn:aws:iam::1234:root",
            "1234",
            "alice",
            "<&>\u20ac",
            "",
            "AIDAABCDEFGHIJKLMNOPQ",
            "AROAABCDEFGHIJKLMNOPQ",
        ],
    )
    def test_who_is_nobody_is_refused(self, stage: Stage, principal: str) -> None:
        stage.user()
        stage.source.create_group(GroupName="team")
        stage.role("ci", trusts=SOURCE, account=SOURCE, Path="/team/")
        found = both_ways(stage, trust({"AWS": [ALICE, principal]}))
        assert (found.code, found.status) == ("MalformedPolicyDocument", 400)
        assert found.message == f'Invalid principal in policy: "AWS":"{principal}"'

    @pytest.mark.parametrize(
        "principal",
        [
            ALICE,
            f"arn:aws:iam::{SOURCE}:role/team/ci",
            f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7",
            f"arn:aws:sts::{SOURCE}:federated-user/carol",
            ROOT,
            "arn:aws:iam::999999999999:root",
            "*",
            [ALICE, ROOT],
        ],
    )
    def test_who_is_somebody_is_kept_as_written(self, stage: Stage, principal: object) -> None:
        stage.user()
        stage.role("ci", trusts=SOURCE, account=SOURCE, Path="/team/")
        assert saved(stage, trust({"AWS": principal})) == json.loads(trust({"AWS": principal}))
        stage.destination.update_assume_role_policy(
            RoleName="deploy", PolicyDocument=trust({"AWS": principal})
        )
        assert principals(stage) == principal

    @pytest.mark.parametrize(
        ("written", "kept"), [(SOURCE, ROOT), ([SOURCE, "333333333333"], None)]
    )
    def test_a_bare_account_becomes_its_root(
        self, stage: Stage, written: object, kept: object
    ) -> None:
        saved(stage, trust({"AWS": written}))
        assert principals(stage) == (kept or [ROOT, "arn:aws:iam::333333333333:root"])

    def test_everyone_is_named_with_the_kind(self, stage: Stage) -> None:
        assert saved(stage, trust({"AWS": "*"}))["Statement"][0]["Principal"] == {"AWS": "*"}
        assert stage.session(administrator(SOURCE), f"arn:aws:iam::{DESTINATION}:role/deploy")

    @pytest.mark.parametrize(
        "principal",
        [
            {"Service": "ec2.amazonaws.com"},
            {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
            {"Service": "eks.amazonaws.com.cn"},
            {"Service": "replicator.lambda.amazonaws.com"},
            {"Service": "states.us-east-1.amazonaws.com"},
            {"Federated": "cognito-identity.amazonaws.com"},
            {"Federated": "graph.facebook.com"},
            {"Federated": f"arn:aws:iam::{SOURCE}:saml-provider/adfs"},
            {"Federated": [f"arn:aws:iam::{SOURCE}:oidc-provider/oidc.example.com/id/A1"]},
            {"AWS": ROOT, "Service": "ec2.amazonaws.com"},
        ],
    )
    def test_other_kinds_are_taken(self, stage: Stage, principal: object) -> None:
        assert saved(stage, trust(principal))["Statement"][0]["Principal"] == principal

    @pytest.mark.parametrize(
        ("principal", "message"),
        [
            ("alice", "Principal must be a JSON object."),
            ("*", 'Invalid principal in policy: "STAR":"*"'),
            ([ROOT], "Syntax errors in policy."),
            (["*"], "Syntax errors in policy."),
            (None, "Missing required field Principal"),
            ({"CanonicalUser": "0" * 64}, 'Invalid principal in policy: "CanonicalUser"'),
            ({"AWS": ROOT, "*": "*"}, 'Invalid principal in policy: "*"'),
            ({"Service": "nosuch"}, 'Invalid principal in policy: "SERVICE":"nosuch"'),
            ({"Service": "*"}, 'Invalid principal in policy: "SERVICE":"*"'),
            (
                {"Service": "amazonaws.com"},
                'Invalid principal in policy: "SERVICE":"amazonaws.com"',
            ),
            ({"Service": "ec2.example.com"}, NO_SERVICE.format("ec2.example.com")),
            (
                {"Service": ["ec2.amazonaws.com", "ec2*.amazonaws.com"]},
                NO_SERVICE.format("ec2*.amazonaws.com"),
            ),
            ({"Service": []}, 'Invalid principal in policy: "Service":[]'),
            ({"Federated": "*"}, NO_PROVIDER),
            ({"Federated": "google"}, NO_PROVIDER),
            ({"Federated": "https://accounts.google.com"}, NO_PROVIDER),
            ({"Federated": f"arn:aws:iam::{SOURCE}:role/deploy"}, NO_PROVIDER),
            ({"Federated": ["accounts.google.com", ""]}, NO_PROVIDER),
            ({}, "Missing required field Principal cannot be empty!"),
            ({"aws": ROOT}, 'Invalid principal in policy: "aws"'),
            ({"User": ROOT}, 'Invalid principal in policy: "User"'),
            ({"AWS": []}, 'Invalid principal in policy: "AWS":[]'),
            ({"AWS": 111111111111}, "Syntax errors in policy."),
            ({"AWS": {"arn": ROOT}}, "Syntax errors in policy."),
        ],
    )
    def test_another_form_is_refused(self, stage: Stage, principal: object, message: str) -> None:
        found = both_ways(stage, trust(principal))
        assert (found.code, found.message) == ("MalformedPolicyDocument", message)

    def test_a_role_of_the_same_account_may_be_named_but_not_itself_while_it_is_made(
        self, stage: Stage
    ) -> None:
        arn = f"arn:aws:iam::{DESTINATION}:role/deploy"
        found = refusal(
            lambda: stage.destination.create_role(
                RoleName="deploy", AssumeRolePolicyDocument=trust({"AWS": arn})
            )
        )
        assert found.code == "MalformedPolicyDocument"
        stage.role(trusts=SOURCE)
        stage.destination.update_assume_role_policy(
            RoleName="deploy", PolicyDocument=trust({"AWS": arn})
        )
        assert principals(stage) == arn

    @pytest.mark.parametrize("character", ["\x00", "\ud800", "\x1f"])
    def test_a_name_that_xml_cannot_hold_is_refused_all_the_same(
        self, stage: Stage, character: str
    ) -> None:
        found = both_ways(stage, trust({"AWS": f"a{character}b"}))
        assert found.message == 'Invalid principal in policy: "AWS":"a\ufffdb"'


class TestHold:
    """With hold_new_principals, as AWS is for some seconds."""

    @pytest.mark.parametrize("kind", ["user", "role", "session"])
    def test_a_new_principal_is_refused(self, stage: Stage, kind: str) -> None:
        stage.user()
        stage.role("ci", trusts=SOURCE, account=SOURCE)
        principal = {
            "user": ALICE,
            "role": f"arn:aws:iam::{SOURCE}:role/ci",
            "session": f"arn:aws:sts::{SOURCE}:assumed-role/ci/build-7",
        }[kind]
        stage.sandbox._state.hold_new_principals = 60
        found = refusal(lambda: saved(stage, trust({"AWS": principal})))
        assert found.message == f'Invalid principal in policy: "AWS":"{principal}"'
        stage.sandbox._state.hold_new_principals = 0.001
        assert saved(stage, trust({"AWS": principal}))

    def test_an_account_is_never_new(self, stage: Stage) -> None:
        stage.sandbox._state.hold_new_principals = 60
        assert saved(stage, trust({"AWS": SOURCE}))


class TestUniqueIds:
    def test_a_user_made_again_is_not_trusted_until_the_trust_is_saved_again(
        self, stage: Stage
    ) -> None:
        alice = stage.user()
        arn, elsewhere = (
            stage.role(trusts=ALICE),
            stage.role("local", trusts=[ALICE, ROOT], account=SOURCE),
        )
        user_id = stage.source.get_user(UserName="alice")["User"]["UserId"]
        assert stage.session(alice, arn)
        stage.source.delete_user_policy(UserName="alice", PolicyName="assume")
        stage.source.delete_access_key(UserName="alice", AccessKeyId=alice["AccessKeyId"])
        stage.source.delete_user(UserName="alice")
        assert principals(stage) == user_id
        assert principals(stage, "local", SOURCE) == [user_id, ROOT]
        alice = stage.user()
        assert principals(stage) == user_id
        found = stage.refused(alice, arn)
        assert found.half == "destination"
        assert f"it names {user_id} by unique ID" in (found.reason or "")
        stage.destination.update_assume_role_policy(
            RoleName="deploy", PolicyDocument=trust({"AWS": ALICE})
        )
        assert stage.session(alice, arn)
        assert elsewhere

    def test_a_role_made_again_is_not_trusted_either(self, stage: Stage) -> None:
        first = stage.role("first", trusts=SOURCE, account=SOURCE, may="sts:*")
        session = f"arn:aws:sts::{SOURCE}:assumed-role/first/session"
        by_role, by_session = (
            stage.role("by-role", trusts=first),
            stage.role("by-session", trusts=session),
        )
        role_id = stage.source.get_role(RoleName="first")["Role"]["RoleId"]
        keys = stage.session(administrator(SOURCE), first)
        assert stage.session(keys, by_role)
        assert stage.session(keys, by_session)
        stage.source.delete_role_policy(RoleName="first", PolicyName="assume")
        stage.source.delete_role(RoleName="first")
        assert principals(stage, "by-role") == role_id
        assert principals(stage, "by-session") == f"{role_id}:session"
        stage.role("first", trusts=SOURCE, account=SOURCE, may="sts:*")
        keys = stage.session(administrator(SOURCE), first)
        assert stage.refused(keys, by_role).half == "destination"
        assert stage.refused(keys, by_session).half == "destination"

    def test_a_failed_deletion_changes_no_trust(self, stage: Stage) -> None:
        alice, arn = stage.user(), stage.role(trusts=SOURCE)
        stage.destination.update_assume_role_policy(
            RoleName="deploy", PolicyDocument=trust({"AWS": ALICE})
        )
        assert refusal(lambda: stage.source.delete_user(UserName="alice")).code == "DeleteConflict"
        assert principals(stage) == ALICE
        assert stage.session(alice, arn)

    def test_the_name_in_another_account_is_another(self, stage: Stage) -> None:
        stage.user()
        stage.role(trusts=ALICE)
        stage.destination.create_user(UserName="alice")
        stage.destination.delete_user(UserName="alice")
        assert principals(stage) == ALICE

    def test_a_trust_follows_a_renamed_and_moved_user(self, stage: Stage) -> None:
        alice = stage.user()
        arn = stage.role(trusts=[ALICE, ROOT])
        stage.source.update_user(UserName="alice", NewUserName="alicia", NewPath="/people/")
        assert principals(stage) == [f"arn:aws:iam::{SOURCE}:user/people/alicia", ROOT]
        stage.destination.update_assume_role_policy(
            RoleName="deploy",
            PolicyDocument=trust({"AWS": f"arn:aws:iam::{SOURCE}:user/people/alicia"}),
        )
        assert stage.session(alice, arn)
        stage.source.update_user(UserName="alicia", NewPath="/others/")
        assert principals(stage) == f"arn:aws:iam::{SOURCE}:user/others/alicia"
        assert stage.session(alice, arn)

    def test_the_id_of_somebody_is_kept_as_the_arn(self, stage: Stage) -> None:
        stage.user()
        user_id = stage.source.get_user(UserName="alice")["User"]["UserId"]
        saved(stage, trust({"AWS": user_id}))
        assert principals(stage) == ALICE

    def test_the_id_of_nobody_any_more_cannot_be_saved(self, stage: Stage) -> None:
        stage.source.create_user(UserName="alice")
        user_id = stage.source.get_user(UserName="alice")["User"]["UserId"]
        stage.source.delete_user(UserName="alice")
        found = both_ways(stage, trust({"AWS": user_id}))
        assert found.message == f'Invalid principal in policy: "AWS":"{user_id}"'
