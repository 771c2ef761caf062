"""The destination account's half: a role, whom it trusts, what it may do."""

from collections.abc import Iterator
from operator import itemgetter
from typing import Any, NotRequired, Optional, TypedDict, Unpack, overload

import pulumi
import pulumi_aws as aws

from cross_account_access.args import Conditions, Limits, Principal, RoleSettings
from cross_account_access.grants import roles
from cross_account_access.grants.resolved_grant import Account
from cross_account_access.wiring.adopted_roles import warn_of_unmanaged
from cross_account_access.wiring.children import Children, build_resource_key
from cross_account_access.wiring.inputs import NO_ARGS, apply_resolved, freeze_args, get_if_known
from cross_account_access.wiring.outputs import UsageOutputs, list_outputs, wait_for
from cross_account_access.wiring.providers import account_of, explicit_provider
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
    limits: NotRequired[Limits]
    """Quotas that AWS has raised for the role's account; AWS's defaults by default."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
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
    """The role's unique ID (AROA…)."""
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

        The args are given as one object or as keywords.

        Raises:
            InvalidArgs: If anything in the args is wrong, or no AWS provider is given.
        """
        super().__init__("cross-account-access:index:TrustedRole", name, None, opts)
        provider = explicit_provider(self, "destination")
        given: Any = args
        if isinstance(given, RoleInputs):  # read already
            self._inputs = given
        else:
            frozen = freeze_args(f"TrustedRole {name}", args, keywords)
            self._inputs = RoleInputs.read(name, provider, frozen)
        self._children = Children(self, provider, self._inputs.imports, opts)
        self._inputs.warn(self)
        self._inputs.check_inline_size()
        self._role = self._make_role(name)
        permissions = [*self._attach_policies(name), *self._put_policies(name)]

        arn = self._find_arn(account_of(provider))
        self.role_arn = wait_for(arn, [self._role, *permissions])
        self.role_name = self._role.name
        self.role_unique_id = self._role.unique_id
        self.account_id = self._inputs.account_id
        self._usage = UsageOutputs(self.role_arn, self._inputs.grant, self._inputs.label)
        self.switch_role_url = self._usage.switch_role_url
        self.switch_role_unavailable = self._usage.switch_role_unavailable
        self.longest_session = self._usage.longest_session
        self.cli_profile = self._usage.cli_profile
        self.assume_role_command = self._usage.assume_role_command
        self.register_outputs(list_outputs(self))

    def _make_role(self, name: str) -> "aws.iam.Role":
        inputs = self._inputs
        role = inputs.role
        return aws.iam.Role(
            name,
            name=inputs.name,
            path=role.path,
            description=inputs.resolve_description(),
            max_session_duration=role.max_session_duration,
            assume_role_policy=inputs.resolve_trust_policy(),
            permissions_boundary=inputs.resolve_boundary(),
            tags=inputs.tags or None,
            opts=self._children.options(aws.iam.Role, name, *inputs.repeated_outputs),
        )

    def _find_arn(self, account: pulumi.Output[Account]) -> pulumi.Output[str]:
        """The role's ARN, known before the role is made unless Pulumi names it.

        Once the role is there it is its own: a transform may give it another path.
        """
        inputs = self._inputs

        def choose(arn: str | None, account: Account) -> str:
            # A test's mocks may make a role without one.
            return arn or inputs.build_arn(account, self._name)

        arn = self._role.arn if inputs.name is None else get_if_known(self._role.arn)
        return apply_resolved([arn, account], choose)

    def _attach_policies(self, name: str) -> Iterator[pulumi.Resource]:
        inputs = self._inputs
        arns = {
            roles.build_attachment_key(policy): inputs.resolve_policy_arn(policy)
            for policy in inputs.role.managed_policies
        }
        for label, policy in inputs.role.managed_policy_arns.items():
            arn = inputs.resolve_policy_arn(policy, "managed_policy_arns", label)
            arns[label_key(label)] = arn
        if build_resource_key(aws.iam.Role, name) in inputs.imports:
            warn_of_unmanaged(self, self._role, inputs, arns.values())
        for key, arn in sorted(arns.items(), key=itemgetter(0)):
            yield aws.iam.RolePolicyAttachment(
                f"{name}-{key}",
                role=self._role.name,
                policy_arn=arn,
                opts=self._children.options_with_role(
                    aws.iam.RolePolicyAttachment, f"{name}-{key}", self._role
                ),
            )

    def _put_policies(self, name: str) -> Iterator[pulumi.Resource]:
        for policy in self._inputs.role.inline_policy_names:
            yield aws.iam.RolePolicy(
                f"{name}-inline-{policy}",
                name=policy,
                role=self._role.name,
                policy=self._inputs.resolve_inline_policy(policy, self),
                opts=self._children.options_with_role(
                    aws.iam.RolePolicy, f"{name}-inline-{policy}", self._role
                ),
            )
