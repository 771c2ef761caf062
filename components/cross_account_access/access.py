"""Access from a source account to a destination account: both halves, in one component."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from . import grants
from .args import Grant, Principal
from .destination import TrustedRole, TrustedRoleArgs
from .errors import NOT_SHOWN, Key, Problem, Refusal, problem
from .inputs import Account, InvalidArgs, account_of, check_when_known, checked, provider_argument
from .model import read
from .outputs import UsageOutputs, registered, usage_outputs
from .principals import Entity, Kind, PrincipalModel
from .source import AssumeRoleGrant

PROVIDERS = ("source_provider", "destination_provider")


class Side(Enum):
    """Which half is made."""

    BOTH = "both"
    """Both accounts' halves."""
    SOURCE = "source"
    """The source account's half alone."""
    DESTINATION = "destination"
    """The destination account's half alone."""


class CrossAccountAccessArgs(TypedDict):
    """What a `CrossAccountAccess` is made from."""

    grants: dict[str, Grant]
    """The grants by name: 1–64 letters, digits and _+=,.@-."""
    source_provider: NotRequired[pulumi.Input[aws.Provider]]
    """The AWS provider with the source account's credentials; left out where `side` is `destination`."""
    destination_provider: NotRequired[pulumi.Input[aws.Provider]]
    """The AWS provider with the destination account's credentials; left out where `side` is `source`."""
    side: NotRequired[Side]
    """Which half is made: `both` (the default), `source` or `destination`."""
    source_account_id: NotRequired[str]
    """The source account's ID. Required where `side` is `destination`; otherwise the credentials must belong to it."""
    destination_account_id: NotRequired[str]
    """The destination account's ID. Required where `side` is `source`; otherwise the credentials must belong to it."""


@dataclass(frozen=True)
class _Accounts:
    source: Account
    destination: Account


@dataclass(frozen=True)
class _SourcePrincipal:
    """A principal, whatever number of grants names it.

    Attributes:
        model: What is known of it.
        where: The path where it stands first.
        args: How each grant gives it: a name that is an Output in one may be plain in another.
        grants: The grants.
    """

    model: PrincipalModel
    where: str
    args: list[Principal]
    grants: list[str]


@dataclass(frozen=True)
class _Trusted:
    """A principal as a trust policy names it; its unique id is known where its account's credentials are."""

    arn: str
    unique_id: str | None


