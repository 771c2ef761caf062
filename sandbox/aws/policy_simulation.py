"""IAM's policy simulator for a user, group or role: its own policies, decided by our evaluator.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cross_account_access.iam.evaluator import Caller, Policy, Request
from cross_account_access.iam.policy_document import list_conditions, list_statements
from cross_account_access.iam.policy_grammar import VERSION
from cross_account_access.iam.policy_patterns import VARIABLE, ContextKeys
from cross_account_access.iam.request import build_context
from cross_account_access.iam.statement_match import match_statements, select_applicable
from sandbox.aws import policy_parsing
from sandbox.aws.credentials import CallingIdentity, build_caller
from sandbox.aws.query_protocol import AwsError, make_not_implemented_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.aws.iam_request import IamRequest
    from sandbox.aws.moto_accounts import Entity

_ENTITY = re.compile(r"arn:[a-z-]+:iam::(\d{12}):(user|group|role)/(?:\S+/)?([^/\s]+)", re.ASCII)
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")
_OTHER_INPUTS = (
    "CallerArn",
    "PolicyExclusionList",
    "ResourceHandlingOption",
    "ResourceOwner",
    "ResourcePolicy",
)
# In the order of how much they restrict.
_DECISIONS = ("allowed", "implicitDeny", "explicitDeny")


@dataclass(frozen=True)
class _Outcome:
    """What the policies decide of one action on one resource."""

    decision: str
    policies: tuple[str, ...]
    missing_keys: tuple[str, ...]
    in_boundary: bool | None


def answer_simulation(request: IamRequest) -> None:
    """SimulatePrincipalPolicy, which moto lacks.

    Raises:
        AwsError: NoSuchEntity; InvalidInput; NotImplemented for resource policies and the inputs
            that go with them.
    """
    if unknown := [name for name in _OTHER_INPUTS if name in request.value]:
        raise make_not_implemented_error(f"{unknown[0]} of iam:{request.action}")
    caller = _add_policies(request.value, _read_caller(request))
    keys = _read_context(request.value.get("ContextEntries", ()))
    resources: Sequence[str] = request.value.get("ResourceArns") or ("*",)
    actions: Sequence[str] = request.value["ActionNames"]
    if invalid := [action for action in actions if not _ACTION.fullmatch(action)]:
        raise AwsError("InvalidInput", f"Invalid action name: {invalid[0]}")
    results = [
        _render_result(action, {one: _decide(caller, action, one, keys) for one in resources})
        for action in actions
    ]
    request.answer({"EvaluationResults": results, "IsTruncated": False})


def _read_caller(request: IamRequest) -> Caller:
    """The entity whose policies are simulated; a role as a session of it."""
    arn = request.get("PolicySourceArn")
    match = _ENTITY.fullmatch(arn)
    if match is None:
        text = f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        raise AwsError("InvalidInput", text)
    account, kind, name = match.groups()
    entity: Entity | None = None
    if account == request.account:
        entities = {"user": request.iam.users, "group": request.iam.groups}
        find_role = request.accounts.find_role
        entity = find_role(account, name) if kind == "role" else entities[kind].get(name)
    if entity is None or entity.arn != arn:
        raise AwsError("NoSuchEntity", f"The {kind} with name {name} cannot be found.")
    if kind == "role":
        session = f"arn:{request.accounts.partition}:sts::{account}:assumed-role/{name}/simulation"
        unique_id = f"{entity.id}:simulation"
        identity = CallingIdentity("role", account, session, unique_id, principal=entity)
    else:
        identity = CallingIdentity("user", account, arn, entity.id, principal=entity)
    return build_caller(identity, request.accounts)


def _add_policies(value: Mapping[str, Any], caller: Caller) -> Caller:
    """The caller with the policies that the call brings along."""
    more = _parse_all("PolicyInputList", value)
    boundary = _parse_all("PermissionsBoundaryPolicyInputList", value)
    if len(boundary) > 1:
        raise AwsError("InvalidInput", "Only one permissions boundary policy can be specified.")
    return replace(
        caller,
        identity_policies=(*caller.identity_policies, *more),
        permissions_boundary=boundary[0] if boundary else caller.permissions_boundary,
    )


def _parse_all(parameter: str, value: Mapping[str, Any]) -> list[Policy]:
    try:
        return [
            Policy(f"{parameter}.{number}", policy_parsing.parse(text, "inline"))
            for number, text in enumerate(value.get(parameter, ()), start=1)
        ]
    except AwsError as error:
        raise AwsError("InvalidInput", error.message) from None


def _read_context(entries: Iterable[Mapping[str, Any]]) -> dict[str, str | tuple[str, ...]]:
    keys: dict[str, str | tuple[str, ...]] = {}
    for entry in entries:
        values = tuple(entry.get("ContextKeyValues", ()))
        is_list = entry.get("ContextKeyType", "string").endswith("List")
        if "ContextKeyName" not in entry or (len(values) != 1 and not is_list):
            raise AwsError("InvalidInput", "Invalid context entry: a key needs a value of its type")
        keys[entry["ContextKeyName"].lower()] = values if is_list else values[0]
    return keys


def _decide(caller: Caller, action: str, resource: str, keys: ContextKeys) -> _Outcome:
    request = Request(action, resource, keys)
    context = _build_context(caller, request)
    boundary = caller.permissions_boundary
    identity, limits = (
        [
            match
            for policy in policies
            for match in match_statements(policy, caller, request, context, is_trust=False)
        ]
        for policies in (caller.identity_policies, (boundary,) if boundary else ())
    )
    denials, allows = select_applicable(identity, "Deny"), select_applicable(identity, "Allow")
    in_boundary = None
    if boundary:
        allowed, denied = (select_applicable(limits, effect) for effect in ("Allow", "Deny"))
        in_boundary = bool(allowed) and not denied
        denials += denied
    decision = "allowed" if allows and in_boundary is not False else "implicitDeny"
    if denials:
        decision = "explicitDeny"
    matches = denials or (allows if decision == "allowed" else [])
    policies = (*caller.identity_policies, *((boundary,) if boundary else ()))
    missing = dict.fromkeys(
        key for policy in policies for key in _list_keys(policy) if key.lower() not in context
    )
    names = tuple(dict.fromkeys(match.policy for match in matches))
    return _Outcome(
        decision, tuple(_make_id(caller, name) for name in names), tuple(missing), in_boundary
    )


def _build_context(caller: Caller, request: Request) -> ContextKeys:
    """The context as far as it follows from the caller and the resource's ARN.

    A group calls nothing, so that no key follows from it.
    """
    if ":group/" in caller.arn:
        return request.context
    # `*` and an S3 bucket's ARN name no account.
    complete = Request(request.action, f"{request.resource}:::::", request.context)
    return {key: value for key, value in build_context(caller, complete).items() if value}


def _list_keys(policy: Policy) -> Iterable[str]:
    """The condition keys that a policy compares, or reads in a policy variable."""
    for statement in list_statements(policy.document):
        for condition in list_conditions(statement.get("Condition", {})):
            yield condition.key
    if policy.document.get("Version") == VERSION:
        for variable in VARIABLE.finditer(json.dumps(policy.document)):
            if ":" in variable["name"]:
                yield variable["name"]


def _make_id(caller: Caller, policy: str) -> str:
    """A policy's name as the simulator says it."""
    kind, _, name = policy.partition(" policy ")
    name, _, group = name.partition(" of group ")
    if kind == "managed":
        return name.rpartition("/")[2]
    if kind != "inline":
        return policy
    *_, holder = caller.principal_arn.split(":", 5)
    holder_kind, _, path = holder.partition("/")
    return "_".join(
        ("group", group, name) if group else (holder_kind, path.rpartition("/")[2], name)
    )


