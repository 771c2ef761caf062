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
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
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


def refuse(message: str = "Syntax errors in policy.") -> NoReturn:
    raise AwsError("MalformedPolicyDocument", message)


def _require(condition: object, message: str = "Syntax errors in policy.") -> None:
    if not condition:
        refuse(message)


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
        refuse()
    version = document.get("Version")
    if kind == "trust":
        _require(
            version is None or version in _VERSIONS,
            "The policy must contain a valid version string",
        )
    else:
        _require(version == _VERSIONS[0], "Policy document must be version 2012-10-17 or greater.")
    statements = list(read_statements(document))
    _require(statements, "Could not parse the policy: Statement is empty!")
    for statement in statements:
        _check_statement(statement, kind)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    _require(len(sids) == len(set(sids)), "Statement IDs (SID) in a single policy must be unique.")
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
        _require(isinstance(statement, dict))
        yield statement


def read_strings(value: Any) -> list[str]:
    """Return an element's values.

    Raises:
        AwsError: MalformedPolicyDocument for one that isn't a string.
    """
    values = to_list(value)
    _require(all(isinstance(item, str) for item in values))
    return values


def _check_statement(statement: Mapping[str, Any], kind: PolicyKind) -> None:
    _require(statement.keys() <= _STATEMENT_ELEMENTS)
    effect, sid = statement.get("Effect"), statement.get("Sid", "")
    _require(effect is not None, "Missing required field Effect")
    _require(effect in ("Allow", "Deny"), f"Invalid effect: {effect}")
    _require(
        isinstance(sid, str) and _SID.fullmatch(sid),
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
        f"expression {_SID.pattern}",
    )
    _require("Action" not in statement or "NotAction" not in statement)
    actions = read_strings(statement.get("Action", statement.get("NotAction", [])))
    if kind == "trust":
        _check_trust_statement(statement, actions)
    else:
        _check_identity_statement(statement, actions)
    _check_condition(statement.get("Condition", {}))


def _check_trust_statement(statement: Mapping[str, Any], actions: list[str]) -> None:
    _require(actions, "Missing required field Action")
    _require(
        all(map(_is_trust_action, actions)),
        "AssumeRole policy may only specify STS AssumeRole actions.",
    )
    for element in ("Resource", "NotResource"):
        _require(element not in statement, f"Has prohibited field {element}")
    _require(
        "NotPrincipal" not in statement, "AssumeRole policy must not contain NotPrincipal field."
    )
    _require("Principal" in statement, "Missing required field Principal")


def _is_trust_action(action: str) -> bool:
    service, _, name = action.lower().partition(":")
    return service == "sts" and ("*" in name or "?" in name or action.lower() in _TRUST_ACTIONS)


def _check_identity_statement(statement: Mapping[str, Any], actions: list[str]) -> None:
    _require(actions, "Policy statement must contain actions.")
    _require(
        all(map(_ACTION.fullmatch, actions)),
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    )
    _require(
        not {"Principal", "NotPrincipal"} & statement.keys(),
        "Policy document should not specify a principal.",
    )
    _require("Resource" not in statement or "NotResource" not in statement)
    resources = read_strings(statement.get("Resource", statement.get("NotResource", [])))
    _require(resources, "Policy statement must contain resources.")
    for resource in resources:
        _require(
            resource == "*" or resource.startswith("arn:"),
            f'Resource {resource} must be in ARN format or "*".',
        )


def _check_condition(condition: Any) -> None:
    _require(isinstance(condition, Mapping))
    for operator, keys in condition.items():
        try:
            Operator.parse(operator)
        except ValueError:
            refuse(f"Invalid Condition type : {operator}.")
        _require(isinstance(keys, Mapping))
        values = [value for element in keys.values() for value in to_list(element)]
        _require(all(isinstance(value, str | int | float) for value in values))
