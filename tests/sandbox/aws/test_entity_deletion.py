"""Deleting users, roles and groups: what AWS wants gone first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.conftest import SOURCE, document, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Stage

POLICY = document(Action="s3:*", Resource="*")
READING = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def check_deletion(
    delete: Callable[[], object], steps: list[tuple[str, Callable[[], object]]]
) -> None:
    """Each step is asked for until it is done; after the last one there is nothing left."""
    for what, undo in steps:
        conflict = refusal(delete)
        assert (conflict.code, conflict.status) == ("DeleteConflict", 409)
        assert conflict.message == f"Cannot delete entity, must {what} first."
        undo()
    delete()
    assert refusal(delete).code == "NoSuchEntity"


def test_deleting_a_user(stage: Stage) -> None:
    iam, alice = stage.source, {"UserName": "alice"}
    key = stage.user()["AccessKeyId"]
    serial, _ = stage.mfa_device()
    iam.create_group(GroupName="team")
    iam.add_user_to_group(GroupName="team", **alice)
    iam.attach_user_policy(PolicyArn=READING, **alice)
    iam.create_login_profile(UserName="alice", Password="correct horse")
    steps: list[tuple[str, Callable[[], object]]] = [
        ("delete login profile", lambda: iam.delete_login_profile(**alice)),
        ("delete access keys", lambda: iam.delete_access_key(AccessKeyId=key, **alice)),
        ("delete MFA device", lambda: iam.deactivate_mfa_device(SerialNumber=serial, **alice)),
        ("remove users from group", lambda: iam.remove_user_from_group(GroupName="team", **alice)),
        ("detach all policies", lambda: iam.detach_user_policy(PolicyArn=READING, **alice)),
        ("delete policies", lambda: iam.delete_user_policy(PolicyName="assume", **alice)),
    ]
    check_deletion(lambda: iam.delete_user(**alice), steps)


def test_deleting_a_role(stage: Stage) -> None:
    iam, role = stage.source, {"RoleName": "deploy"}
    stage.role(trusts=SOURCE, account=SOURCE, may="s3:*")
    iam.attach_role_policy(PolicyArn=READING, **role)
    profile = {"InstanceProfileName": "profile"}
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(**profile, **role)
    steps: list[tuple[str, Callable[[], object]]] = [
        (
            "remove roles from instance profile",
            lambda: iam.remove_role_from_instance_profile(**profile, **role),
        ),
        ("detach all policies", lambda: iam.detach_role_policy(PolicyArn=READING, **role)),
        ("delete policies", lambda: iam.delete_role_policy(PolicyName="assume", **role)),
    ]
    check_deletion(lambda: iam.delete_role(**role), steps)


def test_deleting_a_group(stage: Stage) -> None:
    iam, group = stage.source, {"GroupName": "team"}
    iam.create_group(**group)
    iam.create_user(UserName="alice")
    iam.add_user_to_group(UserName="alice", **group)
    iam.attach_group_policy(PolicyArn=READING, **group)
    iam.put_group_policy(PolicyName="p", PolicyDocument=POLICY, **group)
    steps: list[tuple[str, Callable[[], object]]] = [
        ("remove users from group", lambda: iam.remove_user_from_group(UserName="alice", **group)),
        ("detach all policies", lambda: iam.detach_group_policy(PolicyArn=READING, **group)),
        ("delete policies", lambda: iam.delete_group_policy(PolicyName="p", **group)),
    ]
    check_deletion(lambda: iam.delete_group(**group), steps)
