"""The destination account's half: a role, whom it trusts, what it may do."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NotRequired, Optional, TypedDict

import pulumi
import pulumi_aws as aws

from . import grants, limits, policies
from .args import Conditions, Principal, RoleSettings
from .errors import Key
from .inputs import Account, account_of, check_when_known, checked, explicit_provider
from .model import Later, read, when_known
from .outputs import registered, usage_outputs


class TrustedRoleArgs(TypedDict):
    """What a `TrustedRole` is made from."""

    principals: list[Principal]
    """Who is trusted: one or more users and roles of the source account."""
    source_account_id: pulumi.Input[str]
    """The ID of the account that the principals are of, 12 digits."""
    role: NotRequired[RoleSettings]
    """The role; without it one without permissions, named by Pulumi."""
    conditions: NotRequired[Conditions]
    """Under which conditions the role may be assumed; none by default."""
    principal_unique_ids: NotRequired[list[pulumi.Input[str]]]
    """The principals' unique ids (AIDA…, AROA…), where they are known. A principal that was deleted and made again
    has another one, and AWS no longer lets it in; with the ids given here, the next `pulumi up` saves the trust
    anew."""


class TrustedRoleModel(grants.TrustModel):
    """Checked `TrustedRoleArgs`."""

    source_account_id: Annotated[str | Later, when_known(limits.account_id)]
    role: grants.RoleModel = grants.RoleModel()
    principal_unique_ids: list[Annotated[str | Later, when_known(limits.UNIQUE_ID)]] = []


def _checked_account(role: grants.RoleModel, known: list[Any]) -> Account:
    """The destination account, once it is known that source and policies fit it: nothing is made before."""
    account: Account = known[0]
    if str(known[1]) == account.id:
        raise grants.same_account((Key("source_account_id"),), account.id)
    role.check_account(account.id, (Key("role"),))
    return account


class TrustedRole(pulumi.ComponentResource):
    """A role in the destination account that exactly the given users and roles of the source account may assume.

    It is the destination's half; for whoever administers the source account, `AssumeRoleGrant` makes the other.
    Give it the destination's AWS provider in its options: it never uses a default one.

    AWS's page: https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html
    """

    role_arn: pulumi.Output[str]
    """The role's ARN, known once its permissions are attached too."""
    role_name: pulumi.Output[str]
    """The role's name."""
    role_unique_id: pulumi.Output[str]
    """The role's unique id (AROA…)."""
    account_id: pulumi.Output[str]
    """The destination account's ID."""
    switch_role_url: pulumi.Output[Optional[str]]  # noqa: UP045 - the schema's analyzer reads no `|`
    """The console's switch-role URL; none where the console can't switch to the role."""
    switch_role_unavailable: pulumi.Output[Optional[str]]  # noqa: UP045
    """Why the console can't switch to the role; none where it can."""
    cli_profile: pulumi.Output[str]
    """A profile for `~/.aws/config`. `source_profile` in it is to be the caller's own."""
    assume_role_command: pulumi.Output[str]
    """The `aws sts assume-role` command."""

    def __init__(self, name: str, args: TrustedRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the role, its trust policy and its permissions.

        Raises:
            InvalidArgs: If anything in `args` is wrong, or no AWS provider is given.
        """
        super().__init__("cross-account-access:index:TrustedRole", name, None, opts)
        self._told = f"TrustedRole {name}"
        provider = explicit_provider(self, "destination")
        model = checked(TrustedRoleModel, args, self._told)
        self._child = pulumi.ResourceOptions(parent=self, provider=provider)
        # In a CrossAccountAccess the source's ID is known once both accounts are checked: nothing is done before that.
        both = pulumi.Output.all(account_of(provider), args["source_account_id"])
        self._account = both.apply(self._known("", partial(_checked_account, model.role)))

        self._principals = self._principal_arns(args)
        self._role = aws.iam.Role(
            name,
            name=model.role.name,
            path=model.role.path,
            description=model.role.description,
            max_session_duration=model.role.max_session_duration,
            assume_role_policy=self._trust_policy(args),
            permissions_boundary=self._permissions_boundary(args.get("role", {})),
            tags=model.role.tags or None,
            opts=self._child,
        )
        permissions = self._permissions(name, model.role, args.get("role", {}))

        made = [permission.urn for permission in permissions]
        self.role_arn = pulumi.Output.all(self._role.arn, *made).apply(lambda known: known[0])
        self.role_name = self._role.name
        self.role_unique_id = self._role.unique_id
        self.account_id = self._account.apply(lambda account: account.id)
        self.usage = usage_outputs(
            self.role_arn, self._principals, model, model.role, args.get("conditions", {}).get("external_id")
        )
        self.switch_role_url = self.usage.switch_role_url
        self.switch_role_unavailable = self.usage.switch_role_unavailable
        self.cli_profile = self.usage.cli_profile
        self.assume_role_command = self.usage.assume_role_command
        self.register_outputs(registered(self))

    def _known(self, path: str, check: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return check_when_known(self._told, path, check)

    def _principal_arns(self, args: TrustedRoleArgs) -> pulumi.Output[list[str]]:
        def arns_of(known: list[Any]) -> list[str]:
            account, given = known
            # The conditions were checked with the principals as far as those were known; now all are.
            model = read(TrustedRoleModel, given)
            return [entity.arn(account.partition, str(model.source_account_id)) for entity in model.entities]

        given = {key: args[key] for key in ("principals", "source_account_id")}
        return pulumi.Output.all(self._account, given).apply(self._known("principals", arns_of))

    def _trust_policy(self, args: TrustedRoleArgs) -> pulumi.Output[str]:
        def document(known: list[Any]) -> str:
            arns, given = known
            model = read(TrustedRoleModel, given)
            block = model.conditions.block() if model.conditions else {}
            return policies.trust_policy(arns, block, [str(unique_id) for unique_id in model.principal_unique_ids])

        given = {key: value for key, value in args.items() if key != "role"}
        return pulumi.Output.all(self._principals, given).apply(self._known("principals", document))

    def _policy_arn(self, path: str, policy: pulumi.Input[str]) -> pulumi.Output[str]:
        def arn(known: list[Any]) -> str:
            account: Account = known[1]
            return grants.policy_arn(grants.managed_policy(known[0]), account.partition, account.id)

        return pulumi.Output.all(policy, self._account).apply(self._known(path, arn))

    def _permissions_boundary(self, role: RoleSettings) -> pulumi.Output[str] | None:
        boundary = role.get("permissions_boundary")
        return None if boundary is None else self._policy_arn("role.permissions_boundary", boundary)

    def _permissions(self, name: str, model: grants.RoleModel, role: RoleSettings) -> list[pulumi.Resource]:
        attached: dict[str, tuple[str, pulumi.Input[str]]] = {
            grants.policy_key(policy): (f"role.managed_policies[{position}]", policy)
            for position, policy in enumerate(model.managed_policies)
        }
        for label, arn in role.get("managed_policy_arns", {}).items():
            attached[f"label-{label}"] = (f"role.managed_policy_arns.{label}", arn)
        made: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{key}", role=self._role.name, policy_arn=self._policy_arn(path, policy), opts=self._child
            )
            for key, (path, policy) in sorted(attached.items())
        ]
        for policy_name, document in sorted(role.get("inline_policies", {}).items()):
            check = self._known(f"role.inline_policies.{policy_name}", policies.identity_policy)
            made.append(
                aws.iam.RolePolicy(
                    f"{name}-inline-{policy_name}",
                    name=policy_name,
                    role=self._role.name,
                    policy=pulumi.Output.from_input(document).apply(check),
                    opts=self._child,
                )
            )
        return made
