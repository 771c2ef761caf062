"""A component's args: read once, checked at once if plain, and once resolved if Outputs."""

from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar

import pulumi
from pulumi.errors import InputPropertiesError, InputPropertyErrorDetails

from cross_account_access.errors import (
    NOT_SHOWN,
    SECRET,
    CrossAccountAccessError,
    FieldPath,
    InvalidInput,
    Problem,
    Refusal,
    end_path,
    join_path,
    make_problem,
)
from cross_account_access.grants.model import Model, Unresolved, read_model

_M = TypeVar("_M", bound=Model)
_T = TypeVar("_T")

Outputs = dict[FieldPath, pulumi.Output[Any]]


class InvalidArgs(CrossAccountAccessError, InputPropertiesError, pulumi.RunError):
    """A component's args were refused before anything was made.

    Pulumi prints it without a traceback, in a program and through a component provider alike.

    Attributes:
        problems: Every problem found.
    """

    def __init__(self, component: str, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        details: list[InputPropertyErrorDetails] = [
            {"property_path": problem.path, "reason": problem.message} for problem in problems
        ]
        lines = "\n".join(f"  {problem.message}" for problem in problems)
        super().__init__(f"{component} was refused:\n{lines}", details)

    @classmethod
    def of(cls, component: str, path: str, value: Any, refusal: Refusal) -> "InvalidArgs":
        """The error for one value."""
        return cls(component, (make_problem(path, value, refusal),))


# --- Reading args once ----------------------------------------------------------------------------


class OutputLeaf(Unresolved):
    """An Output's place in frozen args."""

    def __init__(self, output: pulumi.Output[Any]) -> None:
        self.output = output


@dataclass(frozen=True)
class FrozenArgs:
    """A deep copy of a component's args, or of a part of them, that nobody else holds.

    The caller's own dicts and lists are never looked at again: what a caller changes in them later
    changes nothing.

    Attributes:
        component: The component's type and name, for messages.
        path: Where these args stand in the component's; empty for all of them.
        plain: The args, with an `Unresolved` in the place of each Output.
    """

    component: str
    path: str
    plain: Any

    @classmethod
    def copy(cls, component: str, args: Any) -> "FrozenArgs":
        """Copy args as a component was given them."""
        return cls(component, "", _copy(args))

    @cached_property
    def outputs(self) -> Outputs:
        """The Outputs in the args, by the steps to each from here."""
        return dict(_find_outputs(self.plain, ()))

    def below(self, *steps: str | int) -> "FrozenArgs":
        """The part of the args at `steps`; it must be there."""
        plain = self.plain
        for step in steps:
            plain = plain[step]
        return FrozenArgs(self.component, join_path(self.path, steps), plain)

    def replace(self, key: str, value: Any) -> "FrozenArgs":
        """The same args with another value for a key, Outputs in it too."""
        return replace(self, plain={**self.plain, key: _copy(value)})

    def within(self, *keys: str) -> Outputs:
        """The Outputs in these keys' values."""
        return {place: output for place, output in self.outputs.items() if place[0] in keys}

    def thaw(self) -> Any:
        """The args with their Outputs, as a component takes them: a copy too."""
        return _fill(self.plain, self.outputs)

    def fill(self, values: Mapping[FieldPath, Any]) -> Any:
        """The args with values in the place of some Outputs."""
        return _fill(self.plain, values) if values else self.plain

    def read(self, model: type[_M]) -> _M:
        """Check the args as far as they are known.

        Raises:
            InvalidArgs: With every problem found.
        """
        try:
            return read_model(model, self.plain, path=self.path)
        except InvalidInput as error:
            raise InvalidArgs(self.component, error.problems) from None

    def settle(self, check: Callable[[object], _T]) -> Any:
        """One value of the args: itself where it is plain, else an Output of it, checked."""
        return self.resolve(lambda values: check(values[()])) if self.outputs else self.plain

    def resolve(
        self, build: Callable[..., _T], *others: pulumi.Output[Any], outputs: Outputs | None = None
    ) -> pulumi.Output[_T]:
        """Build a value of these args once Outputs in them are known, or refuse them.

        Args:
            build: Gets the Outputs' values by their steps, then the values of `others`.
            others: Further Outputs that are waited for.
            outputs: Which of the Outputs in the args are waited for: all by default.
        """
        awaited = self.outputs if outputs is None else outputs

        def refuse(error: Refusal | InvalidInput, *, secret: bool) -> InvalidArgs:
            if isinstance(error, InvalidInput):
                problems = error.problems
            else:
                problems = (make_problem(self.path, NOT_SHOWN, error),)
            if secret:  # a value, or what a remedy is made of, may be the secret or tell of it
                ends = [join_path(self.path, place) for place in awaited]
                problems = tuple(
                    replace(
                        problem,
                        path=end_path(problem.path, ends),
                        value=problem.value and SECRET,
                        remedy="",
                    )
                    for problem in problems
                )
            return InvalidArgs(self.component, problems)

        def filled(*values: Any) -> _T:
            return build(dict(zip(awaited, values, strict=False)), *values[len(awaited) :])

        return apply_resolved([*awaited.values(), *others], filled, refuse)


NO_ARGS: Any = {}
"""Stands for args that come as keywords."""


def freeze_args(component: str, args: Any, keywords: Mapping[str, Any]) -> FrozenArgs:
    """Copy what a component is made from.

    Args:
        component: The component's type and name, for messages.
        args: Its args as one object.
        keywords: The same as keywords.

    Raises:
        InvalidArgs: If both are given.
    """
    if keywords and args is not NO_ARGS:
        remedy = "Put all of them into args, or all into keywords"
        refusal = Refusal("args must be given one way", code="args-twice", remedy=remedy)
        raise InvalidArgs.of(component, "", NOT_SHOWN, refusal)
    try:
        return FrozenArgs.copy(component, keywords or args)
    except RecursionError:
        refusal = Refusal("must not be nested so deeply", code="nested-too-deeply")
        raise InvalidArgs.of(component, "", NOT_SHOWN, refusal) from None


def _copy(value: Any) -> Any:
    if isinstance(value, pulumi.Output | Awaitable):
        # Resolves Outputs inside of the value too, and copies it.
        return OutputLeaf(pulumi.Output.from_input(value))
    if isinstance(value, Mapping):
        return {_copy(key): _copy(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(inner) for inner in value]
    if isinstance(value, Enum) and isinstance(value, str | int):
        return value.value  # Python writes such a member by its name
    return value


def _find_outputs(value: Any, place: FieldPath) -> Iterator[tuple[FieldPath, pulumi.Output[Any]]]:
    if isinstance(value, OutputLeaf):
        yield place, value.output
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _find_outputs(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _find_outputs(inner, (*place, number))


def holds_output(values: Mapping[str, Any]) -> bool:
    """Whether one of the values is an Output."""
    return any(isinstance(value, pulumi.Output) for value in values.values())


def _fill(value: Any, values: Mapping[FieldPath, Any], place: FieldPath = ()) -> Any:
    if place in values:
        return values[place]
    if isinstance(value, dict):
        return {key: _fill(inner, values, (*place, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, values, (*place, number)) for number, inner in enumerate(value)]
    return value


# --- Outputs --------------------------------------------------------------------------------------


class _Gathered:
    """The combined result of several Outputs, computed by whoever awaits it first."""

    def __init__(self, gather: Callable[[], Coroutine[Any, Any, tuple[Any, ...]]]) -> None:
        self._gather = gather
        self._parts: tuple[Any, ...] | None = None

    def as_output(self) -> pulumi.Output[Any]:
        """The Output of a value, whether it is known and secret, and its resources."""
        value, known, secret, resources = (_Part(self, position) for position in range(4))
        return pulumi.Output(resources, value, known, secret)

    async def get(self, position: int) -> Any:
        if self._parts is None:
            self._parts = await self._gather()
        return self._parts[position]


class _Part:
    """One part. It is no coroutine, for after an error it is never awaited: Python would warn."""

    def __init__(self, gathered: _Gathered, position: int) -> None:
        self._gathered = gathered
        self._position = position

    def __await__(self) -> Generator[Any, None, Any]:
        return self._gathered.get(self._position).__await__()


def apply_resolved(
    outputs: Sequence[pulumi.Output[Any]],
    build: Callable[..., _T],
    refuse: Callable[..., Exception] | None = None,
    *,
    openly: bool = False,
) -> pulumi.Output[_T]:
    """Build a value of several Outputs' values, once all of them are known.

    `pulumi.Output.all(…).apply(…)` does the same by several Outputs more for each of them, and
    Outputs are what a program with many grants spends its time on.

    Args:
        outputs: The Outputs.
        build: Gets their values, and returns a plain one.
        refuse: Makes the error of a refusal by `build`; `secret` is whether any Output is.
        openly: Whether `build` gets pairs of a value and whether that is a secret, and returns
            what is none.
    """

    async def gather() -> tuple[Any, bool, bool, set[pulumi.Resource]]:
        values = [await output.future(with_unknowns=True) for output in outputs]
        known = all([await output.is_known() for output in outputs])
        secret = [await output.is_secret() for output in outputs]
        resources: set[pulumi.Resource] = set()
        for output in outputs:
            resources |= await output.resources()
        given = zip(values, secret, strict=True) if openly else values
        try:
            made = build(*given) if known else None
            return made, known, any(secret) and not openly, resources
        except (Refusal, InvalidInput) as error:
            raise (refuse(error, secret=any(secret)) if refuse else error) from None

    for output in outputs:
        # As `apply` does: what is wrong with these is told by the Output that is made of them.
        output._untrack()  # noqa: SLF001
    return _Gathered(gather).as_output()


def get_if_known(output: pulumi.Output[_T]) -> pulumi.Output[_T | None]:
    """The same value, or None while a preview doesn't know it."""

    async def gather() -> tuple[_T | None, bool, bool, set[pulumi.Resource]]:
        value = await output.future(with_unknowns=True)
        known, secret = await output.is_known(), await output.is_secret()
        return value if known else None, True, secret, set()

    output._untrack()  # noqa: SLF001 - as above
    return _Gathered(gather).as_output()


def comes_from_resource(outputs: Iterable[pulumi.Output[Any]]) -> pulumi.Output[bool]:
    """Whether one of the Outputs is of a resource."""

    async def gather() -> tuple[bool, bool, bool, set[pulumi.Resource]]:
        return any([await output.resources() for output in outputs]), True, False, set()

    return _Gathered(gather).as_output()


def make_unknown() -> pulumi.Output[Any]:
    """What a preview can't know."""

    async def gather() -> tuple[None, bool, bool, set[pulumi.Resource]]:
        return None, False, False, set()

    return _Gathered(gather).as_output()
