"""Reads the record of a grant. Whoever writes a stack's outputs writes it, so all of it is checked.

Each field has its own rule in `documents`; here is how they go together.
"""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from cross_account_access.errors import (
    NOT_SHOWN,
    FieldPath,
    InvalidInput,
    Problem,
    Refusal,
    display_value,
    join_path,
    locate,
    make_problem,
)
from cross_account_access.iam import arns
from cross_account_access.iam.json_text import parse_json
from cross_account_access.iam.policy_document import list_principals, list_statements, list_values
from cross_account_access.iam.policy_grammar import PolicyKind, check_policy

from .conditions import ACTIONS, ASSUME_ROLE
from .documents import Document, GrantDocuments, SourceHalf, build_principal_half
from .generated_policies import ASSUMES_ITSELF
from .model import find_unsafe_text, read_model
from .policy_roles import list_policy_roles
from .principals import PrincipalModel
from .record_scopes import check_scopes
from .roles import resolve_policy_arn
from .trust import build_exclusion_statements


def read_grant_documents(text: str, policies: Mapping[str, Any] | None = None) -> GrantDocuments:
    """Read a record as `GrantDocuments.as_json` writes it.

    Args:
        text: The record.
        policies: The stack's output `policies`, which has the documents that a record of a grant
            among many accounts leaves out: JSON texts by the policies' ARNs.

    Raises:
        InvalidInput: If it has another form, a value breaks AWS's rule for it, or values contradict
            each other.
    """
    try:
        document = parse_json(text)
        record = GrantDocuments.model_validate_json(text, strict=True)
        for refusal in find_unsafe_text(document):
            raise refusal
        _check_accounts(record)
        _check_policies(record)
        _check_role(record)
        _check_principals(record)
        record = _add_policies(record, policies or {})
    except ValidationError as error:
        raise InvalidInput([_describe_error(error)]) from None
    except Refusal as refusal:
        raise InvalidInput([make_problem("", NOT_SHOWN, refusal)]) from None
    return record


def _describe_error(error: ValidationError) -> Problem:
    """Describe pydantic's first error as this package does."""
    details = error.errors()[0]
    value = details["input"]
    if isinstance(value, dict) or details["type"] == "json_invalid":
        value = NOT_SHOWN
    path = join_path("", details["loc"])
    refusal = details.get("ctx", {}).get("error")
    if isinstance(refusal, Refusal):
        return make_problem(path, value, refusal)
    rule = details["msg"][:1].lower() + details["msg"][1:]
    return Problem(path, display_value(path, value), rule, code=details["type"].replace("_", "-"))


def _check_accounts(record: GrantDocuments) -> None:
    """Check which accounts have a part, and which of the parts the stack makes."""
    sources, destination = record.source_account_ids, record.destination_account_id
    if destination in (record.source_account_id, *sources):
        raise Refusal(
            "source and destination must be two accounts",
            code="same-account",
            where=("destinationAccountId",),
            value=destination,
        )
    for position, half in enumerate(record.principals):
        if half.account_id and (not record.account or half.account_id == record.source_account_id):
            rule = "must be there only among many accounts, and where it isn't sourceAccountId"
            where = ("principals", position, "accountId")
            raise Refusal(rule, code="superfluous-account-id", where=where, value=half.account_id)
    if (record.account is None) != (record.made is None):
        rule = "must be there with account, or not at all"
        raise Refusal(rule, code="made-without-account", where=("made",), value=record.made)
    if record.made is not None:
        _check_made(record, record.made, {*sources, destination})


def _check_made(record: GrantDocuments, made: list[str], accounts: set[str]) -> None:
    if not made or not accounts.issuperset(made):
        rule = f"must be some of the record's accounts, {', '.join(sorted(accounts))}"
        raise Refusal(rule, code="made-of-other-account", where=("made",), value=made)
    in_source, in_destination = {*made} - {record.destination_account_id}, record.side != "source"
    side = ("both" if in_source else "destination") if in_destination else "source"
    _check_equal(record.side, side, ("side",))
    if (record.destination_account_id in made) != in_destination:
        rule = "must have the destination's account where side says so, and only there"
        raise Refusal(rule, code="contradiction", where=("made",), value=made)


