"""The destination account's half: a role, whom it trusts, what it may do."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NotRequired, Optional, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import model_validator

from .args import Conditions, Principal, RoleSettings
from .errors import NOT_SHOWN, Key, Refusal, locate
from .grants import grant as grants
from .grants import roles
from .grants.conditions import ConditionsModel
from .grants.model import Unresolved, plain, read_model, when_known
from .grants.principals import PrincipalModel
from .grants.trust import build_trust_policy
from .iam import limits
from .iam.identity_policy import check_identity_policy, find_warnings
from .wiring.children import Children, autonamed, check_imports, resource_key
from .wiring.inputs import (
    Account,
    InvalidArgs,
    account_of,
    check_when_known,
    checked,
    explicit_provider,
    holds_output,
    once_known,
)
from .wiring.outputs import TrustedPrincipals, registered, usage_outputs
from .wiring.source_principals import Accounts, identities, resolved


class TrustedRoleArgs(TypedDict):
    """What a `TrustedRole` is made from."""

    principals: list[Principal]
    """Who is trusted: one or more."""
    source_account_id: pulumi.Input[str]
    """The ID of the account that the principals are of, 12 digits."""
    role: NotRequired[RoleSettings]
    """The role; without it one without permissions, named by Pulumi."""
    conditions: NotRequired[Conditions]
    """Under which conditions the role may be assumed; none by default."""
    tags: NotRequired[dict[str, str]]
    """Tags of everything that is made here and can have some; the role's own stand in their place."""
    imports: NotRequired[dict[str, str]]
    """What exists already and is taken over instead of being made: import IDs by TYPE/NAME of the resource here, such
    as `Role/deploy: deploy`."""


class TrustedRoleModel(grants.RoleGrantModel):
    """Checked `TrustedRoleArgs`."""

    source_account_id: Annotated[str | Unresolved, when_known(limits.check_account_id)]
    tags: Annotated[dict[str, str], plain(limits.check_tags)] = {}
    imports: Annotated[dict[str, str], plain(grants.check_import_ids)] = {}

    @model_validator(mode="after")
    def _tags_together(self) -> "TrustedRoleModel":
        with locate(Key("role"), Key("tags")):
            roles.merge_tags(self.tags, self.role.tags)
        return self


def resources(name: str, role: roles.RoleModel) -> list[str]:
    """What a `TrustedRole` of that name makes, each by its `resource_key`."""
    attached = sorted(
        [
            *map(roles.build_attachment_key, role.managed_policies),
            *map(_labelled, role.managed_policy_arns),
        ]
    )
    return [
        resource_key(aws.iam.Role, name),
        *(resource_key(aws.iam.RolePolicyAttachment, f"{name}-{key}") for key in attached),
        *(
            resource_key(aws.iam.RolePolicy, f"{name}-inline-{policy}")
            for policy in sorted(role.inline_policies)
        ),
    ]


def _labelled(label: str) -> str:
    return f"label-{label}"


def _given(principals: list[PrincipalModel], conditions: ConditionsModel | None) -> dict[str, Any]:
    return {"principals": principals} | ({"conditions": conditions} if conditions else {})


def _checked_accounts(role: roles.RoleModel, known: list[Any]) -> Accounts:
    """Both accounts, once it is known that source and policies fit the destination: nothing is made before."""
    account: Account = known[0]
    source = limits.check_part(Key("source_account_id"), known[1], limits.check_account_id)
    if source == account.id:
        raise grants.refuse_same_account((Key("source_account_id"),), account.id)
    role.check_account(account.id, (Key("role"),))
    return Accounts(Account(source, account.partition), account)


