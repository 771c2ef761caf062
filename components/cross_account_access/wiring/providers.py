"""The AWS providers that components are given, and the accounts that they belong to."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import (
    NOT_SHOWN,
    FieldPath,
    Problem,
    Refusal,
    join_path,
    make_problem,
)
from cross_account_access.grants.grant import Side
from cross_account_access.grants.model import Unresolved
from cross_account_access.grants.resolved_grant import Account
from cross_account_access.grants.trust_model import DESTINATION, SOURCE

from .inputs import FrozenArgs, InvalidArgs
from .lookups import handle_failure

_accounts: WeakKeyDictionary[aws.Provider, pulumi.Output[Account]] = WeakKeyDictionary()
_expected: WeakKeyDictionary[aws.Provider, str] = WeakKeyDictionary()


def account_of(provider: aws.Provider, expected: str | None = None) -> pulumi.Output[Account]:
    """Ask whose credentials a provider has, once for each provider.

    Args:
        provider: The provider.
        expected: The account ID that the args give for it. It isn't checked here, but stands in
            where a test's mocks answer with none.
    """
    if expected is not None:
        _expected[provider] = expected

    def refuse(answer: str) -> aws.GetCallerIdentityResult:
        refusal = Refusal(
            "must have credentials that AWS accepts",
            code="credentials-refused",
            remedy=f"AWS answered: {answer}",
        )
        name = f"aws.Provider {provider._name}"  # noqa: SLF001
        raise InvalidArgs.of(name, "", NOT_SHOWN, refusal)

    if provider not in _accounts:
        options = pulumi.InvokeOutputOptions(provider=provider)
        identity = handle_failure(aws.get_caller_identity_output(opts=options), refuse)
        _accounts[provider] = identity.apply(lambda caller: _read_account(provider, caller))
    return _accounts[provider]


def _read_account(provider: aws.Provider, caller: aws.GetCallerIdentityResult) -> Account:
    # AWS always answers with both. Mocks of the engine, as Pulumi's guide for unit tests has them,
    # may answer with nothing, and only there something stands in.
    account_id = caller.account_id or _expected.get(provider) or _make_up_id(provider)
    return Account(account_id, caller.arn.split(":")[1] if caller.arn else "aws")


def _make_up_id(provider: aws.Provider) -> str:
    """An account ID for a test, another one for each provider."""
    digest = hashlib.sha256(provider._name.encode()).hexdigest()  # noqa: SLF001
    return f"{int(digest, 16) % 10**12:012}"


def refuse_other_account(found: str, expected: Any, where: FieldPath = ()) -> Refusal:
    """The refusal of credentials that belong to another account.

    Args:
        found: The account that they belong to.
        expected: The account ID that is expected of them.
        where: Where this is given.
    """
    return Refusal(
        f"must be the account of the credentials, which belong to account {found}",
        code="wrong-account",
        where=where,
        value=expected,
        remedy="Give credentials of the account that is meant, or correct the ID",
    )


def explicit_provider(component: pulumi.ComponentResource, account: str) -> aws.Provider:
    """The AWS provider that a component was given by its options, or by its parent's.

    Raises:
        InvalidArgs: If there is none. A default provider acts in any account that is at hand.
    """
    provider = component.get_provider("aws:iam/role:Role")
    if isinstance(provider, aws.Provider):
        return provider
    refusal = Refusal(
        "the component must have an AWS provider of its own",
        code="missing-provider",
        remedy=f"Give it the {account} account's: opts=pulumi.ResourceOptions(provider=…)",
    )
    name = f"{type(component).__name__} {component._name}"  # noqa: SLF001
    raise InvalidArgs.of(name, "opts.provider", NOT_SHOWN, refusal)


def find_provider(args: FrozenArgs, key: str) -> aws.Provider | Problem:
    """The AWS provider in a component's args, or what is wrong with it."""
    value = args.plain.get(key)
    if isinstance(value, aws.Provider):
        return value
    if value is None:
        refusal = Refusal(
            "this key is required",
            code="missing-provider",
            remedy="Give it an aws.Provider with that account's credentials",
        )
    elif isinstance(value, str):
        refusal = Refusal(
            "the provider came without its configuration, as the ID alone",
            code="provider-version",
            remedy="The calling program's AWS package is of another major version than this "
            f"component's, pulumi-aws {version('pulumi-aws')}: let both use the same",
        )
    else:
        refusal = Refusal(
            "must be an aws.Provider itself, not an Output of one", code="not-a-provider"
        )
    kind = "Output" if isinstance(value, Unresolved) else type(value).__name__
    shown = NOT_SHOWN if refusal.code != "not-a-provider" else kind
    return make_problem(join_path(args.path, (key,)), shown, refusal)


