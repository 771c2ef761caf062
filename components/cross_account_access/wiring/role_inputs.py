"""What a `TrustedRole` is made from, read and checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import (
    NOT_SHOWN,
    FieldPath,
    Key,
    Refusal,
    escape_invisible,
    join_path,
    locate,
)
from cross_account_access.grants import roles
from cross_account_access.grants.account_limits import LimitsModel
from cross_account_access.grants.autoname import check_autoname
from cross_account_access.grants.generated_policies import REVOKES_SESSIONS
from cross_account_access.grants.grant_set import refuse_same_account
from cross_account_access.grants.model import Unresolved, read_model
from cross_account_access.grants.resolved_grant import Account, Accounts, ResolvedGrant
from cross_account_access.grants.trust_model import DESTINATION, SOURCE
from cross_account_access.grants.trusted_role import TrustedRoleModel
from cross_account_access.iam import arns, limits
from cross_account_access.iam.identity_policy import find_warnings

from .children import build_resource_key, check_imports
from .grant_inputs import GrantInputs
from .inputs import FrozenArgs, InvalidArgs, holds_output
from .lookups import handle_failure, is_missing
from .providers import account_of


@dataclass(frozen=True)
class RoleInputs:
    """What a `TrustedRole` is made from, read and checked.

    Attributes:
        grant: Who is trusted under which conditions, and the role.
        name: The role's name in AWS; None where Pulumi gives one.
        tags: The role's tags.
        imports: What is imported, by its key.
        policy_arns: Resolves ARNs of managed policies that are plain.
        limits: The limits of the role's account.
        label: What profile and console call the role; its name where that is None.
    """

    grant: GrantInputs
    name: str | None
    tags: dict[str, pulumi.Input[str]]
    imports: Mapping[str, str]
    policy_arns: "PolicyArns"
    limits: LimitsModel
    label: str | None = None

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
                raise refuse_same_account((Key("source_account_id"),), account.id)
            with locate(Key("role")):
                model.role.check_account(account.id, account.partition)
            return {SOURCE: Account(source, account.partition), DESTINATION: account}

        accounts = args.resolve(
            check, account_of(provider), outputs=args.within("source_account_id")
        )
        tags = resolve_tags(args, args)
        grant_inputs = GrantInputs(args, model, accounts)
        _ = grant_inputs.complete  # what is known late of the role is checked as a whole too
        policy_arns = PolicyArns(accounts, DESTINATION, provider)
        name_in_aws, own_limits = model.role.name, model.limits
        return cls(grant_inputs, name_in_aws, tags, model.imports, policy_arns, own_limits)

    @property
    def role(self) -> roles.RoleModel:
        """The role's settings."""
        return self.grant.model.role

    @property
    def repeated_outputs(self) -> list[str]:
        """The role's outputs in which AWS's provider repeats an Output that is given here."""
        late = {place[1] for place in self.grant.args.outputs if place[0] == "role"}
        if "sessions_issued_after" in late:
            late.add("inline_policies")
        repeated = [key for key in ("inline_policies", "managed_policy_arns") if key in late]
        return [*repeated, *(["tags_all"] if holds_output(self.tags) else [])]

    @property
    def account_id(self) -> pulumi.Output[str]:
        """The destination account's ID."""
        return self.policy_arns.account_id

    def build_arn(self, account: Account, default_name: str) -> str:
        """The ARN that the role is expected to have.

        Args:
            account: The destination's account.
            default_name: The role's name where Pulumi gives one.
        """
        name = self.name or default_name
        return str(arns.IamArn(account.partition, account.id, "role", self.role.path, name))

    def resolve_trust_policy(self) -> pulumi.Output[str]:
        """The trust policy, once all that it is made of is known.

        It waits for the lookups of the role's policies too: no role is made without one of them.
        """

        def build(
            _: Mapping[Any, Any], trusted: ResolvedGrant, account: Account, *_arns: str
        ) -> str:
            own = self.build_arn(account, "") if self.role.self_assuming else None
            return trusted.trust_policy(self.limits.trust_policy, own)

        arns = [self._resolve_known(*known) for known in self.role.list_known_policies()]
        others = [self.grant.trusted, self.policy_arns.account, *arns]
        return self.grant.args.resolve(build, *others, outputs={})

    def resolve_policy_arn(self, policy: str | Unresolved, *place: str) -> pulumi.Output[str]:
        """A managed policy's ARN, of the role's account or AWS's own.

        Args:
            policy: The policy.
            place: Where it stands in the role's settings.
        """
        if isinstance(policy, str):
            known = self.role.list_known_policies()
            return self._resolve_known(*next(one for one in known if one[1] == policy))

        is_arn = place[:1] == ("managed_policy_arns",)
        check = roles.check_managed_policy_arn if is_arn else roles.check_managed_policy

        def build(values: Mapping[Any, Any], account: Account) -> str:
            return _build_policy_arn(check(values[()]), account)

        return self.grant.args.below("role", *place).resolve(build, self.policy_arns.account)

    def _resolve_known(self, where: FieldPath, policy: str) -> pulumi.Output[str]:
        args = self.grant.args
        path = join_path(args.path, ("role", *where))
        return self.policy_arns.resolve(policy, args.component, path)

    def resolve_description(self) -> pulumi.Input[str] | None:
        """The role's description; None where there is none."""
        if self.role.description is None:
            return None
        args = self.grant.args.below("role")

        def check(values: Mapping[Any, Any]) -> Any:
            given = args.fill(values)["description"]
            return read_model(roles.RoleModel, {"description": given}, path=args.path).description

        late = args.within("description")
        return args.resolve(check, outputs=late) if late else str(self.role.description)

    def resolve_boundary(self) -> pulumi.Output[str] | None:
        """The permissions boundary's ARN; None where there is none."""
        boundary = self.role.permissions_boundary
        if boundary is None:
            return None
        return self.resolve_policy_arn(boundary, "permissions_boundary")

    def check_inline_size(self) -> None:
        """Check the inline policies together once all is known, the role's own ARN too."""

        def check(_: Mapping[Any, Any], complete: ResolvedGrant, account: Account) -> None:
            with locate(Key("role")):
                grant = complete.grant
                grant.role.check_inline_size(self.build_arn(account, ""), grant.own_actions)

        self.grant.args.resolve(check, self.grant.complete, self.policy_arns.account, outputs={})

    def warn(self, component: pulumi.Resource) -> None:
        """Warn of what AWS may refuse, or is seldom meant, of the role's settings."""
        self._warn(self.role.find_warnings(self.limits.of_role), component)

    def _warn(self, warnings: Iterable[tuple[FieldPath, str]], component: pulumi.Resource) -> None:
        args = self.grant.args
        for where, warning in warnings:
            path = join_path(args.path, ("role", *where))
            pulumi.warn(f"{args.component}: {path}: {warning}", component)

    def resolve_inline_policy(
        self, policy: str, component: pulumi.Resource
    ) -> pulumi.Output[str] | str:
        """An inline policy's document; what is seldom meant in it is warned of."""
        if policy not in self.role.inline_policies:
            return self._resolve_generated(policy, component)
        args = self.grant.args.below("role", "inline_policies", policy)

        def render(values: Mapping[Any, Any], account: Account | None) -> str:
            partition = account.partition if account else None
            document = roles.check_inline_policy(args.fill(values), partition)
            for warning in find_warnings(document):
                pulumi.warn(f"{args.component}: {args.path}: {warning}", component)
            return document

        # A plain one is checked with the accounts.
        return args.resolve(render, self.policy_arns.account) if args.outputs else render({}, None)

    def _resolve_generated(self, policy: str, component: pulumi.Resource) -> pulumi.Output[str]:
        """The document of an inline policy that the role has for a setting of its own."""
        grant, args = self.grant, self.grant.args.below("role")
        late = args.within("sessions_issued_after")

        def render(values: Mapping[Any, Any], account: Account) -> str:
            role = self.role
            if values:
                (issued_after,) = values.values()
                given = {"sessions_issued_after": issued_after}
                role = read_model(roles.RoleModel, given, path=args.path)
                self._warn(role.find_time_warnings(), component)
            own_arn, actions = self.build_arn(account, ""), grant.model.own_actions
            return str(role.build_generated_policies(own_arn, actions)[policy])

        return args.resolve(
            render, self.policy_arns.account, outputs=late if policy == REVOKES_SESSIONS else {}
        )


