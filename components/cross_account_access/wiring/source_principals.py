"""The grants' principals as the source account has them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from cross_account_access.args import Grant, Principal
from cross_account_access.errors import Refusal, locate
from cross_account_access.grants import grant as grants
from cross_account_access.grants.model import read_model
from cross_account_access.grants.principals import (
    IDENTITY_KEYS,
    Entity,
    PrincipalKind,
    PrincipalModel,
)
from cross_account_access.grants.trust import get_allowed_actions

from .inputs import Account, check_when_known, once_known


@dataclass(frozen=True)
class Accounts:
    """The pair of accounts."""

    source: Account
    destination: Account


@dataclass(frozen=True)
class SourcePrincipal:
    """A user, role or group, whatever number of grants names it.

    Attributes:
        model: What is known of it.
        where: The path where it stands first.
        args: How each grant gives it: a name that is an Output in one may be plain in another.
        actions: What it may do in each grant, by the grant's name.
    """

    model: PrincipalModel
    where: str
    args: list[Principal]
    actions: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Trusted:
    """A user or role as the source account has it."""

    arn: str
    unique_id: str


def collected(
    model: grants.AccessModel,
    args: Mapping[str, Grant],
    key_of: Callable[[PrincipalModel], str | None],
) -> dict[str, SourcePrincipal]:
    """The principals by their key, each once, whatever number of grants names it; none without a key."""
    found: dict[str, SourcePrincipal] = {}
    for grant, checked_grant in sorted(model.grants.items()):
        for position, principal in enumerate(checked_grant.principals):
            if (key := key_of(principal)) is None:
                continue
            where = f"grants.{grant}.principals[{position}]"
            known = found.setdefault(key, SourcePrincipal(principal, where, [], {}))
            known.args.append(args[grant]["principals"][position])
            actions = {
                *known.actions.get(grant, ()),
                *get_allowed_actions(principal, checked_grant.conditions),
            }
            known.actions[grant] = tuple(sorted(actions))
    return found


def by_id(model: PrincipalModel) -> bool:
    """Whether it is trusted by its unique id, for which the source account is to be asked."""
    return model.kind in ("user", "role", None) and not model.by_name


def attachment_key(model: PrincipalModel) -> str | None:
    """Whom the source's policy is attached to: of a session, its role; None where it can't be attached."""
    if model.session is not None:
        return f"role-{model.session.partition('/')[0]}"
    return None if model.attached is None else model.key


def attached(args: Principal) -> Principal:
    """The user, role or group that the source's policy is attached to: of a session, its role."""
    if "session" in args:
        return {"role": args["session"].partition("/")[0]}
    entity: Principal = _identity(args)
    return entity


def identities(args: Sequence[Principal]) -> list[dict[str, Any]]:
    """The principals without their conditions: those may be secret, these are not."""
    return [{key: value for key, value in given.items() if key != "conditions"} for given in args]


def resolved(
    where: str, model: grants.TrustModel, known: Sequence[Mapping[str, Any]]
) -> list[PrincipalModel]:
    """The principals, once their identities are known; their conditions stay as far known as they were.

    Args:
        where: The path where the principals stand.
        model: What is known of them from the start.
        known: Their identities.

    Raises:
        InvalidInput: If one of them is wrong.
    """
    found = [
        read_model(PrincipalModel, identity, path=f"{where}[{number}]").model_copy(
            update={"conditions": principal.conditions}
        )
        for number, (identity, principal) in enumerate(zip(known, model.principals, strict=True))
    ]
    for number, principal in enumerate(found):
        with locate(number):
            model.check_possible(principal)
    return found


def _identity(args: Principal) -> Any:
    return {key: value for key, value in args.items() if key in (*IDENTITY_KEYS, "label")}


def look_up(
    told: str, principal: SourcePrincipal, accounts: pulumi.Output[Accounts], source: aws.Provider
) -> pulumi.Output[Trusted]:
    """A user or role as the source account has it."""

    def agreed(known: list[Any]) -> Entity:
        pair, given = known
        models = [read_model(PrincipalModel, args, path=principal.where) for args in given]
        entities = [model.entity for model in models if model.entity]
        for entity in entities:
            entity.build_arn(pair.source.partition, pair.source.id)
        names = {(entity.kind, entity.name) for entity in entities}
        if len(names) != 1:
            both = ", ".join(sorted(f"{kind} {name}" for kind, name in names))
            raise Refusal("a label stands for one principal", remedy=f"Here it stands for {both}")
        return max(entities, key=lambda entity: entity.fully_named)

    def as_found(known: list[Any]) -> Trusted:
        pair, entity, found = known
        arn = entity.build_arn(pair.source.partition, pair.source.id)
        if entity.fully_named and found.arn != arn:
            raise Refusal(
                f"the {entity.kind}'s path is another one",
                value=arn,
                remedy=f"Its ARN is {found.arn}",
            )
        return Trusted(found.arn, found.unique_id)

    given = [_identity(args) for args in principal.args]
    known = partial(check_when_known, told, principal.where, given=given)
    entity = once_known([accounts, given], known(agreed))
    found = _found(source, principal.model.kind, entity)
    return pulumi.Output.all(accounts, entity, found).apply(known(as_found))


def _found(
    source: aws.Provider, kind: PrincipalKind | None, entity: pulumi.Output[Entity]
) -> pulumi.Output[Trusted]:
    if kind is None:
        return entity.apply(lambda known: _found(source, known.kind, entity))
    options = pulumi.InvokeOutputOptions(provider=source)
    name = entity.apply(lambda known: known.name)
    if kind == "user":
        user = aws.iam.get_user_output(user_name=name, opts=options)
        return pulumi.Output.all(user.arn, user.user_id).apply(lambda known: Trusted(*known))
    role = aws.iam.get_role_output(name=name, opts=options)
    return pulumi.Output.all(role.arn, role.unique_id).apply(lambda known: Trusted(*known))