def _render_result(action: str, outcomes: Mapping[str, _Outcome]) -> dict[str, Any]:
    """The result of an action: of all resources together, and of each."""
    decision = max((one.decision for one in outcomes.values()), key=_DECISIONS.index)
    decisive = [one for one in outcomes.values() if one.decision == decision]
    result = {
        "EvalActionName": action,
        "EvalResourceName": "*",
        "EvalDecision": decision,
        "MatchedStatements": _render_statements(
            dict.fromkeys(name for one in decisive for name in one.policies)
        ),
        "MissingContextValues": list(
            dict.fromkeys(key for one in outcomes.values() for key in one.missing_keys)
        ),
        "PermissionsBoundaryDecisionDetail": _render_boundary(
            *(one.in_boundary for one in outcomes.values())
        ),
    }
    if [*outcomes] == ["*"]:
        return result
    specific = [
        {
            "EvalResourceName": resource,
            "EvalResourceDecision": one.decision,
            "MatchedStatements": _render_statements(one.policies),
            "MissingContextValues": list(one.missing_keys),
            "PermissionsBoundaryDecisionDetail": _render_boundary(one.in_boundary),
        }
        for resource, one in outcomes.items()
    ]
    return result | {"ResourceSpecificResults": specific}


def _render_boundary(*allowed: bool | None) -> dict[str, bool] | None:
    return None if None in allowed else {"AllowedByPermissionsBoundary": all(allowed)}


def _render_statements(policies: Iterable[str]) -> list[dict[str, str]]:
    return [{"SourcePolicyId": name, "SourcePolicyType": "IAM Policy"} for name in policies]