class TrustedRole(pulumi.ComponentResource):
    """A role in the destination account that exactly the given users and roles of the source account may assume.

    It is the destination's half; for whoever administers the source account, `AssumeRoleGrant` makes the other.
    Give it the destination's AWS provider in its options: it never uses a default one.

    AWS's page: https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html

    Example:
        ```python
        import pulumi
        import pulumi_aws as aws
        from cross_account_access import TrustedRole

        destination = aws.Provider("destination", profile="production", region="us-east-1")
        role = TrustedRole(
            "audit",
            {
                "source_account_id": "111111111111",
                "principals": [{"user": "partners/auditor"}],
                "role": {"name": "audit", "managed_policies": ["SecurityAudit"]},
                "conditions": {"external_id": "partner-7f3a"},
            },
            pulumi.ResourceOptions(provider=destination),
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
    switch_role_url: pulumi.Output[Optional[str]]  # noqa: UP045 - the schema's analyzer reads no `|`
    """The console's switch-role URL; none where the console can't switch to the role."""
    switch_role_unavailable: pulumi.Output[Optional[str]]  # noqa: UP045
    """Why the console can't switch to the role; none where it can."""
    longest_session: pulumi.Output[int]
    """How long a session lasts at most, in seconds: an hour where all callers are role sessions (role chaining)."""
    cli_profile: pulumi.Output[str]
    """A profile for `~/.aws/config`. `source_profile` in it is to be the caller's own."""
    assume_role_command: pulumi.Output[str]
    """The `aws sts assume-role` command."""

    def __init__(
        self, name: str, args: TrustedRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Make the role, its trust policy and its permissions.

        Raises:
            InvalidArgs: If anything in `args` is wrong, or no AWS provider is given.
        """
        super().__init__("cross-account-access:index:TrustedRole", name, None, opts)
        self._display_name = f"TrustedRole {name}"
        provider = explicit_provider(self, "destination")
        model = checked(TrustedRoleModel, args, self._display_name)
        if model.role.name is None:
            try:
                autonamed(name, limits.ROLE_NAME)
            except Refusal as refusal:
                raise InvalidArgs.of(self._display_name, "role.name", NOT_SHOWN, refusal) from None
        check_imports(self._display_name, model.imports, resources(name, model.role))
        self._children = Children(self, provider, model.imports, opts)
        # In a CrossAccountAccess the source's ID is known once both accounts are checked: nothing is done before that.
        both = [account_of(provider), args["source_account_id"]]
        self._accounts = once_known(
            both, self._known("", partial(_checked_accounts, model.role), both[1])
        )

        self._trusted = self._known_principals(args, model)
        self._role = aws.iam.Role(
            name,
            name=model.role.name,
            path=model.role.path,
            description=model.role.description,
            max_session_duration=model.role.max_session_duration,
            assume_role_policy=self._trust_policy(args, model),
            permissions_boundary=self._permissions_boundary(args.get("role", {})),
            tags=roles.merge_tags(model.tags, model.role.tags) or None,
            opts=self._children.options(aws.iam.Role, name),
        )
        permissions = self._permissions(name, model.role, args.get("role", {}))

        made = [permission.urn for permission in permissions]
        self.role_arn = once_known([self._role.arn, *made], lambda known: known[0])
        self.role_name = self._role.name
        self.role_unique_id = self._role.unique_id
        self.account_id = self._accounts.apply(lambda accounts: accounts.destination.id)
        self.usage = usage_outputs(self.role_arn, self._trusted, model, args)
        """What the outputs below tell, for a component that makes the role."""
        self.switch_role_url = self.usage.switch_role_url
        self.switch_role_unavailable = self.usage.switch_role_unavailable
        self.longest_session = self.usage.longest_session
        self.cli_profile = self.usage.cli_profile
        self.assume_role_command = self.usage.assume_role_command
        self.register_outputs(registered(self))

    def _known(self, path: str, check: Callable[[Any], Any], given: Any) -> Callable[[Any], Any]:
        return check_when_known(self._display_name, path, check, given)

    def _known_principals(
        self, args: TrustedRoleArgs, model: TrustedRoleModel
    ) -> pulumi.Output[TrustedPrincipals]:
        """Who is trusted, once all are known, and of the source account."""

        def of_source(known: list[Any]) -> TrustedPrincipals:
            source: Account = known[0].source
            found = resolved("principals", model, known[1])
            for position, principal in enumerate(found):
                with locate(position):
                    principal.build_trust_element(source.partition, source.id)
            return TrustedPrincipals(found, source)

        principals = identities(args["principals"])
        return once_known(
            [self._accounts, principals], self._known("principals", of_source, principals)
        )

    def _trust_policy(self, args: TrustedRoleArgs, model: TrustedRoleModel) -> pulumi.Output[str]:
        def document(known: list[Any]) -> str:
            trusted, given = known
            trust = read_model(
                grants.TrustModel, given or _given(trusted.principals, model.conditions)
            )
            with locate(Key("principals")):
                return build_trust_policy(
                    trust.principals, trust.conditions, trusted.source.partition, trusted.source.id
                )

        given = {key: value for key, value in args.items() if key in ("principals", "conditions")}
        conditions = [
            args.get("conditions"),
            [principal.get("conditions") for principal in args["principals"]],
        ]
        value = [self._trusted, given if holds_output(conditions) else None]
        return once_known(value, self._known("", document, given))

    def _policy_arn(self, path: str, policy: pulumi.Input[str]) -> pulumi.Output[str]:
        def arn(known: list[Any]) -> str:
            account: Account = known[1].destination
            return roles.resolve_policy_arn(
                roles.check_managed_policy(known[0]), account.partition, account.id
            )

        return once_known([policy, self._accounts], self._known(path, arn, policy))

    def _permissions_boundary(self, role: RoleSettings) -> pulumi.Output[str] | None:
        boundary = role.get("permissions_boundary")
        return None if boundary is None else self._policy_arn("role.permissions_boundary", boundary)

    def _permissions(
        self, name: str, model: roles.RoleModel, role: RoleSettings
    ) -> list[pulumi.Resource]:
        attached: dict[str, tuple[str, pulumi.Input[str]]] = {
            roles.build_attachment_key(policy): (f"role.managed_policies[{position}]", policy)
            for position, policy in enumerate(model.managed_policies)
        }
        for label, arn in role.get("managed_policy_arns", {}).items():
            attached[_labelled(label)] = (f"role.managed_policy_arns.{label}", arn)
        made: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{key}",
                role=self._role.name,
                policy_arn=self._policy_arn(path, policy),
                opts=self._children.options(aws.iam.RolePolicyAttachment, f"{name}-{key}"),
            )
            for key, (path, policy) in sorted(attached.items())
        ]
        for policy_name, document in sorted(role.get("inline_policies", {}).items()):
            path = f"role.inline_policies.{policy_name}"
            document_text = pulumi.Output.from_input(document).apply(
                self._known(path, check_identity_policy, document)
            )
            document_text.apply(partial(self._warn, path))
            made.append(
                aws.iam.RolePolicy(
                    f"{name}-inline-{policy_name}",
                    name=policy_name,
                    role=self._role.name,
                    policy=document_text,
                    opts=self._children.options(aws.iam.RolePolicy, f"{name}-inline-{policy_name}"),
                )
            )
        return made

    def _warn(self, path: str, document: str) -> None:
        for warning in find_warnings(document):
            pulumi.warn(f"{self._display_name}: {path}: {warning}", self)
