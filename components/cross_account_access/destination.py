"""The destination account's half: a role, whom it trusts, what it may do."""

from collections.abc import Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, NotRequired, Optional, TypedDict, Unpack, overload

import pulumi
import pulumi_aws as aws

from cross_account_access.args import Conditions, Principal, RoleSettings
from cross_account_access.grants import roles
from cross_account_access.grants.model import Unresolved
from cross_account_access.grants.resolved_grant import Accounts, ResolvedGrant
from cross_account_access.iam.identity_policy import check_identity_policy, find_warnings
from cross_account_access.wiring.children import (
    Children,
)
from cross_account_access.wiring.inputs import (
    NO_ARGS,
    FrozenArgs,
    explicit_provider,
    freeze_args,
)
from cross_account_access.wiring.outputs import UsageOutputs, list_outputs, wait_for
from cross_account_access.wiring.role_inputs import RoleInputs, label_key


class TrustedRoleArgs(TypedDict):
    """What a `TrustedRole` is made from."""

    principals: list[Principal]
    """Who is trusted: one or more principals."""
    source_account_id: pulumi.Input[str]
    """The ID of the principals' account, 12 digits."""
    role: NotRequired[RoleSettings]
    """The role. By default Pulumi names it and it has no permissions."""
    conditions: NotRequired[Conditions]
    """Conditions under which the role may be assumed; none by default."""
    tags: NotRequired[dict[str, str]]
    """Tags of every resource here that can have tags. The role's own replace those of the same
    key."""
    imports: NotRequired[dict[str, str]]
    """Existing resources to import instead of creating them: import IDs by TYPE/NAME of the
    resource here, such as `Role/deploy: deploy`."""


