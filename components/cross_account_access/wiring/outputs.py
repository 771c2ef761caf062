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
_Keys = TypeVar("_Keys", bound=tuple[str, ...])
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
        self.longest_session = grant.identified.apply(
            lambda resolved: resolved.grant.longest_session
        )
        self.cli_profile = called.apply(lambda usage: usage.cli_profile)
        self.assume_role_command = called.apply(lambda usage: usage.assume_role_command)


@dataclass(frozen=True)
class GrantOutputs:
    """One grant's outputs, for Python programs: each is as known and as secret as it is itself.

    The component's maps hold the same by grant, for all languages; a map is unknown or secret where
    one value in it is.
    """

    summary: pulumi.Output[str]
    """What the grant gives, in one line, with no secret in it. It changes whenever anything of the
    grant does."""
    role_arn: pulumi.Output[str]
    """The role's ARN; to be used once both halves are deployed, which it waits for."""
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


_MAPS = {
    "summaries": "summary",
    "role_arns": "role_arn",
    "role_names": "role_name",
    "role_unique_ids": "role_unique_id",
    "switch_role_urls": "switch_role_url",
    "switch_role_unavailable": "switch_role_unavailable",
    "cli_profiles": "cli_profile",
    "longest_sessions": "longest_session",
    "unattached_policies": "unattached_policy",
    "assume_role_commands": "assume_role_command",
    "documents": "documents",
}


def set_maps(component: pulumi.ComponentResource, granted: Mapping[_Keys, GrantOutputs]) -> None:
    """Set a component's outputs that are maps of all grants' outputs.

    Args:
        component: The component.
        granted: The grants' outputs by the keys to each: the grant's name, or that and an
            account's.
    """
    for name, output in _MAPS.items():
        values = {keys: getattr(one, output) for keys, one in granted.items()}
        setattr(component, name, _gather_map(values))


def _gather_map(
    outputs: Mapping[_Keys, pulumi.Output[Any] | None],
) -> pulumi.Output[dict[str, Any]]:
    """One Output of every value there is, by its keys."""
    own = {keys: output for keys, output in outputs.items() if output is not None}

    def build(*values: Any) -> dict[str, Any]:
        gathered: dict[str, Any] = {}
        for (*outer, last), value in zip(own, values, strict=True):
            if value is not None:
                inner = gathered
                for key in outer:
                    inner = inner.setdefault(key, {})
                inner[last] = value
        return gathered

    return apply_resolved([*own.values()], build)
