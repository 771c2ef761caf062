"""Access Analyzer's ValidatePolicy, as far as IAM's own grammar goes; there are no other checks.

- https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cross_account_access.errors import Refusal
from cross_account_access.iam.json_text import parse_json
from cross_account_access.iam.policy_grammar import PolicyKind, check_policy
from sandbox.aws import constraints
from sandbox.aws.query_protocol import AwsError, Reply, make_not_implemented_error

if TYPE_CHECKING:
    from collections.abc import Mapping

VALIDATE_POLICY = "access-analyzer", "POST /policy/validation"
"""The service and the action of a call of ValidatePolicy."""

_TRUST = "AWS::IAM::AssumeRolePolicyDocument"
_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks"
_SYNTAX = "JSON_SYNTAX_ERROR", "Fix the JSON syntax error."
_DATA_TYPE = "DATA_TYPE_MISMATCH", "The text does not match the expected JSON data type."
_ARN = (
    "INVALID_ARN_RESOURCE",
    "Resource ARN does not match the expected ARN format. Update the resource portion of the ARN.",
)
_ELEMENT = "INVALID_POLICY_ELEMENT", "The policy element {key} is not valid."
_ACTION = "INVALID_ACTION", "The action {value} does not exist."
_MISSING_PRINCIPAL = "MISSING_PRINCIPAL", "Add a Principal element to the policy statement."
_CONDITION_TYPE = (
    "INVALID_CONDITION_DATA_TYPE",
    "The condition value data types do not match. Use condition values of the same JSON data type.",
)

ISSUES: Mapping[str, tuple[str, str]] = {
    "invalid-json": _SYNTAX,
    "nested-too-deeply": _SYNTAX,
    "repeated-json-key": _SYNTAX,
    "infinite-number": _SYNTAX,
    "invalid-policy": _DATA_TYPE,
    "policy-id-not-string": _DATA_TYPE,
    "statement-not-object": _DATA_TYPE,
    "not-strings": _DATA_TYPE,
    "condition-not-object": _DATA_TYPE,
    "unknown-policy-key": _ELEMENT,
    "unknown-statement-key": _ELEMENT,
    "cloudformation-variable": _ELEMENT,
    "invalid-policy-version": (
        "INVALID_VERSION",
        (
            "The version {value} is not valid. Use one of the following versions: 2012-10-17, "
            "2008-10-17"
        ),
    ),
    "no-statement": ("MISSING_STATEMENT", "Add a statement to the policy"),
    "repeated-sid": (
        "UNIQUE_SIDS_REQUIRED",
        "Duplicate statement IDs are not supported for this policy type. Update the Sid value.",
    ),
    "invalid-sid": (
        "UNSUPPORTED_SID",
        (
            "Update the characters in the Sid element to use one of the following character types: "
            "[a-z, A-Z, 0-9]"
        ),
    ),
    "invalid-effect": ("INVALID_EFFECT", "The effect {value} is not valid. Use Allow or Deny."),
    "principal-in-identity-policy": (
        "UNSUPPORTED_PRINCIPAL",
        (
            "The policy type IDENTITY_POLICY does not support the Principal element. Remove the "
            "Principal element."
        ),
    ),
    "element-not-of-trust-policy": (
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        (
            "Role trust policies apply to the role that they are attached to. You cannot specify a "
            "resource. Remove the Resource or NotResource element."
        ),
    ),
    "element-or-its-opposite": (
        "UNSUPPORTED_ELEMENT_COMBINATION",
        (
            "The policy elements can not be used in the same statement. Remove one of these "
            "elements."
        ),
    ),
    "no-action": ("MISSING_ACTION", "Add an Action or NotAction element to the policy statement."),
    "no-resource": (
        "MISSING_RESOURCE",
        "Add a Resource or NotResource element to the policy statement.",
    ),
    "no-principal": _MISSING_PRINCIPAL,
    "invalid-principal": (
        "INVALID_PRINCIPAL_FORMAT",
        (
            "The Principal element contents are not valid. Specify a key-value pair in the "
            "Principal element."
        ),
    ),
    "unknown-principal-kind": ("INVALID_PRINCIPAL_KEY", "The principal key {value} is not valid."),
    "invalid-service-principal": (
        "INVALID_SERVICE_PRINCIPAL_FORMAT",
        (
            "The service principal does not match the expected format. Use the format "
            "SERVICE.amazonaws.com."
        ),
    ),
    "invalid-federated-principal": (
        "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY",
        (
            "The principal value specifies a federated principal that does not match the expected "
            "format. Update the federated principal to a domain name or a SAML metadata ARN."
        ),
    ),
    "not-sts-action": (
        "UNSUPPORTED_ACTION_IN_POLICY",
        (
            "The action {value} is not supported for the resource-based policy attached to the "
            f"resource type {_TRUST}."
        ),
    ),
    "invalid-action": _ACTION,
    "action-with-colons": _ACTION,
    "invalid-action-service": (
        "INVALID_SERVICE_IN_ACTION",
        "The service {service} specified in the action does not exist.",
    ),
    "invalid-resource": (
        "INVALID_ARN_PREFIX",
        "Add the required prefix (arn) to the resource ARN.",
    ),
    "invalid-resource-partition": (
        "INVALID_PARTITION",
        "The resource ARN does not support the partition {partition}.",
    ),
    "invalid-resource-service": _ARN,
    "invalid-resource-form": _ARN,
    "invalid-iam-resource": _ARN,
    "resource-with-region": (
        "ARN_REGION_NOT_ALLOWED",
        "The service does not support specifying a Region in the resource ARN.",
    ),
    "invalid-condition-value": _CONDITION_TYPE,
    "invalid-condition-date": _CONDITION_TYPE,
    "unknown-operator": (
        "INVALID_CONDITION_OPERATOR",
        "The condition operator {value} is not valid. Use a valid condition operator.",
    ),
}
"""Access Analyzer's issue code and text, by the code of the grammar's refusal."""

# Where a refusal's value or key makes another issue of it.
_SPECIAL_ISSUES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("invalid-effect", "None"): (
        "MISSING_EFFECT",
        "Add an Effect element to the policy statement with a value of Allow or Deny.",
    ),
    ("invalid-principal", "None"): _MISSING_PRINCIPAL,
    ("invalid-principal", "*"): (
        "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        (
            '"Principal:" "*" is not supported in the principal element of a role trust policy. '
            "Replace the wildcard with a valid principal value."
        ),
    ),
    ("unknown-operator", "NullIfExists"): (
        "NULL_WITH_IF_EXISTS",
        (
            "The Null condition operator cannot be used with the IfExists suffix. Update the "
            "operator or the suffix."
        ),
    ),
    ("element-not-of-trust-policy", "NotPrincipal"): (
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
        (
            "Role trust policies do not support NotPrincipal. Update the policy to use a Principal "
            "element instead."
        ),
    ),
}


def answer_validate_policy(params: Mapping[str, str]) -> Reply:
    """Answer ValidatePolicy: no finding, or the first one of the grammar.

    Args:
        params: the parameters of the request's query and body.

    Raises:
        AwsError: ValidationException; NotImplemented for kinds of policies that IAM entities don't
            have.
    """
    try:
        value = constraints.check_parameters("accessanalyzer", "ValidatePolicy", params)
    except AwsError as error:
        raise AwsError("ValidationException", error.message) from None
    resource_type = value.get("validatePolicyResourceType")
    if value["policyType"] == "IDENTITY_POLICY" and resource_type is None:
        findings = _list_findings(value["policyDocument"], "inline")
    elif value["policyType"] == "RESOURCE_POLICY" and resource_type == _TRUST:
        findings = _list_findings(value["policyDocument"], "trust")
    else:
        what = resource_type or value["policyType"]
        raise make_not_implemented_error(f"access-analyzer:ValidatePolicy for {what}")
    body = json.dumps({"findings": findings}).encode()
    return Reply(200, body, (("Content-Type", "application/json"),))


def _list_findings(text: str, kind: PolicyKind) -> list[dict[str, Any]]:
    try:
        check_policy(parse_json(text), kind)
    except Refusal as refusal:
        return [_build_finding(refusal, text)]
    return []


def _build_finding(refusal: Refusal, text: str) -> dict[str, Any]:
    key = str(refusal.where[-1]) if refusal.where else ""
    value = str(refusal.value)
    specific = (_SPECIAL_ISSUES.get((refusal.code, one)) for one in (value, key))
    issue, details = next(filter(None, specific), ISSUES[refusal.code])
    fields = [*value.split(":"), ""]
    slug = issue.lower().replace("_", "-")
    # The span is the whole document's; the path says where in it.
    lines = text.split("\n")
    end = {"line": len(lines), "column": len(lines[-1]), "offset": len(text)}
    location = {
        "path": [
            {"index": step} if isinstance(step, int) else {"value": str(step)}
            for step in refusal.where
        ],
        "span": {"start": {"line": 1, "column": 0, "offset": 0}, "end": end},
    }
    return {
        "findingType": "ERROR",
        "issueCode": issue,
        "findingDetails": details.format(
            key=key, value=value, service=fields[0], partition=fields[1]
        ),
        "learnMoreLink": f"{_PAGE}.html#access-analyzer-reference-policy-checks-error-{slug}",
        "locations": [location],
    }
