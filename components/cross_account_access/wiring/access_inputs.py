"""What a `CrossAccountAccess` is made from, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import NOT_SHOWN, Key, Problem, Refusal, make_problem
from cross_account_access.grants import grant
from cross_account_access.grants.grant import AccessModel
from cross_account_access.grants.model import Unresolved
from cross_account_access.grants.resolved_grant import Account, Accounts, FoundPrincipal

from .assume_role_inputs import AssumeRoleInputs
from .children import check_imports
from .grant_inputs import GrantInputs
from .inputs import FrozenArgs, InvalidArgs
from .providers import account_of, find_provider
from .role_inputs import PolicyArns, RoleInputs, list_role_resources, resolve_tags
from .source_principals import (
    SourcePrincipal,
    collect_principals,
    get_attachment_key,
    is_trusted_by_id,
    look_up,
)

_PROVIDERS = ("source_provider", "destination_provider")


class AccessArgsModel(AccessModel):
    """The same with the providers, which `_find_providers` checks."""

    source_provider: Any = None
    destination_provider: Any = None


@dataclass(frozen=True)
class AccessInputs:
    """What a `CrossAccountAccess` is made from, read and checked.

    Attributes:
        name: The component's name.
        args: Its args.
        model: The same, checked as far as they are known.
        source: The source's provider; None where the other side makes that half.
        destination: The destination's provider, likewise.
    """

    name: str
    args: FrozenArgs
    model: AccessModel
    source: aws.Provider | None
    destination: aws.Provider | None

    @classmethod
    def read(cls, name: str, args: FrozenArgs) -> "AccessInputs":
        """Check the args of a `CrossAccountAccess`.

        Raises:
            InvalidArgs: If anything in them is wrong.
        """
        model = args.read(AccessArgsModel)
        providers = _find_providers(args, model.side)
        inputs = cls(name, args, model, *providers)
        check_imports(args.component, model.imports, inputs._list_resources())
        return inputs

    @cached_property
    def accounts(self) -> pulumi.Output[Accounts]:
        """Both accounts, once it is known that they are two, and the expected ones.

        All that is made or looked up waits for this.
        """
        providers = [provider for provider in (self.source, self.destination) if provider]

        def check(_: Mapping[Any, Any], *callers: Account) -> Accounts:
            found = dict(zip(providers, callers, strict=True))
            return _check_accounts(
                self.model,
                found[self.source] if self.source else None,
                found[self.destination] if self.destination else None,
            )

        return self.args.resolve(check, *map(account_of, providers), outputs={})

    @cached_property
    def _policy_arns(self) -> PolicyArns:
        return PolicyArns(self.accounts)

    @cached_property
    def grants(self) -> dict[str, GrantInputs]:
        """Each grant, its principals looked up where they are trusted by their unique IDs."""
        found = self._look_up_principals()
        return {
            name: GrantInputs(
                self.args.below("grants", name),
                model,
                self.accounts,
                {
                    position: found[principal.key]
                    for position, principal in enumerate(model.principals)
                    if principal.key in found and is_trusted_by_id(principal)
                },
            )
            for name, model in sorted(self.model.grants.items())
        }

    @cached_property
    def assume_roles(self) -> dict[str, AssumeRoleInputs]:
        """Each source principal's policies as they are planned, by the principal's key.

        Raises:
            InvalidArgs: If a principal's roles don't fit in as many policies as attach to it.
        """
        return {key: self._plan(key, one) for key, one in sorted(self.principals.items())}

    @cached_property
    def principals(self) -> dict[str, SourcePrincipal]:
        """The principals to which the source's policies attach, by their key."""
        if self.source is None:
            return {}
        return collect_principals(self.model, self.args, get_attachment_key)

    def role(self, grant_name: str) -> RoleInputs:
        """What a grant's `TrustedRole` is made from."""
        model = self.model.grants[grant_name]
        return RoleInputs(
            self.grants[grant_name],
            model.role_name(grant_name),
            resolve_tags(self.args, self.grants[grant_name].args),
            self._pick_imports(list_role_resources(f"{self.name}-{grant_name}", model.role)),
            self._policy_arns,
        )

    def assume_role(
        self, key: str, role_arns: Mapping[str, pulumi.Output[str]]
    ) -> AssumeRoleInputs:
        """What a principal's `AssumeRoleGrant` is made from, once there are roles."""
        planned = self.assume_roles[key]
        arns = {name: role_arns[name] for name in self.principals[key].actions}
        return planned.with_role_arns(arns, self._pick_imports(planned.list_resources()))

    def _plan(self, key: str, principal: SourcePrincipal) -> AssumeRoleInputs:
        lengths = {
            name: len(self.model.grants[name].longest_role_arn(name)) for name in principal.actions
        }
        args = {
            "principal": principal.thaw_identity(),
            "role_arns": {name: Unresolved() for name in principal.actions},
            "role_arn_lengths": lengths,
            "role_actions": {name: list(actions) for name, actions in principal.actions.items()},
            "tags": self.args.below("tags").thaw() if self.model.tags else {},
        }
        name = f"{self.name}-{key}"
        try:
            return AssumeRoleInputs.plan(name, FrozenArgs.copy(f"AssumeRoleGrant {name}", args))
        except Refusal as refusal:
            shown = principal.model.display_name
            raise InvalidArgs.of(self.args.component, principal.path, shown, refusal) from None

    def _look_up_principals(self) -> dict[str, pulumi.Output[FoundPrincipal]]:
        if self.source is None:
            return {}
        trusted = collect_principals(
            self.model, self.args, lambda one: one.key if is_trusted_by_id(one) else None
        )
        return {key: look_up(one, self.accounts, self.source) for key, one in trusted.items()}

    def _list_resources(self) -> list[str]:
        """What is made inside of the components in this one, each by its key in `imports`.

        Raises:
            InvalidArgs: If two would be called the same.
        """
        resources: list[str] = []
        if self.destination is not None:
            for name, model in sorted(self.model.grants.items()):
                resources += list_role_resources(f"{self.name}-{name}", model.role)
        taken = set(resources)
        for key, planned in self.assume_roles.items():
            for resource in planned.list_resources():
                if resource in taken:
                    self._refuse_name(resource, self.principals[key])
                taken.add(resource)
                resources.append(resource)
        return resources

    def _refuse_name(self, resource: str, principal: SourcePrincipal) -> NoReturn:
        refusal = Refusal(
            f"every resource must have a name of its own; here two would be called {resource}",
            code="resource-name-taken",
            remedy="Give the principal another label",
        )
        shown = principal.model.display_name
        raise InvalidArgs.of(self.args.component, principal.path, shown, refusal)

    def _pick_imports(self, resources: list[str]) -> dict[str, str]:
        imports = self.model.imports
        return {key: imports[key] for key in resources if key in imports}


