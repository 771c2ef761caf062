"""What an `AssumeRoleGrant` is made from, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.grants.assume_role_grant import AssumeRoleGrantModel, RolePlace
from cross_account_access.grants.model import read_model
from cross_account_access.grants.policies import PolicyPlan, build_planned_policy
from cross_account_access.grants.principal_entities import Entity
from cross_account_access.grants.resolved_grant import Account, FoundPrincipal
from cross_account_access.iam import limits

from .children import build_resource_key, check_imports
from .inputs import FrozenArgs, InvalidArgs, get_if_known


def get_attachment_type(kind: str | None) -> type[pulumi.Resource]:
    """The resource that attaches a policy to a principal of a kind."""
    # No table, for that would load all of `aws.iam` with the package.
    match kind:
        case "user":
            return aws.iam.UserPolicyAttachment
        case "role":
            return aws.iam.RolePolicyAttachment
        case "group":
            return aws.iam.GroupPolicyAttachment
        case _:
            # While an ARN isn't known, nor is whether it's a user's or a role's: this takes both.
            return aws.iam.PolicyAttachment


@dataclass(frozen=True)
class AssumeRolePolicy:
    """What a policy says and whom it is attached to, once both are known to be right."""

    document: str
    entity: Entity

    def names(self, kind: str) -> list[str]:
        """The entity's name, if it is of that kind."""
        return [self.entity.name] if self.entity.kind == kind else []


@dataclass(frozen=True)
class AssumeRoleInputs:
    """What an `AssumeRoleGrant` is made from, read and checked.

    Attributes:
        args: The args as they were given.
        model: The same, checked as far as they are known.
        planned: The policies by their names, each with the roles in it.
        found: The principal as its account has it, where that is asked.
    """

    args: FrozenArgs
    model: AssumeRoleGrantModel
    planned: dict[str, PolicyPlan]
    found: pulumi.Output[FoundPrincipal] | None = None

    @classmethod
    def read(cls, name: str, args: FrozenArgs) -> "AssumeRoleInputs":
        """Check the args of an `AssumeRoleGrant`, and plan its policies.

        Raises:
            InvalidArgs: If anything in them is wrong, or more policies are needed than attach to a
                principal.
        """
        try:
            inputs = cls.plan(name, args)
        except Refusal as refusal:
            count = len(args.plain["role_arns"])
            raise InvalidArgs.of(args.component, "role_arns", count, refusal) from None
        check_imports(args.component, inputs.model.imports, inputs.list_resources())
        return inputs

    @classmethod
    def plan(
        cls, name: str, args: FrozenArgs, places: Mapping[str, RolePlace] | None = None
    ) -> "AssumeRoleInputs":
        """The same, but for the check of imports.

        Args:
            name: The component's name.
            args: Its args.
            places: Where the roles are whose ARNs aren't known, by their names.

        Raises:
            InvalidArgs: If anything in the args is wrong.
            Refusal: If more policies are needed than attach to a principal.
        """
        model = args.read(AssumeRoleGrantModel)
        return cls(args, model, model.plan(name, places))

    def with_role_arns(
        self,
        role_arns: Mapping[str, pulumi.Output[str]],
        imports: Mapping[str, str],
        found: pulumi.Output[FoundPrincipal] | None,
    ) -> "AssumeRoleInputs":
        """The same with what isn't there yet when the policies are planned.

        Args:
            role_arns: The roles' ARNs.
            imports: The import IDs of its resources.
            found: The principal as its account has it; None if that isn't asked.
        """
        args = self.args.replace("role_arns", role_arns)
        model = self.model.model_copy(update={"imports": dict(imports)})
        return replace(self, args=args, model=model, found=found)

    def get_unique_id(self) -> pulumi.Output[str | None] | None:
        """The principal's unique ID as far as a preview knows it; None if its account isn't asked.

        An unknown one would be a changed one to the engine.
        """
        if self.found is None:
            return None
        return get_if_known(self.found.apply(lambda found: found.unique_id))

    def resolve_tags(self) -> dict[str, pulumi.Input[str]]:
        """The policies' tags; what is an Output in them is checked once it is known."""
        return {
            key: self.args.below("tags", key).settle(limits.TAG_VALUE) for key in self.model.tags
        }

    def list_resources(self) -> list[str]:
        """What is made, each by its key in `imports`."""
        kinds = (aws.iam.Policy, get_attachment_type(self.model.principal.kind))
        return [build_resource_key(kind, child) for child in self.planned for kind in kinds]

    def resolve(
        self, plan: PolicyPlan, account: pulumi.Output[Account]
    ) -> pulumi.Output[AssumeRolePolicy]:
        """One policy's document and its principal, once the principal and these roles are known."""
        plain, roles = self.args.plain, plan.roles
        part = FrozenArgs(
            self.args.component,
            self.args.path,
            {
                "principal": plain["principal"],
                "role_arns": {role: plain["role_arns"][role] for role in roles},
                "role_actions": {role: list(self.model.actions(role)) for role in roles},
            },
        )

        def build(values: Mapping[Any, Any], account: Account) -> AssumeRolePolicy:
            model = read_model(AssumeRoleGrantModel, part.fill(values), path=part.path)
            entity = model.principal.entity
            if entity is None:
                raise ValueError("the principal is known by now")
            with locate(Key("principal")):
                entity.build_arn(account.partition, account.id)
            model.check_partition(account.partition)
            with locate(Key("role_arns")):
                document = build_planned_policy(plan, model.list_roles())
            return AssumeRolePolicy(document, entity)

        return part.resolve(build, account)
