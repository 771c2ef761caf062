"""Lengths, ranges, patterns and required parameters, from botocore's copy of AWS's service models.

The models hold what AWS's front door checks of every parameter. botocore itself checks only
minimums and types, and moto next to nothing, so that a name of 65 characters would pass until a
real account refuses it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ListShape, OperationNotFoundError, ServiceModel, Shape, StructureShape

from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Java's \p{Z} spelled out; \p{L}\p{N} are what Python's \w takes beside the underscore, which AWS's
# only pattern with these classes takes anyway.
_SEPARATORS = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_UNICODE_CLASSES = r"\p{L}\p{Z}\p{N}"


def check_parameters(service: str, action: str, params: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a call, nested and typed as the operation's input is.

    Raises:
        AwsError: ValidationError with all violations; InvalidAction for an unknown operation.
    """
    model = load_service_model(service)
    try:
        shape = model.operation_model(action).input_shape
    except OperationNotFoundError:
        raise AwsError(
            "InvalidAction", f"Could not find operation {action} for version {model.api_version}"
        ) from None
    if shape is None:
        return {}
    value = _parse(shape, params, "")
    if violations := list(_find_violations(shape, value, "")):
        plural = "s" if len(violations) > 1 else ""
        count = f"{len(violations)} validation error{plural} detected"
        raise AwsError("ValidationError", f"{count}: {'; '.join(violations)}")
    return value if isinstance(value, dict) else {}


@cache
def load_service_model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def _parse(shape: Shape, params: Mapping[str, str], prefix: str) -> Any:
    """The value at `prefix` in the flat parameters; None if it isn't given."""
    if isinstance(shape, StructureShape):
        members = {
            name: value
            for name, member in shape.members.items()
            if (
                value := _parse(
                    member, params, _join(prefix, member.serialization.get("name", name))
                )
            )
            is not None
        }
        return members if members or not prefix else None
    if isinstance(shape, ListShape):
        start = f"{prefix}.member."
        numbers = sorted({int(n) for key in params if (n := _parse_number(key, start)) is not None})
        items = [_parse(shape.member, params, f"{start}{number}") for number in numbers]
        # `Tags=` is how an empty list is sent.
        return items if items or prefix in params else None
    text = params.get(prefix)
    if text is not None and shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text):
        return int(text)
    return text


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _parse_number(key: str, start: str) -> int | None:
    number = key[len(start) :].split(".", 1)[0] if key.startswith(start) else ""
    return int(number) if number.isascii() and number.isdigit() else None


def _find_violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            at = _join(path, name[0].lower() + name[1:])
            if name in value:
                yield from _find_violations(member, value[name], at)
            elif name in shape.required_members:
                yield _describe_violation(at, "Member must not be null")
    elif isinstance(shape, ListShape):
        yield from _find_size_violations(shape, len(value), path, "length")
        for number, item in enumerate(value, start=1):
            yield from _find_violations(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "string":
        yield from _find_string_violations(shape, value, path)
    elif shape.type_name in ("integer", "long"):
        if isinstance(value, int):
            yield from _find_size_violations(shape, value, path, "value")
        else:
            yield _describe_violation(path, "Member must be an integer")


def _find_string_violations(shape: Shape, value: str, path: str) -> Iterator[str]:
    yield from _find_size_violations(shape, len(value), path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compile(pattern).fullmatch(value):
        yield _describe_violation(
            path, f"Member must satisfy regular expression pattern: {pattern}"
        )
    # getattr: botocore's stubs know no enum of a plain Shape.
    values: list[str] = getattr(shape, "enum", [])
    if values and value not in values:
        yield _describe_violation(
            path, f"Member must satisfy enum value set: [{', '.join(values)}]"
        )


def _find_size_violations(shape: Shape, size: int, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _describe_violation(path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _describe_violation(path, f"Member must have {what} less than or equal to {most}")


def _describe_violation(path: str, constraint: str) -> str:
    # AWS's form without the value: an external id is nothing to repeat.
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """A pattern of the models, which is Java's: its classes for words and digits are ASCII."""
    if _UNICODE_CLASSES in pattern:
        return re.compile(pattern.replace(_UNICODE_CLASSES, r"\w" + _SEPARATORS))
    return re.compile(pattern, re.ASCII)
