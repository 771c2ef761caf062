"""Identity policies on save: which documents are taken, and how others are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws.test_saved_policies import POLICY, make
from tests.sandbox.conftest import DESTINATION, SOURCE, document, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Stage

SYNTAX, LEGACY = "Syntax errors in policy.", "The policy failed legacy parsing"
VENDOR = "Resource vendor must be fully qualified and cannot contain regexes."


def saves(stage: Stage) -> dict[str, Callable[[str], object]]:
    """Each way to save an identity policy."""
    iam = stage.source
    arn = iam.create_policy(PolicyName="versions", PolicyDocument=POLICY)["Policy"]["Arn"]
    ways: dict[str, Callable[[str], object]] = {
        "CreatePolicy": lambda text: iam.create_policy(PolicyName="new", PolicyDocument=text),
        "CreatePolicyVersion": lambda text: iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=text
        ),
    }
    for kind in ("user", "group", "role"):
        holder = make(stage, kind)
        put: Any = getattr(iam, f"put_{kind}_policy")
        ways[f"Put{kind}Policy"] = lambda text, put=put, holder=holder: put(  # type: ignore[misc]
            PolicyName="p", PolicyDocument=text, **holder
        )
    return ways


class TestDocuments:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "Syntax errors in policy."),
            ("[]", "Syntax errors in policy."),
            (document(Action="s3:*", Resource="*", version="2013-10-17"), SYNTAX),
            ('{"Version": "2012-10-17", "Statement": []}', SYNTAX),
            (
                document(Action="s3:*", Resource="*", Principal="*"),
                "Policy document should not specify a principal.",
            ),
            (
                document(Action="s3:*", Resource="*", NotPrincipal={"AWS": "*"}),
                "Policy document should not specify a principal.",
            ),
            (document(Resource="*"), "Policy statement must contain actions."),
            (document(Action=[], Resource="*"), "Policy statement must contain actions."),
            (document(Action="s3:*"), "Policy statement must contain resources."),
            (document(Action="s3:*", Resource=[]), "Policy statement must contain resources."),
            (
                document(Action="s3:*", Resource="bucket"),
                'Resource bucket must be in ARN format or "*".',
            ),
            (
                document(Action="read", Resource="*"),
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ),
            (document(Action="s3:*", NotAction="s3:*", Resource="*"), "Syntax errors in policy."),
            (document(Action="s3:*", NotResource="*", Resource="*"), "Syntax errors in policy."),
            (document(Action="s3:*", Resource="*", Effect="Permit"), SYNTAX),
            (document(Action="s3:*", Resource="*", Effect="allow"), LEGACY),
            (document(Action="s3:*", Resource="*", Condition={"Equals": {"aws:x": "y"}}), SYNTAX),
            (document(Action="*:Untag*", Resource="*"), "Vendor * is not valid"),
            (document(Action="a a:List", Resource="*"), "Vendor a a is not valid"),
            (
                document(Action="s3:List:Bucket", Resource="*"),
                "Actions/Condition can contain only one colon.",
            ),
            (document(Action="s3:*", Resource="arn:aws:*::my-bucket:x"), VENDOR),
            (document(Action="s3:*", NotResource=["*", "arn:aws:s?:::my-bucket"]), VENDOR),
            (document(Action="s3:*", Resource="arn:aws"), VENDOR),
            (document(Action="s3:*", Resource="arn:aws:s3::my-bucket"), LEGACY),
            (document(Action="s3:*", Resource="arn:aws:s3:::${AWS::AccountId}"), LEGACY),
            (
                document(Action="s3:*", Resource="*", Condition={"DateLessThan": {"x:y": "abc"}}),
                LEGACY,
            ),
            (document(Action="s3:*", Resource="*", Sid=1), SYNTAX),
            (
                document(Action="s3:*", Resource="arn:error:s3:::b"),
                'Partition "error" is not valid for resource "arn:error:s3:::b".',
            ),
            (
                document(Action="s3:*", Resource="arn:aws:s3:us-east-1::b"),
                "Resource arn:aws:s3:us-east-1::b can not contain region information.",
            ),
        ],
    )
    def test_a_wrong_one_is_refused_wherever_it_is_saved(
        self, stage: Stage, text: str, message: str
    ) -> None:
        for save in saves(stage).values():
            found = refusal(lambda save=save: save(text))  # type: ignore[misc]
            assert (found.code, found.status) == ("MalformedPolicyDocument", 400)
            assert found.message == message

    @pytest.mark.parametrize(
        "text",
        [
            POLICY,
            document(NotAction="iam:*", NotResource=["arn:aws:s3:::a", "arn:aws:s3:::b/*"]),
            document(Action="*", Resource="*", Effect="Deny", Sid="No1"),
            document(
                Action=["*:*", "ec2:Describe*"],
                Resource=[f"arn:aws:iam::{DESTINATION}:*", "arn:aws:iam::*:*"],
            ),
            document(Action="sts:AssumeRole", Resource=f"arn:aws:iam::{DESTINATION}:role/team/*"),
            document(
                Action="sts:AssumeRole",
                Resource="*",
                Condition={
                    "NumericLessThan": {"aws:MultiFactorAuthAge": [60, 3600]},
                    "Bool": {"aws:SecureTransport": True},
                },
            ),
            json.dumps({"Version": "2012-10-17", "Statement": json.loads(POLICY)["Statement"][0]}),
        ],
    )
    def test_a_right_one_is_kept_as_written(self, stage: Stage, text: str) -> None:
        for save in saves(stage).values():
            save(text)
        iam = stage.source
        shown: list[Any] = [
            iam.get_policy_version(
                PolicyArn=f"arn:aws:iam::{SOURCE}:policy/{name}", VersionId=version
            )["PolicyVersion"]["Document"]
            for name, version in (("new", "v1"), ("versions", "v2"))
        ]
        shown.append(iam.get_user_policy(UserName="deploy", PolicyName="p")["PolicyDocument"])
        shown.append(iam.get_group_policy(GroupName="deploy", PolicyName="p")["PolicyDocument"])
        shown.append(iam.get_role_policy(RoleName="deploy", PolicyName="p")["PolicyDocument"])
        assert shown == [json.loads(text)] * 5

    @pytest.mark.parametrize("version", [None, "2008-10-17"])
    def test_an_old_one_is_saved_inline_only(self, stage: Stage, version: str | None) -> None:
        text = document(
            Action="s3.s:ListBucket", Resource="*", Condition={"x": {}}, version=version
        )
        for action, save in saves(stage).items():
            if action.startswith("Put"):
                save(text)
                continue
            found = refusal(lambda save=save: save(text))  # type: ignore[misc]
            assert found.code == "MalformedPolicyDocument"
            assert found.message == "Policy document must be version 2012-10-17 or greater."
        kept = stage.source.get_role_policy(RoleName="deploy", PolicyName="p")["PolicyDocument"]
        assert kept == json.loads(text)

    @pytest.mark.parametrize("version", [None, "2008-10-17", "2012-10-17"])
    def test_a_session_policy_is_checked_as_an_inline_one(
        self, stage: Stage, version: str | None
    ) -> None:
        alice, arn = stage.user(), stage.role(trusts=SOURCE)
        stage.session(alice, arn, Policy=document(Action="s3:*", Resource="*", version=version))
        for wrong in (
            document(Action="*:Untag*", Resource="*", version=version),
            document(Action="s3:*", Resource="arn:aws:*:::x", version=version),
            document(Action="s3:*", Resource="*", version="2013-10-17"),
        ):
            assert stage.refused(alice, arn, Policy=wrong).code == "MalformedPolicyDocument"

    @pytest.mark.parametrize(("version", "let_in"), [("2012-10-17", True), ("2008-10-17", False)])
    def test_an_old_ones_variables_are_plain_text(
        self, stage: Stage, version: str, *, let_in: bool
    ) -> None:
        alice = stage.user(may=None)
        arn = stage.role("alice", trusts=SOURCE)
        own = f"arn:aws:iam::{DESTINATION}:role/${{aws:username}}"
        text = document(Action="sts:AssumeRole", Resource=own, version=version)
        stage.source.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=text)
        if let_in:
            assert stage.session(alice, arn)
        else:
            assert stage.refused(alice, arn).half == "source"
