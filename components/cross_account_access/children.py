"""The options of a component's children: parent, provider, and what the component itself was given for them."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from .errors import Refusal, problem
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
        self._component = component
        self._import_ids = dict(import_ids)
        self._names: list[str] = []
        self._common = inherited(given, parent=component, provider=provider)

    def options(self, kind: type[pulumi.Resource], name: str) -> pulumi.ResourceOptions:
        """The options of the child of that type and name."""
        key = f"{kind.__name__}/{name}"
        self._names.append(key)
        own = pulumi.ResourceOptions(import_=self._import_ids.get(key))
        return pulumi.ResourceOptions.merge(self._common, own)

    def check(self) -> None:
        """See that everything that was to be imported is a child.

        Raises:
            InvalidArgs: If it isn't.
        """
        unknown = sorted(set(self._import_ids) - set(self._names))
        if unknown:
            refused = Refusal("there is no such resource to import", remedy=f"There are {', '.join(self._names)}")
            told = f"{type(self._component).__name__} {self._component._name}"  # noqa: SLF001
            raise InvalidArgs(told, tuple(problem("imports", key, refused) for key in unknown))


def inherited(
    given: pulumi.ResourceOptions | None, *, parent: pulumi.ComponentResource, provider: aws.Provider
) -> pulumi.ResourceOptions:
    """The options of a component's child, with what Pulumi doesn't hand down by itself."""
    return pulumi.ResourceOptions(
        parent=parent,
        provider=provider,
        retain_on_delete=given.retain_on_delete if given else None,
        ignore_changes=given.ignore_changes if given else None,
    )
