"""The grants' principals as the source account has them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import Key, Refusal, suggest_names
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.grant_set import GrantedRole, GrantSet
from cross_account_access.grants.model import read_model
from cross_account_access.grants.principal_entities import Entity
from cross_account_access.grants.principal_kinds import PrincipalKind
from cross_account_access.grants.principal_names import check_own_role
from cross_account_access.grants.principals import IDENTITY_KEYS, PrincipalModel
from cross_account_access.grants.resolved_grant import Accounts, FoundPrincipal
from cross_account_access.grants.trust import get_allowed_actions
from cross_account_access.iam import arns

from .inputs import FrozenArgs, comes_from_resource, make_unknown
from .lookups import handle_failure, is_missing

# Of roles that no grant can name.
_PATHS_OF_AWS = ("/aws-reserved/", "/aws-service-role/")


@dataclass(frozen=True)
class SourcePrincipal:
    """A user, role or group, whatever number of grants names it.

    Attributes:
        model: What is known of it.
        account: The name of its account.
        args: How each grant gives it: a name that is an Output in one may be plain in another.
        actions: What it may do with each role.
    """

    model: PrincipalModel
    account: str
    args: list[FrozenArgs] = field(default_factory=list)
    actions: dict[GrantedRole, tuple[str, ...]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where it stands first."""
        return self.args[0].path

    def thaw_identity(self) -> dict[str, Any]:
        """The user, role or group that the source's policy attaches to: of a session, its role."""
        if self.model.session is not None:
            return {"role": self.model.session.partition("/")[0]}
        return _pick_identity(self.args[0].thaw())


def collect_principals(
    model: GrantSet,
    roles: Sequence[GrantedRole],
    args: FrozenArgs,
    key_of: Callable[[GrantModel, PrincipalModel], str | None],
) -> dict[str, SourcePrincipal]:
    """The principals of all grants by their key, each once; those without a key are left out.

    Args:
        model: The component's checked args.
        roles: The grants' roles that are looked at.
        args: The args as they were given.
        key_of: Gives the key of a grant's principal.
    """
    principals: dict[str, SourcePrincipal] = {}
    for name, own_roles in groupby(roles, key=itemgetter(0)):
        checked, granted = model.grants[name], list(own_roles)
        for position, principal in enumerate(checked.principals):
            if (key := key_of(checked, principal)) is None:
                continue
            account = checked.source_of(principal)
            collected = principals.setdefault(key, SourcePrincipal(principal, account))
            collected.args.append(args.below("grants", name, "principals", position))
            actions = get_allowed_actions(principal, checked.conditions)
            for role in granted:
                all_actions = {*collected.actions.get(role, ()), *actions}
                collected.actions[role] = tuple(sorted(all_actions))
    return principals


def is_trusted_by_id(model: PrincipalModel) -> bool:
    """Whether it is trusted by its unique ID, for which the source account is to be asked."""
    return model.kind in ("user", "role", None) and not model.by_name


def get_attachment_key(model: PrincipalModel) -> str | None:
    """The key of what the source's policy attaches to, of a session its role; None if nothing."""
    if model.session is not None:
        return f"role-{model.session.partition('/')[0]}"
    return None if model.attached is None else model.key


def look_up(
    principal: SourcePrincipal, accounts: pulumi.Output[Accounts], source: aws.Provider
) -> pulumi.Output[FoundPrincipal]:
    """Look a user or role up in its account."""
    first = principal.args[0]
    identities = [_pick_identity(args.plain) for args in principal.args]
    args = FrozenArgs(first.component, first.path, identities)

    def agree(values: Mapping[Any, Any], accounts: Accounts) -> Entity:
        own = accounts[principal.account]
        models = [read_model(PrincipalModel, given, path=args.path) for given in args.fill(values)]
        entities = [model.entity for model in models if model.entity]
        for entity in entities:
            entity.build_arn(own.partition, own.id)
        return _choose(entities)

    def check(
        _: Mapping[Any, Any], accounts: Accounts, entity: Entity, result: Any
    ) -> FoundPrincipal:
        own = accounts[principal.account]
        unique_id = result.user_id if entity.kind == "user" else result.unique_id
        arn = entity.build_arn(own.partition, own.id)
        if not (result.arn and unique_id):
            return _make_up_principal(result.arn or arn)
        existing = arns.parse_arn(str(result.arn))
        if existing and existing.kind == "role":
            check_own_role(existing.path, existing.name)
        if entity.fully_named and result.arn != arn:
            raise Refusal(
                f"must have the {entity.kind}'s own path",
                code="wrong-path",
                value=arn,
                remedy=f"Its ARN is {result.arn}",
            )
        return FoundPrincipal(result.arn, unique_id)

    entity = args.resolve(agree, accounts)
    refusing = partial(_refuse_failed, principal, args, accounts, entity, source)
    result = _ask(source, principal.model.kind, entity, refusing)
    return args.resolve(check, accounts, entity, result)


