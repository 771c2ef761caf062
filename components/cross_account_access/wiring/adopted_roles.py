"""What an imported role has that its grant doesn't define: told before anything is changed."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import escape_invisible, join_path

from .inputs import apply_resolved
from .role_inputs import RoleInputs


def warn_of_unmanaged(
    component: pulumi.Resource,
    role: aws.iam.Role,
    inputs: RoleInputs,
    policy_arns: Iterable[pulumi.Output[str]],
) -> None:
    """Warn of the policies that an imported role has and its grant doesn't.

    An import reads them with the role, in a preview too.

    Args:
        component: The component at which the warning is shown.
        role: The role.
        inputs: What the grant defines.
        policy_arns: The ARNs of the managed policies that the grant attaches.
    """

    def warn(attached: Any, inline: Any, *own_arns: str | None) -> None:
        names = {policy.name for policy in inline or () if policy.name}
        unmanaged = {
            "managed policy": {*(attached or ())} - {*own_arns},
            "inline policy": names - {*inputs.role.inline_policy_names},
        }
        if any(unmanaged.values()):
            args = inputs.grant.args
            where = f"{args.component}: {join_path(args.path, ('role',))}"
            pulumi.warn(escape_invisible(f"{where}: {_describe(unmanaged)}"), component)

    found = [role.managed_policy_arns, role.inline_policies]
    apply_resolved([*found, *map(_settle, policy_arns)], warn)


def _settle(output: pulumi.Output[str]) -> pulumi.Output[str | None]:
    """The same Output, but known from the start: None while it isn't."""
    known = asyncio.get_running_loop().create_future()
    known.set_result(True)
    return pulumi.Output(set(), output.future(), known)


def _describe(unmanaged: Mapping[str, set[str]]) -> str:
    parts = [f"{noun} {', '.join(sorted(names))}" for noun, names in unmanaged.items() if names]
    return (
        f"the imported role also has {'; '.join(parts)}, which the grant doesn't define. Pulumi "
        "leaves that on the role until it deletes the role. Add it to the grant and to imports, or "
        "remove it from the role"
    )
