"""The source account's half: a principal's permission to assume roles, as attached policies."""

from typing import Any, NotRequired, TypedDict, Unpack, overload

import pulumi
import pulumi_aws as aws

from .args import Principal
from .grants.resolved_grant import Account
from .wiring.assume_role_inputs import AssumeRoleInputs, AssumeRolePolicy, get_attachment_type
from .wiring.attachments import warn_of_components
from .wiring.children import Children
from .wiring.inputs import NO_ARGS, freeze_args, holds_output
from .wiring.outputs import list_outputs, wait_for
from .wiring.providers import account_of, explicit_provider


class AssumeRoleGrantArgs(TypedDict):
    """What an `AssumeRoleGrant` is made from."""

    principal: Principal
    """The user, role or group of the source account that may assume the roles."""
    role_arns: dict[str, pulumi.Input[str]]
    """The ARNs of the destination's roles, each under a plain name of its own."""
    role_arn_lengths: NotRequired[dict[str, int]]
    """The greatest lengths of those ARNs, by the same names, if they are Outputs: 102 by default,
    which is enough for every role without a path. They decide how many policies are needed."""
    role_actions: NotRequired[dict[str, list[str]]]
    """Actions that are allowed on a role besides sts:AssumeRole, by the same names:
    sts:TagSession, sts:SetSourceIdentity, sts:SetContext."""
    policies_per_principal: NotRequired[int]
    """How many managed policies of this component may attach to the principal: 10 by default. Fewer
    if others are attached to it too; more, up to 20 for a user and 25 for a role, if AWS has raised
    the account's quota. It raises none for groups."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of the policies."""
    imports: NotRequired[dict[str, str]]
    """Existing resources to import instead of creating them: import IDs by TYPE/NAME of the
    resource here, such as `Policy/team-user-alice:
    arn:aws:iam::111111111111:policy/to-production`."""


class AssumeRoleGrant(pulumi.ComponentResource):
    """A source principal's permission to assume roles, as managed policies attached to it.

    This is the source's half. `TrustedRole` makes the destination's half, for the administrator of
    that account. Roles share policies, because AWS attaches at most ten to a user: one more role
    changes a document and moves nothing. Give it the source's AWS provider in `opts`: it never uses
    a default one.

    AWS documentation:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html

    Example:
        ```python
        import pulumi
        import pulumi_aws as aws
        from cross_account_access import AssumeRoleGrant, Principal

        source = aws.Provider("source", profile="people", region="us-east-1")
        AssumeRoleGrant(
            "audit",
            principal=Principal(user="partners/auditor"),
            role_arns={"audit": "arn:aws:iam::222222222222:role/audit"},
            opts=pulumi.ResourceOptions(provider=source),
        )
        ```
    """

    policy_arns: pulumi.Output[list[str]]
    """The ARNs of the policies, known once they are attached too."""
    account_id: pulumi.Output[str]
    """The source account's ID."""

    @overload
    def __init__(
        self, name: str, args: AssumeRoleGrantArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Unpack[AssumeRoleGrantArgs],
    ) -> None: ...

    def __init__(
        self,
        name: str,
        args: AssumeRoleGrantArgs = NO_ARGS,  # Pulumi's analyzer reads no `| None` here
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Any,
    ) -> None:
        """Make the policies and attach them.

        The args are given as one object or as keywords.

        Raises:
            InvalidArgs: If anything in the args is wrong, or no AWS provider is given.
        """
        super().__init__("cross-account-access:index:AssumeRoleGrant", name, None, opts)
        provider = explicit_provider(self, "source")
        given: Any = args
        if isinstance(given, AssumeRoleInputs):  # a CrossAccountAccess has read them already
            inputs = given
        else:
            frozen = freeze_args(f"AssumeRoleGrant {name}", args, keywords)
            inputs = AssumeRoleInputs.read(name, frozen)
        self._children = Children(self, provider, inputs.model.imports, opts)
        account = account_of(provider)
        warn_of_components(self, name, account, inputs.model, len(inputs.planned))

        self._policies: dict[str, tuple[pulumi.Output[str], pulumi.Output[str]]] = {}
        self._attachments: list[pulumi.Resource] = []
        arns = [self._make_policy(child, inputs, account) for child in inputs.planned]
        self.policy_arns = wait_for(pulumi.Output.all(*arns), self._attachments)
        self.account_id = account.apply(lambda caller: caller.id)
        self.register_outputs(list_outputs(self))

    def _make_policy(
        self, child: str, inputs: AssumeRoleInputs, account: pulumi.Output[Account]
    ) -> pulumi.Output[str]:
        plan = inputs.planned[child]
        content = inputs.resolve(plan, account)
        document = content.apply(lambda resolved: resolved.document)
        tags = inputs.resolve_tags()
        policy = aws.iam.Policy(
            child,
            policy=document,
            tags=tags or None,
            opts=self._children.options(
                aws.iam.Policy, child, *(["tags_all"] if holds_output(tags) else [])
            ),
        )
        self._policies |= dict.fromkeys(plan.roles, (policy.arn, document))
        self._attachments.append(self._attach(child, policy, inputs, content))
        return policy.arn

    def _attach(
        self,
        child: str,
        policy: "aws.iam.Policy",
        inputs: AssumeRoleInputs,
        content: pulumi.Output[AssumeRolePolicy],
    ) -> pulumi.Resource:
        model = inputs.model.principal
        # What is plain is known in every preview.
        name = (
            model.entity.name
            if model.entity
            else content.apply(lambda resolved: resolved.entity.name)
        )
        kind = get_attachment_type(model.kind)
        options = self._children.options(kind, child)
        self._renew(options, inputs)
        match model.kind:
            case "user":
                return aws.iam.UserPolicyAttachment(
                    child, user=name, policy_arn=policy.arn, opts=options
                )
            case "group":
                return aws.iam.GroupPolicyAttachment(
                    child, group=name, policy_arn=policy.arn, opts=options
                )
            case "role":
                return aws.iam.RolePolicyAttachment(
                    child, role=name, policy_arn=policy.arn, opts=options
                )
            case _:
                return aws.iam.PolicyAttachment(
                    child,
                    users=content.apply(lambda resolved: resolved.names("user")),
                    roles=content.apply(lambda resolved: resolved.names("role")),
                    policy_arn=policy.arn,
                    opts=options,
                )

    def _renew(self, options: pulumi.ResourceOptions, inputs: AssumeRoleInputs) -> None:
        """Have an attachment replaced once its principal is re-created, which has none.

        What is imported or protected can't be replaced.
        """
        unique_id = inputs.get_unique_id()
        if unique_id is None or options.import_ is not None or self._protect:
            return
        options.replacement_trigger = unique_id
        # Attached before the old one is deleted, it would be detached again.
        options.delete_before_replace = True
