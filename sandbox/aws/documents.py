"""The grammar of policy documents, and what IAM refuses of it when one is saved.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NoReturn

from cross_account_access.iam.operators import Operator
from cross_account_access.iam.policy_document import list_statements, to_list
from sandbox.aws.query_protocol import AwsError

PolicyKind = Literal["identity", "trust", "session"]

_DOCUMENT_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_VERSIONS = ("2012-10-17", "2008-10-17")

_SID = re.compile(r"[A-Za-z0-9]*")
# What a trust policy may allow. A wildcard is let pass: whether AWS saves one isn't documented.
_TRUST_ACTIONS = {
    f"sts:{name}".lower()
    for name in (
        *("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"),
        *("SetContext", "SetSourceIdentity", "TagSession"),
        *("DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetCallerIdentity"),
        *("GetFederationToken", "GetServiceBearerToken", "GetSessionToken"),
    )
}
_ACTION = re.compile(r"\*|(?:\*|[A-Za-z0-9-]+):[^:\s]+")


def refuse(message: str) -> NoReturn:
    raise AwsError("MalformedPolicyDocument", message)


def parse(text: str, kind: PolicyKind) -> dict[str, Any]:
    """Return the document, checked for what every policy of that kind must be.

    Principals of a trust policy aren't looked up here: see `sandbox.aws.trust`.

    Raises:
        AwsError: MalformedPolicyDocument.
    """
    try:
        document = json.loads(
            text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        refuse(
            "This policy contains invalid Json" if kind == "trust" else "Syntax errors in policy."
        )
    if not isinstance(document, dict) or not document.keys() <= _DOCUMENT_ELEMENTS:
        refuse("Syntax errors in policy.")
    version = document.get("Version")
    if kind == "trust":
        if version is not None and version not in _VERSIONS:
            refuse("The policy must contain a valid version string")
    elif version != _VERSIONS[0]:
        refuse("Policy document must be version 2012-10-17 or greater.")
    statements = list(read_statements(document))
    if not statements:
        refuse("Could not parse the policy: Statement is empty!")
    for statement in statements:
        _check_statement(statement, kind)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        refuse("Statement IDs (SID) in a single policy must be unique.")
    return document


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # json.loads would keep the last of two equal keys, and so another policy than the reader sees.
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _refuse_constant(name: str) -> NoReturn:
    # NaN and Infinity are Python's own, not JSON's.
    raise ValueError(name)


def read_statements(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the statements of a document.

    Raises:
        AwsError: MalformedPolicyDocument for one that isn't an object.
    """
    for statement in list_statements(document):
        if not isinstance(statement, dict):
            refuse("Syntax errors in policy.")
        yield statement


def read_strings(value: Any) -> list[str]:
    """Return an element's values.

    Raises:
        AwsError: MalformedPolicyDocument for one that isn't a string.
    """
    values = to_list(value)
    if not all(isinstance(item, str) for item in values):
        refuse("Syntax errors in policy.")
    return values


def _check_statement(statement: Mapping[str, Any], kind: PolicyKind) -> None:
    if not statement.keys() <= _STATEMENT_ELEMENTS:
        refuse("Syntax errors in policy.")
    effect = statement.get("Effect")
    if effect is None:
        refuse("Missing required field Effect")
    if effect not in ("Allow", "Deny"):
        refuse(f"Invalid effect: {effect}")
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        refuse(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
            f"regular expression {_SID.pattern}"
        )
    _check_actions(statement, kind)
    if kind == "trust":
        _check_trust_statement(statement)
    else:
        _check_identity_statement(statement)
    _check_condition(statement.get("Condition", {}))


def _check_actions(statement: Mapping[str, Any], kind: PolicyKind) -> None:
    if "Action" in statement and "NotAction" in statement:
        refuse("Syntax errors in policy.")
    actions = read_strings(statement.get("Action", statement.get("NotAction", [])))
    if not actions:
        refuse(
            "Missing required field Action"
            if kind == "trust"
            else "Policy statement must contain actions."
        )
    if kind == "trust":
        if not all(map(_is_trust_action, actions)):
            refuse("AssumeRole policy may only specify STS AssumeRole actions.")
    elif not all(_ACTION.fullmatch(action) for action in actions):
        refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")


def _is_trust_action(action: str) -> bool:
    service, _, name = action.lower().partition(":")
    return service == "sts" and ("*" in name or "?" in name or action.lower() in _TRUST_ACTIONS)


def _check_trust_statement(statement: Mapping[str, Any]) -> None:
    for element in ("Resource", "NotResource"):
        if element in statement:
            refuse(f"Has prohibited field {element}")
    if "NotPrincipal" in statement:
        refuse("AssumeRole policy must not contain NotPrincipal field.")
    if "Principal" not in statement:
        refuse("Missing required field Principal")


def _check_identity_statement(statement: Mapping[str, Any]) -> None:
    if "Principal" in statement or "NotPrincipal" in statement:
        refuse("Policy document should not specify a principal.")
    if "Resource" in statement and "NotResource" in statement:
        refuse("Syntax errors in policy.")
    resources = read_strings(statement.get("Resource", statement.get("NotResource", [])))
    if not resources:
        refuse("Policy statement must contain resources.")
    for resource in resources:
        if resource != "*" and not resource.startswith("arn:"):
            refuse(f'Resource {resource} must be in ARN format or "*".')


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, Mapping):
        refuse("Syntax errors in policy.")
    for operator, keys in condition.items():
        try:
            Operator.parse(operator)
        except ValueError:
            refuse(f"Invalid Condition type : {operator}.")
        if not isinstance(keys, Mapping):
            refuse("Syntax errors in policy.")
        for value in keys.values():
            if not all(isinstance(item, str | int | float) for item in to_list(value)):
                refuse("Syntax errors in policy.")
