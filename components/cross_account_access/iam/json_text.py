"""JSON that somebody else wrote, parsed so that it has one meaning for every reader."""

import json
from math import isfinite
from typing import Any, NoReturn

from cross_account_access.errors import Refusal


def parse_json(text: str) -> Any:
    """Parse JSON text.

    Raises:
        Refusal: If it isn't JSON, is nested too deeply, repeats a key in an object, or has a number
            that JSON or this computer can't represent.

    Source: https://www.rfc-editor.org/rfc/rfc8259
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_build_object,
            parse_constant=_refuse_number,
            parse_float=_parse_float,
        )
    except Refusal:
        raise
    except RecursionError:
        raise Refusal("must not be nested so deeply", code="nested-too-deeply") from None
    except ValueError as error:
        raise Refusal(f"must be JSON ({error})", code="invalid-json") from None


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; of a repeated key, readers differ in which value they take."""
    built = dict(pairs)
    if len(built) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for number, key in enumerate(keys) if key in keys[:number])
        raise Refusal("a key must not be repeated", code="repeated-json-key", where=(repeated,))
    return built


def _parse_float(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    raise Refusal("a number must be finite", code="infinite-number", value=text)
