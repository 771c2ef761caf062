"""The AWS providers that components are given, and the accounts that they belong to."""

from collections.abc import Mapping
from importlib.metadata import version
from weakref import WeakKeyDictionary

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import NOT_SHOWN, Problem, Refusal, join_path, make_problem
from cross_account_access.grants.grant import DESTINATION, SOURCE, Side
from cross_account_access.grants.model import Unresolved
from cross_account_access.grants.resolved_grant import Account

from .inputs import FrozenArgs, InvalidArgs

_accounts: WeakKeyDictionary[aws.Provider, pulumi.Output[Account]] = WeakKeyDictionary()


def account_of(provider: aws.Provider) -> pulumi.Output[Account]:
    """Ask whose credentials a provider has, once for each provider."""
    if provider not in _accounts:
        identity = aws.get_caller_identity_output(
            opts=pulumi.InvokeOutputOptions(provider=provider)
        )
        _accounts[provider] = identity.apply(
            lambda caller: Account(caller.account_id, caller.arn.split(":")[1])
        )
    return _accounts[provider]


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
