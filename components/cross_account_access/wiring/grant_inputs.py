"""One grant as it was given, and as it is resolved: its Outputs are gathered only here."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pulumi

from cross_account_access.errors import FieldPath, locate
from cross_account_access.grants.grant import GrantModel, RoleGrantModel
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.resolved_grant import Accounts, FoundPrincipal, ResolvedGrant
from cross_account_access.grants.summary import GrantSummary
from cross_account_access.grants.trust import get_effective_conditions
from cross_account_access.grants.usage import CallValues

from .inputs import FrozenArgs, OutputLeaf, Outputs, apply_resolved


class GrantInputs:
    """A grant's args, its accounts and its principals as they were found.

    The resolved values differ only in what they wait for, so that nothing becomes secret or unknown
    for the sake of an Output that it doesn't need: the switch-role URL isn't secret where the
    external ID is, and the trust policy is known while a managed policy's ARN isn't.

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
            if "conditions" in (place[0], of_principal) or of_principal == "except_":
                self._conditions[place] = output
            elif of_principal == "unique_id" and place[1] in self._found:
                # The one that is found takes its place, and is no secret.
                self.args.resolve(
                    _check_unique_id, self._found[int(place[1])], outputs={place: output}
                )
            elif of_principal:
                self._identities[place] = output
            elif place[0] == "role":
                self._role[place] = output

    @cached_property
    def identified(self) -> pulumi.Output[ResolvedGrant]:
        """The grant with its principals known, but for their conditions and exclusions."""
        return self._resolve(self._identities)

    @cached_property
    def trusted(self) -> pulumi.Output[ResolvedGrant]:
        """The same with its conditions and exclusions known."""
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
    def usable(self) -> pulumi.Output[ResolvedGrant]:
        """The grant with its principals known, and what profile and command hold of conditions."""
        lead = self.model.principals[self._order[0]]
        call = CallValues.choose(get_effective_conditions(lead, self.model.conditions))
        held = [leaf.output for leaf in call.unresolved if isinstance(leaf, OutputLeaf)]
        outputs = {
            place: output
            for place, output in self._conditions.items()
            if any(output is one for one in held)
        }
        return self._resolve(self._identities | outputs) if outputs else self.identified

    def summarize(self, name: str, tags: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        """What the grant gives, in one line that is no secret.

        Args:
            name: The grant's name.
            tags: The role's tags.
        """
        late: dict[Any, pulumi.Output[Any]] = {
            **self.args.outputs,
            **{key: tag for key, tag in tags.items() if isinstance(tag, pulumi.Output)},
        }

        def build(complete: tuple[ResolvedGrant, bool], *given: tuple[Any, bool]) -> str:
            values = dict(zip(late, given, strict=True))
            shown = {
                key: Unresolved() if hidden else value for key, (value, hidden) in values.items()
            }
            grant = self.model
            if late:
                grant = read_model(type(grant), self.args.fill(shown), path=self.args.path)
            if not isinstance(grant, GrantModel):
                raise TypeError("a summary is of a whole grant")
            secrets = {
                key: sorted(value, key=str) if isinstance(value, list) else value
                for key, (value, hidden) in values.items()
                if hidden
            }
            unique_ids, secret_ids = self._split_unique_ids(grant, complete[0])
            return GrantSummary(
                name,
                grant,
                unique_ids,
                {key: shown.get(key, tag) for key, tag in tags.items()},
                [*self._sort_secrets(secrets), *secret_ids],
                self.args.component,
            ).write()

        return apply_resolved([self.complete, *late.values()], build, openly=True)

    def _split_unique_ids(
        self, shown: GrantModel, complete: ResolvedGrant
    ) -> tuple[list[str], list[str]]:
        """The principals' unique IDs, and apart those that would tell who a secret principal is."""
        open_ids: list[str] = []
        secret_ids: list[str] = []
        for position in self._order:
            own, unique_id = (
                shown.principals[position],
                complete.grant.principals[position].unique_id,
            )
            if isinstance(unique_id, str) and not isinstance(own.unique_id, Unresolved):
                is_secret = isinstance(own.identity, Unresolved)
                (secret_ids if is_secret else open_ids).append(unique_id)
        return open_ids, secret_ids

    def _sort_secrets(self, secrets: Mapping[Any, Any]) -> list[Any]:
        """The secrets by what they are secrets of, whatever the order of principals and lists."""

        def get_key(place: Any) -> tuple[Any, ...]:
            path: FieldPath = (place,) if isinstance(place, str) else place
            keys = [str(step) for step in path if isinstance(step, str)]
            rank = self._order.index(int(path[1])) if path[0] == "principals" and path[1:] else 0
            return rank, keys, json.dumps(secrets[place], sort_keys=True)

        return [secrets[place] for place in sorted(secrets, key=get_key)]

    def _resolve(self, outputs: Outputs) -> pulumi.Output[ResolvedGrant]:
        def build(values: Mapping[Any, Any], accounts: Accounts, *found: Any) -> ResolvedGrant:
            grant = self.model
            if values:
                grant = read_model(type(grant), self.args.fill(values), path=self.args.path)
            principals = dict(zip(self._found, found, strict=True))
            return ResolvedGrant.build(grant, accounts, principals, self._order)

        return self.args.resolve(build, self.accounts, *self._found.values(), outputs=outputs)


def _check_unique_id(values: Mapping[FieldPath, Any], found: FoundPrincipal) -> None:
    for place, unique_id in values.items():
        with locate(*place):
            found.check_unique_id(unique_id)
