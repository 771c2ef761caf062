"""The Terraform configuration, complete by itself."""

from collections.abc import Iterator

from .handoff_half import Attached, Side
from .hcl import Block, Call, Expression, encoded


def configuration(side: Side) -> str:
    """The configuration that makes the side."""
    aws = {"source": "hashicorp/aws", "version": ">= 5.0"}
    blocks = [
        Block("terraform", blocks=[Block("required_providers", arguments={"aws": aws})]),
        Block("provider", ["aws"], {"region": side.region, "allowed_account_ids": [side.account]}),
        *(_source(side) if side.half == "source" else _destination(side)),
    ]
    return "\n\n".join(map(str, blocks)) + "\n"


def _destination(side: Side) -> Iterator[Block]:
    role = side.documents.role
    arguments = {
        "name": role.name,
        "path": role.path,
        "description": role.description,
        "max_session_duration": role.max_session_duration,
        "permissions_boundary": role.permissions_boundary,
        "assume_role_policy": encoded(role.trust_policy),
        "tags": dict(sorted(role.tags.items())),
    }
    yield Block(
        "resource",
        ["aws_iam_role", "role"],
        {key: value for key, value in arguments.items() if value},
    )
    name = Expression("aws_iam_role.role.name")
    if role.managed_policies:
        yield Block(
            "resource",
            ["aws_iam_role_policy_attachment", "managed"],
            {
                "for_each": Call("toset", role.managed_policies),
                "role": name,
                "policy_arn": Expression("each.key"),
            },
        )
    if role.inline_policies:
        yield Block(
            "resource",
            ["aws_iam_role_policy", "inline"],
            {
                "for_each": {
                    policy: encoded(role.inline_policies[policy]) for policy in side.inline_files
                },
                "name": Expression("each.key"),
                "role": name,
                "policy": Expression("each.value"),
            },
        )


def _source(side: Side) -> Iterator[Block]:
    for number, policy in enumerate(side.attached, start=1):
        yield from _policy(f"policy_{number}", policy)


def _policy(label: str, policy: Attached) -> Iterator[Block]:
    arguments = {"name": policy.name, "policy": encoded(policy.document)}
    yield Block("resource", ["aws_iam_policy", label], arguments)
    attachment = {
        policy.kind: policy.holder,
        "policy_arn": Expression(f"aws_iam_policy.{label}.arn"),
    }
    yield Block("resource", [f"aws_iam_{policy.kind}_policy_attachment", label], attachment)
