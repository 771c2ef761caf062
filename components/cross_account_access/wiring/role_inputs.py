"""What a `TrustedRole` is made from, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws

from cross_account_access.errors import NOT_SHOWN, Key, Refusal
from cross_account_access.grants import grant, roles
from cross_account_access.grants.autoname import check_autoname
from cross_account_access.grants.resolved_grant import Account, Accounts
from cross_account_access.grants.trusted_role import TrustedRoleModel
from cross_account_access.iam import limits

from .children import build_resource_key, check_imports
from .grant_inputs import GrantInputs
from .inputs import FrozenArgs, InvalidArgs, account_of


@dataclass(frozen=True)
class RoleInputs:
    """What a `TrustedRole` is made from, read and checked.

    Attributes:
        grant: Who is trusted under which conditions, and the role.
        name: The role's name in AWS; None where Pulumi gives one.
        tags: The role's tags.
        imports: What is imported, by its key.
    """

    grant: GrantInputs
    name: str | None
    tags: dict[str, str]
    imports: Mapping[str, str]

    @classmethod
    def read(cls, name: str, provider: aws.Provider, args: FrozenArgs) -> "RoleInputs":
        """Check the args of a `TrustedRole`.

        Args:
            name: The component's name.
            provider: The destination's provider.
            args: The args.

        Raises:
            InvalidArgs: If anything in them is wrong.
        """
        model = args.read(TrustedRoleModel)
        if model.role.name is None:
            try:
                check_autoname(name, limits.ROLE_NAME)
            except Refusal as refusal:
                raise InvalidArgs.of(args.component, "role.name", NOT_SHOWN, refusal) from None
        check_imports(args.component, model.imports, list_role_resources(name, model.role))

        def check(values: Mapping[Any, Any], account: Account) -> Accounts:
            source = values.get(("source_account_id",), model.source_account_id)
            source = limits.check_part(Key("source_account_id"), source, limits.check_account_id)
            if source == account.id:
                raise grant.refuse_same_account((Key("source_account_id"),), account.id)
            model.role.check_account(account.id, (Key("role"),))
            return Accounts(Account(source, account.partition), account)

        accounts = args.resolve(
            check, account_of(provider), outputs=args.within("source_account_id")
        )
        tags = roles.merge_tags(model.tags, model.role.tags)
        return cls(GrantInputs(args, model, accounts), model.role.name, tags, model.imports)


def list_role_resources(name: str, role: roles.RoleModel) -> list[str]:
    """What a `TrustedRole` of that name makes, each by its key in `imports`."""
    keys = [*map(roles.build_attachment_key, role.managed_policies)]
    attached = sorted([*keys, *map(label_key, role.managed_policy_arns)])
    return [
        build_resource_key(aws.iam.Role, name),
        *(build_resource_key(aws.iam.RolePolicyAttachment, f"{name}-{key}") for key in attached),
        *(
            build_resource_key(aws.iam.RolePolicy, f"{name}-inline-{policy}")
            for policy in sorted(role.inline_policies)
        ),
    ]


def label_key(label: str) -> str:
    return f"label-{label}"
