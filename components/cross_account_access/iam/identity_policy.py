"""The grammar of identity policies: what AWS takes as one, and what in one is seldom meant.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from math import isfinite
from typing import Any

from cross_account_access.errors import FieldPath, Refusal

from . import limits
from .policy_document import list_statements, to_list

VERSION = "2012-10-17"
_OLD_VERSION = "2008-10-17"
_STATEMENT_KEYS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


def render_document(document: Mapping[str, Any]) -> str:
    """Render a document as text without white space, its keys in their order."""
    return json.dumps(document, separators=(",", ":"))


def find_warnings(document: str) -> list[str]:
    """Describe what a checked identity policy allows but seldom means to."""
    return [
        f"statement {number} has {element} with Allow, which allows {allowed}, new ones of AWS too"
        for number, statement in enumerate(list_statements(json.loads(document)), start=1)
        for element, allowed in (
            ("NotAction", "every other action"),
            ("NotResource", "every other resource"),
        )
        if statement["Effect"] == "Allow" and element in statement
    ]


def check_identity_policy(document: object) -> str:
    """Check an identity policy, an object or JSON text, and render it in one form.

    Raises:
        Refusal: Where it breaks the grammar of identity policies.
    """
    policy = _parse_policy(document)
    for key in policy:
        if key not in {"Version", "Id", "Statement"}:
            raise Refusal(
                "a policy must have no keys but Version, Id and Statement",
                code="unknown-policy-key",
                where=(str(key),),
                value=policy[key],
            )
    if (version := policy.get("Version", VERSION)) not in (VERSION, _OLD_VERSION):
        raise Refusal(
            f"must be {VERSION}",
            code="invalid-policy-version",
            remedy=_suggest_quotes(version),
            where=("Version",),
            value=version,
        )
    if not isinstance(policy.get("Id", ""), str):
        raise Refusal(
            "must be a string", code="policy-id-not-string", where=("Id",), value=policy["Id"]
        )
    _check_statements(policy.get("Statement"))
    return render_document({"Version": VERSION, **policy})


def _parse_policy(document: object) -> Mapping[str, Any]:
    rule, code = "must be a policy, as an object or JSON text", "invalid-policy"
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise Refusal(f"{rule} ({error})", code=code) from None
        except RecursionError:
            raise Refusal("must not be nested so deeply", code="nested-too-deeply") from None
    if not isinstance(document, Mapping):
        raise Refusal(rule, code=code)
    return document


def _check_statements(element: object) -> None:
    statements = [element] if isinstance(element, Mapping) else element
    if not isinstance(statements, Sequence) or isinstance(statements, str) or not statements:
        raise Refusal(
            "must be at least one statement",
            code="no-statement",
            where=("Statement",),
            value=statements,
        )
    for number, statement in enumerate(statements):
        _check_statement(statement, ("Statement", number))
    if repeated := limits.find_repeated(
        statement["Sid"] for statement in statements if "Sid" in statement
    ):
        raise Refusal(
            "statements must not share a Sid",
            code="repeated-sid",
            where=("Statement",),
            value=repeated,
        )


def _check_statement(statement: object, where: FieldPath) -> None:
    if not isinstance(statement, Mapping):
        raise Refusal(
            "must be an object", code="statement-not-object", where=where, value=statement
        )
    _check_statement_keys(statement, where)
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not re.fullmatch("[A-Za-z0-9]*", sid):
        raise Refusal(
            "must have only letters and digits",
            code="invalid-sid",
            where=(*where, "Sid"),
            value=sid,
        )
    if (effect := statement.get("Effect")) not in ("Allow", "Deny"):
        raise Refusal(
            "must be Allow or Deny", code="invalid-effect", where=(*where, "Effect"), value=effect
        )
    for one, form, code in (
        ("Action", "SERVICE:ACTION, such as s3:GetObject", "invalid-action"),
        ("Resource", "an ARN", "invalid-resource"),
    ):
        other = f"Not{one}"
        if (one in statement) == (other in statement):
            raise Refusal(
                f"a statement must have either {one} or {other}",
                code="element-or-its-opposite",
                where=where,
            )
        key = one if one in statement else other
        _check_texts(statement[key], form, code, (*where, key))
    _check_condition(statement.get("Condition", {}), (*where, "Condition"))


def _check_statement_keys(statement: Mapping[Any, Any], where: FieldPath) -> None:
    for key in statement:
        if key in {"Principal", "NotPrincipal"}:
            raise Refusal(
                "an identity policy must not have a principal: it applies to its own identity",
                code="principal-in-identity-policy",
                remedy="Remove the key",
                where=(*where, key),
                value=statement[key],
            )
        if key not in _STATEMENT_KEYS:
            raise Refusal(
                f"a statement must have no keys but {', '.join(sorted(_STATEMENT_KEYS))}",
                code="unknown-statement-key",
                where=(*where, str(key)),
                value=statement[key],
            )


def _check_texts(element: object, form: str, code: str, where: FieldPath) -> None:
    values = [element] if isinstance(element, str) else element
    if (
        not isinstance(values, Sequence)
        or not values
        or not all(isinstance(value, str) for value in values)
    ):
        raise Refusal(
            "must be a string or a list of strings", code="not-strings", where=where, value=element
        )
    if any(":" not in value and "*" not in value for value in values):
        raise Refusal(f"must be {form}, or *", code=code, where=where, value=element)


def _check_condition(condition: object, where: FieldPath) -> None:
    if not isinstance(condition, Mapping):
        raise Refusal(
            "must be an object", code="condition-not-object", where=where, value=condition
        )
    for operator, keys in condition.items():
        if not isinstance(keys, Mapping):
            raise Refusal(
                "must be an object of condition keys and their values",
                code="condition-not-object",
                where=(*where, str(operator)),
                value=keys,
            )
        for key, values in keys.items():
            for value in to_list(values):
                _check_condition_value(value, (*where, str(operator), str(key)))


def _check_condition_value(value: object, where: FieldPath) -> None:
    if not isinstance(value, str | int) and not (isinstance(value, float) and isfinite(value)):
        raise Refusal(
            "must be a string, a number, true or false, or a list of these",
            code="invalid-condition-value",
            remedy=_suggest_quotes(value),
            where=where,
            value=value,
        )


def _suggest_quotes(value: object) -> str:
    """Suggest quotes for what YAML reads as a date."""
    return "Put it in quotes" if isinstance(value, date) else ""