def _make_up_principal(arn: str) -> FoundPrincipal:
    """What stands in for a user or role where a test's mocks answer a lookup with less than AWS."""
    prefix = "AIDA" if arns.get_kind(arn) == "user" else "AROA"
    return FoundPrincipal(arn, f"{prefix}{hashlib.sha256(arn.encode()).hexdigest()[:17].upper()}")


def _refuse_failed(
    principal: SourcePrincipal,
    args: FrozenArgs,
    accounts: pulumi.Output[Accounts],
    entity: pulumi.Output[Entity],
    source: aws.Provider,
    answer: str,
) -> pulumi.Output[Any]:
    """Refuse a principal whose lookup failed, with the names that there are."""
    missing = is_missing(answer)
    key = next(key for key in IDENTITY_KEYS if key in principal.args[0].plain)

    def refuse(
        values: Mapping[Any, Any], accounts: Accounts, entity: Entity, names: Sequence[str] | None
    ) -> Any:
        account = accounts[principal.account].id
        name = f"{entity.path}{entity.name}".removeprefix("/")
        rule, code = f"must be a {entity.kind} that account {account} has", "missing-principal"
        remedy = suggest_names(name, names) if names else "Create it, or correct the name"
        if not missing:
            rule = f"must be a {entity.kind} that can be looked up in account {account}"
            code = "lookup-failed"
            remedy = f"AWS answered: {answer}"
        value = args.fill(values)[0][key]
        raise Refusal(rule, code=code, where=(Key(key),), value=value, remedy=remedy)

    def refuse_with_names() -> pulumi.Output[Any]:
        names = entity.apply(lambda it: _list_names(source, it.kind) if missing else None)
        return args.resolve(refuse, accounts, entity, names)

    if not (missing and args.outputs and pulumi.runtime.is_dry_run()):
        return refuse_with_names()
    # One that the program makes, or gives another name, isn't there before the update.
    made_here = comes_from_resource(args.outputs.values())
    return made_here.apply(lambda made: make_unknown() if made else refuse_with_names())


def _list_names(source: aws.Provider, kind: str) -> pulumi.Output[Any]:
    """The account's users or roles, as a grant names them; none if they may not be listed."""
    options = pulumi.InvokeOutputOptions(provider=source)
    listed: pulumi.Output[Any] = (
        aws.iam.get_users_output(opts=options)
        if kind == "user"
        else aws.iam.get_roles_output(opts=options)
    )

    def pick_names(found: Sequence[str] | None) -> Sequence[str]:
        parsed = [arn for arn in map(arns.parse_arn, found or ()) if arn]
        own = [arn for arn in parsed if not arn.path.startswith(_PATHS_OF_AWS)]
        return sorted(f"{arn.path}{arn.name}".removeprefix("/") for arn in own)

    names: pulumi.Output[Any] = listed.apply(lambda result: pick_names(result.arns))
    return handle_failure(names, lambda _: None)


def _pick_identity(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: given[key] for key in (*IDENTITY_KEYS, "label") if key in given}


def _choose(entities: list[Entity]) -> Entity:
    """The one user or role that all grants mean by a label, by the fullest of its names."""
    names = {(entity.kind, entity.name) for entity in entities}
    if len(names) != 1:
        both = ", ".join(sorted(f"{kind} {name}" for kind, name in names))
        raise Refusal(
            "a label must stand for one principal",
            code="label-reused",
            remedy=f"Here it stands for {both}",
        )
    return max(entities, key=lambda entity: entity.fully_named)


def _ask(
    source: aws.Provider,
    kind: PrincipalKind | None,
    entity: pulumi.Output[Entity],
    handle: Callable[[str], pulumi.Output[Any]],
) -> pulumi.Output[Any]:
    if kind is None:
        return entity.apply(lambda resolved: _ask(source, resolved.kind, entity, handle))
    options = pulumi.InvokeOutputOptions(provider=source)
    name = entity.apply(lambda resolved: resolved.name)
    result: pulumi.Output[Any] = (
        aws.iam.get_user_output(user_name=name, opts=options)
        if kind == "user"
        else aws.iam.get_role_output(name=name, opts=options)
    )
    return handle_failure(result, handle)
