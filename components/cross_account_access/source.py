"""The source account's half: a principal's right to assume roles, as policies attached to it."""

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from .args import Principal
from .errors import NOT_SHOWN, InvalidInput, Key, Refusal, make_problem
from .grants import policies
from .grants.conditions import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from .grants.grant import check_import_ids
from .grants.model import Model, Unresolved, plain, read_model, when_known
from .grants.principals import Entity, PrincipalModel
from .grants.roles import check_role_arn
from .iam import arns, limits
from .wiring.children import Children, autonamed, check_imports, resource_key
from .wiring.inputs import (
    InvalidArgs,
    account_of,
    check_when_known,
    checked,
    explicit_provider,
    once_known,
)
from .wiring.outputs import registered

# arn:PARTITION:iam::ACCOUNT:role/ in the longest partition's spelling, and the longest name.
_LONGEST_WITHOUT_PATH = str(
    arns.IamArn("aws-us-gov", "0" * 12, "role", "/", "r" * limits.ROLE_NAME.most)
)
_ATTACHED_TO = ("user", "role", "group", None)


def _attachment(kind: str | None) -> type[pulumi.Resource]:
    """What attaches a policy to a principal; not a table, for that would load all of `aws.iam` with the package."""
    match kind:
        case "user":
            return aws.iam.UserPolicyAttachment
        case "role":
            return aws.iam.RolePolicyAttachment
        case "group":
            return aws.iam.GroupPolicyAttachment
        case _:
            # While an ARN isn't known, nor is whether it's a user's or a role's: this attachment takes both.
            return aws.iam.PolicyAttachment


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


def _action(value: object) -> str:
    if value not in (ASSUME_ROLE, TAG_SESSION, SET_SOURCE_IDENTITY):
        raise Refusal(
            f"an action on a role is {ASSUME_ROLE}, {TAG_SESSION} or {SET_SOURCE_IDENTITY}"
        )
    return str(value)