class PolicyArns:
    """Resolves ARNs of plain managed policies, each once for all roles of an account.

    AWS's own are looked up: a name that AWS doesn't have is refused in the preview. The account's
    own are not, for the same program may make them.
    """

    def __init__(
        self, accounts: pulumi.Output[Accounts], name: str, provider: aws.Provider
    ) -> None:
        self._arns: dict[str, pulumi.Output[str]] = {}
        self._provider = provider
        self._warned = False
        self.account = accounts.apply(itemgetter(name))
        self.account_id = self.account.apply(attrgetter("id"))

    def resolve(self, policy: str, component: str, path: str) -> pulumi.Output[str]:
        """A managed policy's ARN.

        Args:
            policy: The policy.
            component: The component that names it, for messages.
            path: Where it stands there.
        """
        if policy not in self._arns:
            arn = self.account.apply(partial(_build_policy_arn, policy))
            if roles.is_of_aws(policy):
                arn = self._look_up(policy, arn, component, path)
            self._arns[policy] = arn
        return self._arns[policy]

    def _look_up(
        self, policy: str, arn: pulumi.Output[str], component: str, path: str
    ) -> pulumi.Output[str]:
        """The same ARN, once AWS has the policy, or can't be asked for it."""

        def handle(answer: str) -> Any:
            if is_missing(answer):
                raise InvalidArgs.of(component, path, policy, roles.refuse_missing_policy())
            if not self._warned:
                self._warned = True
                warning = "can't be looked up with these credentials, and is taken as it is"
                pulumi.warn(escape_invisible(f"{component}: {path}: {policy} {warning}: {answer}"))

        options = pulumi.InvokeOutputOptions(provider=self._provider)
        found = handle_failure(aws.iam.get_policy_output(arn=arn, opts=options), handle)
        # In a preview the lookup may be unknown where the ARN isn't.
        return found.apply(lambda _: arn, run_with_unknowns=True)


