"""The Terraform configuration of a handoff."""

from collections.abc import Iterator

from .handoff_half import AttachedPolicy, HandoffHalf
from .hcl import Block, Call, Expression


def render_configuration(half: HandoffHalf) -> str:
    """Render the configuration that deploys the half."""
    aws = {"source": "hashicorp/aws", "version": ">= 5.0"}
    blocks = [
        Block("terraform", blocks=[Block("required_providers", arguments={"aws": aws})]),
        Block("provider", ["aws"], {"region": half.region, "allowed_account_ids": [half.account]}),
        *(_build_policies(half) if half.side == "source" else _build_role(half)),
    ]
    return "\n\n".join(map(str, blocks)) + "\n"


def _build_role(half: HandoffHalf) -> Iterator[Block]:
    role = half.documents.role
    arguments = {
        "name": role.name,
        "path": role.path,
        "description": role.description,
        "max_session_duration": role.max_session_duration,
        "permissions_boundary": role.permissions_boundary,
        "assume_role_policy": Call("jsonencode", role.trust_policy),
        "tags": dict(sorted(role.tags.items())),
    }
    settings = {key: value for key, value in arguments.items() if value}
    yield Block("resource", ["aws_iam_role", "role"], settings)
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
                    policy: Call("jsonencode", role.inline_policies[policy])
                    for policy in half.inline_files
                },
                "name": Expression("each.key"),
                "role": name,
                "policy": Expression("each.value"),
            },
        )


def _build_policies(half: HandoffHalf) -> Iterator[Block]:
    for number, policy in enumerate(half.attached, start=1):
        yield from _build_policy(f"policy_{number}", policy)


def _build_policy(label: str, policy: AttachedPolicy) -> Iterator[Block]:
    arguments = {"name": policy.name, "policy": Call("jsonencode", policy.document)}
    yield Block("resource", ["aws_iam_policy", label], arguments)
    attachment = {
        policy.kind: policy.holder,
        "policy_arn": Expression(f"aws_iam_policy.{label}.arn"),
    }
    yield Block("resource", [f"aws_iam_{policy.kind}_policy_attachment", label], attachment)