def _add_policies(record: GrantDocuments, policies: Mapping[str, Any]) -> GrantDocuments:
    """Put the principals' policies where they belong, among many accounts."""
    if record.account is None:
        return record
    principals = []
    for position, half in enumerate(record.principals):
        if half.policy_arn:
            with locate("principals", position, "policyArn"):
                document = _find_policy(half.policy_arn, policies, record)
            principals.append(half.model_copy(update={"policy": document}))
        else:
            principals.append(half)
    return record.model_copy(update={"principals": principals})


def _find_policy(arn: str, policies: Mapping[str, Any], record: GrantDocuments) -> Document:
    text = policies.get(arn)
    if text is None:
        raise Refusal(
            "must be among the stack's output `policies`",
            code="policy-not-in-outputs",
            remedy="A program of your own must export them beside the documents: "
            "pulumi.export('policies', access.policies)",
            value=arn,
        )
    document, roles = _read_policy(text if isinstance(text, str) else "null", record.partition)
    _check_has_role(roles, record.role.arn)
    return document


@lru_cache(maxsize=1024)
def _read_policy(text: str, partition: str) -> tuple[Document, frozenset[str]]:
    """Read a policy, which records of many roles have in common, and list its roles."""
    document = parse_json(text)
    if not isinstance(document, dict):
        rule = "must be the ARN of a policy whose document is the text of a JSON object"
        raise Refusal(rule, code="policy-not-object")
    for refusal in find_unsafe_text(document):
        raise refusal
    return document, frozenset(_check_made_document(document, partition))


def _check_policies(record: GrantDocuments) -> None:
    role = record.role
    with locate("role", "trustPolicy"):
        for position, statement in enumerate(_list_statements(role.trust_policy, "trust")):
            _check_actions(statement, position)
            _check_equal([*statement["Principal"]], ["AWS"], ("Statement", position, "Principal"))
    for name, document in role.inline_policies.items():
        with locate("role", "inlinePolicies", name):
            check_policy(document, "inline")
    for position, half in enumerate(record.principals):
        with locate("principals", position, "needs"):
            _check_needs(half.needs, role.arn)
        if half.policy is not None:
            with locate("principals", position, "policy"):
                roles = _check_made_document(half.policy, record.partition)
                _check_has_role(roles, role.arn)


def _list_statements(document: Document, kind: PolicyKind) -> list[Document]:
    return list_statements(check_policy(document, kind))


def _check_made_document(policy: Document, partition: str) -> set[str]:
    """Check that a policy is about assuming roles, and list them."""
    roles: set[str] = set()
    for position, statement in enumerate(_list_statements(policy, "managed")):
        _check_actions(statement, position)
        with locate("Statement", position):
            roles |= list_policy_roles({"Statement": statement})
    for role in sorted(roles):
        _check_partition(role, partition, (), "role-in-other-partition")
    return roles


def _check_has_role(roles: AbstractSet[str], role_arn: str) -> None:
    if role_arn not in roles:
        rule = f"must name the role {role_arn}"
        raise Refusal(rule, code="policy-without-role", value=sorted(roles))


def _check_needs(needs: Document, role_arn: str) -> None:
    """Check that a policy allows to assume the role, and nothing else: `handoff` deploys it."""
    for position, statement in enumerate(_list_statements(needs, "managed")):
        _check_actions(statement, position)
        allowed = {**statement, "Effect": "Allow", "Resource": [role_arn]}
        if statement != allowed or "Condition" in statement:
            raise Refusal(
                f"must allow nothing but to assume the role {role_arn}",
                code="needs-more-than-role",
                where=("Statement", position),
                value=statement,
            )


def _check_actions(statement: Document, position: int) -> None:
    actions = list_values(statement.get("Action", "NotAction"))
    if not set(ACTIONS).issuperset(actions):
        rule = f"must be among {', '.join(ACTIONS)}"
        where = ("Statement", position, "Action")
        raise Refusal(rule, code="other-action", where=where, value=actions)


def _check_role(record: GrantDocuments) -> None:
    role, partition, account = record.role, record.partition, record.destination_account_id
    expected = str(arns.IamArn(partition, account, "role", role.path, role.name))
    _check_equal(role.arn, expected, ("role", "arn"))
    attached: list[tuple[FieldPath, str]] = [
        (("role", "managedPolicies", position), policy)
        for position, policy in enumerate(role.managed_policies)
    ]
    if role.permissions_boundary:
        attached.append((("role", "permissionsBoundary"), role.permissions_boundary))
    for where, policy in attached:
        with locate(*where):
            resolve_policy_arn(policy, partition, account)
        _check_partition(policy, partition, where)