def _find_providers(
    args: FrozenArgs, side: grant.Side
) -> tuple[aws.Provider | None, aws.Provider | None]:
    providers: dict[str, aws.Provider | None] = dict.fromkeys(_PROVIDERS)
    problems = []
    for key, other in zip(_PROVIDERS, ("destination", "source"), strict=True):
        if side != other:
            found = find_provider(args, key)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                providers[key] = found
        elif args.plain.get(key) is not None:
            remedy = "Leave it out, or make both sides"
            refusal = Refusal(f"side {side} uses no {key}", code="unused-provider", remedy=remedy)
            problems.append(make_problem(key, NOT_SHOWN, refusal))
    if problems:
        raise InvalidArgs(args.component, tuple(problems))
    return providers["source_provider"], providers["destination_provider"]


def _check_accounts(
    model: AccessModel, source: Account | None, destination: Account | None
) -> Accounts:
    for key, account in (("source_account_id", source), ("destination_account_id", destination)):
        expected = getattr(model, key)
        if account and expected and account.id != expected:
            raise Refusal(
                f"the provider's credentials belong to account {account.id}",
                code="wrong-account",
                where=(Key(key),),
                value=expected,
                remedy="Give the credentials of the account that is meant",
            )
    partition = (source or destination or Account("", "aws")).partition
    both = Accounts(
        source or Account(model.source_account_id or "", partition),
        destination or Account(model.destination_account_id or "", partition),
    )
    if both.source.id == both.destination.id:
        raise grant.refuse_same_account((Key("destination_account_id"),), both.destination.id)
    if both.source.partition != both.destination.partition:
        raise Refusal(
            "source and destination must be in one partition; the source account's is "
            f"{both.source.partition}",
            code="two-partitions",
            where=(Key("destination_provider"),),
            value=both.destination.partition,
            remedy="No account can trust one of another partition. Use accounts of one partition, "
            "and regions of it",
        )
    model.check_accounts(both.source.id, both.destination.id, partition)
    return both
