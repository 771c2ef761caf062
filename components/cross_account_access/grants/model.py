"""What checked input is made of: frozen models, and one report of all that is wrong.

The same models read the components' args (snake_case) and the program's config (camelCase).
"""

import difflib
import inspect
import re
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from cross_account_access.errors import (
    NOT_SHOWN,
    SECRET,
    InvalidInput,
    Key,
    Problem,
    Refusal,
    display_value,
    is_secret,
    join_path,
    make_problem,
)

Spelling = Literal["snake_case", "camelCase"]


class Unresolved:
    """Stands for a value that is known only once another resource is made; every check waits for it."""

    told = "an Output"


class Null:
    """Stands for a key without a value."""


class Model(BaseModel):
    """A part of the input, checked: nothing unknown in it, nothing to change about it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        strict=True,
        defer_build=True,  # a program that imports the package may use but one component
    )

    @model_validator(mode="before")
    @classmethod
    def _no_nulls(cls, data: object) -> object:
        # A condition that came out as None would vanish without a word. Each field refuses a Null in its place.
        if isinstance(data, Mapping):
            return {key: Null() if value is None else value for key, value in data.items()}
        return data


_M = TypeVar("_M", bound=Model)
_T = TypeVar("_T")


def plain(check: Callable[[object], _T]) -> PlainValidator:
    """Annotate a field that must be known from the start, in a preview too."""

    def checked(value: object) -> _T:
        _not_null(value)
        if isinstance(value, Unresolved):
            raise Refusal(
                "this must be plain: an Output, a secret too, is known too late for it",
                remedy="Give the value itself",
            )
        return check(value)

    return PlainValidator(checked)


def when_known(check: Callable[[object], _T]) -> PlainValidator:
    """Annotate a field that may come from another resource: checked now, or as soon as it is known."""

    def checked(value: object) -> _T | Unresolved:
        _not_null(value)
        return value if isinstance(value, Unresolved) else check(value)

    return PlainValidator(checked)


def _not_null(value: object) -> None:
    if isinstance(value, Null):
        raise Refusal("a key has a value", remedy="Give it one, or leave it out")


def read_model(
    model: type[_M], data: object, *, path: str = "", spelling: Spelling = "snake_case"
) -> _M:
    """Check `data` as a whole.

    Args:
        model: What it should be.
        data: The input; a `Unresolved` stands where an Output stood.
        path: Where the data stands, for the messages.
        spelling: How its keys are spelt.

    Raises:
        InvalidInput: With every problem found.
    """
    camel = spelling == "camelCase"
    try:
        return model.model_validate(data, by_alias=camel, by_name=not camel, context=spelling)
    except ValidationError as error:
        problems = [_problem(model, details, path, camel=camel) for details in error.errors()]
        raise InvalidInput(sorted(problems, key=lambda found: found.path)) from None


def spell_key(key: str, info: ValidationInfo) -> str:
    """A key in a message, spelt as in the input."""
    return to_camel(key) if info.context == "camelCase" else key


def _problem(model: type[Model], details: ErrorDetails, path: str, *, camel: bool) -> Problem:
    steps, value = _steps(details), details["input"]
    where = join_path(path, steps)
    context = details.get("ctx", {})
    if isinstance(value, Null):
        value = None
        if details["type"] != "extra_forbidden":
            return Problem(where, "null", "a key has a value", "Give it one, or leave it out")
    match details["type"]:
        case "value_error" if isinstance(context["error"], Refusal):
            refusal = context["error"]
            if camel:
                refusal.where = tuple(
                    to_camel(step) if isinstance(step, Key) else step for step in refusal.where
                )
            return make_problem(where, NOT_SHOWN if isinstance(value, Mapping) else value, refusal)
        case "missing":
            return Problem(where, "", "this key is required")
        case "extra_forbidden":
            return _unknown_key(
                where, value, str(steps[-1]), _keys_at(model, steps[:-1], camel=camel)
            )
        case kind if kind in _EXPECTED:
            return Problem(
                where, display_value(where, value), _EXPECTED[kind], _later_remedy(value)
            )
        case _:
            return Problem(
                where, display_value(where, value), details["msg"][:1].lower() + details["msg"][1:]
            )


def _unknown_key(where: str, value: object, key: str, known: list[str]) -> Problem:
    nearest = (
        [name for name in known if _initials(name) == key.lower()]
        or difflib.get_close_matches(key, known, n=2, cutoff=0.8)
        or difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    )
    remedy = (
        f"Did you mean {' or '.join(nearest)}?" if nearest else f"Known keys: {', '.join(known)}"
    )
    # It may be a secret's key, misspelt.
    hidden = any(map(is_secret, nearest or known)) and not isinstance(
        value, bool | int | float | None
    )
    return Problem(
        where, SECRET if hidden else display_value(where, value), "there is no such key", remedy
    )


def _initials(key: str) -> str:
    """What a key of several words may be shortened to: ou."""
    return (
        "".join(re.findall("^[a-z]|(?<=_)[a-z]|[A-Z]", key)).lower()
        if re.search("_|[A-Z]", key)
        else ""
    )


_EXPECTED = {
    "model_type": "this must be an object with keys of its own",
    "model_attributes_type": "this must be an object with keys of its own",
    "dict_type": "this must be a map",
    "list_type": "this must be a list",
    "bool_type": "this must be true or false",
    "string_type": "this must be text",
    "invalid_key": "a key must be text",
    "too_short": "this must not be empty",
}


def _steps(details: ErrorDetails) -> tuple[str | int, ...]:
    """Where a value stands, a key that is refused as where it heads something."""
    steps = details["loc"]
    if steps[-1:] == ("[key]",):
        steps = steps[:-1]
    elif details["type"] != "invalid_key":
        return steps
    return (*steps[:-1], str(details["input"]))


def _later_remedy(value: object) -> str:
    if not isinstance(value, Unresolved):
        return ""
    return "An Output can't stand for the whole of it, for then a condition in it could get lost: put Outputs inside"


def _keys_at(model: type[Model], steps: tuple[int | str, ...], *, camel: bool) -> list[str]:
    """The keys of the model that stands at `steps` below `model`."""
    annotation: Any = model
    for step in steps:
        if _is_model(annotation):
            fields = annotation.model_fields.items()
            annotation = next(
                field.annotation for name, field in fields if step in (name, field.alias)
            )
        else:
            annotation = get_args(annotation)[-1]
        if isinstance(annotation, UnionType):
            annotation = get_args(annotation)[0]
    return [str(field.alias) if camel else name for name, field in annotation.model_fields.items()]


def _is_model(part: object) -> bool:
    return inspect.isclass(part) and issubclass(part, Model)
