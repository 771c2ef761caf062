"""Access from a source account to a destination account: both halves, in one component."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from . import grants, policies
from .args import Grant, Principal
from .children import check_imports, inherited
from .destination import TrustedRole, TrustedRoleArgs
from .destination import resources as resources_of_role
from .errors import NOT_SHOWN, Key, Problem, Refusal, problem
from .inputs import Account, InvalidArgs, account_of, check_when_known, checked, provider_argument
from .model import Later
from .outputs import UsageOutputs, registered, usage_outputs
from .principals import PrincipalModel
from .source import AssumeRoleGrant, AssumeRoleGrantArgs, AssumeRoleGrantModel
from .source_principals import (
    Accounts,
    SourcePrincipal,
    attached,
    attachment_key,
    by_id,
    collected,
    look_up,
    resolved,
)
from .trust import actions_of

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
    tags: NotRequired[dict[str, str]]
    """Tags of everything that is made and can have some; a role's own stand in their place."""
    imports: NotRequired[dict[str, str]]
    """What exists already and is taken over instead of being made: import IDs by TYPE/NAME of the resource, such as
    `Role/team-deploy: deploy`, a role's name, or `Policy/team-user-alice`, a policy's ARN."""


@dataclass(frozen=True)
class GrantOutputs:
    """One grant's outputs, for Python programs: each is as known and as secret as it is itself.

    The component's maps hold the same by grant, for all languages; a map is unknown or secret where one value in it is.
    """

    role_arn: pulumi.Output[str]
    """The role's ARN, known once both halves stand."""
    role_name: pulumi.Output[str]
    """The role's name."""
    role_unique_id: pulumi.Output[str] | None
    """The role's unique id; none where `side` is `source`."""
    switch_role_url: pulumi.Output[str | None]
    """The console's switch-role URL; none where the console can't use the role."""
    switch_role_unavailable: pulumi.Output[str | None]
    """Why it can't; none where it can."""
    cli_profile: pulumi.Output[str]
    """A profile for `~/.aws/config`; `source_profile` in it is to be the caller's own."""
    longest_session: pulumi.Output[int]
    """How long a session lasts at most, in seconds."""
    unattached_policy: pulumi.Output[str] | None
    """The policy that can't be attached from here; none where there is none."""
    assume_role_command: pulumi.Output[str]
    """The `aws sts assume-role` command."""


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

    Example:
        ```python
        import pulumi
        import pulumi_aws as aws
        from cross_account_access import CrossAccountAccess

        source = aws.Provider("source", profile="people", region="us-east-1")
        destination = aws.Provider("destination", profile="production", region="us-east-1")
        access = CrossAccountAccess(
            "team",
            {
                "source_provider": source,
                "destination_provider": destination,
                "grants": {
                    "read-only": {
                        "principals": [{"user": "alice"}],
                        "role": {"managed_policies": ["ReadOnlyAccess"]},
                        "conditions": {"mfa": True},
                    },
                },
            },
        )
        pulumi.export("role_arn", access.role_arns["read-only"])
        ```
    """

    TYPE = "cross-account-access:index:CrossAccountAccess"

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
    longest_sessions: pulumi.Output[dict[str, int]]
    """How long each grant's sessions last at most, in seconds: an hour where all callers are role sessions (role
    chaining)."""
    unattached_policies: pulumi.Output[dict[str, str]]
    """The policy that a grant's principals need and that can't be attached from here, where there are such: to be put
    into the permission set, or wherever an account's or organization's owners give rights."""
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
        super().__init__(self.TYPE, name, None, opts)
        self._told = f"CrossAccountAccess {name}"
        model = checked(grants.AccessModel, args, self._told, apart=PROVIDERS)
        self._source, self._destination = self._providers_of(args, model.side)
        self._model, self._args, self._opts = model, args, opts
        self._reached = {} if self._source is None else collected(model, args["grants"], attachment_key)
        check_imports(self._told, model.imports, self._resources(name))
        self._accounts = self._both_accounts(model)
        self._trusted = {}
        if self._source is not None:
            asked = collected(model, args["grants"], lambda found: found.key if by_id(found) else None)
            self._trusted = {
                key: look_up(self._told, principal, self._accounts, self._source) for key, principal in asked.items()
            }
        roles = {grant: self._role(name, grant) for grant in sorted(model.grants)}
        ready = {grant: role.arn for grant, role in roles.items()}
        for key, principal in sorted(self._reached.items()):
            if self._source is None:
                break
            allowed_args = self._allowed(principal, {grant: roles[grant].arn for grant in principal.actions})
            allowed_args["imports"] = self._own_imports(self._resources_of_right(f"{name}-{key}", principal))
            options = inherited(self._opts, parent=self, provider=self._source)
            allowed = AssumeRoleGrant(f"{name}-{key}", allowed_args, options)
            ready |= {grant: allowed.once_attached(ready[grant]) for grant in principal.actions}

        self.granted = {
            grant: GrantOutputs(
                ready[grant],
                role.name,
                role.unique_id,
                role.usage.switch_role_url,
                role.usage.switch_role_unavailable,
                role.usage.cli_profile,
                role.usage.longest_session,
                self._unattached(grant, role.arn),
                role.usage.assume_role_command,
            )
            for grant, role in roles.items()
        }
        """Each grant's outputs, for Python programs."""
        self.role_arns = self._each("role_arn")
        self.role_names = self._each("role_name")
        self.role_unique_ids = self._each("role_unique_id")
        self.switch_role_urls = self._each("switch_role_url")
        self.switch_role_unavailable = self._each("switch_role_unavailable")
        self.cli_profiles = self._each("cli_profile")
        self.longest_sessions = self._each("longest_session")
        self.unattached_policies = self._each("unattached_policy")
        self.assume_role_commands = self._each("assume_role_command")
        self.source_account_id = self._accounts.apply(lambda known: known.source.id)
        self.destination_account_id = self._accounts.apply(lambda known: known.destination.id)
        self.register_outputs(registered(self))

    def _each(self, output: str) -> pulumi.Output[dict[str, Any]]:
        """One output of every grant that has it."""
        values = {grant: getattr(granted, output) for grant, granted in self.granted.items()}
        return pulumi.Output.from_input(values).apply(
            lambda known: {grant: value for grant, value in known.items() if value is not None}
        )

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

    def _both_accounts(self, model: grants.AccessModel) -> pulumi.Output[Accounts]:
        source = account_of(self._source) if self._source else None
        destination = account_of(self._destination) if self._destination else None

        def check(known: list[Account | None]) -> Accounts:
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
            both = Accounts(
                known[0] or Account(model.source_account_id or "", partition),
                known[1] or Account(model.destination_account_id or "", partition),
            )
            if both.source.id == both.destination.id:
                raise grants.same_account((Key("destination_account_id"),), both.destination.id)
            model.check_accounts(both.source.id, both.destination.id)
            return both

        return pulumi.Output.all(source, destination).apply(check_when_known(self._told, "", check, None))

    def _role(self, component: str, name: str) -> _Role:
        model, args = self._model.grants[name], self._args["grants"][name]
        source_account_id = self._accounts.apply(lambda known: known.source.id)
        if self._destination is None:
            principals = resolved(self._told, f"grants.{name}.principals", model, args["principals"])
            # Nothing is made for a grant before its principals were found and checked.
            found = [self._trusted[principal.key] for principal in model.principals if principal.key in self._trusted]
            arn = pulumi.Output.all(self._accounts, principals, *found).apply(
                lambda known: model.role_arn(name, known[0].destination.partition, known[0].destination.id)
            )
            usage = usage_outputs(arn, principals, source_account_id, model, args)
            return _Role(arn, pulumi.Output.from_input(model.role_name(name)), None, usage)
        ranked = sorted(principal.rank for principal in model.principals)
        role_args: TrustedRoleArgs = {
            "principals": [
                self._trusted_as(principal, given, f"{ranked.index(principal.rank):03}")
                for principal, given in zip(model.principals, args["principals"], strict=True)
            ],
            "source_account_id": source_account_id,
            "role": {**args.get("role", {}), "name": model.role_name(name)},
            "tags": self._model.tags,
            "imports": self._own_imports(resources_of_role(f"{component}-{name}", model.role)),
        }
        if "conditions" in args:
            role_args["conditions"] = args["conditions"]
        options = pulumi.ResourceOptions(aliases=[_former(component, former) for former in model.formerly])
        role = TrustedRole(
            f"{component}-{name}",
            role_args,
            pulumi.ResourceOptions.merge(inherited(self._opts, parent=self, provider=self._destination), options),
        )
        return _Role(role.role_arn, role.role_name, role.role_unique_id, role.usage)

    def _trusted_as(self, model: PrincipalModel, given: Principal, label: str) -> Principal:
        """A principal as the trust policy gets it: as it was found in the source account, where that was asked.

        The label keeps its rank among the grant's.
        """
        if model.key not in self._trusted or not by_id(model):
            return {**given, "label": label}
        found = self._trusted[model.key]
        as_found: Principal = {
            "arn": found.apply(lambda known: known.arn),
            "label": label,
            "unique_id": found.apply(lambda known: known.unique_id),
        }
        if "conditions" in given:
            as_found["conditions"] = given["conditions"]
        return as_found

    def _allowed(self, principal: SourcePrincipal, role_arns: dict[str, Any]) -> AssumeRoleGrantArgs:
        """What a principal's `AssumeRoleGrant` is made from, but for its imports."""
        return {
            "principal": attached(principal.args[0]),
            "role_arns": role_arns,
            "role_arn_lengths": {g: len(self._model.grants[g].longest_role_arn(g)) for g in principal.actions},
            "role_actions": {grant: list(actions) for grant, actions in principal.actions.items()},
            "tags": self._model.tags,
        }

    def _unattached(self, grant: str, role_arn: pulumi.Output[str]) -> pulumi.Output[str] | None:
        model = self._model.grants[grant]
        if not model.handed_out:
            return None
        actions = sorted({action for p in model.handed_out for action in actions_of(p, model.conditions)})
        told = ", ".join(f"{str(p.kind).replace('_', ' ')} {p.identity}" for p in model.handed_out)
        pulumi.info(
            f"grant {grant}: its policy for {told} can't be attached from here; output unattached_policies", self
        )
        return role_arn.apply(lambda arn: policies.assume_role_policy([policies.Reach(arn, tuple(actions))]))

    def _resources(self, component: str) -> list[str]:
        """What is made inside of the components in this one, each by its `resource_key`.

        Raises:
            InvalidArgs: If a principal's roles don't fit in as many policies as attach to it.
        """
        made = []
        if self._destination is not None:
            for grant, model in sorted(self._model.grants.items()):
                made += resources_of_role(f"{component}-{grant}", model.role)
        for key, principal in sorted(self._reached.items()):
            made += self._resources_of_right(f"{component}-{key}", principal)
        return made

    def _resources_of_right(self, name: str, principal: SourcePrincipal) -> list[str]:
        args = self._allowed(principal, {grant: Later() for grant in principal.actions})
        model = checked(AssumeRoleGrantModel, args, self._told)
        try:
            return model.resources(name)
        except Refusal as refusal:
            raise InvalidArgs.of(self._told, principal.where, principal.model.told, refusal) from None

    def _own_imports(self, resources: list[str]) -> dict[str, str]:
        return {key: self._model.imports[key] for key in resources if key in self._model.imports}


def _former(component: str, former: str) -> pulumi.Alias:
    """The alias of a grant's role under a former name; children's follow from it."""
    other, _, grant = former.rpartition("/")
    if not other:
        return pulumi.Alias(name=f"{component}-{grant}")
    parent = pulumi.create_urn(other, CrossAccountAccess.TYPE)
    return pulumi.Alias(name=f"{other}-{grant}", parent=parent)
