"""Managed and inline policies: documents, sizes, names, versions, attachments, deletion."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws import saved_policies
from tests.sandbox.conftest import DESTINATION, SOURCE, document, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Stage

POLICY = document(Action="s3:*", Resource="*")
READING = "arn:aws:iam::aws:policy/ReadOnlyAccess"
SYNTAX, LEGACY = "Syntax errors in policy.", "The policy failed legacy parsing"
VENDOR = "Resource vendor must be fully qualified and cannot contain regexes."
HOLDERS = pytest.mark.parametrize("kind", ["user", "group", "role"])


def make(stage: Stage, kind: str, name: str = "deploy") -> dict[str, str]:
    if kind == "role":
        stage.role(name, trusts=SOURCE, account=SOURCE)
    else:
        getattr(stage.source, f"create_{kind}")(**{f"{kind.title()}Name": name})
    return {f"{kind.title()}Name": name}


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


def sized(size: int) -> str:
    """A policy of as many characters, white space apart."""
    empty = document(Action="s3:*", Resource="arn:aws:s3:::")
    padding = "x" * (size - len("".join(empty.split())))
    return json.dumps(json.loads(empty.replace(":::", f":::{padding}")), indent=8)


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


class TestSizes:
    def test_of_a_managed_policy(self, stage: Stage) -> None:
        iam = stage.source
        arn = iam.create_policy(PolicyName="p", PolicyDocument=sized(6144))["Policy"]["Arn"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=sized(6144))
        for call in (
            lambda: iam.create_policy(PolicyName="q", PolicyDocument=sized(6145)),
            lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=sized(6145)),
        ):
            found = refusal(call)
            assert (found.code, found.status) == ("LimitExceeded", 409)
            assert found.message == "Cannot exceed quota for PolicySize: 6144"

    @pytest.mark.parametrize(("kind", "most"), [("user", 2048), ("group", 5120), ("role", 10240)])
    def test_of_all_inline_policies_together(self, stage: Stage, kind: str, most: int) -> None:
        holder = make(stage, kind)
        put: Any = getattr(stage.source, f"put_{kind}_policy")
        put(PolicyName="a", PolicyDocument=sized(1000), **holder)
        put(PolicyName="b", PolicyDocument=sized(most - 1000), **holder)
        for name, size in (("c", 100), ("b", most - 999)):
            found = refusal(partial(put, PolicyName=name, PolicyDocument=sized(size), **holder))
            assert (found.code, found.status) == ("LimitExceeded", 409)
            assert (
                found.message == f"Maximum policy size of {most} bytes exceeded for {kind} deploy"
            )
        put(PolicyName="a", PolicyDocument=sized(900), **holder)
        put(PolicyName="c", PolicyDocument=sized(100), **holder)

    @HOLDERS
    def test_a_missing_holder_is_not_found(self, stage: Stage, kind: str) -> None:
        put: Any = getattr(stage.source, f"put_{kind}_policy")
        found = refusal(
            lambda: put(PolicyName="a", PolicyDocument=POLICY, **{f"{kind.title()}Name": "missing"})
        )
        assert (found.code, found.message) == (
            "NoSuchEntity",
            f"The {kind} with name missing cannot be found.",
        )


class TestAttachments:
    def attach(self, stage: Stage, kind: str, arn: str) -> None:
        getattr(stage.source, f"attach_{kind}_policy")(
            **{f"{kind.title()}Name": "deploy", "PolicyArn": arn}
        )

    def attached(self, stage: Stage, kind: str) -> list[str]:
        lister: Any = getattr(stage.source, f"list_attached_{kind}_policies")
        return [
            policy["PolicyArn"]
            for policy in lister(**{f"{kind.title()}Name": "deploy"})["AttachedPolicies"]
        ]

    @pytest.mark.parametrize(
        ("kind", "most", "quota"),
        [
            ("user", 10, "PoliciesPerUser"),
            ("group", 10, "PoliciesPerGroup"),
            ("role", 20, "PoliciesPerRole"),
        ],
    )
    def test_their_number_has_a_bound(self, stage: Stage, kind: str, most: int, quota: str) -> None:
        make(stage, kind)
        arns = [
            stage.source.create_policy(PolicyName=f"p{number}", PolicyDocument=POLICY)["Policy"][
                "Arn"
            ]
            for number in range(most + 1)
        ]
        for arn in arns[:most]:
            self.attach(stage, kind, arn)
        self.attach(stage, kind, arns[0])
        found = refusal(lambda: self.attach(stage, kind, arns[most]))
        assert (found.code, found.status) == ("LimitExceeded", 409)
        assert found.message == f"Cannot exceed quota for {quota}: {most}"
        assert len(self.attached(stage, kind)) == most

    @HOLDERS
    @pytest.mark.parametrize(
        "arn",
        [
            f"arn:aws:iam::{SOURCE}:policy/missing",
            f"arn:aws:iam::{DESTINATION}:policy/theirs",
            "arn:aws:iam::aws:policy/NoSuchPolicy",
        ],
    )
    def test_an_unknown_policy_is_refused(self, stage: Stage, kind: str, arn: str) -> None:
        stage.destination.create_policy(PolicyName="theirs", PolicyDocument=POLICY)
        make(stage, kind)
        found = refusal(lambda: self.attach(stage, kind, arn))
        assert (found.code, found.status) == ("NoSuchEntity", 404)
        assert found.message == f"Policy {arn} does not exist or is not attachable."

    @HOLDERS
    def test_attaching_twice_counts_once(self, stage: Stage, kind: str) -> None:
        make(stage, kind)
        arn = stage.source.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
        for _ in range(2):
            self.attach(stage, kind, arn)
        assert self.attached(stage, kind) == [arn]
        assert stage.source.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1

    @HOLDERS
    @pytest.mark.parametrize(
        "arn", [READING, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
    )
    def test_awss_own_policies_are_there(self, stage: Stage, kind: str, arn: str) -> None:
        holder = make(stage, kind)
        self.attach(stage, kind, arn)
        assert self.attached(stage, kind) == [arn]
        getattr(stage.source, f"detach_{kind}_policy")(PolicyArn=arn, **holder)
        assert self.attached(stage, kind) == []

    def test_awss_own_policies_are_listed_and_read(self, stage: Stage) -> None:
        assert (
            stage.source.get_policy(PolicyArn=READING)["Policy"]["PolicyName"] == "ReadOnlyAccess"
        )
        own = stage.source.create_policy(PolicyName="own", PolicyDocument=POLICY)["Policy"]["Arn"]
        local = stage.source.list_policies(Scope="Local")["Policies"]
        assert [policy["Arn"] for policy in local] == [own]
        pages = stage.source.get_paginator("list_policies").paginate(Scope="AWS")
        arns = {policy["Arn"] for page in pages for policy in page["Policies"]}
        assert READING in arns
        assert len(arns) > 1000
        assert own not in arns


class TestLife:
    def test_a_version_may_be_made_until_there_are_five(self, stage: Stage) -> None:
        arn = stage.source.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
        for _ in range(4):
            stage.source.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY)
        found = refusal(
            lambda: stage.source.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY)
        )
        assert (found.code, found.status) == ("LimitExceeded", 409)
        stage.source.delete_policy_version(PolicyArn=arn, VersionId="v2")
        stage.source.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=True)
        assert stage.source.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v6"

    @HOLDERS
    def test_an_attached_policy_cannot_be_deleted(self, stage: Stage, kind: str) -> None:
        holder = make(stage, kind)
        arn = stage.source.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
        getattr(stage.source, f"attach_{kind}_policy")(PolicyArn=arn, **holder)
        found = refusal(lambda: stage.source.delete_policy(PolicyArn=arn))
        assert (found.code, found.message) == (
            "DeleteConflict",
            "Cannot delete a policy attached to entities.",
        )
        getattr(stage.source, f"detach_{kind}_policy")(PolicyArn=arn, **holder)
        stage.source.delete_policy(PolicyArn=arn)
        assert refusal(lambda: stage.source.delete_policy(PolicyArn=arn)).code == "NoSuchEntity"

    def test_a_boundary_cannot_be_deleted(self, stage: Stage) -> None:
        arn = stage.source.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
        stage.source.create_user(UserName="alice", PermissionsBoundary=arn)
        assert refusal(lambda: stage.source.delete_policy(PolicyArn=arn)).code == "DeleteConflict"
        stage.source.delete_user_permissions_boundary(UserName="alice")
        stage.source.delete_policy(PolicyArn=arn)

    def test_one_with_other_versions_cannot_be_deleted(self, stage: Stage) -> None:
        arn = stage.source.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
        stage.source.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY)
        found = refusal(lambda: stage.source.delete_policy(PolicyArn=arn))
        assert found.code == "DeleteConflict"
        assert found.message.startswith("This policy has more than one version.")
        stage.source.delete_policy_version(PolicyArn=arn, VersionId="v2")
        stage.source.delete_policy(PolicyArn=arn)

    def test_awss_own_policies_belong_to_aws(self, stage: Stage) -> None:
        for call in (
            lambda: stage.source.delete_policy(PolicyArn=READING),
            lambda: stage.source.create_policy_version(PolicyArn=READING, PolicyDocument=POLICY),
        ):
            assert refusal(call).code == "AccessDenied"

    def test_their_number_has_a_bound(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(saved_policies, "POLICIES", 1)
        stage.source.create_policy(PolicyName="one", PolicyDocument=POLICY)
        stage.source.get_policy(PolicyArn=READING)
        found = refusal(lambda: stage.source.create_policy(PolicyName="two", PolicyDocument=POLICY))
        assert (found.code, found.message) == (
            "LimitExceeded",
            "Cannot exceed quota for PoliciesPerAccount: 1",
        )