def _check_partition(
    arn: str, partition: str, where: FieldPath, code: str = "policy-in-other-partition"
) -> None:
    parsed = arns.parse_arn(arn)
    if parsed is None or parsed.partition != partition:
        rule = f"must be in the partition of the accounts, {partition}"
        raise Refusal(rule, code=code, where=where, value=arn)


def _check_principals(record: GrantDocuments) -> None:
    for position, half in enumerate(record.principals):
        _check_principal(record, half, ("principals", position))
    statements = list_statements(record.role.trust_policy)
    denying = [statement for statement in statements if statement["Effect"] == "Deny"]
    excluded = {pattern for half in record.principals for pattern in half.excluded}
    _check_equal(denying, build_exclusion_statements(excluded), ("role", "trustPolicy"))
    trusted = {
        name
        for statement in statements
        if statement not in denying
        for name in list_principals(statement["Principal"])
    }
    own = _check_own_trust(record)
    check_scopes(record)
    if trusted != {*own, *(half.trusted_as for half in record.principals)}:
        raise Refusal(
            "must trust exactly the record's principals",
            code="trust-of-others",
            where=("role", "trustPolicy"),
            value=sorted(trusted),
        )


def _check_own_trust(record: GrantDocuments) -> list[str]:
    """Check how a role trusts itself, where it may assume itself; returns its Principal."""
    role = record.role
    if not role.self_assuming:
        return []
    root = f"arn:{record.partition}:iam::{record.destination_account_id}:root"
    statements = [
        statement
        for statement in list_statements(role.trust_policy)
        if root in list_principals(statement["Principal"])
    ]
    are_itself = all(
        statement["Effect"] == "Allow"
        and list_principals(statement["Principal"]) == [root]
        and statement.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn") == role.arn
        for statement in statements
    )
    assuming = [one for one in statements if ASSUME_ROLE in list_values(one.get("Action", []))]
    if not are_itself or len(assuming) != 1:
        raise Refusal(
            "must let the role assume itself by one statement: its account, with aws:PrincipalArn "
            "like the role's ARN",
            code="trust-of-itself",
            where=("role", "trustPolicy"),
        )
    with locate("role", "inlinePolicies", ASSUMES_ITSELF):
        if ASSUMES_ITSELF not in role.inline_policies:
            raise Refusal("must be there for a role that assumes itself", code="missing-key")
        _check_needs(role.inline_policies[ASSUMES_ITSELF], role.arn)
    return [root]


def _check_principal(record: GrantDocuments, half: SourceHalf, where: FieldPath) -> None:
    """Check that a principal is described as one of its kind and name is."""
    partition, account = record.partition, record.get_account(half)
    identity: dict[str, Any] = {str(half.kind): half.name}
    if half.kind in ("user", "role") and half.trusted_as != half.arn:
        identity["trust_by"] = "name"
    if half.excluded:
        identity["except_"] = half.excluded_names
    principal = read_model(PrincipalModel, identity, path=join_path("", where))
    with locate(*where):
        expected = build_principal_half(principal, (), record.role.arn, partition, account)
    for key, name in (
        ("name", "name"),
        ("arn", "arn"),
        ("trusted_as", "trustedAs"),
        ("scoping_conditions", "narrowing"),
        ("excluded", "excluded"),
        ("attached_to", "attachedTo"),
    ):
        _check_equal(getattr(half, key), getattr(expected, key), (*where, name))
    _check_made_policy(record, half, where)


def _check_made_policy(record: GrantDocuments, half: SourceHalf, where: FieldPath) -> None:
    if record.account and half.policy is not None:
        rule = "must be null among many accounts: the stack's output `policies` has it"
        raise Refusal(rule, code="policy-in-record", where=(*where, "policy"), value=half.policy)
    if not record.account and (half.policy_arn is None) != (half.policy is None):
        rule = "must be there with its document, or not at all"
        raise Refusal(rule, code="policy-without-document", where=(*where, "policyArn"))
    parsed = arns.parse_arn(half.policy_arn) if half.policy_arn else None
    if parsed:
        account = record.partition, record.get_account(half)
        _check_equal(
            half.policy_arn,
            f"arn:{':iam::'.join(account)}:policy{parsed.path}{parsed.name}",
            (*where, "policyArn"),
        )


def _check_equal(actual: object, expected: object, where: FieldPath) -> None:
    if actual != expected:
        rule = f"must be {json.dumps(expected)}, as the rest of the record says"
        raise Refusal(rule, code="contradiction", where=where, value=actual)