class AssumeRoleGrantModel(Model):
    """Checked `AssumeRoleGrantArgs`."""

    principal: PrincipalModel
    role_arns: dict[
        Annotated[str, plain(limits.LABEL)], Annotated[str | Unresolved, when_known(check_role_arn)]
    ] = Field(min_length=1)
    role_arn_lengths: dict[
        Annotated[str, plain(limits.LABEL)], Annotated[int, plain(limits.ARN_LENGTH)]
    ] = {}

    role_actions: dict[
        Annotated[str, plain(limits.LABEL)], list[Annotated[str, plain(_action)]]
    ] = {}
    tags: Annotated[dict[str, str], plain(limits.check_tags)] = {}
    imports: Annotated[dict[str, str], plain(check_import_ids)] = {}

    @model_validator(mode="after")
    def _attachable(self) -> "AssumeRoleGrantModel":
        if self.principal.kind not in _ATTACHED_TO:
            raise Refusal(
                "policies attach to a user, role or group",
                where=(Key("principal"),),
                remedy="For others put the policy where the account's owner gives rights",
            )
        if self.principal.conditions is not None:
            raise Refusal(
                "conditions are the destination's: they stand in the role's trust policy",
                where=(Key("principal"), Key("conditions")),
                remedy="Give them to the TrustedRole, and here role_actions for the session tags and source identities "
                "among them",
            )
        for key, given in (
            ("trust_by", self.principal.by_name),
            ("unique_id", self.principal.unique_id is not None),
        ):
            if given:
                raise Refusal(
                    "how a principal is trusted is the destination's: it stands in the role's trust policy",
                    where=(Key("principal"), Key(key)),
                    value=getattr(self.principal, key),
                    remedy="Give it to the TrustedRole",
                )
        return self

    @model_validator(mode="after")
    def _of_these_roles(self) -> "AssumeRoleGrantModel":
        for key in ("role_arn_lengths", "role_actions"):
            if unknown := sorted(set(getattr(self, key)) - set(self.role_arns)):
                raise Refusal(
                    "there is no role of this name in role_arns", where=(Key(key), unknown[0])
                )
        return self

    def reach(self) -> dict[str, policies.AssumableRole]:
        """The roles; for an ARN that isn't known one as long as it is at most."""
        longest = {
            name: "r" * self.role_arn_lengths.get(name, len(_LONGEST_WITHOUT_PATH))
            for name in self.role_arns
        }
        return {
            name: policies.AssumableRole(
                arn if isinstance(arn, str) else longest[name], self.actions(name)
            )
            for name, arn in self.role_arns.items()
        }

    def plan(self, name: str) -> dict[str, tuple[str, ...]]:
        """The policies that a component of that name makes, each by its name, with the roles in it.

        Raises:
            Refusal: If more are needed than attach to one principal, or AWS has no policies of such names.
        """
        packs = enumerate(policies.pack_roles(self.reach()), start=1)
        planned = {
            name if number == 1 else f"{name}-{number}": roles for number, roles in packs if roles
        }
        for child in planned:
            autonamed(child, limits.POLICY_NAME)
        return planned

    def resources(self, name: str) -> list[str]:
        """What a component of that name makes, each by its `resource_key`."""
        kinds = (aws.iam.Policy, _attachment(self.principal.kind))
        return [resource_key(kind, child) for child in self.plan(name) for kind in kinds]

    def actions(self, name: str) -> tuple[str, ...]:
        """What is allowed on a role."""
        return (ASSUME_ROLE, *sorted(set(self.role_actions.get(name, [])) - {ASSUME_ROLE}))


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

    def __init__(
        self, name: str, args: AssumeRoleGrantArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Make the policies and attach them.

        Raises:
            InvalidArgs: If anything in `args` is wrong, or no AWS provider is given.
        """
        super().__init__("cross-account-access:index:AssumeRoleGrant", name, None, opts)
        self._display_name = f"AssumeRoleGrant {name}"
        provider = explicit_provider(self, "source")
        model = checked(AssumeRoleGrantModel, args, self._display_name)
        try:
            planned = model.plan(name)
        except Refusal as refusal:
            raise InvalidArgs.of(
                self._display_name, "role_arns", len(model.role_arns), refusal
            ) from None
        check_imports(self._display_name, model.imports, model.resources(name))
        self._children = Children(self, provider, model.imports, opts)
        account = account_of(provider)

        made = []
        self.policies: dict[str, tuple[pulumi.Output[str], pulumi.Output[str]]] = {}
        self._attachments: list[pulumi.Resource] = []
        for child, names in planned.items():
            given = {
                "principal": args["principal"],
                "role_arns": {role: args["role_arns"][role] for role in names},
                "role_actions": {role: list(model.actions(role)) for role in names},
            }
            right = once_known(
                [given, account],
                check_when_known(self._display_name, "role_arns", self._right, given),
            )
            policy = aws.iam.Policy(
                child,
                policy=right.apply(lambda known: known.document),
                tags=model.tags or None,
                opts=self._children.options(aws.iam.Policy, child),
            )
            made.append(policy)
            self.policies |= dict.fromkeys(
                names, (policy.arn, right.apply(lambda known: known.document))
            )
            self._attachments.append(
                self._attach(
                    child, policy, model.principal, right.apply(lambda known: known.entity)
                )
            )

        self.policy_arns = self.once_attached(pulumi.Output.all(*[policy.arn for policy in made]))
        self.account_id = account.apply(lambda found: found.id)
        self.register_outputs(registered(self))

    def once_attached(self, value: pulumi.Output[Any]) -> pulumi.Output[Any]:
        """The same value, known once the policies are attached."""
        attached = [attachment.urn for attachment in self._attachments]
        return once_known([value, *attached], lambda known: known[0])

    def _right(self, known: list[Any]) -> _Right:
        given, account = known
        model = read_model(AssumeRoleGrantModel, given)
        entity = model.principal.entity
        if entity is None:
            raise ValueError(f"{given['principal']} is known by now")
        try:
            entity.build_arn(account.partition, account.id)
        except Refusal as refusal:
            raise InvalidInput((make_problem("principal", NOT_SHOWN, refusal),)) from None
        return _Right(policies.build_assume_role_policy(model.reach().values()), entity)

    def _attach(
        self,
        child: str,
        policy: "aws.iam.Policy",
        model: PrincipalModel,
        entity: pulumi.Output[Entity],
    ) -> pulumi.Resource:
        # What is plain is known in every preview.
        name = model.entity.name if model.entity else entity.apply(lambda known: known.name)
        match model.kind:
            case "user":
                options = self._children.options(aws.iam.UserPolicyAttachment, child)
                return aws.iam.UserPolicyAttachment(
                    child, user=name, policy_arn=policy.arn, opts=options
                )
            case "group":
                options = self._children.options(aws.iam.GroupPolicyAttachment, child)
                return aws.iam.GroupPolicyAttachment(
                    child, group=name, policy_arn=policy.arn, opts=options
                )
            case "role":
                options = self._children.options(aws.iam.RolePolicyAttachment, child)
                return aws.iam.RolePolicyAttachment(
                    child, role=name, policy_arn=policy.arn, opts=options
                )
            case _:
                return aws.iam.PolicyAttachment(
                    child,
                    users=entity.apply(lambda known: [known.name] if known.kind == "user" else []),
                    roles=entity.apply(lambda known: [known.name] if known.kind == "role" else []),
                    policy_arn=policy.arn,
                    opts=self._children.options(aws.iam.PolicyAttachment, child),
                )
