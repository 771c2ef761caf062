"""The options of a component's children: parent, provider, imports, and what is handed down."""

from collections.abc import Collection, Mapping

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import Refusal, make_problem, suggest_names
from cross_account_access.grants.grant import GrantModel

from .inputs import InvalidArgs


class Children:
    """Makes the options of each child.

    Pulumi hands `protect`, aliases and transforms down by itself; `retain_on_delete` and
    `ignore_changes` it doesn't.
    """

    def __init__(
        self,
        component: pulumi.ComponentResource,
        provider: aws.Provider,
        import_ids: Mapping[str, str],
        given: pulumi.ResourceOptions | None,
    ) -> None:
        self._import_ids = import_ids
        self._component = component
        self._provider = provider
        self._given = given

    def options(
        self, kind: type[pulumi.Resource], name: str, *secret_outputs: str
    ) -> pulumi.ResourceOptions:
        """The options of the child of that type and name.

        Args:
            kind: The type.
            name: The name.
            secret_outputs: Outputs in which AWS's provider repeats what may be a secret input of
                another name. Pulumi hides a secret input only in the output of its own name.
        """
        options = hand_down_options(self._given, parent=self._component, provider=self._provider)
        options.additional_secret_outputs = list(secret_outputs) or None
        options.import_ = self._import_ids.get(build_resource_key(kind, name))
        return options

    def options_with_role(
        self, kind: type[pulumi.Resource], name: str, role: pulumi.Resource
    ) -> pulumi.ResourceOptions:
        """The options of a permission of `role`: where the role is retained, it stays with it.

        Retained itself, a permission would stay even if it alone were taken from the role.
        """
        options = self.options(kind, name)
        if options.retain_on_delete:
            # Not None, in whose place the engine takes the component's.
            options.retain_on_delete, options.deleted_with = False, role
        return options


def build_resource_key(kind: type[pulumi.Resource], name: str) -> str:
    """What a resource is called in `imports`."""
    return f"{kind.__name__}/{name}"


def check_imports(
    component: str, import_ids: Mapping[str, str], resources: Collection[str]
) -> None:
    """Check that everything that is to be imported will be made, before anything is.

    Args:
        component: The component's type and name, for messages.
        import_ids: Its `imports`.
        resources: What it will make, each by its key in `imports`.

    Raises:
        InvalidArgs: With every one that won't.
    """
    unknown = sorted(set(import_ids) - set(resources))
    if unknown:
        problems = tuple(
            make_problem(
                "imports",
                key,
                Refusal(
                    "must be a resource that this component makes",
                    code="unknown-import",
                    remedy=suggest_names(key, resources),
                ),
            )
            for key in unknown
        )
        raise InvalidArgs(component, problems)


def hand_down_options(
    given: pulumi.ResourceOptions | None,
    *,
    parent: pulumi.ComponentResource,
    provider: aws.Provider,
    grant: GrantModel | None = None,
) -> pulumi.ResourceOptions:
    """The options of a component's child, with what Pulumi doesn't hand down by itself.

    Args:
        given: The component's own options.
        parent: The component.
        provider: The child's AWS provider.
        grant: The grant whose role the child is: what it sets takes the place of the component's.
    """
    ignored = given.ignore_changes if given else None
    retain = given.retain_on_delete if given else None
    return pulumi.ResourceOptions(
        parent=parent,
        provider=provider,
        protect=grant.protect if grant else None,  # Pulumi hands down the component's
        retain_on_delete=retain if grant is None or grant.retain is None else grant.retain,
        # A copy, for Pulumi reads it later than the caller may change it.
        ignore_changes=list(ignored) if ignored else None,
    )


def build_alias(component_type: str, component: str, former: str, name: str) -> pulumi.Alias:
    """The alias of a grant's role under a former name; children's follow from it.

    Args:
        component_type: The type of the component that the grant is in.
        component: Its name.
        former: The name of the component that the grant was in.
        name: The role's name there.
    """
    if former == component:
        return pulumi.Alias(name=name)
    return pulumi.Alias(name=name, parent=pulumi.create_urn(former, component_type))
