"""The grammar that IAM checks when a policy is saved, and refuses as MalformedPolicyDocument.

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from cross_account_access.errors import FieldPath, Refusal

from . import limits
from .policy_elements import (
    check_action,
    check_condition,
    check_resource,
    check_texts,
    suggest_quotes,
)

PolicyKind: TypeAlias = Literal["inline", "managed", "session", "trust"]

VERSION = "2012-10-17"
OLD_VERSION = "2008-10-17"
"""The version of a document that names none; in it, policy variables are plain text."""

_STATEMENT_KEYS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_PRINCIPAL_KEYS = {"Principal", "NotPrincipal"}
_SERVICE = re.compile(r"([A-Za-z0-9-]+\.)+(amazonaws\.(com(\.cn)?|eu)|aws\.internal|[a-z-]+\.gov)")
# Names and SAML metadata ARNs; an OpenID Connect provider has an ARN too.
_PROVIDER = re.compile(
    r"([A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+|arn:aws[a-z-]*:iam::\d{12}:(saml|oidc)-provider/\S+",
    re.ASCII,
)
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


def check_policy(policy: object, kind: PolicyKind) -> Mapping[str, Any]:
    """Check a policy, as it was parsed from JSON, and return it.

    Whether the users and roles of a trust policy exist isn't part of the grammar.

    Raises:
        Refusal: Where IAM would not save it.
    """
    if not isinstance(policy, Mapping):
        raise Refusal("must be a policy, as an object or JSON text", code="invalid-policy")
    for key in policy:
        if key not in {"Version", "Id", "Statement"}:
            raise Refusal(
                "a policy must have no keys but Version, Id and Statement",
                code="unknown-policy-key",
                where=(str(key),),
                value=policy[key],
            )
    _check_version(policy, kind)
    if not isinstance(policy.get("Id", ""), str):
        raise Refusal(
            "must be a string", code="policy-id-not-string", where=("Id",), value=policy["Id"]
        )
    _check_statements(policy.get("Statement"), kind)
    return policy


def _check_version(policy: Mapping[Any, Any], kind: PolicyKind) -> None:
    allowed = (VERSION,) if kind == "managed" else (VERSION, OLD_VERSION)
    default = None if kind == "managed" else OLD_VERSION
    if (version := policy.get("Version", default)) not in allowed:
        raise Refusal(
            f"must be {VERSION}",
            code="invalid-policy-version",
            remedy=suggest_quotes(version),
            where=("Version",),
            value=version,
        )


def _check_statements(element: object, kind: PolicyKind) -> None:
    statements = [element] if isinstance(element, Mapping) else element
    if not isinstance(statements, Sequence) or isinstance(statements, str) or not statements:
        raise Refusal(
            "must be at least one statement",
            code="no-statement",
            where=("Statement",),
            value=statements,
        )
    for number, statement in enumerate(statements):
        _check_statement(statement, kind, ("Statement", number))
    # An empty Sid is none.
    if repeated := limits.find_repeated(
        statement["Sid"] for statement in statements if statement.get("Sid")
    ):
        raise Refusal(
            "statements must not share a Sid",
            code="repeated-sid",
            where=("Statement",),
            value=repeated,
        )


def _check_statement(statement: object, kind: PolicyKind, where: FieldPath) -> None:
    if not isinstance(statement, Mapping):
        raise Refusal(
            "must be an object", code="statement-not-object", where=where, value=statement
        )
    _check_statement_keys(statement, kind, where)
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
    at = _find_element(statement, "Action", where)
    check = _check_trust_action if kind == "trust" else check_action
    check_texts(statement[at[-1]], at, check)
    if kind == "trust":
        _check_principal(statement.get("Principal"), (*where, "Principal"))
    else:
        at = _find_element(statement, "Resource", where)
        check_texts(statement[at[-1]], at, check_resource)
    check_condition(statement.get("Condition", {}), (*where, "Condition"))


def _check_statement_keys(statement: Mapping[Any, Any], kind: PolicyKind, where: FieldPath) -> None:
    for key in statement:
        at, value = (*where, str(key)), statement[key]
        if key in _PRINCIPAL_KEYS and kind != "trust":
            raise Refusal(
                "an identity policy must not have a principal: it applies to its own identity",
                code="principal-in-identity-policy",
                remedy="Remove the key",
                where=at,
                value=value,
            )
        if kind == "trust" and key in {"NotPrincipal", "Resource", "NotResource"}:
            rule, code = f"a trust policy must have no {key}", "element-not-of-trust-policy"
            raise Refusal(rule, code=code, remedy="Remove the key", where=at, value=value)
        if key not in _STATEMENT_KEYS | _PRINCIPAL_KEYS:
            raise Refusal(
                f"a statement must have no keys but {', '.join(sorted(_STATEMENT_KEYS))}",
                code="unknown-statement-key",
                where=at,
                value=value,
            )


def _find_element(statement: Mapping[Any, Any], one: str, where: FieldPath) -> FieldPath:
    """Return the path of an element or its opposite; Refusal unless there is one of the two."""
    keys = [key for key in (one, f"Not{one}") if key in statement]
    if len(keys) != 1:
        raise Refusal(
            f"a statement must have either {one} or Not{one}",
            code="element-or-its-opposite" if keys else f"no-{one.lower()}",
            where=where,
        )
    return (*where, keys[0])


# --- Trust policies -------------------------------------------------------------------------------


def _check_trust_action(text: str) -> None:
    service, _, name = text.lower().partition(":")
    is_known = "*" in name or "?" in name or text.lower() in _TRUST_ACTIONS
    if service != "sts" or not is_known:
        raise Refusal("must be an action of STS, such as sts:AssumeRole", code="not-sts-action")


def _check_service(name: str) -> None:
    if not _SERVICE.fullmatch(name):
        rule = "must be the name of an AWS service, such as ec2.amazonaws.com"
        raise Refusal(rule, code="invalid-service-principal")


def _check_provider(name: str) -> None:
    if not _PROVIDER.fullmatch(name):
        rule = "must be an identity provider's domain name or ARN"
        raise Refusal(rule, code="invalid-federated-principal")


# Whom a name of the kind AWS is of depends on which users and roles there are.
_PRINCIPAL_CHECKS: dict[str, Callable[[str], object]] = {
    "AWS": str,
    "Service": _check_service,
    "Federated": _check_provider,
}


def _check_principal(principal: object, where: FieldPath) -> None:
    if not isinstance(principal, Mapping) or not principal:
        raise Refusal(
            'must be an object with names by their kind, such as {"AWS": ACCOUNT}',
            code="invalid-principal",
            where=where,
            value=principal,
        )
    for kind, names in principal.items():
        if kind not in _PRINCIPAL_CHECKS:
            raise Refusal(
                f"must be one of the kinds {', '.join(_PRINCIPAL_CHECKS)}",
                code="unknown-principal-kind",
                where=where,
                value=kind,
            )
        check_texts(names, (*where, kind), _PRINCIPAL_CHECKS[kind])