@dataclass(frozen=True)
class _Role:
    """A destination role, made here or by the other side."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    unique_id: pulumi.Output[str] | None
    usage: UsageOutputs


class CrossAccountAccess(pulumi.ComponentResource):
    """Access from one account to another: for each grant a role in the destination and the right to assume it.

    It makes a `TrustedRole` for each grant and an `AssumeRoleGrant` for each source principal, each with that account's
    own provider. Before anything is made, both providers are asked whose credentials they have: source and destination
    must be two accounts, and the expected ones where their IDs are given.

    AWS's page: https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html
    """

    role_arns: pulumi.Output[dict[str, str]]
    """Each grant's role ARN, known once both halves stand: whoever gets it can use it at once."""
    role_names: pulumi.Output[dict[str, str]]
    """Each grant's role name."""
    role_unique_ids: pulumi.Output[dict[str, str]]
    """Each grant's role's unique id (AROA…); none where `side` is `source`."""
    switch_role_urls: pulumi.Output[dict[str, str]]
    """The console's switch-role URLs of the grants that the console can use."""
    switch_role_unavailable: pulumi.Output[dict[str, str]]
    """Why the console can't use the other grants."""
    cli_profiles: pulumi.Output[dict[str, str]]
    """Each grant's profile for `~/.aws/config`. `source_profile` in it is to be the caller's own."""
    assume_role_commands: pulumi.Output[dict[str, str]]
    """Each grant's `aws sts assume-role` command."""
    source_account_id: pulumi.Output[str]
    """The source account's ID."""
    destination_account_id: pulumi.Output[str]
    """The destination account's ID."""

    def __init__(self, name: str, args: CrossAccountAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the grants.

        Raises:
            InvalidArgs: If anything in `args` is wrong.
        """
        super().__init__("cross-account-access:index:CrossAccountAccess", name, None, opts)
        self._told = f"CrossAccountAccess {name}"
        model = checked(grants.AccessModel, args, self._told, apart=PROVIDERS)
        self._source, self._destination = self._providers_of(args, model.side)
        self._accounts = self._both_accounts(model)
        principals = _source_principals(model, args["grants"])
        trusted = {key: self._trusted(principal) for key, principal in principals.items()}
        roles = {
            grant: self._role(name, grant, model.grants[grant], args["grants"][grant], trusted)
            for grant in sorted(model.grants)
        }
        ready = {grant: role.arn for grant, role in roles.items()}
        for key, principal in sorted(principals.items()):
            if self._source is None:
                break
            allowed = AssumeRoleGrant(
                f"{name}-{key}",
                {
                    "principal": principal.args[0],
                    "role_arns": {grant: roles[grant].arn for grant in principal.grants},
                    "role_arn_lengths": {g: model.grants[g].role_arn_length(g) for g in principal.grants},
                },
                pulumi.ResourceOptions(parent=self, provider=self._source),
            )
            ready |= {grant: allowed.once_attached(ready[grant]) for grant in principal.grants}

        self.role_arns = _each(ready)
        self.role_names = _each({grant: role.name for grant, role in roles.items()})
        self.role_unique_ids = _each({grant: role.unique_id for grant, role in roles.items()})
        self.switch_role_urls = _each({grant: role.usage.switch_role_url for grant, role in roles.items()})
        self.switch_role_unavailable = _each(
            {grant: role.usage.switch_role_unavailable for grant, role in roles.items()}
        )
        self.cli_profiles = _each({grant: role.usage.cli_profile for grant, role in roles.items()})
        self.assume_role_commands = _each({grant: role.usage.assume_role_command for grant, role in roles.items()})
        self.source_account_id = self._accounts.apply(lambda known: known.source.id)
        self.destination_account_id = self._accounts.apply(lambda known: known.destination.id)
        self.register_outputs(registered(self))

    def _providers_of(
        self, args: CrossAccountAccessArgs, side: grants.Side
    ) -> tuple[aws.Provider | None, aws.Provider | None]:
        found: dict[str, aws.Provider | None] = dict.fromkeys(PROVIDERS)
        problems = []
        for key, other in (("source_provider", "destination"), ("destination_provider", "source")):
            if side == other:
                if args.get(key) is not None:
                    refused = Refusal(f"side {side} uses no {key}", remedy="Leave it out, or make both sides")
                    problems.append(problem(key, NOT_SHOWN, refused))
                continue
            match provider_argument(args, key):
                case Problem() as wrong:
                    problems.append(wrong)
                case provider:
                    found[key] = provider
        if problems:
            raise InvalidArgs(self._told, tuple(problems))
        return found["source_provider"], found["destination_provider"]

    def _both_accounts(self, model: grants.AccessModel) -> pulumi.Output[_Accounts]:
        source = account_of(self._source) if self._source else None
        destination = account_of(self._destination) if self._destination else None

        def check(known: list[Account | None]) -> _Accounts:
            asked = {"source_account_id": known[0], "destination_account_id": known[1]}
            for key, account in asked.items():
                expected = getattr(model, key)
                if account and expected and account.id != expected:
                    raise Refusal(
                        f"the provider's credentials belong to account {account.id}",
                        where=(Key(key),),
                        value=expected,
                        remedy="Give the credentials of the account that is meant",
                    )
            partition = next(account.partition for account in known if account)
            both = _Accounts(
                known[0] or Account(model.source_account_id or "", partition),
                known[1] or Account(model.destination_account_id or "", partition),
            )
            if both.source.id == both.destination.id:
                raise grants.same_account((Key("destination_account_id"),), both.destination.id)
            model.check_accounts(both.source.id, both.destination.id)
            return both

        return pulumi.Output.all(source, destination).apply(check_when_known(self._told, "", check))

    def _trusted(self, principal: _SourcePrincipal) -> pulumi.Output[_Trusted]:
        """A principal as the trust policy names it, looked up where there are credentials for its account."""

        def agreed(known: list[Any]) -> Entity:
            accounts, given = known
            models = [read(PrincipalModel, args, path=principal.where) for args in given]
            entities = [model.entity for model in models if model.entity]
            for entity in entities:
                entity.arn(accounts.source.partition, accounts.source.id)
            names = {(entity.kind, entity.name) for entity in entities}
            if len(names) != 1:
                told = ", ".join(sorted(f"{kind} {name}" for kind, name in names))
                raise Refusal(f"a label stands for one principal, here it stands for {told}")
            return max(entities, key=lambda entity: entity.fully_named)

        def as_found(known: list[Any]) -> _Trusted:
            accounts, entity, found = known
            arn = entity.arn(accounts.source.partition, accounts.source.id)
            if found is None:
                return _Trusted(arn, None)
            if entity.fully_named and found.arn != arn:
                raise Refusal(f"the {entity.kind}'s path is another one, its ARN is {found.arn}", value=arn)
            return _Trusted(found.arn, found.unique_id)

        known = partial(check_when_known, self._told, principal.where)
        entity = pulumi.Output.all(self._accounts, [dict(args) for args in principal.args]).apply(known(agreed))
        found = self._look_up(self._source, principal.model.kind, entity) if self._source else None
        return pulumi.Output.all(self._accounts, entity, found).apply(known(as_found))

    @staticmethod
    def _look_up(source: aws.Provider, kind: Kind | None, entity: pulumi.Output[Entity]) -> pulumi.Output[_Trusted]:
        if kind is None:
            return entity.apply(lambda known: CrossAccountAccess._look_up(source, known.kind, entity))
        options = pulumi.InvokeOutputOptions(provider=source)
        name = entity.apply(lambda known: known.name)
        if kind == "user":
            user = aws.iam.get_user_output(user_name=name, opts=options)
            return pulumi.Output.all(user.arn, user.user_id).apply(lambda known: _Trusted(*known))
        role = aws.iam.get_role_output(name=name, opts=options)
        return pulumi.Output.all(role.arn, role.unique_id).apply(lambda known: _Trusted(*known))

    def _role(
        self,
        component: str,
        name: str,
        model: grants.GrantModel,
        args: Grant,
        trusted: Mapping[str, pulumi.Output[_Trusted]],
    ) -> _Role:
        found = [trusted[principal.key] for principal in model.principals]
        if self._destination is None:
            arn = pulumi.Output.all(self._accounts, *found).apply(
                lambda known: model.role_arn(name, known[0].destination.partition, known[0].destination.id)
            )
            principals = pulumi.Output.all(*[principal.apply(lambda known: known.arn) for principal in found])
            external_id = args.get("conditions", {}).get("external_id")
            usage = usage_outputs(arn, principals, model, model.role, external_id)
            return _Role(arn, pulumi.Output.from_input(model.role_name(name)), None, usage)
        role_args: TrustedRoleArgs = {
            "principals": [
                {"arn": principal.apply(lambda known: known.arn), "label": str(number)}
                for number, principal in enumerate(found)
            ],
            "source_account_id": self._accounts.apply(lambda known: known.source.id),
            "role": {**args.get("role", {}), "name": model.role_name(name)},
        }
        if "conditions" in args:
            role_args["conditions"] = args["conditions"]
        if self._source is not None:
            role_args["principal_unique_ids"] = [p.apply(lambda known: known.unique_id or "") for p in found]
        options = pulumi.ResourceOptions(parent=self, provider=self._destination)
        role = TrustedRole(f"{component}-{name}", role_args, options)
        return _Role(role.role_arn, role.role_name, role.role_unique_id, role.usage)


def _source_principals(model: grants.AccessModel, args: Mapping[str, Grant]) -> dict[str, _SourcePrincipal]:
    """Each principal once, whatever number of grants names it."""
    found: dict[str, _SourcePrincipal] = {}
    for grant, checked_grant in sorted(model.grants.items()):
        for position, principal in enumerate(checked_grant.principals):
            where = f"grants.{grant}.principals[{position}]"
            known = found.setdefault(principal.key, _SourcePrincipal(principal, where, [], []))
            known.args.append(args[grant]["principals"][position])
            known.grants.append(grant)
    return found


def _each(values: Mapping[str, pulumi.Output[Any] | None]) -> pulumi.Output[dict[str, Any]]:
    """A map of the values that there are."""
    return pulumi.Output.from_input(dict(values)).apply(
        lambda known: {name: value for name, value in known.items() if value is not None}
    )
