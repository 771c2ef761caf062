"""The source account's half: a principal's right to assume roles, as policies attached to it."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from . import arns, limits, policies
from .args import Principal
from .children import Children
from .conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from .errors import Key, Refusal
from .grants import import_ids
from .inputs import InvalidArgs, account_of, check_when_known, checked, explicit_provider, name_of
from .model import Later, Model, plain, when_known
from .outputs import registered
from .principals import PrincipalModel

# arn:PARTITION:iam::ACCOUNT:role/ in the longest partition's spelling, and the longest name.
_LONGEST_WITHOUT_PATH = str(arns.IamArn("aws-us-gov", "0" * 12, "role", "/", "r" * limits.ROLE_NAME.most))
_ATTACHABLE = ("user", "role", "group")


class AssumeRoleGrantArgs(TypedDict):
    """What an `AssumeRoleGrant` is made from."""

    principal: Principal
    """The user, role or group of the source account that gets the right."""
    role_arns: dict[str, pulumi.Input[str]]
    """The destination roles' ARNs, each by a plain name of its own."""
    role_arn_lengths: NotRequired[dict[str, int]]
    """How long those ARNs are at most, by the same names, where they are Outputs: 102 by default, which is enough for
    every role without a path. It decides how many policies hold them."""
    role_actions: NotRequired[dict[str, list[str]]]
    """What is allowed on a role besides sts:AssumeRole, by the same names: sts:TagSession, sts:SetSourceIdentity."""
    tags: NotRequired[dict[str, str]]
    """Tags of the policies."""
    imports: NotRequired[dict[str, str]]
    """What exists already and is taken over instead of being made: import IDs by TYPE/NAME of the resource here, such
    as `Policy/team-user-alice: arn:aws:iam::111111111111:policy/to-production`."""


def _role_arn(value: object) -> str:
    arn = arns.parse(value) if isinstance(value, str) else None
    if arn is None or arn.kind != "role" or arn.account == "aws":
        raise Refusal("a role's ARN is arn:aws:iam::ACCOUNT:role/NAME")
    limits.PATH(arn.path)
    limits.ROLE_NAME(arn.name)
    return str(arn)


def _action(value: object) -> str:
    if value not in (ASSUME_ROLE, TAG_SESSION, SET_SOURCE_IDENTITY):
        raise Refusal(f"an action on a role is {ASSUME_ROLE}, {TAG_SESSION} or {SET_SOURCE_IDENTITY}")
    return str(value)


class AssumeRoleGrantModel(Model):
    """Checked `AssumeRoleGrantArgs`."""

    principal: PrincipalModel
    role_arns: dict[Annotated[str, plain(limits.LABEL)], Annotated[str | Later, when_known(_role_arn)]] = Field(
        min_length=1
    )
    role_arn_lengths: dict[Annotated[str, plain(limits.LABEL)], Annotated[int, plain(limits.ARN_LENGTH)]] = {}

    role_actions: dict[Annotated[str, plain(limits.LABEL)], list[Annotated[str, plain(_action)]]] = {}
    tags: Annotated[dict[str, str], plain(limits.tags)] = {}
    imports: Annotated[dict[str, str], plain(import_ids)] = {}

    @model_validator(mode="after")
    def _attachable(self) -> "AssumeRoleGrantModel":
        if self.principal.kind not in (*_ATTACHABLE, None):
            raise Refusal(
                "policies attach to a user, role or group",
                where=(Key("principal"),),
                remedy="For others put the policy where the account's owner gives rights",
            )
        return self

    def reach(self) -> dict[str, policies.Reach]:
        """The roles; for an ARN that isn't known one as long as it is at most."""
        longest = {name: "r" * self.role_arn_lengths.get(name, len(_LONGEST_WITHOUT_PATH)) for name in self.role_arns}
        return {
            name: policies.Reach(arn if isinstance(arn, str) else longest[name], self.actions(name))
            for name, arn in self.role_arns.items()
        }

    def actions(self, name: str) -> tuple[str, ...]:
        """What is allowed on a role."""
        return (ASSUME_ROLE, *sorted(set(self.role_actions.get(name, [])) - {ASSUME_ROLE}))


