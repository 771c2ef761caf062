"""Trust policies on save: principals, what becomes of them, grammar and size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import DESTINATION, SOURCE, administrator, document, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Refusal, Stage

ALICE = f"arn:aws:iam::{SOURCE}:user/alice"
ROOT = f"arn:aws:iam::{SOURCE}:root"


def trust(principal: object, **more: Any) -> str:
    statement: dict[str, Any] = {"Principal": principal, "Action": "sts:AssumeRole"}
    return document(**statement | more)


def saved(stage: Stage, text: str) -> dict[str, Any]:
    """The trust policy of a new role, as AWS shows it."""
    stage.destination.create_role(RoleName="deploy", AssumeRolePolicyDocument=text)
    found: Any = stage.destination.get_role(RoleName="deploy")["Role"]["AssumeRolePolicyDocument"]
    return dict(found)


def principals(stage: Stage, role: str = "deploy", account: str = DESTINATION) -> Any:
    found: Any = stage.iam(account).get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    return found["Statement"][0]["Principal"]["AWS"]


def both_ways(stage: Stage, text: str) -> Refusal:
    """How a trust policy is refused, by CreateRole and by UpdateAssumeRolePolicy alike."""
    created = refusal(
        lambda: stage.destination.create_role(RoleName="deploy", AssumeRolePolicyDocument=text)
    )
    assert stage.destination.list_roles()["Roles"] == []
    stage.role("other", trusts=SOURCE)
    updated = refusal(
        lambda: stage.destination.update_assume_role_policy(RoleName="other", PolicyDocument=text)
    )
    assert (updated.code, updated.message) == (created.code, created.message)
    assert principals(stage, "other") == ROOT
    return created


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

    def test_everyone_may_be_written_without_a_kind(self, stage: Stage) -> None:
        assert saved(stage, trust("*"))["Statement"][0]["Principal"] == "*"
        assert stage.session(administrator(SOURCE), f"arn:aws:iam::{DESTINATION}:role/deploy")

    @pytest.mark.parametrize(
        "principal",
        [
            {"Service": "ec2.amazonaws.com"},
            {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
            {"Federated": "cognito-identity.amazonaws.com"},
            {"AWS": ROOT, "Service": "ec2.amazonaws.com"},
        ],
    )
    def test_other_kinds_are_taken(self, stage: Stage, principal: object) -> None:
        assert saved(stage, trust(principal))["Statement"][0]["Principal"] == principal

    @pytest.mark.parametrize(
        ("principal", "message"),
        [
            ("alice", "Principal must be a JSON object."),
            ([ROOT], "Principal must be a JSON object."),
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
        assert f"it names {user_id} by unique id" in (found.reason or "")
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


class TestGrammar:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "This policy contains invalid Json"),
            ("[" * 50_000, "This policy contains invalid Json"),
            ("[]", "Syntax errors in policy."),
            (
                '{"Version": "2012-10-17", "Version": "2012-10-17"}',
                "This policy contains invalid Json",
            ),
            ("{}", "Could not parse the policy: Statement is empty!"),
            ('{"Statement": []}', "Could not parse the policy: Statement is empty!"),
            ('{"Statement": ["x"]}', "Syntax errors in policy."),
            ('{"Statement": [], "Sid": "x"}', "Syntax errors in policy."),
            (
                trust({"AWS": SOURCE}, version="2012-10-18"),
                "The policy must contain a valid version string",
            ),
            (trust({"AWS": SOURCE}, Resource="*"), "Has prohibited field Resource"),
            (trust({"AWS": SOURCE}, NotResource="*"), "Has prohibited field NotResource"),
            (document(Action="sts:AssumeRole"), "Missing required field Principal"),
            (
                document(NotPrincipal={"AWS": SOURCE}, Action="sts:AssumeRole"),
                "AssumeRole policy must not contain NotPrincipal field.",
            ),
            (document(Principal={"AWS": SOURCE}), "Missing required field Action"),
            (trust({"AWS": SOURCE}, Action=[]), "Missing required field Action"),
            (
                trust({"AWS": SOURCE}, Action="*"),
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
            (
                trust({"AWS": SOURCE}, Action="s3:*"),
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
            (
                trust({"AWS": SOURCE}, Action=["sts:AssumeRole", "sts:TagSessions"]),
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
            (trust({"AWS": SOURCE}, Action=1), "Syntax errors in policy."),
            (trust({"AWS": SOURCE}, Effect=None), "Missing required field Effect"),
            (trust({"AWS": SOURCE}, Effect="allow"), "Invalid effect: allow"),
            (trust({"AWS": SOURCE}, Other=1), "Syntax errors in policy."),
            (trust({"AWS": SOURCE}, Condition=[]), "Syntax errors in policy."),
            (trust({"AWS": SOURCE}, Condition={"StringEquals": "x"}), "Syntax errors in policy."),
            (
                trust({"AWS": SOURCE}, Condition={"Bool": {"aws:x": None}}),
                "Syntax errors in policy.",
            ),
            (
                trust({"AWS": SOURCE}, Condition={"Bool": {"aws:x": [{}]}}),
                "Syntax errors in policy.",
            ),
            (
                trust({"AWS": SOURCE}, Condition={"StringEqual": {}}),
                "Invalid Condition type : StringEqual.",
            ),
            (
                trust({"AWS": SOURCE}, Condition={"NullIfExists": {}}),
                "Invalid Condition type : NullIfExists.",
            ),
        ],
    )
    def test_a_wrong_document_is_refused(self, stage: Stage, text: str, message: str) -> None:
        found = both_ways(stage, text)
        assert (found.code, found.status) == ("MalformedPolicyDocument", 400)
        assert found.message == message

    @pytest.mark.parametrize("sid", ["with-dash", "with space", "ü", "a_b"])
    def test_a_sid_has_letters_and_digits_only(self, stage: Stage, sid: str) -> None:
        found = both_ways(stage, trust({"AWS": SOURCE}, Sid=sid))
        assert found.code == "MalformedPolicyDocument"
        assert found.message.startswith("Statement IDs (SID) must be alpha-numeric.")

    def test_sids_must_differ(self, stage: Stage) -> None:
        statement = json.loads(trust({"AWS": SOURCE}, Sid="one"))["Statement"][0]
        found = both_ways(
            stage, json.dumps({"Version": "2012-10-17", "Statement": [statement, statement]})
        )
        assert found.message == "Statement IDs (SID) in a single policy must be unique."

    @pytest.mark.parametrize(
        "text",
        [
            trust({"AWS": ROOT}, Sid="aB1"),
            trust({"AWS": ROOT}, Sid=""),
            trust({"AWS": ROOT}, version="2008-10-17"),
            trust({"AWS": ROOT}, version=None),
            trust({"AWS": ROOT}, Effect="Deny"),
            trust(
                {"AWS": ROOT}, Action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
            ),
            trust({"AWS": ROOT}, Action="STS:assumerole"),
            trust({"AWS": ROOT}, Action="sts:*"),
            trust({"AWS": ROOT}, Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}),
            trust({"AWS": ROOT}, Condition={"Bool": {"aws:MultiFactorAuthPresent": True}}),
            trust(
                {"AWS": ROOT},
                Condition={"ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": ["o-*"]}},
            ),
            trust({"AWS": ROOT}, Condition={"Null": {"aws:SourceIdentity": "false"}}),
            trust({"AWS": ROOT}, Condition={}),
            json.dumps(
                {
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"AWS": ROOT},
                        "Action": "sts:AssumeRole",
                    }
                }
            ),
        ],
    )
    def test_a_right_document_is_kept_as_written(self, stage: Stage, text: str) -> None:
        assert saved(stage, text) == json.loads(text)
        stage.destination.update_assume_role_policy(
            RoleName="deploy", PolicyDocument=trust({"AWS": SOURCE})
        )
        stage.destination.update_assume_role_policy(RoleName="deploy", PolicyDocument=text)
        found: Any = stage.destination.get_role(RoleName="deploy")["Role"][
            "AssumeRolePolicyDocument"
        ]
        assert found == json.loads(text)

    def test_its_quota_counts_characters_without_white_space(self, stage: Stage) -> None:
        def text(size: int) -> str:
            empty = trust({"AWS": ROOT}, Condition={"StringEquals": {"sts:ExternalId": ""}})
            padding = "x" * (size - len("".join(empty.split())))
            return json.dumps(json.loads(empty.replace('""', f'"{padding}"')), indent=20)

        found = both_ways(stage, text(2049))
        assert (found.code, found.status) == ("LimitExceeded", 409)
        assert found.message == "Cannot exceed quota for ACLSizePerRole: 2048"
        assert len(text(2048)) > 2048
        assert saved(stage, text(2048))

    def test_a_missing_role_has_no_trust_to_save(self, stage: Stage) -> None:
        found = refusal(
            lambda: stage.destination.update_assume_role_policy(
                RoleName="missing", PolicyDocument=trust({"AWS": SOURCE})
            )
        )
        assert (found.code, found.status) == ("NoSuchEntity", 404)
        assert found.message == "The role with name missing cannot be found."
