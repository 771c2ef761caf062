"""What the components of both halves are made from, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import pulumi
import pulumi_aws as aws
from pydantic import Field

from cross_account_access.errors import NOT_SHOWN, FieldPath, Key, Refusal, join_path
from cross_account_access.grants.accounts import ACCOUNT_NAME, AccountModel
from cross_account_access.grants.assume_role_grant import RolePlace
from cross_account_access.grants.fleet_set import FleetSet
from cross_account_access.grants.grant import GrantModel, Side
from cross_account_access.grants.grant_set import AccessModel, GrantedRole, GrantSet
from cross_account_access.grants.model import Unresolved, plain, when_known
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.resolved_grant import Account, Accounts, FoundPrincipal

from .assume_role_inputs import AssumeRoleInputs
from .children import check_imports
from .grant_inputs import GrantInputs
from .inputs import FrozenArgs, InvalidArgs
from .providers import account_of, find_account_providers, find_pair_providers, refuse_other_account
from .role_inputs import PolicyArns, RoleInputs, list_role_resources, resolve_tags
from .source_principals import (
    SourcePrincipal,
    collect_principals,
    get_attachment_key,
    is_trusted_by_id,
    look_up,
)


class AccessArgsModel(AccessModel):
    """The same with the providers, which `read_pair` checks."""

    source_provider: Any = None
    destination_provider: Any = None


class AccountArgsModel(AccountModel):
    """The same with its providers, which `read_many` checks."""

    provider: Annotated[Any, when_known(lambda given: given)] = None
    lookup_provider: Annotated[Any, when_known(lambda given: given)] = None


class MultiAccountModel(FleetSet):
    """Checked `multi_account.MultiAccountAccessArgs`, but for the providers."""

    accounts: Mapping[Annotated[str, plain(ACCOUNT_NAME)], AccountArgsModel] = Field(min_length=1)

    def locate_provider(self, account: str) -> FieldPath:
        """The path of an account's provider."""
        own = self.accounts[account].provider is not None
        return (Key("accounts"), account, Key("provider" if own else "lookup_provider"))


