"""The source account's half: a principal's right to assume roles, as policies attached to it."""

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from . import limits, policies
from .args import Principal
from .errors import NOT_SHOWN, Refusal
from .grants import role_arn
from .inputs import InvalidArgs, account_of, check_when_known, checked, explicit_provider
from .model import Later, Model, plain, read, when_known
from .outputs import registered
from .principals import Entity, PrincipalModel

# arn:PARTITION:iam::ACCOUNT:role/ in the longest partition's spelling, and the longest name.
_UNKNOWN_ARN_LENGTH = len("arn:aws-us-gov:iam::123456789012:role/") + limits.ROLE_NAME.most


class AssumeRoleGrantArgs(TypedDict):
    """What an `AssumeRoleGrant` is made from."""

    principal: Principal
    """The user or role of the source account that gets the right."""
    role_arns: dict[str, pulumi.Input[str]]
    """The destination roles' ARNs, each by a plain name of its own."""
    role_arn_lengths: NotRequired[dict[str, int]]
    """How long those ARNs are at most, by the same names, where they are Outputs: 102 by default, which is enough for
    every role without a path. It decides how many policies hold them."""


class AssumeRoleGrantModel(Model):
    """Checked `AssumeRoleGrantArgs`."""

    principal: PrincipalModel
    role_arns: dict[Annotated[str, plain(limits.LABEL)], Annotated[str | Later, when_known(role_arn)]] = Field(
        min_length=1
    )
    role_arn_lengths: dict[Annotated[str, plain(limits.LABEL)], Annotated[int, plain(limits.ARN_LENGTH)]] = {}

    def lengths(self) -> dict[str, int]:
        """How long each ARN is, or at most is."""
        return {
            name: len(arn) if isinstance(arn, str) else self.role_arn_lengths.get(name, _UNKNOWN_ARN_LENGTH)
            for name, arn in self.role_arns.items()
        }


@dataclass(frozen=True)
class _Right:
    """What a policy says and whom it is attached to, once both are known to be right."""

    document: str
    entity: Entity


class AssumeRoleGrant(pulumi.ComponentResource):
    """A source principal's right to assume exactly the given roles, as managed policies attached to it.

    It is the source's half; for whoever administers the destination account, `TrustedRole` makes the other. As only
    ten policies attach to a principal, roles share policies: one more role changes a document and moves nothing.
    Give it the source's AWS provider in its options: it never uses a default one.

    AWS's page: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html
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
        self._child = pulumi.ResourceOptions(parent=self, provider=provider)
        account = account_of(provider)

        try:
            packs = policies.pack(model.lengths())
        except Refusal as refusal:
            raise InvalidArgs.of(self._told, "role_arns", len(model.role_arns), refusal) from None
        made = []
        self._attachments: list[pulumi.Resource] = []
        for number, names in enumerate(packs, start=1):
            if not names:
                continue
            child = name if number == 1 else f"{name}-{number}"
            role_arns = {n: args["role_arns"][n] for n in names}
            right = pulumi.Output.all(role_arns, dict(args["principal"]), account).apply(
                check_when_known(self._told, "role_arns", self._right)
            )
            policy = aws.iam.Policy(child, policy=right.apply(lambda known: known.document), opts=self._child)
            made.append(policy)
            entity = right.apply(lambda known: known.entity)
            self._attachments.append(self._attach(child, policy, model.principal, entity))

        self.policy_arns = self.once_attached(pulumi.Output.all(*[policy.arn for policy in made]))
        self.account_id = account.apply(lambda found: found.id)
        self.register_outputs(registered(self))

    def once_attached(self, value: pulumi.Output[Any]) -> pulumi.Output[Any]:
        """The same value, known once the policies are attached."""
        attached = [attachment.urn for attachment in self._attachments]
        return pulumi.Output.all(value, *attached).apply(lambda known: known[0])

    def _right(self, known: list[Any]) -> _Right:
        role_arns, principal, account = known
        model = read(AssumeRoleGrantModel, {"principal": principal, "role_arns": role_arns})
        entity = model.principal.entity
        if entity is None:
            raise ValueError(f"{principal} is known by now")
        try:
            entity.arn(account.partition, account.id)
        except Refusal as refusal:
            raise InvalidArgs.of(self._told, "principal", NOT_SHOWN, refusal) from None
        return _Right(policies.assume_role_policy([str(arn) for arn in model.role_arns.values()]), entity)

    def _attach(
        self, child: str, policy: aws.iam.Policy, model: PrincipalModel, entity: pulumi.Output[Entity]
    ) -> pulumi.Resource:
        # What is plain is known in every preview.
        name = model.entity.name if model.entity else entity.apply(lambda known: known.name)
        if model.kind == "user":
            return aws.iam.UserPolicyAttachment(child, user=name, policy_arn=policy.arn, opts=self._child)
        if model.kind == "role":
            return aws.iam.RolePolicyAttachment(child, role=name, policy_arn=policy.arn, opts=self._child)
        # Whether an ARN that isn't known yet is a user's or a role's isn't known either: this attachment takes both.
        return aws.iam.PolicyAttachment(
            child,
            users=entity.apply(lambda known: [known.name] if known.kind == "user" else []),
            roles=entity.apply(lambda known: [known.name] if known.kind == "role" else []),
            policy_arn=policy.arn,
            opts=self._child,
        )
