"""The AWS providers that components are given, and the accounts that they belong to."""

from importlib.metadata import version
from weakref import WeakKeyDictionary

import pulumi
import pulumi_aws as aws

from cross_account_access.errors import NOT_SHOWN, Problem, Refusal, join_path, make_problem
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
            remedy="The calling program's AWS package is of a newer minor or another major version "
            f"than this component's, pulumi-aws {version('pulumi-aws')}: let both use the same",
        )
    else:
        refusal = Refusal(
            "must be an aws.Provider itself, not an Output of one", code="not-a-provider"
        )
    kind = "Output" if isinstance(value, Unresolved) else type(value).__name__
    shown = NOT_SHOWN if refusal.code != "not-a-provider" else kind
    return make_problem(join_path(args.path, (key,)), shown, refusal)
