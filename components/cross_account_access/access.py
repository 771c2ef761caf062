"""Access from a source account to a destination account: both halves, in one component."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, NotRequired, TypedDict, Unpack, overload

import pulumi
import pulumi_aws as aws

from .args import Grant
from .destination import TrustedRole
from .grants.policies import AssumableRole, build_assume_role_policy
from .grants.resolved_grant import ResolvedGrant
from .grants.trust import get_allowed_actions
from .source import AssumeRoleGrant
from .wiring.access_inputs import AccessInputs
from .wiring.children import build_alias, hand_down_options
from .wiring.inputs import NO_ARGS, apply_resolved, freeze_args
from .wiring.outputs import GrantOutputs, UsageOutputs, gather_map, list_outputs, wait_for
from .wiring.source_principals import get_attachment_key


class Side(Enum):
    """Which half of the access is made."""

    BOTH = "both"
    """The halves of both accounts."""
    SOURCE = "source"
    """Only the source account's half."""
    DESTINATION = "destination"
    """Only the destination account's half."""


class CrossAccountAccessArgs(TypedDict):
    """What a `CrossAccountAccess` is made from."""

    grants: dict[str, Grant]
    """The grants by name: 1–64 letters, digits and _+=,.@-."""
    source_provider: NotRequired[pulumi.Input[aws.Provider]]
    """The AWS provider with the source account's credentials. Leave it out if `side` is
    `destination`."""
    destination_provider: NotRequired[pulumi.Input[aws.Provider]]
    """The AWS provider with the destination account's credentials. Leave it out if `side` is
    `source`."""
    side: NotRequired[Side]
    """Which half is made: `both` (the default), `source` or `destination`."""
    source_account_id: NotRequired[str]
    """The source account's ID. Required if `side` is `destination`; otherwise the credentials must
    belong to this account."""
    destination_account_id: NotRequired[str]
    """The destination account's ID. Required if `side` is `source`; otherwise the credentials must
    belong to this account."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource that can have tags. A role's own tags replace those of the same
    key."""
    imports: NotRequired[dict[str, str]]
    """Existing resources to import instead of creating them: import IDs by TYPE/NAME of the
    resource, such as `Role/team-deploy: deploy` (a role's name) or `Policy/team-user-alice` (a
    policy's ARN)."""


