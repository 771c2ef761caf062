"""Managed and inline policies: documents, sizes, names, versions, attachments, deletion."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws import saved_policies
from tests.sandbox.conftest import DESTINATION, SOURCE, document, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

POLICY = document(Action="s3:*", Resource="*")
READING = "arn:aws:iam::aws:policy/ReadOnlyAccess"
HOLDERS = pytest.mark.parametrize("kind", ["user", "group", "role"])


def make(stage: Stage, kind: str, name: str = "deploy") -> dict[str, str]:
    if kind == "role":
        stage.role(name, trusts=SOURCE, account=SOURCE)
    else:
        getattr(stage.source, f"create_{kind}")(**{f"{kind.title()}Name": name})
    return {f"{kind.title()}Name": name}


def sized(size: int) -> str:
    """A policy of as many characters, white space apart."""
    empty = document(Action="s3:*", Resource="arn:aws:s3:::")
    padding = "x" * (size - len("".join(empty.split())))
    return json.dumps(json.loads(empty.replace(":::", f":::{padding}")), indent=8)


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
        ("kind", "raised", "most", "quota"),
        [
            ("user", {}, 10, "PoliciesPerUser"),
            ("group", {}, 10, "PoliciesPerGroup"),
            ("role", {}, 10, "PoliciesPerRole"),
            ("user", {"policies_per_user": 12}, 12, "PoliciesPerUser"),
            ("user", {"policies_per_user": 3}, 10, "PoliciesPerUser"),  # AWS lowers none
            ("user", {"policies_per_role": 12}, 10, "PoliciesPerUser"),
            ("group", {"policies_per_user": 20, "policies_per_role": 25}, 10, "PoliciesPerGroup"),
            ("role", {"policies_per_role": 25}, 25, "PoliciesPerRole"),
            ("role", {"policies_per_user": 20}, 10, "PoliciesPerRole"),
        ],
    )
    def test_their_number_has_a_bound(
        self,
        stage: Stage,
        kind: str,
        raised: dict[str, int],
        most: int,
        quota: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(stage.sandbox._state, "quotas", raised)
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
