"""Access from a source account to a destination account: both halves, in one component."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .args import Grant, Principal
from .destination import TrustedRole, TrustedRoleArgs
from .destination import resources as resources_of_role
from .errors import NOT_SHOWN, Key, Problem, Refusal, make_problem
from .grants import grant as grants
from .grants import policies
from .grants.documents import build_grant_documents
from .grants.model import Unresolved, read_model
from .grants.principals import PrincipalModel
from .grants.roles import merge_tags
from .grants.trust import get_allowed_actions
from .grants.usage import Usage
from .iam import limits
from .source import AssumeRoleGrant, AssumeRoleGrantArgs, AssumeRoleGrantModel
from .wiring.children import check_imports, former_name, inherited
from .wiring.inputs import (
    Account,
    InvalidArgs,
    account_of,
    check_when_known,
    checked,
    once_known,
    provider_argument,
)
from .wiring.outputs import (
    GrantOutputs,
    TrustedPrincipals,
    UsageOutputs,
    each,
    of_each,
    registered,
    usage_outputs,
    with_ids,
)
from .wiring.source_principals import (
    Accounts,
    SourcePrincipal,
    attached,
    attachment_key,
    by_id,
    collected,
    identities,
    look_up,
    resolved,
)

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
    documents: pulumi.Output[dict[str, str]]
    """What both accounts have of each grant, as JSON: what the command-line tool verifies, explains and hands over."""
    source_account_id: pulumi.Output[str]
    """The source account's ID."""
    destination_account_id: pulumi.Output[str]
    """The destination account's ID."""

    def __init__(
        self, name: str, args: CrossAccountAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Make the grants.

        Raises:
            InvalidArgs: If anything in `args` is wrong.
        """
        super().__init__(self.TYPE, name, None, opts)
        self._display_name = f"CrossAccountAccess {name}"
        model = checked(grants.AccessModel, args, self._display_name, apart=PROVIDERS)
        self._source, self._destination = self._providers_of(args, model.side)
        self._model, self._args, self._opts = model, args, opts
        self._reached = (
            {} if self._source is None else collected(model, args["grants"], attachment_key)
        )
        check_imports(self._display_name, model.imports, self._resources(name))
        self._accounts = self._both_accounts(model)
        self._trusted = {}
        if self._source is not None:
            asked = collected(
                model, args["grants"], lambda found: found.key if by_id(found) else None
            )
            self._trusted = {
                key: look_up(self._display_name, principal, self._accounts, self._source)
                for key, principal in asked.items()
            }
        self._found: dict[str, Principal] = {
            key: {
                "arn": found.apply(lambda known: known.arn),
                "unique_id": found.apply(lambda known: known.unique_id),
            }
            for key, found in self._trusted.items()
        }
        self.source_account_id = self._accounts.apply(lambda known: known.source.id)
        self.destination_account_id = self._accounts.apply(lambda known: known.destination.id)
        roles = {grant: self._role(name, grant) for grant in sorted(model.grants)}
        ready = {grant: role.arn for grant, role in roles.items()}
        rights: dict[str, dict[str, AssumeRoleGrant]] = {grant: {} for grant in roles}
        for key, principal in sorted(self._reached.items()):
            if self._source is None:
                break
            allowed_args = self._allowed(
                principal, {grant: roles[grant].arn for grant in principal.actions}
            )
            allowed_args["imports"] = self._own_imports(
                self._resources_of_right(f"{name}-{key}", principal)
            )
            options = inherited(self._opts, parent=self, provider=self._source)
            allowed = AssumeRoleGrant(f"{name}-{key}", allowed_args, options)
            ready |= {grant: allowed.once_attached(ready[grant]) for grant in principal.actions}
            for grant in principal.actions:
                rights[grant][key] = allowed

        unattached = {grant: self._unattached(grant, role.arn) for grant, role in roles.items()}
        documents = {
            grant: self._documents_of(grant, role, rights[grant]) for grant, role in roles.items()
        }
        self._roles, self._ready, self._unattached_policies, self._documents = (
            roles,
            ready,
            unattached,
            documents,
        )
        self.role_arns = each(ready)
        self.role_names = each({grant: role.name for grant, role in roles.items()})
        self.role_unique_ids = each({grant: role.unique_id for grant, role in roles.items()})
        self.unattached_policies = each(unattached)
        self.documents = each(documents)
        # Gathered once for all that comes of it: what external IDs there are is told apart, for they may be secret.
        told = each({grant: role.usage.told for grant, role in roles.items()})
        told_with_ids = [told, {grant: role.usage.external_id for grant, role in roles.items()}]
        self.switch_role_urls = told.apply(of_each(lambda usage: usage.switch_role_url))
        self.switch_role_unavailable = told.apply(of_each(lambda usage: usage.no_switch_role))
        self.longest_sessions = told.apply(of_each(lambda usage: usage.longest_session))
        self.cli_profiles = once_known(told_with_ids, with_ids(Usage.cli_profile))
        self.assume_role_commands = once_known(told_with_ids, with_ids(Usage.assume_role_command))
        self.register_outputs(registered(self))

    @property
    def granted(self) -> dict[str, GrantOutputs]:
        """Each grant's outputs by themselves."""
        return {
            grant: GrantOutputs(
                self._ready[grant],
                role.name,
                role.unique_id,
                role.usage.switch_role_url,
                role.usage.switch_role_unavailable,
                role.usage.cli_profile,
                role.usage.longest_session,
                self._unattached_policies[grant],
                role.usage.assume_role_command,
                self._documents[grant],
            )
            for grant, role in self._roles.items()
        }

    def _providers_of(
        self, args: CrossAccountAccessArgs, side: grants.Side
    ) -> tuple[aws.Provider | None, aws.Provider | None]:
        found: dict[str, aws.Provider | None] = dict.fromkeys(PROVIDERS)
        problems = []
        for key, other in (("source_provider", "destination"), ("destination_provider", "source")):
            if side == other:
                if args.get(key) is not None:
                    refused = Refusal(
                        f"side {side} uses no {key}", remedy="Leave it out, or make both sides"
                    )
                    problems.append(make_problem(key, NOT_SHOWN, refused))
                continue
            match provider_argument(args, key):
                case Problem() as wrong:
                    problems.append(wrong)
                case provider:
                    found[key] = provider
        if problems:
            raise InvalidArgs(self._display_name, tuple(problems))
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
                raise grants.refuse_same_account(
                    (Key("destination_account_id"),), both.destination.id
                )
            model.check_accounts(both.source.id, both.destination.id)
            return both

        return pulumi.Output.all(source, destination).apply(
            check_when_known(self._display_name, "", check, None)
        )

    def _role(self, component: str, name: str) -> _Role:
        model, args = self._model.grants[name], self._args["grants"][name]
        if self._destination is None:
            # Nothing is made for a grant before its principals were found and checked.
            found = [
                self._trusted[principal.key]
                for principal in model.principals
                if principal.key in self._trusted
            ]
            principals = self._trusted_by(name, args["principals"])
            arn = once_known(
                [self._accounts, principals, *found],
                lambda known: model.role_arn(
                    name, known[0].destination.partition, known[0].destination.id
                ),
            )
            usage = usage_outputs(arn, principals, model, args)
            return _Role(arn, pulumi.Output.from_input(model.role_name(name)), None, usage)
        role_args: TrustedRoleArgs = {
            "principals": self._as_found(name),
            "source_account_id": self.source_account_id,
            "role": {**args.get("role", {}), "name": model.role_name(name)},
            "tags": self._model.tags,
            "imports": self._own_imports(resources_of_role(f"{component}-{name}", model.role)),
        }
        if "conditions" in args:
            role_args["conditions"] = args["conditions"]
        aliases = [former_name(self.TYPE, component, former) for former in model.formerly]
        options = inherited(self._opts, parent=self, provider=self._destination)
        options = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(aliases=aliases))
        role = TrustedRole(f"{component}-{name}", role_args, options)
        return _Role(role.role_arn, role.role_name, role.role_unique_id, role.usage)

    def _as_found(self, grant: str) -> list[Principal]:
        """A grant's principals as its trust policy gets them, each with its rank as its label."""
        models = self._model.grants[grant].principals
        ranked = sorted(principal.rank for principal in models)
        return [
            self._one_as_found(principal, given, f"{ranked.index(principal.rank):03}")
            for principal, given in zip(
                models, self._args["grants"][grant]["principals"], strict=True
            )
        ]

    def _trusted_by(self, grant: str, given: list[Principal]) -> pulumi.Output[TrustedPrincipals]:
        where = f"grants.{grant}.principals"

        def principals(known: list[Any]) -> TrustedPrincipals:
            return TrustedPrincipals(
                resolved(where, self._model.grants[grant], known[1]), known[0].source
            )

        known = [self._accounts, identities(given)]
        return once_known(known, check_when_known(self._display_name, where, principals, known[1]))

    def _one_as_found(self, model: PrincipalModel, given: Principal, label: str) -> Principal:
        """A principal as it was found in the source account, where that was asked."""
        if model.key not in self._trusted or not by_id(model):
            return {**given, "label": label}
        as_found: Principal = {**self._found[model.key], "label": label}
        if "conditions" in given:
            as_found["conditions"] = given["conditions"]
        return as_found

    def _allowed(
        self, principal: SourcePrincipal, role_arns: dict[str, Any]
    ) -> AssumeRoleGrantArgs:
        """What a principal's `AssumeRoleGrant` is made from, but for its imports."""
        return {
            "principal": attached(principal.args[0]),
            "role_arns": role_arns,
            "role_arn_lengths": {
                g: len(self._model.grants[g].longest_role_arn(g)) for g in principal.actions
            },
            "role_actions": {grant: list(actions) for grant, actions in principal.actions.items()},
            "tags": self._model.tags,
        }

    def _documents_of(
        self, grant: str, role: _Role, rights: Mapping[str, AssumeRoleGrant]
    ) -> pulumi.Output[str]:
        model = self._model.grants[grant]
        given = {**self._args["grants"][grant], "principals": self._as_found(grant)}
        keys = map(attachment_key, sorted(model.principals, key=lambda principal: principal.rank))
        made = [rights[key].policies[grant] if key and key in rights else None for key in keys]

        def documents(known: list[Any]) -> str:
            accounts, args, role_id, attached = known
            record = build_grant_documents(
                grant,
                read_model(grants.GrantModel, args),
                side=self._model.side,
                tags=merge_tags(self._model.tags, model.role.tags),
                partition=accounts.source.partition,
                source=accounts.source.id,
                destination=accounts.destination.id,
            )
            return record.with_made(role_id, attached).as_json()

        return once_known([self._accounts, given, role.unique_id, made], documents)

    def _unattached(self, grant: str, role_arn: pulumi.Output[str]) -> pulumi.Output[str] | None:
        model = self._model.grants[grant]
        if not model.unattached_principals:
            return None
        actions = sorted(
            {
                action
                for p in model.unattached_principals
                for action in get_allowed_actions(p, model.conditions)
            }
        )
        told = ", ".join(
            f"{str(p.kind).replace('_', ' ')} {p.identity}" for p in model.unattached_principals
        )
        pulumi.info(
            f"grant {grant}: its policy for {told} can't be attached from here; output unattached_policies",
            self,
        )
        return role_arn.apply(
            lambda arn: policies.build_assume_role_policy(
                [policies.AssumableRole(arn, tuple(actions))]
            )
        )

    def _resources(self, component: str) -> list[str]:
        """What is made inside of the components in this one, each by its `resource_key`.

        Raises:
            InvalidArgs: If a principal's roles don't fit in as many policies as attach to it, or two would be called
                the same.
        """
        made: list[str] = []
        if self._destination is not None:
            for grant, model in sorted(self._model.grants.items()):
                made += resources_of_role(f"{component}-{grant}", model.role)
        for key, principal in sorted(self._reached.items()):
            made += self._resources_of_right(f"{component}-{key}", principal)
            if twice := limits.find_repeated(made):
                refused = Refusal(
                    f"two resources would be called {twice}",
                    remedy="Give the principal another label",
                )
                raise InvalidArgs.of(
                    self._display_name, principal.where, principal.model.display_name, refused
                )
        return made

    def _resources_of_right(self, name: str, principal: SourcePrincipal) -> list[str]:
        args = self._allowed(principal, {grant: Unresolved() for grant in principal.actions})
        model = checked(AssumeRoleGrantModel, args, self._display_name)
        try:
            return model.resources(name)
        except Refusal as refusal:
            raise InvalidArgs.of(
                self._display_name, principal.where, principal.model.display_name, refusal
            ) from None

    def _own_imports(self, resources: list[str]) -> dict[str, str]:
        return {key: self._model.imports[key] for key in resources if key in self._model.imports}
