"""Where Pulumi's inputs meet the checks: what is plain is checked at once, an Output as soon as it is known."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import pulumi
import pulumi_aws as aws
from pulumi.errors import InputPropertiesError, InputPropertyErrorDetails

from cross_account_access.errors import (
    NOT_SHOWN,
    SECRET,
    InvalidInput,
    Problem,
    Refusal,
    make_problem,
)
from cross_account_access.grants.model import Model, Unresolved, read_model

_M = TypeVar("_M", bound=Model)
_T = TypeVar("_T")


class InvalidArgs(InputPropertiesError, pulumi.RunError):
    """A component's args were refused before anything was made.

    Pulumi prints it without a traceback, in a program and through a component provider alike.

    Attributes:
        problems: Every problem found.
    """

    def __init__(self, component: str, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        details: list[InputPropertyErrorDetails] = [
            {"property_path": found.path, "reason": found.message} for found in problems
        ]
        lines = "\n".join(f"  {found.message}" for found in problems)
        super().__init__(f"{component} was refused:\n{lines}", details)

    @classmethod
    def of(cls, component: str, path: str, value: Any, refusal: Refusal) -> "InvalidArgs":
        """The error for one value."""
        return cls(component, (make_problem(path, value, refusal),))


class Account:
    """The account that a provider's credentials belong to.

    Attributes:
        id: Its twelve digits.
        partition: `aws`, `aws-cn`, …
    """

    def __init__(self, account_id: str, partition: str) -> None:
        self.id = account_id
        self.partition = partition


_accounts: WeakKeyDictionary[aws.Provider, pulumi.Output[Account]] = WeakKeyDictionary()


def account_of(provider: aws.Provider) -> pulumi.Output[Account]:
    """Ask whose credentials a provider has, once for each provider."""
    if provider not in _accounts:
        identity = aws.get_caller_identity_output(
            opts=pulumi.InvokeOutputOptions(provider=provider)
        )
        _accounts[provider] = identity.apply(
            lambda found: Account(found.account_id, found.arn.split(":")[1])
        )
    return _accounts[provider]


def explicit_provider(component: pulumi.ComponentResource, what: str) -> aws.Provider:
    """The AWS provider that a component was given by its options, or by its parent's.

    Raises:
        InvalidArgs: If there is none, for a default provider would act in whatever account is at hand.
    """
    provider = component.get_provider("aws:iam/role:Role")
    if isinstance(provider, aws.Provider):
        return provider
    refused = Refusal(
        "the component needs an AWS provider of its own",
        remedy=f"Give it the {what} account's: opts=pulumi.ResourceOptions(provider=…)",
    )
    name = f"{type(component).__name__} {component._name}"  # noqa: SLF001
    raise InvalidArgs.of(name, "opts.provider", NOT_SHOWN, refused)


def provider_argument(args: Mapping[str, Any], key: str) -> aws.Provider | Problem:
    """The AWS provider in `args`, or what is wrong with it."""
    value = args.get(key)
    if isinstance(value, aws.Provider):
        return value
    if value is None:
        refused = Refusal(
            "this key is required", remedy="Give it an aws.Provider with that account's credentials"
        )
    elif isinstance(value, str):
        refused = Refusal(
            "the provider came without its configuration, as the ID alone",
            remedy="The calling program's AWS package is of a newer minor or another major version than this "
            f"component's, {_version()}: let both use the same",
        )
    else:
        refused = Refusal(
            "this must be an aws.Provider itself, not an Output of one", value=type(value).__name__
        )
    return make_problem(key, NOT_SHOWN, refused)


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - only an error needs it

    return f"pulumi-aws {version('pulumi-aws')}"


def later(value: Any) -> Any:
    """The input with a `Unresolved` in the place of each Output."""
    if isinstance(value, pulumi.Output | Awaitable):
        return Unresolved()
    if isinstance(value, Mapping):
        return {key: later(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [later(inner) for inner in value]
    return value


def once_known(value: Any, then: Callable[[Any], Any]) -> pulumi.Output[Any]:
    """Apply a function to a value once all Outputs in it are known.

    `Output.from_input(value).apply(then)` does the same, but makes two Outputs of each one in it and of each plain
    value, and Outputs are what a program with many grants spends its time on.
    """
    outputs = list(_outputs_in(value))

    def filled(known: Sequence[Any]) -> Any:
        return then(_filled(value, iter(known)))

    if 0 < len(outputs) <= _MOST_CHAINED:
        return _chained(
            [pulumi.Output.from_input(o) if isinstance(o, Awaitable) else o for o in outputs],
            filled,
        )
    return pulumi.Output.all(*outputs).apply(filled)


# More are gathered all at once, for each of a chain waits for the one before.
_MOST_CHAINED = 4


def _chained(
    outputs: Sequence[pulumi.Output[Any]],
    then: Callable[[Sequence[Any]], Any],
    before: tuple[Any, ...] = (),
) -> pulumi.Output[Any]:
    first, *rest = outputs

    def step(value: Any) -> Any:
        known = (*before, value)
        if rest:
            return _chained(rest, then, known)
        return pulumi.UNKNOWN if pulumi.contains_unknowns(list(known)) else then(known)

    # With unknowns, so that the others are asked whether they are secret in any case.
    return first.apply(step, run_with_unknowns=True)


def holds_output(value: Any) -> bool:
    """Whether any Output is in a value."""
    return any(True for _ in _outputs_in(value))


def _outputs_in(value: Any) -> Iterator[Any]:
    if isinstance(value, pulumi.Output | Awaitable):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _outputs_in(inner)


def _filled(value: Any, known: Iterator[Any]) -> Any:
    if isinstance(value, pulumi.Output | Awaitable):
        return next(known)
    if isinstance(value, Mapping):
        return {key: _filled(inner, known) for key, inner in value.items()}
    return [_filled(inner, known) for inner in value] if isinstance(value, list | tuple) else value


def checked(model: type[_M], args: Any, component: str, *, apart: tuple[str, ...] = ()) -> _M:
    """Check a component's args as far as they are known.

    Args:
        model: What they should be.
        args: The args as they came.
        component: Its type and name, for the message.
        apart: Keys that are checked elsewhere, such as providers.

    Raises:
        InvalidArgs: With every problem found.
    """
    known = (
        {key: value for key, value in args.items() if key not in apart}
        if isinstance(args, Mapping)
        else args
    )
    try:
        return read_model(model, later(known))
    except InvalidInput as error:
        raise InvalidArgs(component, error.problems) from None


def check_when_known(
    component: str, path: str, check: Callable[[_T], Any], given: Any
) -> Callable[[_T], Any]:
    """Wrap a check for `apply`, so that what it refuses is told with its path.

    The wrapped function raises `InvalidArgs`, or returns what raises it when `apply` awaits it.

    Args:
        component: The component's type and name, for the message.
        path: Where the value stands.
        check: The check.
        given: What the value comes from: if any of it is secret, nothing of the value is told.
    """

    def run(value: _T) -> Any:
        try:
            return check(value)
        except Refusal as refusal:
            return refused((make_problem(path, NOT_SHOWN, refusal),))
        except InvalidInput as error:
            return refused(
                tuple(
                    found if found.path else replace(found, path=path) for found in error.problems
                )
            )

    async def refused(problems: tuple[Problem, ...]) -> None:
        if any(
            [
                await output.is_secret()
                for output in _outputs_in(given)
                if isinstance(output, pulumi.Output)
            ]
        ):
            # A remedy may be made of the value.
            problems = tuple(
                replace(found, value=found.value and SECRET, remedy="") for found in problems
            )
        raise InvalidArgs(component, problems)

    return run
