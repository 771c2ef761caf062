"""The source account's half: a principal's right to assume roles, as policies attached to it."""

from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from . import arns, limits, policies
from .args import Principal
from .errors import Refusal
from .inputs import InvalidArgs, account_of, check_when_known, checked, explicit_provider, name_of
from .model import Later, Model, plain, when_known
from .outputs import registered
from .principals import PrincipalModel

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


def _role_arn(value: object) -> str:
    arn = arns.parse(value) if isinstance(value, str) else None
    if arn is None or arn.kind != "role" or arn.account == "aws":
        raise Refusal("a role's ARN is arn:aws:iam::ACCOUNT:role/NAME")
    limits.PATH(arn.path)
    limits.ROLE_NAME(arn.name)
    return str(arn)


class AssumeRoleGrantModel(Model):
    """Checked `AssumeRoleGrantArgs`."""

    principal: PrincipalModel
    role_arns: dict[Annotated[str, plain(limits.LABEL)], Annotated[str | Later, when_known(_role_arn)]] = Field(
        min_length=1
    )
    role_arn_lengths: dict[Annotated[str, plain(limits.LABEL)], Annotated[int, plain(limits.ARN_LENGTH)]] = {}

    def lengths(self) -> dict[str, int]:
        """How long each ARN is, or at most is."""
        return {
            name: len(arn) if isinstance(arn, str) else self.role_arn_lengths.get(name, _UNKNOWN_ARN_LENGTH)
            for name, arn in self.role_arns.items()
        }


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
            arns_in_it = pulumi.Output.all(**{n: args["role_arns"][n] for n in names})
            policy = aws.iam.Policy(
                child,
                policy=arns_in_it.apply(check_when_known(self._told, "role_arns", self._document)),
                opts=self._child,
            )
            made.append(policy)
            self._attachments.append(self._attach(child, policy, model.principal, args["principal"]))

        self.policy_arns = self.once_attached(pulumi.Output.all(*[policy.arn for policy in made]))
        self.account_id = account.apply(lambda found: found.id)
        self.register_outputs(registered(self))

    def once_attached(self, value: pulumi.Output[Any]) -> pulumi.Output[Any]:
        """The same value, known once the policies are attached."""
        attached = [attachment.urn for attachment in self._attachments]
        return pulumi.Output.all(value, *attached).apply(lambda known: known[0])

    @staticmethod
    def _document(role_arns: dict[str, str]) -> str:
        return policies.assume_role_policy([_role_arn(arn) for arn in role_arns.values()])

    def _attach(
        self, child: str, policy: aws.iam.Policy, model: PrincipalModel, principal: Principal
    ) -> pulumi.Resource:
        if model.kind == "user":
            name = self._name_alone(principal.get("user", principal.get("arn")))
            return aws.iam.UserPolicyAttachment(child, user=name, policy_arn=policy.arn, opts=self._child)
        if model.kind == "role":
            name = self._name_alone(principal.get("role", principal.get("arn")))
            return aws.iam.RolePolicyAttachment(child, role=name, policy_arn=policy.arn, opts=self._child)
        # Whether an ARN that isn't known yet is a user's or a role's isn't known either: this attachment takes both.
        arn = pulumi.Output.from_input(principal["arn"])
        return aws.iam.PolicyAttachment(
            child,
            users=arn.apply(lambda known: [name_of(known)] if ":user/" in known else []),
            roles=arn.apply(lambda known: [name_of(known)] if ":role/" in known else []),
            policy_arn=policy.arn,
            opts=self._child,
        )

    @staticmethod
    def _name_alone(identity: Any) -> pulumi.Output[str]:
        return pulumi.Output.from_input(identity).apply(name_of)