def _build_policy_arn(policy: str, account: Account) -> str:
    return roles.resolve_policy_arn(policy, account.partition, account.id)


def resolve_tags(component: FrozenArgs, grant: FrozenArgs) -> dict[str, pulumi.Input[str]]:
    """The tags of a grant's role; what is an Output in them is checked once it is known.

    Args:
        component: The args that hold the common tags.
        grant: The args that hold the role, whose own tags replace these.
    """
    common = component.plain.get("tags", {})
    own = grant.plain.get("role", {}).get("tags", {})
    return {
        key: (
            grant.below("role", "tags", key) if key in own else component.below("tags", key)
        ).settle(limits.TAG_VALUE)
        for key in roles.merge_tags(common, own)
    }


def list_role_resources(name: str, role: roles.RoleModel) -> list[str]:
    """What a `TrustedRole` of that name makes, each by its key in `imports`."""
    keys = [*map(roles.build_attachment_key, role.managed_policies)]
    attached = sorted([*keys, *map(label_key, role.managed_policy_arns)])
    return [
        build_resource_key(aws.iam.Role, name),
        *(build_resource_key(aws.iam.RolePolicyAttachment, f"{name}-{key}") for key in attached),
        *(
            build_resource_key(aws.iam.RolePolicy, f"{name}-inline-{policy}")
            for policy in role.inline_policy_names
        ),
    ]


def label_key(label: str) -> str:
    return f"label-{label}"