class TrustedRole(pulumi.ComponentResource):
    """A destination role that only the given principals of the source account may assume.

    This is the destination's half. `AssumeRoleGrant` makes the source's half, for the administrator
    of that account. Give it the destination's AWS provider in `opts`: it never uses a default one.

    AWS documentation:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html

    Example:
        ```python
        import pulumi
        import pulumi_aws as aws
        from cross_account_access import Principal, TrustedRole

        destination = aws.Provider("destination", profile="production", region="us-east-1")
        role = TrustedRole(
            "audit",
            source_account_id="111111111111",
            principals=[Principal(user="partners/auditor")],
            role={"name": "audit", "managed_policies": ["SecurityAudit"]},
            conditions={"external_id": "partner-7f3a"},
            opts=pulumi.ResourceOptions(provider=destination),
        )
        pulumi.export("role_arn", role.role_arn)
        ```
    """

    role_arn: pulumi.Output[str]
    """The role's ARN, known once its permissions are attached too."""
    role_name: pulumi.Output[str]
    """The role's name."""
    role_unique_id: pulumi.Output[str]
    """The role's unique id (AROA…)."""
    account_id: pulumi.Output[str]
    """The destination account's ID."""
    switch_role_url: pulumi.Output[Optional[str]]  # noqa: UP045 - for the analyzer
    """The console's switch-role URL; none if the console can't switch to the role."""
    switch_role_unavailable: pulumi.Output[Optional[str]]  # noqa: UP045
    """Why the console can't switch to the role; none if it can."""
    longest_session: pulumi.Output[int]
    """How long a session lasts at most, in seconds. An hour if all callers are role sessions (role
    chaining)."""
    cli_profile: pulumi.Output[str]
    """A profile for `~/.aws/config`. Set `source_profile` in it to the caller's own."""
    assume_role_command: pulumi.Output[str]
    """The `aws sts assume-role` command."""

    @overload
    def __init__(
        self, name: str, args: TrustedRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Unpack[TrustedRoleArgs],
    ) -> None: ...

    def __init__(
        self,
        name: str,
        args: TrustedRoleArgs = NO_ARGS,  # Pulumi's analyzer reads no `| None` here
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Any,
    ) -> None:
        """Make the role, its trust policy and its permissions.

        Args:
            name: The component's name.
            args: What it is made from; as keywords instead, if you like.
            opts: The destination's AWS provider, and what else Pulumi takes.
            keywords: The keys of `TrustedRoleArgs`.

        Raises:
            InvalidArgs: If anything in the args is wrong, or no AWS provider is given.
        """
        super().__init__("cross-account-access:index:TrustedRole", name, None, opts)
        provider = explicit_provider(self, "destination")
        given: Any = args
        if isinstance(given, RoleInputs):  # a CrossAccountAccess has read them already
            inputs = given
        else:
            frozen = freeze_args(f"TrustedRole {name}", args, keywords)
            inputs = RoleInputs.read(name, provider, frozen)
        self._inputs = inputs
        self._args = inputs.grant.args
        self._accounts = inputs.grant.accounts
        self._children = Children(self, provider, inputs.imports, opts)

        role = inputs.grant.model.role
        self._role = aws.iam.Role(
            name,
            name=inputs.name,
            path=role.path,
            description=role.description,
            max_session_duration=role.max_session_duration,
            assume_role_policy=self._build_trust_policy(),
            permissions_boundary=self._resolve_boundary(role),
            tags=inputs.tags or None,
            opts=self._children.options(aws.iam.Role, name),
        )
        permissions = [*self._attach_policies(name, role), *self._put_policies(name, role)]

        self.role_arn = wait_for(self._role.arn, permissions)
        self.role_name = self._role.name
        self.role_unique_id = self._role.unique_id
        self.account_id = self._accounts.apply(lambda accounts: accounts.destination.id)
        self._usage = UsageOutputs(self.role_arn, inputs.grant)
        self.switch_role_url = self._usage.switch_role_url
        self.switch_role_unavailable = self._usage.switch_role_unavailable
        self.longest_session = self._usage.longest_session
        self.cli_profile = self._usage.cli_profile
        self.assume_role_command = self._usage.assume_role_command
        self.register_outputs(list_outputs(self))

    def _build_trust_policy(self) -> pulumi.Output[str]:
        def build(_: Mapping[Any, Any], trusted: ResolvedGrant) -> str:
            return trusted.trust_policy()

        grant_inputs = self._inputs.grant
        return self._args.resolve(
            build, grant_inputs.trusted, outputs=self._args.within("principals", "conditions")
        )

    def _resolve_boundary(self, role: roles.RoleModel) -> pulumi.Output[str] | None:
        boundary = role.permissions_boundary
        if boundary is None:
            return None
        return self._resolve_policy_arn(boundary, "permissions_boundary")

    def _resolve_policy_arn(self, policy: str | Unresolved, *place: str) -> pulumi.Output[str]:
        """A managed policy's ARN, of the role's account or AWS's own."""

        def build(policy: Any, accounts: Accounts) -> str:
            checked = roles.check_managed_policy(policy)
            account = accounts.destination
            return roles.resolve_policy_arn(checked, account.partition, account.id)

        if isinstance(policy, str):
            return self._accounts.apply(partial(build, policy))
        return self._args.below("role", *place).resolve(
            lambda values, accounts: build(values[()], accounts), self._accounts
        )

    def _attach_policies(self, name: str, role: roles.RoleModel) -> Iterator[pulumi.Resource]:
        arns = {
            roles.build_attachment_key(policy): self._resolve_policy_arn(policy)
            for policy in role.managed_policies
        }
        for label, policy in role.managed_policy_arns.items():
            arns[label_key(label)] = self._resolve_policy_arn(policy, "managed_policy_arns", label)
        for key, arn in sorted(arns.items(), key=itemgetter(0)):
            yield aws.iam.RolePolicyAttachment(
                f"{name}-{key}",
                role=self._role.name,
                policy_arn=arn,
                opts=self._children.options(aws.iam.RolePolicyAttachment, f"{name}-{key}"),
            )

    def _put_policies(self, name: str, role: roles.RoleModel) -> Iterator[pulumi.Resource]:
        for policy in sorted(role.inline_policies):
            args = self._args.below("role", "inline_policies", policy)

            def render(values: Mapping[Any, Any], args: FrozenArgs = args) -> str:
                document = check_identity_policy(args.fill(values))
                for warning in find_warnings(document):
                    pulumi.warn(f"{args.component}: {args.path}: {warning}", self)
                return document

            yield aws.iam.RolePolicy(
                f"{name}-inline-{policy}",
                name=policy,
                role=self._role.name,
                policy=args.resolve(render) if args.outputs else render({}),
                opts=self._children.options(aws.iam.RolePolicy, f"{name}-inline-{policy}"),
            )
