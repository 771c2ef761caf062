"""What a component tells of a role's use, as Outputs."""

import inspect
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic.alias_generators import to_camel

from . import arns
from .grants import RoleModel, TrustModel
from .usage import Usage


def registered(component: pulumi.ComponentResource) -> dict[str, Any]:
    """Every output that a component's class declares, by the name that other languages and the state have for it."""
    names = inspect.get_annotations(type(component))
    return {to_camel(name): getattr(component, name) for name in names}


@dataclass(frozen=True)
class UsageOutputs:
    """`usage.Usage` of one role; what tells the external ID is as secret as that is."""

    switch_role_url: pulumi.Output[str | None]
    switch_role_unavailable: pulumi.Output[str | None]
    cli_profile: pulumi.Output[str]
    assume_role_command: pulumi.Output[str]


def usage_outputs(
    role_arn: pulumi.Output[str],
    principals: pulumi.Output[list[str]],
    trust: TrustModel,
    role: RoleModel,
    external_id: pulumi.Input[str] | None,
) -> UsageOutputs:
    """Tell how a role is used.

    Args:
        role_arn: Its ARN.
        principals: The trusted principals' ARNs.
        trust: Who is trusted under which conditions, as far as that was known.
        role: The role's settings.
        external_id: The external ID, where the trust policy asks for one.
    """

    def usage(known: list[Any]) -> Usage:
        arn, trusted = known
        parsed = arns.parse(arn)
        if parsed is None:
            raise ValueError(f"{arn} is no role's ARN")
        return Usage(
            role=parsed,
            label=parsed.name,
            users=[principal for principal in trusted if arns.kind_of(principal) == "user"],
            chained=any(arns.kind_of(principal) == "role" for principal in trusted),
            needs_mfa=bool(trust.conditions and trust.conditions.needs_mfa),
            needs_external_id=external_id is not None,
            max_session_duration=role.max_session_duration,
        )

    told = pulumi.Output.all(role_arn, principals).apply(usage)
    with_id = pulumi.Output.all(told, external_id)
    return UsageOutputs(
        switch_role_url=told.apply(lambda known: known.switch_role_url),
        switch_role_unavailable=told.apply(lambda known: known.no_switch_role),
        cli_profile=with_id.apply(lambda known: known[0].cli_profile(known[1])),
        assume_role_command=with_id.apply(lambda known: known[0].assume_role_command(known[1])),
    )