def find_pair_providers(args: FrozenArgs, side: Side) -> dict[str, aws.Provider]:
    """The providers of the sides that a `CrossAccountAccess` makes.

    Raises:
        InvalidArgs: If one is missing, or another one is there.
    """
    found: dict[str, aws.Provider | Problem] = {}
    for account, other in ((SOURCE, DESTINATION), (DESTINATION, SOURCE)):
        key = f"{account}_provider"
        if side != other:
            found[account] = find_provider(args, key)
        elif args.plain.get(key) is not None:
            remedy = "Leave it out, or make both sides"
            refusal = Refusal(f"side {side} uses no {key}", code="unused-provider", remedy=remedy)
            found[account] = make_problem(key, NOT_SHOWN, refusal)
    return _pick_providers(args, found)


def find_account_providers(
    args: FrozenArgs, account_ids: Mapping[str, str | None]
) -> tuple[dict[str, aws.Provider], dict[str, aws.Provider]]:
    """The providers of a `MultiAccountAccess`: of the accounts whose parts it makes, and all.

    Raises:
        InvalidArgs: If something else stands in the place of one, there are none at all, or an
            account has neither a provider nor an ID.
    """
    asking: dict[str, aws.Provider | Problem] = {}
    making = set()
    for name, account_id in sorted(account_ids.items()):
        account = args.below("accounts", name)
        given = [key for key in ("provider", "lookup_provider") if key in account.plain]
        if problem := _find_problem(account, given, account_id):
            asking[name] = problem
        elif given:
            asking[name] = find_provider(account, given[0])
            making |= {name} if given == ["provider"] else set()
    asked = _pick_providers(args, asking)
    if not making:
        refusal = Refusal(
            "at least one account must have a provider, or nothing would be made",
            code="missing-provider",
            remedy="Give an aws.Provider to each account whose part is to be made here",
        )
        raise InvalidArgs.of(args.component, "accounts", NOT_SHOWN, refusal)
    return {name: asked[name] for name in sorted(making)}, asked


def _find_problem(account: FrozenArgs, given: list[str], account_id: str | None) -> Problem | None:
    """What is wrong with the keys that tell which account an account is."""
    if len(given) > 1:
        key = "lookup_provider"
        refusal = Refusal(
            "must not stand beside a provider, which principals are looked up with too",
            code="two-providers",
            remedy="Leave it out",
        )
    elif not given and account_id is None:
        key = "account_id"
        refusal = Refusal(
            "an account without a provider must have its ID",
            code="missing-account-id",
            remedy="Add the key",
        )
    else:
        return None
    return make_problem(join_path(account.path, (key,)), NOT_SHOWN, refusal)


def _pick_providers(
    args: FrozenArgs, found: Mapping[str, aws.Provider | Problem]
) -> dict[str, aws.Provider]:
    if problems := [one for one in found.values() if isinstance(one, Problem)]:
        raise InvalidArgs(args.component, tuple(problems))
    return {name: one for name, one in found.items() if not isinstance(one, Problem)}
