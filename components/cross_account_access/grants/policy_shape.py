"""The form of a policy in a record: what every reader of it may rely on.

It takes whatever IAM saves; the rules for what users write are in `iam.identity_policy`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from collections.abc import Mapping
from typing import Any

from cross_account_access.errors import FieldPath, Refusal
from cross_account_access.iam.identity_policy import VERSION
from cross_account_access.iam.operators import Operator
from cross_account_access.iam.policy_document import to_list

_OLD_VERSION = "2008-10-17"
_POLICY_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_TRUST_KEYS = {"Sid", "Effect", "Principal", "Action", "Condition"}
_TEXT_LISTS = ("Action", "NotAction", "Resource", "NotResource")


def check_policy_shape(document: Mapping[str, Any], *, trust: bool = False) -> None:
    """Check that a policy has IAM's form.

    Args:
        document: The policy.
        trust: Whether it is a role's trust policy, as this package writes them, whose operators
            must be known.

    Raises:
        Refusal: If it has another form.
    """
    _check_keys(document, _POLICY_KEYS, ())
    if document.get("Version", VERSION) not in (VERSION, _OLD_VERSION):
        raise _refuse(f"must be {VERSION}", ("Version",), document["Version"])
    if not isinstance(document.get("Id", ""), str):
        raise _refuse("must be a string", ("Id",), document["Id"])
    statements = document.get("Statement")
    if not statements or not isinstance(statements, list | dict):
        raise _refuse("must be at least one statement", ("Statement",), statements)
    for position, statement in enumerate(to_list(statements)):
        where = ("Statement", position)
        if not isinstance(statement, dict):
            raise _refuse("must be an object", where, statement)
        _check_statement(statement, where, trust=trust)
        condition = statement.get("Condition", {})
        _check_condition(condition, (*where, "Condition"), known=trust)


def _check_statement(statement: Mapping[str, Any], where: FieldPath, *, trust: bool) -> None:
    _check_keys(statement, _TRUST_KEYS if trust else _STATEMENT_KEYS, where)
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not re.fullmatch("[A-Za-z0-9]*", sid):
        raise _refuse("must have only letters and digits", (*where, "Sid"), sid)
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _refuse("must be Allow or Deny", (*where, "Effect"), statement.get("Effect"))
    pairs = (("Action",),) if trust else (("Action", "NotAction"), ("Resource", "NotResource"))
    for keys in pairs:
        if len(statement.keys() & set(keys)) != 1:
            raise _refuse(f"must have {' or '.join(keys)}", where, statement)
    for key in _TEXT_LISTS:
        if key in statement:
            _check_texts(statement[key], (*where, key))
    if trust:
        principal = statement.get("Principal")
        if not isinstance(principal, dict) or principal.keys() != {"AWS"}:
            raise _refuse("must be {AWS: …}", (*where, "Principal"), principal)
        _check_texts(principal["AWS"], (*where, "Principal", "AWS"))


def _check_condition(condition: Any, where: FieldPath, *, known: bool) -> None:
    if not isinstance(condition, dict):
        raise _refuse("must be an object", where, condition)
    for operator, keys in condition.items():
        if known:
            _check_operator(operator, where)
        if not isinstance(keys, dict):
            raise _refuse("must be an object", (*where, operator), keys)
        for key, values in keys.items():
            if not all(isinstance(value, str | int | float) for value in to_list(values)):
                rule = "must be a string, a number, true or false, or a list of these"
                raise _refuse(rule, (*where, operator, key), values)


def _check_operator(name: str, where: FieldPath) -> None:
    try:
        Operator.parse(name)
    except ValueError:
        raise _refuse("there is no such condition operator", where, name) from None


def _check_texts(element: Any, where: FieldPath) -> None:
    values = to_list(element)
    if not values or not all(isinstance(value, str) for value in values):
        raise _refuse("must be a string or a list of strings", where, element)


def _check_keys(element: Mapping[str, Any], known: set[str], where: FieldPath) -> None:
    for key in element:
        if key not in known:
            raise _refuse(f"must have no keys but {', '.join(sorted(known))}", where, key)


def _refuse(rule: str, where: FieldPath, value: Any) -> Refusal:
    return Refusal(rule, code="policy-form", where=where, value=value)
