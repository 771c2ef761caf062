"""The base of the input's models, which are frozen, and the report of all problems of an input.

The same models read the components' args (snake_case) and the program's config (camelCase).
"""

import difflib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
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
from pydantic_core import ErrorDetails

from cross_account_access.errors import (
    NOT_SHOWN,
    FieldPath,
    InvalidInput,
    Key,
    Problem,
    Refusal,
    display_value,
    find_invisible,
    join_path,
    make_problem,
)
from cross_account_access.text_format import to_camel

Spelling = Literal["snake_case", "camelCase"]


class Unresolved:
    """Stands for an Output: a value that is known only after another resource is created."""

    shown_as = "an Output"


class Null:
    """Stands for a key whose value is null."""


class Model(BaseModel):
    """A checked part of the input; it has no unknown keys and can't be changed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        strict=True,
        defer_build=True,  # a program that imports the package may use only one component
    )

    @model_validator(mode="before")
    @classmethod
    def _mark_nulls(cls, data: object) -> object:
        # A condition that turns out as None must not vanish silently: each field refuses Null.
        if isinstance(data, Mapping):
            return {key: Null() if value is None else value for key, value in data.items()}
        return data


_NULL_REMEDY = "Set a value or remove the key"
_WHOLE_OUTPUT_REMEDY = (
    "An Output in its place could lose a condition unnoticed: put Outputs inside it"
)
# Codes and rules of pydantic's own errors.
_RULES = {
    "model_type": ("not-object", "must be an object with keys of its own"),
    "model_attributes_type": ("not-object", "must be an object with keys of its own"),
    "dict_type": ("not-map", "must be a map"),
    "list_type": ("not-list", "must be a list"),
    "bool_type": ("not-boolean", "must be true or false"),
    "string_type": ("not-string", "must be a string"),
    "invalid_key": ("key-not-string", "a key must be a string"),
    "too_short": ("empty", "must not be empty"),
}

# Keys that there were, or that one looks for, in both spellings.
_KNOWN_MISTAKES = {
    "policies_per_principal": "Set limits.policies_per_user, limits.policies_per_role, or both",
    "policiesPerPrincipal": "Set limits.policiesPerUser, limits.policiesPerRole, or both",
    "policies_per_group": "Remove it: AWS doesn't raise a group's quota, 10 policies",
    "policiesPerGroup": "Remove it: AWS doesn't raise a group's quota, 10 policies",
}

# Where text may have line ends and tabs, by the last steps of its path.
_DESCRIPTIONS = (("description",), ("role", "description"))
_INLINE_POLICIES = (("inline_policies",), ("inlinePolicies",))

_M = TypeVar("_M", bound=Model)
_T = TypeVar("_T")


def plain(check: Callable[[object], _T]) -> PlainValidator:
    """Annotate a field whose value must be plain: known from the start, in a preview too."""

    def check_plain(value: object) -> _T:
        _refuse_null(value)
        if isinstance(value, Unresolved):
            raise Refusal(
                "must be a plain value, not an Output or a secret",
                code="output-not-allowed",
                remedy="Pass the value itself",
            )
        return check(value)

    return PlainValidator(check_plain)


def when_known(check: Callable[[object], _T]) -> PlainValidator:
    """Annotate a field that may be an Output: it is checked now, or as soon as it is known."""

    def check_known(value: object) -> _T | Unresolved:
        _refuse_null(value)
        return defer(check)(value)

    return PlainValidator(check_known)


def defer(check: Callable[[object], _T]) -> Callable[[object], _T | Unresolved]:
    """Make a check that an `Unresolved` passes: its value is checked when it is known."""
    return lambda value: value if isinstance(value, Unresolved) else check(value)


def _refuse_null(value: object) -> None:
    if isinstance(value, Null):
        raise Refusal("null is not allowed", code="null-value", remedy=_NULL_REMEDY)


def read_model(
    model: type[_M], data: object, *, path: str = "", spelling: Spelling = "snake_case"
) -> _M:
    """Check `data` as a whole.

    Args:
        model: The model to read it as.
        data: The input, with an `Unresolved` in the place of each Output.
        path: The path of the data, for the messages.
        spelling: How its keys are spelt.

    Raises:
        InvalidInput: With every problem of the data, sorted by path.
    """
    camel = spelling == "camelCase"
    problems: list[Problem] = []
    try:
        read = model.model_validate(data, by_alias=camel, by_name=not camel, context=spelling)
    except ValidationError as error:
        problems = [_make_problem(model, details, path, camel=camel) for details in error.errors()]
    known = {problem.path for problem in problems}
    unsafe = [make_problem(path, NOT_SHOWN, refusal) for refusal in find_unsafe_text(data)]
    problems += [problem for problem in unsafe if problem.path not in known]
    if problems:
        raise InvalidInput(sorted(problems, key=lambda problem: problem.path))
    return read


def find_unsafe_text(data: object) -> Iterator[Refusal]:
    """Find each text in plain data, keys too, that has control or invisible characters.

    Such a text would be lines of its own in the files, commands and pages that are made of a
    grant, or look like another. A description may have lines, and an inline policy that is JSON
    text white space; both have checks of their own.
    """
    parts: list[tuple[FieldPath, object]] = [((), data)]
    while parts:
        where, value = parts.pop()
        if isinstance(value, Mapping):
            for key, inner in value.items():
                parts.append(((*where, str(key)), inner))
                yield from _refuse_invisible(str(key), parts[-1][0], NOT_SHOWN)
        elif isinstance(value, list):
            parts += [((*where, position), inner) for position, inner in enumerate(value)]
        elif isinstance(value, str):
            lines = where[-2:] in _DESCRIPTIONS or where[-2:-1] in _INLINE_POLICIES
            text = re.sub(r"[\t\n\r]", " ", value) if lines else value
            yield from _refuse_invisible(text, where, value)


def _refuse_invisible(text: str, where: FieldPath, value: object) -> Iterator[Refusal]:
    if char := find_invisible(text):
        yield Refusal(
            "must not have control or invisible characters",
            code="control-character",
            remedy=f"Remove U+{ord(char):04X}",
            where=where,
            value=value,
        )


def spell_key(key: str, info: ValidationInfo) -> str:
    """Spell a key for a message as the input does."""
    return to_camel(key) if info.context == "camelCase" else key


def _make_problem(model: type[Model], details: ErrorDetails, path: str, *, camel: bool) -> Problem:
    steps, value, kind = _get_steps(details), details["input"], details["type"]
    where = join_path(path, steps)
    if isinstance(value, Null):
        value = None
        if kind != "extra_forbidden":
            return Problem(where, "null", "null is not allowed", _NULL_REMEDY, code="null-value")
    error = details.get("ctx", {}).get("error")
    if isinstance(error, Refusal):
        if camel:
            error.where = tuple(
                to_camel(step) if isinstance(step, Key) else step for step in error.where
            )
        return make_problem(where, NOT_SHOWN if isinstance(value, Mapping) else value, error)
    if kind == "missing":
        return Problem(where, "", "this key is required", code="missing-key")
    if kind == "extra_forbidden":
        known_keys = _get_keys(model, steps[:-1], camel=camel)
        return refuse_unknown_key(where, str(steps[-1]), known_keys)
    code, rule = _RULES.get(kind) or (
        kind.replace("_", "-"),
        details["msg"][:1].lower() + details["msg"][1:],
    )
    remedy = _WHOLE_OUTPUT_REMEDY if isinstance(value, Unresolved) else ""
    return Problem(where, display_value(where, value), rule, remedy, code=code)


def refuse_unknown_key(where: str, key: str, known_keys: list[str]) -> Problem:
    """Describe a key that there isn't. Its value is not shown: the key may be a secret's, misspelt.

    Args:
        where: The key's path.
        key: The key.
        known_keys: The keys that may stand there.
    """
    nearest = (
        [name for name in known_keys if _get_initials(name) == key.lower()]
        or difflib.get_close_matches(key, known_keys, n=2, cutoff=0.8)
        or difflib.get_close_matches(key, known_keys, n=1, cutoff=0.5)
    )
    remedy = _KNOWN_MISTAKES.get(key) or (
        f"Did you mean {' or '.join(nearest)}?"
        if nearest
        else f"Known keys: {', '.join(known_keys)}"
    )
    return Problem(where, "", "there is no such key", remedy, code="unknown-key")


def _get_initials(key: str) -> str:
    """The initials by which a key of several words may be abbreviated: ou."""
    return (
        "".join(re.findall("^[a-z]|(?<=_)[a-z]|[A-Z]", key)).lower()
        if re.search("_|[A-Z]", key)
        else ""
    )


def _get_steps(details: ErrorDetails) -> FieldPath:
    """The path of a refused value; a refused key has the path of its value."""
    steps = details["loc"]
    if steps[-1:] == ("[key]",):
        steps = steps[:-1]
    elif details["type"] != "invalid_key":
        return steps
    return (*steps[:-1], str(details["input"]))


def _get_keys(model: type[Model], steps: FieldPath, *, camel: bool) -> list[str]:
    """The keys of the model at `steps` below `model`."""
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
