"""One grant as it was given, and as it is resolved: its Outputs are gathered only here."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pulumi

from cross_account_access.errors import locate
from cross_account_access.grants.grant import RoleGrantModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.resolved_grant import Accounts, FoundPrincipal, ResolvedGrant
from cross_account_access.grants.trust import get_effective_conditions
from cross_account_access.iam import limits

from .inputs import FrozenArgs, OutputLeaf, Outputs


class GrantInputs:
    """A grant's args, its accounts and its principals as they were found.

    The three resolved values differ only in what they wait for. Each has what the one before it
    has, so that nothing becomes secret or unknown for the sake of an Output that it doesn't need:
    the switch-role URL isn't secret where the external ID is, and the trust policy is known while
    a managed policy's ARN isn't.

    Attributes:
        args: The grant as it was given.
        model: The same, checked as far as it is known.
        accounts: Its accounts, once they are checked.
    """

    def __init__(
        self,
        args: FrozenArgs,
        model: RoleGrantModel,
        accounts: pulumi.Output[Accounts],
        found: Mapping[int, pulumi.Output[FoundPrincipal]] | None = None,
    ) -> None:
        self.args = args
        self.model = model
        self.accounts = accounts
        self._found = found or {}
        # By what is known from the start, so that it is the same however much is resolved.
        self._order = sorted(
            range(len(model.principals)), key=lambda position: model.principals[position].rank
        )
        self._identities: Outputs = {}
        self._conditions: Outputs = {}
        self._role: Outputs = {}
        for place, output in args.outputs.items():
            of_principal = place[2] if place[0] == "principals" else None
            if "conditions" in (place[0], of_principal):
                self._conditions[place] = output
            elif of_principal == "unique_id" and place[1] in self._found:
                continue  # the one that is found takes its place
            elif of_principal:
                self._identities[place] = output
            elif place[0] == "role":
                self._role[place] = output

    @cached_property
    def identified(self) -> pulumi.Output[ResolvedGrant]:
        """The grant with its principals known, but for their conditions."""
        return self._resolve(self._identities)

    @cached_property
    def trusted(self) -> pulumi.Output[ResolvedGrant]:
        """The same with its conditions known."""
        if not self._conditions:
            return self.identified
        return self._resolve(self._identities | self._conditions)

    @cached_property
    def complete(self) -> pulumi.Output[ResolvedGrant]:
        """The same with its role known: all of the grant."""
        if not self._role:
            return self.trusted
        return self._resolve(self._identities | self._conditions | self._role)

    @cached_property
    def external_id(self) -> pulumi.Output[str] | str | None:
        """The external ID of the principal for whom profile and command are written."""
        lead = self.model.principals[self._order[0]]
        conditions = get_effective_conditions(lead, self.model.conditions)
        external_id = conditions.external_id if conditions else None
        if not isinstance(external_id, OutputLeaf):
            return str(external_id) if external_id else None
        outputs = {
            place: output
            for place, output in self._conditions.items()
            if output is external_id.output
        }

        def check(values: Mapping[Any, Any]) -> str:
            (place, value), *_ = values.items()
            with locate(*place):
                return limits.EXTERNAL_ID(value)

        return self.args.resolve(check, outputs=outputs)

    def _resolve(self, outputs: Outputs) -> pulumi.Output[ResolvedGrant]:
        def build(values: Mapping[Any, Any], accounts: Accounts, *found: Any) -> ResolvedGrant:
            grant = self.model
            if values:
                grant = read_model(type(grant), self.args.fill(values), path=self.args.path)
            principals = dict(zip(self._found, found, strict=True))
            return ResolvedGrant.build(grant, accounts, principals, self._order)

        return self.args.resolve(build, self.accounts, *self._found.values(), outputs=outputs)