@dataclass(frozen=True)
class _Role:
    """A destination role, made here or by the other side."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    unique_id: pulumi.Output[str] | None
    usage: UsageOutputs


class CrossAccountAccess(pulumi.ComponentResource):
    """Access from one account to another: for each grant a role, and the permission to assume it.

    It makes a `TrustedRole` for each grant, with the destination's provider, and an
    `AssumeRoleGrant` for each source principal, with the source's provider. Before anything is
    made, both providers are asked which account they belong to: source and destination must be two
    accounts, and must be the expected ones if their IDs are given.

    AWS documentation:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html

    Example:
        ```python
        import pulumi
        import pulumi_aws as aws
        from cross_account_access import CrossAccountAccess, Grant, Principal, RoleSettings

        source = aws.Provider("source", profile="people", region="us-east-1")
        destination = aws.Provider("destination", profile="production", region="us-east-1")
        access = CrossAccountAccess(
            "team",
            source_provider=source,
            destination_provider=destination,
            grants={
                "read-only": Grant(
                    principals=[Principal(user="alice")],
                    role=RoleSettings(managed_policies=["ReadOnlyAccess"]),
                    conditions={"mfa": True},
                ),
            },
        )
        pulumi.export("role_arn", access.granted["read-only"].role_arn)
        ```
    """

    TYPE = "cross-account-access:index:CrossAccountAccess"

    role_arns: pulumi.Output[dict[str, str]]
    """Each grant's role ARN, known once both halves are deployed, so that it can be used at
    once."""
    role_names: pulumi.Output[dict[str, str]]
    """Each grant's role name."""
    role_unique_ids: pulumi.Output[dict[str, str]]
    """The unique ID (AROA…) of each grant's role; none if `side` is `source`."""
    switch_role_urls: pulumi.Output[dict[str, str]]
    """The switch-role URL of each grant that can be used in the console."""
    switch_role_unavailable: pulumi.Output[dict[str, str]]
    """Why each of the other grants can't be used in the console."""
    cli_profiles: pulumi.Output[dict[str, str]]
    """Each grant's profile for `~/.aws/config`. Set `source_profile` in it to the caller's own."""
    longest_sessions: pulumi.Output[dict[str, int]]
    """How long each grant's sessions last at most, in seconds. An hour if all callers are role
    sessions (role chaining)."""
    unattached_policies: pulumi.Output[dict[str, str]]
    """The policy that principals of a grant need and that can't be attached from here, for grants
    with such principals: add it to the permission set, or wherever the owners of the account or
    organization give permissions."""
    assume_role_commands: pulumi.Output[dict[str, str]]
    """Each grant's `aws sts assume-role` command."""
    documents: pulumi.Output[dict[str, str]]
    """Each grant's documents in both accounts, as JSON. The command-line tool reads them."""
    source_account_id: pulumi.Output[str]
    """The source account's ID."""
    destination_account_id: pulumi.Output[str]
    """The destination account's ID."""

    @overload
    def __init__(
        self, name: str, args: CrossAccountAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Unpack[CrossAccountAccessArgs],
    ) -> None: ...

    def __init__(
        self,
        name: str,
        args: CrossAccountAccessArgs = NO_ARGS,  # Pulumi's analyzer reads no `| None` here
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Any,
    ) -> None:
        """Make the grants.

        The args are given as one object or as keywords.

        Raises:
            InvalidArgs: If anything in the args is wrong.
        """
        super().__init__(self.TYPE, name, None, opts)
        frozen = freeze_args(f"CrossAccountAccess {name}", args, keywords)
        self._inputs = AccessInputs.read(name, frozen)
        accounts = self._inputs.accounts
        self.source_account_id = accounts.apply(lambda both: both.source.id)
        self.destination_account_id = accounts.apply(lambda both: both.destination.id)

        roles = {grant: self._make_role(grant, opts) for grant in self._inputs.grants}
        assume_role = self._make_assume_role_grants(roles, opts)
        self._granted = {
            grant: self._build_outputs(grant, role, assume_role) for grant, role in roles.items()
        }
        self.role_arns = self._gather("role_arn")
        self.role_names = self._gather("role_name")
        self.role_unique_ids = self._gather("role_unique_id")
        self.switch_role_urls = self._gather("switch_role_url")
        self.switch_role_unavailable = self._gather("switch_role_unavailable")
        self.cli_profiles = self._gather("cli_profile")
        self.longest_sessions = self._gather("longest_session")
        self.unattached_policies = self._gather("unattached_policy")
        self.assume_role_commands = self._gather("assume_role_command")
        self.documents = self._gather("documents")
        self.register_outputs(list_outputs(self))

    @property
    def granted(self) -> dict[str, GrantOutputs]:
        """Each grant's outputs by the grant's name; in Python the easiest way to them."""
        return dict(self._granted)

    def _gather(self, output: str) -> pulumi.Output[dict[str, Any]]:
        return gather_map({name: getattr(one, output) for name, one in self._granted.items()})

    def _make_role(self, grant: str, opts: pulumi.ResourceOptions | None) -> _Role:
        inputs = self._inputs
        if inputs.destination is None:
            return self._expect_role(grant)
        name = f"{inputs.name}-{grant}"
        formerly = inputs.model.grants[grant].formerly
        options = hand_down_options(opts, parent=self, provider=inputs.destination)
        options.aliases = [build_alias(self.TYPE, inputs.name, former) for former in formerly]
        prepared: Any = inputs.role(grant)  # read already: not read again
        role = TrustedRole(name, prepared, options)
        usage = role._usage  # noqa: SLF001 - not public
        return _Role(role.role_arn, role.role_name, role.role_unique_id, usage)

    def _expect_role(self, grant: str) -> _Role:
        """The role that the other side makes."""
        inputs = self._inputs
        model, name = inputs.model.grants[grant], inputs.model.grants[grant].role_name(grant)

        def build_arn(resolved: ResolvedGrant) -> str:
            account = resolved.accounts.destination
            return model.role_arn(grant, account.partition, account.id)

        # Nothing is made for a grant before its principals are found and checked.
        arn = inputs.grants[grant].identified.apply(build_arn)
        usage = UsageOutputs(arn, inputs.grants[grant])
        return _Role(arn, pulumi.Output.from_input(name), None, usage)

    def _make_assume_role_grants(
        self, roles: dict[str, _Role], opts: pulumi.ResourceOptions | None
    ) -> dict[str, AssumeRoleGrant]:
        """The source's half, by the principals' keys."""
        inputs = self._inputs
        if inputs.source is None:
            return {}
        arns = {grant: role.arn for grant, role in roles.items()}
        made = {}
        for key in inputs.assume_roles:
            prepared: Any = inputs.assume_role(key, arns)
            options = hand_down_options(opts, parent=self, provider=inputs.source)
            made[key] = AssumeRoleGrant(f"{inputs.name}-{key}", prepared, options)
        return made

    def _build_outputs(
        self, grant: str, role: _Role, assume_role: dict[str, AssumeRoleGrant]
    ) -> GrantOutputs:
        inputs = self._inputs
        attached = {
            key: assume_role[key]
            for key, principal in inputs.principals.items()
            if grant in principal.actions
        }
        attachments = [
            attachment
            for one in attached.values()
            for attachment in one._attachments  # noqa: SLF001
        ]
        return GrantOutputs(
            role_arn=wait_for(role.arn, attachments),
            role_name=role.name,
            role_unique_id=role.unique_id,
            switch_role_url=role.usage.switch_role_url,
            switch_role_unavailable=role.usage.switch_role_unavailable,
            cli_profile=role.usage.cli_profile,
            longest_session=role.usage.longest_session,
            unattached_policy=self._build_unattached_policy(grant, role.arn),
            assume_role_command=role.usage.assume_role_command,
            documents=self._build_record(grant, role, attached),
        )

    def _build_record(
        self, grant: str, role: _Role, attached: dict[str, AssumeRoleGrant]
    ) -> pulumi.Output[str]:
        """What both accounts have of a grant, as JSON."""
        inputs = self._inputs
        model = inputs.model.grants[grant]
        tags = inputs.role(grant).tags
        ranked = sorted(model.principals, key=lambda principal: principal.rank)
        keys = [get_attachment_key(principal) for principal in ranked]
        policies = {key: one._policies for key, one in attached.items()}  # noqa: SLF001
        made = {key: policies[key][grant] for key in keys if key in policies}
        late_tags = {key: tag for key, tag in tags.items() if isinstance(tag, pulumi.Output)}
        ids = [role.unique_id] if role.unique_id else []

        def build(resolved: ResolvedGrant, *values: str) -> str:
            rest = iter(values)
            known_tags: dict[str, Any] = {**tags, **{key: next(rest) for key in late_tags}}
            role_id = next(rest) if ids else None
            contents = {key: (next(rest), next(rest)) for key in made}
            record = resolved.record(grant, inputs.model.side, known_tags)
            return record.with_made(
                role_id, [contents.get(key) if key else None for key in keys]
            ).as_json()

        flat = [output for pair in made.values() for output in pair]
        return apply_resolved(
            [inputs.grants[grant].complete, *late_tags.values(), *ids, *flat], build
        )

    def _build_unattached_policy(
        self, grant: str, role_arn: pulumi.Output[str]
    ) -> pulumi.Output[str] | None:
        model = self._inputs.model.grants[grant]
        principals = model.unattached_principals
        if not principals:
            return None
        names = ", ".join(f"{str(p.kind).replace('_', ' ')} {p.identity}" for p in principals)
        pulumi.info(
            f"grant {grant}: its policy for {names} can't be attached from here; "
            "output unattached_policies",
            self,
        )
        actions = {
            action
            for principal in principals
            for action in get_allowed_actions(principal, model.conditions)
        }
        return role_arn.apply(
            lambda arn: build_assume_role_policy([AssumableRole(arn, tuple(sorted(actions)))])
        )
