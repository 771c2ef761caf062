"""What a component tells of a role's use, as Outputs."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic.alias_generators import to_camel

from cross_account_access.grants.grant import RoleGrantModel
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.usage import Usage
from cross_account_access.iam import arns

from .inputs import Account, once_known


def registered(component: pulumi.ComponentResource) -> dict[str, Any]:
    """Every output that a component's class declares, by the name that other languages and the state have for it."""
    names = inspect.get_annotations(type(component))
    return {to_camel(name): getattr(component, name) for name in names}


@dataclass(frozen=True)
class TrustedPrincipals:
    """Whom a role trusts.

    Attributes:
        principals: The principals.
        source: The account that they are of.
    """

    principals: list[PrincipalModel]
    source: Account


@dataclass(frozen=True)
class UsageOutputs:
    """`usage.Usage` of one role; what tells the external ID is as secret as that is.

    Attributes:
        told: All but what tells the external ID.
        external_id: The external ID.
    """

    told: pulumi.Output[Usage]
    external_id: pulumi.Input[str] | None

    @property
    def switch_role_url(self) -> pulumi.Output[str | None]:
        return self.told.apply(lambda known: known.switch_role_url)

    @property
    def switch_role_unavailable(self) -> pulumi.Output[str | None]:
        return self.told.apply(lambda known: known.no_switch_role)

    @property
    def longest_session(self) -> pulumi.Output[int]:
        return self.told.apply(lambda known: known.longest_session)

    @property
    def cli_profile(self) -> pulumi.Output[str]:
        return once_known(
            [self.told, self.external_id], lambda known: known[0].cli_profile(known[1])
        )

    @property
    def assume_role_command(self) -> pulumi.Output[str]:
        return once_known(
            [self.told, self.external_id], lambda known: known[0].assume_role_command(known[1])
        )


def usage_outputs(
    role_arn: pulumi.Output[str],
    trusted: pulumi.Output[TrustedPrincipals],
    model: RoleGrantModel,
    args: Mapping[str, Any],
) -> UsageOutputs:
    """Tell how a role is used.

    Args:
        role_arn: Its ARN.
        trusted: Who is trusted, known but for what their conditions leave open.
        model: The grant as far as it was known.
        args: The grant as it was given, for the external ID.
    """

    def usage(known: list[Any]) -> Usage:
        arn, whom = known
        role = arns.parse_arn(arn)
        if role is None:
            raise ValueError(f"{arn} is no role's ARN")
        longest = model.role.max_session_duration
        return Usage(
            role, role.name, whom.principals, model.conditions, whom.source.id, longest, lead
        )

    lead = min(range(len(model.principals)), key=lambda position: model.principals[position].rank)
    told = once_known([role_arn, trusted], usage)
    conditions = {**args.get("conditions", {}), **args["principals"][lead].get("conditions", {})}
    return UsageOutputs(told, conditions.get("external_id"))


@dataclass(frozen=True)
class GrantOutputs:
    """One grant's outputs, for Python programs: each is as known and as secret as it is itself.

    The component's maps hold the same by grant, for all languages; a map is unknown or secret where one value in it is.
    """

    role_arn: pulumi.Output[str]
    """The role's ARN, known once both halves stand."""
    role_name: pulumi.Output[str]
    """The role's name."""
    role_unique_id: pulumi.Output[str] | None
    """The role's unique id; none where `side` is `source`."""
    switch_role_url: pulumi.Output[str | None]
    """The console's switch-role URL; none where the console can't use the role."""
    switch_role_unavailable: pulumi.Output[str | None]
    """Why it can't; none where it can."""
    cli_profile: pulumi.Output[str]
    """A profile for `~/.aws/config`; `source_profile` in it is to be the caller's own."""
    longest_session: pulumi.Output[int]
    """How long a session lasts at most, in seconds."""
    unattached_policy: pulumi.Output[str] | None
    """The policy that can't be attached from here; none where there is none."""
    assume_role_command: pulumi.Output[str]
    """The `aws sts assume-role` command."""
    documents: pulumi.Output[str]
    """What both accounts have of the grant, as JSON."""


def each(outputs: Mapping[str, pulumi.Output[Any] | None]) -> pulumi.Output[dict[str, Any]]:
    """One output of every grant that has it."""
    return once_known(
        {grant: output for grant, output in outputs.items() if output is not None}, dict
    )


def of_each(told: Callable[[Usage], Any]) -> Callable[[Mapping[str, Usage]], dict[str, Any]]:
    """What every grant's usage tells, where it tells it."""
    return lambda usages: {
        grant: value for grant, usage in usages.items() if (value := told(usage)) is not None
    }


def with_ids(told: Callable[[Usage, str | None], str]) -> Callable[[list[Any]], dict[str, str]]:
    """What every grant's usage tells together with its external ID."""
    return lambda known: {grant: told(usage, known[1][grant]) for grant, usage in known[0].items()}
