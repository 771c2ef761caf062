"""What a component tells of a role's use, as Outputs."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import pulumi
from pydantic.alias_generators import to_camel

from cross_account_access.grants.resolved_grant import ResolvedGrant
from cross_account_access.grants.usage import Usage

from .grant_inputs import GrantInputs
from .inputs import apply_resolved

_T = TypeVar("_T")
_to_camel = cache(to_camel)


def list_outputs(component: pulumi.ComponentResource) -> dict[str, Any]:
    """Every output that a component's class declares, by its name in other languages."""
    names = inspect.get_annotations(type(component))
    return {_to_camel(name): getattr(component, name) for name in names}


def wait_for(value: pulumi.Output[_T], resources: list[pulumi.Resource]) -> pulumi.Output[_T]:
    """The same value, known once these resources are made."""

    def first(value: _T, *_urns: str) -> _T:
        return value

    return apply_resolved([value, *(resource.urn for resource in resources)], first)


class UsageOutputs:
    """How one role is used; what tells a condition's value is as secret as that is."""

    def __init__(
        self, role_arn: pulumi.Output[str], grant: GrantInputs, label: str | None = None
    ) -> None:
        def get_usage(role_arn: str, grant: ResolvedGrant) -> Usage:
            return grant.usage(role_arn, label)

        usage = apply_resolved([role_arn, grant.identified], get_usage)
        called = usage
        if grant.usable is not grant.identified:
            called = apply_resolved([role_arn, grant.usable], get_usage)
        self.switch_role_url = usage.apply(lambda usage: usage.switch_role_url)
        self.switch_role_unavailable = usage.apply(lambda usage: usage.no_switch_role)
        self.longest_session = usage.apply(lambda usage: usage.longest_session)
        self.cli_profile = called.apply(lambda usage: usage.cli_profile)
        self.assume_role_command = called.apply(lambda usage: usage.assume_role_command)


@dataclass(frozen=True)
class GrantOutputs:
    """One grant's outputs, for Python programs: each is as known and as secret as it is itself.

    The component's maps hold the same by grant, for all languages; a map is unknown or secret where
    one value in it is.
    """

    role_arn: pulumi.Output[str]
    """The role's ARN, known once both halves are deployed."""
    role_name: pulumi.Output[str]
    """The role's name."""
    role_unique_id: pulumi.Output[str] | None
    """The role's unique ID; none where `side` is `source`."""
    switch_role_url: pulumi.Output[str | None]
    """The console's switch-role URL; none where the console can't use the role."""
    switch_role_unavailable: pulumi.Output[str | None]
    """Why the console can't use the role; none where it can."""
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


def gather_map(outputs: Mapping[str, pulumi.Output[_T] | None]) -> pulumi.Output[dict[str, _T]]:
    """One Output of every grant's value, where it has one."""
    own = {grant: output for grant, output in outputs.items() if output is not None}

    def build(*values: _T | None) -> dict[str, _T]:
        pairs = zip(own, values, strict=True)
        return {grant: value for grant, value in pairs if value is not None}

    return apply_resolved([*own.values()], build)


def gather_maps(
    outputs: Mapping[str, Mapping[str, pulumi.Output[_T] | None]],
) -> pulumi.Output[dict[str, dict[str, _T]]]:
    """The same of every grant and account; a grant without any value is left out."""
    flat = {
        (grant, account): output
        for grant, accounts in outputs.items()
        for account, output in accounts.items()
        if output is not None
    }

    def build(*values: _T | None) -> dict[str, dict[str, _T]]:
        gathered: dict[str, dict[str, _T]] = {}
        for (grant, account), value in zip(flat, values, strict=True):
            if value is not None:
                gathered.setdefault(grant, {})[account] = value
        return gathered

    return apply_resolved([*flat.values()], build)
