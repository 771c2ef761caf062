"""Two emulated accounts without a stack, a user and a role in them, and what keeps them apart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.aws.server import client
from sandbox.proof.person import make_session_sts

if TYPE_CHECKING:
    from types_boto3_sts import STSClient

    from sandbox.aws.server import Sandbox

SOURCE, DESTINATION = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{DESTINATION}:role/target"


def statement(
    effect: str = "Allow", resource: str = ROLE, action: Any = "sts:AssumeRole", **more: Any
) -> Any:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusts(
    *principals: str, effect: str = "Allow", action: Any = "sts:AssumeRole", **condition: Any
) -> Any:
    named = {"Effect": effect, "Principal": {"AWS": list(principals)}, "Action": action}
    return named | ({"Condition": condition} if condition else {})


ROOT = f"arn:aws:iam::{SOURCE}:root"
DENY = statement("Deny", "*", "sts:*")


@dataclass(frozen=True)
class Damage:
    """A user and a role, one of which has something that keeps them apart.

    Attributes:
        half: Which half refuses; None for neither.
        kind: What refuses.
        own: The user's inline policies.
        trust: The role's trust.
        boundary: The user's boundary.
        group: The policies of the user's group.
        options: What the call comes with, as told to the command.
        call: The same as told to STS.
        policy: Part of the policy's name that it rests on.
        says: What the text or the remedies name.
    """

    half: str | None
    kind: str = ""
    own: tuple[Any, ...] = (statement(),)
    trust: tuple[Any, ...] = (trusts(ROOT),)
    boundary: Any = None
    group: tuple[Any, ...] = ()
    options: str = ""
    call: dict[str, Any] = field(default_factory=dict)
    policy: str = ""
    says: str = ""


@dataclass
class World:
    """Two emulated accounts without a stack, and their administrators' profiles."""

    sandbox: Sandbox

    def __post_init__(self) -> None:
        self.source = client("iam", self.sandbox.endpoint, account=SOURCE)
        self.destination = client("iam", self.sandbox.endpoint, account=DESTINATION)

    def user(self, name: str) -> STSClient:
        """Make a user; STS with its keys."""
        self.source.create_user(UserName=name)
        key = self.source.create_access_key(UserName=name)["AccessKey"]
        return make_session_sts(self.sandbox.endpoint, {**key, "SessionToken": None})

    def role(self, name: str, *statements: Any) -> str:
        """Make the destination's role; its ARN."""
        made = self.destination.create_role(
            RoleName=name, AssumeRolePolicyDocument=policy(*statements)
        )
        return made["Role"]["Arn"]

    def damaged(self, damage: Damage, number: int) -> tuple[STSClient, str, str]:
        """Make the user and the role: STS with the user's keys, the user's ARN and the role's."""
        name, iam = f"user-{number}", self.source

        def of_this(document: Any) -> str:
            return policy(document).replace(ROLE, f"{ROLE}-{number}")

        sts = self.user(name)
        for place, document in enumerate(damage.own):
            iam.put_user_policy(
                UserName=name, PolicyName=f"own-{place}", PolicyDocument=of_this(document)
            )
        if damage.group:
            iam.create_group(GroupName=f"{name}-group")
            iam.add_user_to_group(GroupName=f"{name}-group", UserName=name)
        for place, document in enumerate(damage.group):
            text = of_this(document)
            iam.put_group_policy(
                GroupName=f"{name}-group", PolicyName=f"group-{place}", PolicyDocument=text
            )
        if damage.boundary:
            made = iam.create_policy(
                PolicyName=f"boundary-{number}", PolicyDocument=of_this(damage.boundary)
            )
            iam.put_user_permissions_boundary(
                UserName=name, PermissionsBoundary=made["Policy"]["Arn"]
            )
        return (
            sts,
            f"arn:aws:iam::{SOURCE}:user/{name}",
            self.role(f"target-{number}", *damage.trust),
        )