class AssumeRoleGrant(pulumi.ComponentResource):
    """A source principal's right to assume exactly the given roles, as managed policies attached to it.

    It is the source's half; for whoever administers the destination account, `TrustedRole` makes the other. As only
    ten policies attach to a principal, roles share policies: one more role changes a document and moves nothing.
    Give it the source's AWS provider in its options: it never uses a default one.

    AWS's page: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html

    Example:
        ```python
        import pulumi
        import pulumi_aws as aws
        from cross_account_access import AssumeRoleGrant

        source = aws.Provider("source", profile="people", region="us-east-1")
        AssumeRoleGrant(
            "audit",
            {
                "principal": {"user": "partners/auditor"},
                "role_arns": {"audit": "arn:aws:iam::222222222222:role/audit"},
            },
            pulumi.ResourceOptions(provider=source),
        )
        ```
    """

    policy_arns: pulumi.Output[list[str]]
    """The ARNs of the policies, known once they are attached too."""
    account_id: pulumi.Output[str]
    """The source account's ID."""

    def __init__(self, name: str, args: AssumeRoleGrantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the policies and attach them.

        Raises:
            InvalidArgs: If anything in `args` is wrong, or no AWS provider is given.
        """
        super().__init__("cross-account-access:index:AssumeRoleGrant", name, None, opts)
        self._told = f"AssumeRoleGrant {name}"
        provider = explicit_provider(self, "source")
        model = checked(AssumeRoleGrantModel, args, self._told)
        self._children = Children(self, provider, model.imports, opts)
        account = account_of(provider)

        try:
            packs = policies.pack(model.reach())
        except Refusal as refusal:
            raise InvalidArgs.of(self._told, "role_arns", len(model.role_arns), refusal) from None
        made = []
        self._attachments: list[pulumi.Resource] = []
        for number, names in enumerate(packs, start=1):
            if not names:
                continue
            child = name if number == 1 else f"{name}-{number}"
            role_arns = pulumi.Output.all(**{role: args["role_arns"][role] for role in names})
            policy = aws.iam.Policy(
                child,
                policy=role_arns.apply(check_when_known(self._told, "role_arns", partial(_document, model))),
                tags=model.tags or None,
                opts=self._children.options(aws.iam.Policy, child),
            )
            made.append(policy)
            self._attachments.append(self._attach(child, policy, model.principal, args["principal"]))

        self.policy_arns = self.once_attached(pulumi.Output.all(*[policy.arn for policy in made]))
        self.account_id = account.apply(lambda found: found.id)
        self._children.check()
        self.register_outputs(registered(self))

    def once_attached(self, value: pulumi.Output[Any]) -> pulumi.Output[Any]:
        """The same value, known once the policies are attached."""
        attached = [attachment.urn for attachment in self._attachments]
        return pulumi.Output.all(value, *attached).apply(lambda known: known[0])

    def _attach(
        self, child: str, policy: "aws.iam.Policy", model: PrincipalModel, principal: Principal
    ) -> pulumi.Resource:
        if model.kind is None:
            # While an ARN isn't known, nor is whether it's a user's or a role's: this attachment takes both.
            arn = pulumi.Output.from_input(principal["arn"])
            return aws.iam.PolicyAttachment(
                child,
                users=arn.apply(lambda known: [name_of(known)] if ":user/" in known else []),
                roles=arn.apply(lambda known: [name_of(known)] if ":role/" in known else []),
                policy_arn=policy.arn,
                opts=self._children.options(aws.iam.PolicyAttachment, child),
            )
        identity: Any = next(principal.get(key) for key in (*_ATTACHABLE, "arn") if key in principal)
        name = pulumi.Output.from_input(identity).apply(name_of)
        match model.kind:
            case "user":
                options = self._children.options(aws.iam.UserPolicyAttachment, child)
                return aws.iam.UserPolicyAttachment(child, user=name, policy_arn=policy.arn, opts=options)
            case "group":
                options = self._children.options(aws.iam.GroupPolicyAttachment, child)
                return aws.iam.GroupPolicyAttachment(child, group=name, policy_arn=policy.arn, opts=options)
            case _:
                options = self._children.options(aws.iam.RolePolicyAttachment, child)
                return aws.iam.RolePolicyAttachment(child, role=name, policy_arn=policy.arn, opts=options)


def _document(model: AssumeRoleGrantModel, role_arns: Mapping[str, str]) -> str:
    return policies.assume_role_policy(
        policies.Reach(_role_arn(arn), model.actions(name)) for name, arn in role_arns.items()
    )
