"""Policy documents as they come in a call, and IAM's messages for those that it doesn't save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from cross_account_access.errors import Refusal
from cross_account_access.iam.json_text import parse_json
from cross_account_access.iam.policy_grammar import PolicyKind, check_policy
from sandbox.aws.query_protocol import AwsError

_SYNTAX = "Syntax errors in policy."
_LEGACY = "The policy failed legacy parsing"
# By the refusal's code; any other one is a syntax error.
_MESSAGES = {
    "repeated-sid": "Statement IDs (SID) in a single policy must be unique.",
    "invalid-sid": "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
    "regular expression [A-Za-z0-9]*",
    "no-action": "Policy statement must contain actions.",
    "no-resource": "Policy statement must contain resources.",
    "invalid-action": "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    "action-with-colons": "Actions/Condition can contain only one colon.",
    "invalid-action-service": "Vendor {service} is not valid",
    "principal-in-identity-policy": "Policy document should not specify a principal.",
    "invalid-resource": 'Resource {value} must be in ARN format or "*".',
    "invalid-resource-partition": 'Partition "{partition}" is not valid for resource "{value}".',
    "invalid-resource-service": "Resource vendor must be fully qualified and cannot contain "
    "regexes.",
    "invalid-resource-form": _LEGACY,
    "cloudformation-variable": _LEGACY,
    "invalid-condition-date": _LEGACY,
    "resource-with-region": "Resource {value} can not contain region information.",
    "invalid-iam-resource": 'IAM resource path must either be "*" or start with user/, '
    "federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, "
    "sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.",
}
_TRUST_MESSAGES = _MESSAGES | {
    "invalid-policy-version": "The policy must contain a valid version string",
    "no-statement": "Could not parse the policy: Statement is empty!",
    "no-action": "Missing required field Action",
    "not-sts-action": "AssumeRole policy may only specify STS AssumeRole actions.",
    "element-not-of-trust-policy": "Has prohibited field {key}",
    "unknown-operator": "Invalid Condition type : {key}.",
    "invalid-effect": "Invalid effect: {value}",
    "no-principal": 'Invalid principal in policy: "{key}":[]',
    "unknown-principal-kind": 'Invalid principal in policy: "{value}"',
    "invalid-service-principal": 'Invalid principal in policy: "SERVICE":"{value}"',
    "invalid-federated-principal": "Federated principals must be valid domain names or SAML "
    "metadata ARNs",
}


def refuse(message: str) -> NoReturn:
    raise AwsError("MalformedPolicyDocument", message)


def parse(text: str, kind: PolicyKind) -> dict[str, Any]:
    """Return the document, checked for what every policy of that kind must be.

    Principals of a trust policy aren't looked up here: see `sandbox.aws.saved_trust`.

    Raises:
        AwsError: MalformedPolicyDocument.
    """
    try:
        document = parse_json(text)
    except Refusal:
        refuse("This policy contains invalid Json" if kind == "trust" else _SYNTAX)
    try:
        return dict(check_policy(document, kind))
    except Refusal as refusal:
        refuse(_translate(refusal, kind))


def _translate(refusal: Refusal, kind: PolicyKind) -> str:
    """Return AWS's own words for a refusal."""
    code, value = refusal.code, refusal.value
    key = refusal.where[-1] if refusal.where else ""
    if code == "invalid-policy-version" and kind == "managed" and value in (None, "2008-10-17"):
        return "Policy document must be version 2012-10-17 or greater."
    if code == "invalid-sid" and not isinstance(value, str):
        return _SYNTAX
    if kind != "trust":
        is_other_case = code == "invalid-effect" and str(value).lower() in ("allow", "deny")
        message = _LEGACY if is_other_case else _MESSAGES.get(code, _SYNTAX)
    elif code == "invalid-principal":
        message = _describe_principal(value)
    elif code == "invalid-effect" and value is None:
        message = "Missing required field Effect"
    elif key == "NotPrincipal":
        message = "AssumeRole policy must not contain NotPrincipal field."
    else:
        message = _TRUST_MESSAGES.get(code, _SYNTAX)
    fields = [*str(value).split(":"), ""]
    return message.format(value=value, key=key, service=fields[0], partition=fields[1])


def _describe_principal(principal: object) -> str:
    if principal is None:
        return "Missing required field Principal"
    if isinstance(principal, Mapping):
        return "Missing required field Principal cannot be empty!"
    if principal == "*":
        return 'Invalid principal in policy: "STAR":"*"'
    return "Principal must be a JSON object." if isinstance(principal, str) else _SYNTAX
