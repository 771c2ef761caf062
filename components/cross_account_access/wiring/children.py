"""The options of a component's children: parent, provider, and what the component itself was given for them."""

from collections.abc import Collection, Mapping

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import Refusal, make_problem
from cross_account_access.iam import limits

from .inputs import InvalidArgs


class Children:
    """Makes the options of each child.

    Pulumi hands `protect`, aliases and transforms down by itself; `retain_on_delete` and `ignore_changes` it doesn't.
    """

    def __init__(
        self,
        component: pulumi.ComponentResource,
        provider: aws.Provider,
        import_ids: Mapping[str, str],
        given: pulumi.ResourceOptions | None,
    ) -> None:
        self._import_ids = dict(import_ids)
        self._common = inherited(given, parent=component, provider=provider)

    def options(self, kind: type[pulumi.Resource], name: str) -> pulumi.ResourceOptions:
        """The options of the child of that type and name."""
        own = pulumi.ResourceOptions(import_=self._import_ids.get(resource_key(kind, name)))
        return pulumi.ResourceOptions.merge(self._common, own)


def resource_key(kind: type[pulumi.Resource], name: str) -> str:
    """What a resource is called in `imports`."""
    return f"{kind.__name__}/{name}"


def autonamed(name: str, text: limits.StringRule) -> None:
    """See that the name that Pulumi makes of a resource's, with a hyphen and seven digits, is one that AWS takes.

    Raises:
        Refusal: If it isn't.
    """
    try:
        text(f"{name}-0000000")
    except Refusal as refusal:
        remedy = f"Pulumi adds eight characters to {name}: choose another name for the component, or a label in it"
        raise Refusal(refusal.rule, code=refusal.code, remedy=remedy) from None


def check_imports(told: str, import_ids: Mapping[str, str], resources: Collection[str]) -> None:
    """See that everything that is to be imported will be made, before anything is.

    Args:
        told: The component, for messages.
        import_ids: Its `imports`.
        resources: What it will make, each by its `resource_key`.

    Raises:
        InvalidArgs: With every one that won't.
    """
    unknown = sorted(set(import_ids) - set(resources))
    if unknown:
        refused = Refusal(
            "there is no such resource to import", remedy=f"There are {', '.join(resources)}"
        )
        raise InvalidArgs(told, tuple(make_problem("imports", key, refused) for key in unknown))


def inherited(
    given: pulumi.ResourceOptions | None,
    *,
    parent: pulumi.ComponentResource,
    provider: aws.Provider,
) -> pulumi.ResourceOptions:
    """The options of a component's child, with what Pulumi doesn't hand down by itself."""
    return pulumi.ResourceOptions(
        parent=parent,
        provider=provider,
        retain_on_delete=given.retain_on_delete if given else None,
        ignore_changes=given.ignore_changes if given else None,
    )


def former_name(component_type: str, component: str, former: str) -> pulumi.Alias:
    """The alias of a grant's role under a former name; children's follow from it.

    Args:
        component_type: The type of the component that the grant is in.
        component: Its name.
        former: GRANT, or COMPONENT/GRANT for one that was in another component.
    """
    other, _, grant = former.rpartition("/")
    if not other:
        return pulumi.Alias(name=f"{component}-{grant}")
    parent = pulumi.create_urn(other, component_type)
    return pulumi.Alias(name=f"{other}-{grant}", parent=parent)