@dataclass(frozen=True)
class AccessInputs:
    """What a component of both halves is made from, read and checked.

    Attributes:
        name: The component's name.
        args: Its args.
        model: The same, checked as far as they are known.
        making: The providers of the accounts whose parts are made here, by the accounts' names.
        asking: The providers of the accounts that are asked for principals, likewise.
    """

    name: str
    args: FrozenArgs
    model: GrantSet
    making: Mapping[str, aws.Provider]
    asking: Mapping[str, aws.Provider]

    @classmethod
    def read_pair(cls, name: str, args: FrozenArgs) -> "AccessInputs":
        """Check the args of a `CrossAccountAccess`.

        Raises:
            InvalidArgs: If anything in them is wrong.
        """
        model = args.read(AccessArgsModel)
        providers = find_pair_providers(args, model.side)
        return cls(name, args, model, providers, providers)

    @classmethod
    def read_many(cls, name: str, args: FrozenArgs) -> "AccessInputs":
        """Check the args of a `MultiAccountAccess`.

        Raises:
            InvalidArgs: If anything in them is wrong.
        """
        model = args.read(MultiAccountModel)
        making, asking = find_account_providers(args, model.account_ids)
        return cls(name, args, model, making, asking)

    def __post_init__(self) -> None:
        """Check the names of all that will be made."""
        check_imports(self.args.component, self.model.imports, self._list_resources())

    @cached_property
    def roles(self) -> list[GrantedRole]:
        """The roles of which a part is made here: the role, or a principal's policy for it."""
        return [
            role
            for role in self.model.roles
            if role[1] in self.making or not self.making.keys().isdisjoint(self._sources[role[0]])
        ]

    @cached_property
    def _sources(self) -> dict[str, set[str]]:
        return {grant: self.model.get_sources(grant) for grant in self.model.grants}

    def list_made_accounts(self, role: GrantedRole) -> list[str]:
        """The accounts whose parts of a grant's role are made here."""
        return sorted({role[1], *self._sources[role[0]]} & self.making.keys())

    def get_side(self, role: GrantedRole) -> Side:
        """Which half of a grant's role is made here."""
        if role[1] not in self.making:
            return "source"
        return "destination" if self.making.keys().isdisjoint(self._sources[role[0]]) else "both"

    @cached_property
    def accounts(self) -> pulumi.Output[Accounts]:
        """All accounts, once it is known that they are different ones, and the expected ones.

        All that is made or looked up waits for this.
        """

        def check(_: Mapping[Any, Any], *callers: Account) -> Accounts:
            return _check_accounts(self.model, dict(zip(self.asking, callers, strict=True)))

        ids = self.model.account_ids
        asked = [account_of(provider, ids[name]) for name, provider in self.asking.items()]
        return self.args.resolve(check, *asked, outputs={})

    @cached_property
    def grants(self) -> dict[str, GrantInputs]:
        """Each grant, its principals looked up where they are trusted by their unique IDs."""
        found = self._found
        inputs = {}
        for name in dict.fromkeys(grant for grant, _ in self.roles):
            model = self.model.grants[name]
            keys = [self._get_lookup_key(model, principal) for principal in model.principals]
            inputs[name] = GrantInputs(
                self.args.below("grants", name),
                model,
                self.accounts,
                {position: found[key] for position, key in enumerate(keys) if key in found},
            )
        return inputs

    @cached_property
    def assume_roles(self) -> dict[str, AssumeRoleInputs]:
        """Each source principal's policies as they are planned, by what they are called.

        Raises:
            InvalidArgs: If a principal's roles don't fit in as many policies as attach to it.
        """
        return {label: self._plan(label, one) for label, one in sorted(self.principals.items())}

    @cached_property
    def principals(self) -> dict[str, SourcePrincipal]:
        """The principals to which policies attach here, by what these are called."""

        def get_label(grant: GrantModel, principal: PrincipalModel) -> str | None:
            account, key = grant.source_of(principal), get_attachment_key(principal)
            if key is None or account not in self.making:
                return None
            return self.model.label_principal(account, key)

        return collect_principals(self.model, self.roles, self.args, get_label)

    @cached_property
    def _policy_arns(self) -> dict[str, PolicyArns]:
        destinations = {account for _, account in self.roles} & self.making.keys()
        return {name: PolicyArns(self.accounts, name, self.making[name]) for name in destinations}

    def role(self, role: GrantedRole) -> RoleInputs:
        """What a grant's `TrustedRole` in an account is made from."""
        grant, account = role
        model = self.model.grants[grant]
        return RoleInputs(
            self.grants[grant],
            model.role_name(grant),
            self.resolve_role_tags(grant),
            self._pick_imports(list_role_resources(self.name_role(role), model.role)),
            self._policy_arns[account],
            self.model.limits,
            self.model.label_usage(role),
        )

    def resolve_role_tags(self, grant: str) -> dict[str, pulumi.Input[str]]:
        """The tags of a grant's role."""
        return resolve_tags(self.args, self.grants[grant].args)

    def name_role(self, role: GrantedRole) -> str:
        """The name of a grant's `TrustedRole` in an account."""
        return f"{self.name}-{self.model.label_role(role)}"

    def list_former_names(self, role: GrantedRole) -> list[tuple[str, str]]:
        """The former names of a grant's `TrustedRole`, each with its component's name."""
        names = []
        for former in self.model.grants[role[0]].formerly:
            other, _, grant = former.rpartition("/")
            component = other or self.name
            names.append((component, f"{component}-{self.model.label_role((grant, role[1]))}"))
        return names

    def assume_role(
        self, label: str, role_arns: Mapping[GrantedRole, pulumi.Output[str]]
    ) -> AssumeRoleInputs:
        """What a principal's `AssumeRoleGrant` is made from, once there are roles."""
        planned = self.assume_roles[label]
        arns = {
            self.model.label_role(role): role_arns[role] for role in self.principals[label].actions
        }
        imports = self._pick_imports(planned.list_resources())
        return planned.with_role_arns(arns, imports, self._found.get(label))

    def _plan(self, label: str, principal: SourcePrincipal) -> AssumeRoleInputs:
        actions = {self.model.label_role(role): own for role, own in principal.actions.items()}
        args = {
            "principal": principal.thaw_identity(),
            "role_arns": {name: Unresolved() for name in actions},
            "role_actions": {name: list(own) for name, own in actions.items()},
            "limits": self.model.limits.model_dump(exclude_none=True),
            "tags": self.args.below("tags").thaw() if self.model.tags else {},
        }
        places = {
            self.model.label_role(role): RolePlace(
                role[1], self.model.grants[role[0]].role_place(role[0])
            )
            for role in principal.actions
        }
        name = f"{self.name}-{label}"
        try:
            return AssumeRoleInputs.plan(
                name, FrozenArgs.copy(f"AssumeRoleGrant {name}", args), places
            )
        except Refusal as refusal:
            shown = principal.model.display_name
            raise InvalidArgs.of(self.args.component, principal.path, shown, refusal) from None

    def _get_lookup_key(self, grant: GrantModel, principal: PrincipalModel) -> str | None:
        account = grant.source_of(principal)
        if account not in self.asking or not is_trusted_by_id(principal):
            return None
        return self.model.label_principal(account, principal.key)

    @cached_property
    def _found(self) -> dict[str | None, pulumi.Output[FoundPrincipal]]:
        """The principals that are looked up, by what their policies are called."""
        trusted = collect_principals(self.model, self.roles, self.args, self._get_lookup_key)
        return {
            key: look_up(one, self.accounts, self.asking[one.account])
            for key, one in trusted.items()
        }

    def _list_resources(self) -> list[str]:
        """What is made inside of the components in this one, each by its key in `imports`.

        Raises:
            InvalidArgs: If two would be called the same.
        """
        resources: dict[str, None] = {}

        def add(own: list[str], path: str, value: object, remedy: str) -> None:
            if taken := next((one for one in own if one in resources), None):
                refusal = Refusal(
                    f"every resource must have a name of its own; here two would be called {taken}",
                    code="resource-name-taken",
                    remedy=remedy,
                )
                raise InvalidArgs.of(self.args.component, path, value, refusal)
            resources.update(dict.fromkeys(own))

        for role in self.roles:
            if role[1] in self.making:
                settings = self.model.grants[role[0]].role
                own = list_role_resources(self.name_role(role), settings)
                add(own, join_path("grants", role[:1]), NOT_SHOWN, "Give the grant another name")
        for label, planned in self.assume_roles.items():
            principal = self.principals[label]
            shown, remedy = principal.model.display_name, "Give the principal another label"
            add(planned.list_resources(), principal.path, shown, remedy)
        return list(resources)

    def _pick_imports(self, resources: list[str]) -> dict[str, str]:
        imports = self.model.imports
        return {key: imports[key] for key in resources if key in imports}


def _check_accounts(model: GrantSet, found: Mapping[str, Account]) -> Accounts:
    """Check the accounts that the providers' credentials belong to, and add those not asked."""
    first, partition = next((name, account.partition) for name, account in found.items())
    for name, account in found.items():
        expected = model.account_ids[name]
        if expected and account.id != expected:
            raise refuse_other_account(account.id, expected, model.locate_id(name))
    others = {name: Account(given, partition) for name, given in model.account_ids.items() if given}
    accounts = {**others, **found}
    model.check_ids({name: account.id for name, account in accounts.items()})
    for name, account in found.items():
        if account.partition != partition:
            raise Refusal(
                f"all accounts must be in one partition; that of {first} is {partition}",
                code="two-partitions",
                where=model.locate_provider(name),
                value=account.partition,
                remedy="No account can trust one of another partition. Use accounts of one "
                "partition, and regions of it",
            )
    model.check_accounts({name: account.id for name, account in accounts.items()}, partition)
    return accounts
