"""Policy documents: pure functions of plain data, the same bytes whatever the order of what they are given."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from math import isfinite
from typing import Any

from cross_account_access.errors import Refusal
from cross_account_access.iam import limits

from .conditions import ASSUME_ROLE

VERSION = "2012-10-17"

# An ARN of the source's policy with its quotes and comma.
_QUOTES_AND_COMMA = 3


@dataclass(frozen=True)
class AssumableRole:
    """A role that a principal may assume, as the source's policy says it.

    Attributes:
        arn: The role's ARN.
        actions: What is allowed on it, `sts:AssumeRole` first.
    """

    arn: str
    actions: tuple[str, ...] = (ASSUME_ROLE,)


def build_assume_role_policy(roles: Iterable[AssumableRole]) -> str:
    """The source's identity policy: to assume exactly these roles, and to set what their conditions ask for.

    Raises:
        Refusal: If the document is larger than a managed policy may be.
    """
    document = _assume_role_document(roles)
    if (size := limits.count_characters(document)) > limits.MANAGED_POLICY_QUOTA:
        raise Refusal(
            f"a managed policy has at most {limits.MANAGED_POLICY_QUOTA} characters without white space, this one "
            f"{size}"
        )
    return document


def _assume_role_document(roles: Iterable[AssumableRole]) -> str:
    arns: dict[tuple[str, ...], set[str]] = {}
    for role in roles:
        arns.setdefault(role.actions, set()).add(role.arn)
    statements = [
        {
            "Effect": "Allow",
            "Action": actions[0] if len(actions) == 1 else list(actions),
            "Resource": sorted(found),
        }
        for actions, found in sorted(arns.items())
    ]
    return render_document({"Version": VERSION, "Statement": statements})


def pack_roles(roles: Mapping[str, AssumableRole]) -> list[tuple[str, ...]]:
    """Deal roles out to as few policies as hold them, the same way each time.

    Each role has an order of preference among the policies, drawn from its own name, and goes to the first that has
    room. So one role more or less changes few policies, and none at all moves while one policy is enough.
    Source of the method: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998).

    Args:
        roles: The roles by name; an ARN that isn't known yet is stood for by one as long as it is at most.

    Returns:
        The names in each policy; a policy may stay empty.

    Raises:
        Refusal: If more policies are needed than attach to one principal.
    """
    # Every policy keeps room for a statement of each kind.
    frame = _assume_role_document(AssumableRole("", role.actions) for role in roles.values())
    # The frame has the quotes of an empty ARN in each, and the last ARN of a statement has no comma.
    kinds = len({role.actions for role in roles.values()})
    room = limits.MANAGED_POLICY_QUOTA - limits.count_characters(frame) + kinds * _QUOTES_AND_COMMA
    lengths = {name: len(role.arn) for name, role in roles.items()}
    for count in range(1, limits.MANAGED_POLICIES_PER_PRINCIPAL + 1):
        if (dealt := _deal(lengths, count, room)) is not None:
            return dealt
    raise Refusal(
        f"{limits.MANAGED_POLICIES_PER_PRINCIPAL} managed policies of {limits.MANAGED_POLICY_QUOTA} characters attach "
        f"to one principal, and the ARNs of {len(roles)} roles don't fit in them",
        remedy="Shorten the roles' names or paths, or let the principal reach a role from which the others are reached",
    )


def _deal(arn_lengths: Mapping[str, int], count: int, room: int) -> list[tuple[str, ...]] | None:
    dealt: list[list[str]] = [[] for _ in range(count)]
    left = [room] * count
    for name in sorted(arn_lengths, key=lambda name: _draw(name, "order")):
        needed = arn_lengths[name] + _QUOTES_AND_COMMA
        preferred = sorted(range(count), key=lambda policy: _draw(name, str(policy)))
        chosen = next((policy for policy in preferred if left[policy] >= needed), None)
        if chosen is None:
            return None
        dealt[chosen].append(name)
        left[chosen] -= needed
    return [tuple(sorted(names)) for names in dealt]


def _draw(name: str, salt: str) -> bytes:
    return sha256(f"{salt}/{name}".encode()).digest()


def render_document(document: Mapping[str, Any]) -> str:
    """A document as text without white space, its keys in the order given."""
    return json.dumps(document, separators=(",", ":"))


def find_warnings(document: str) -> list[str]:
    """What is allowed in a checked identity policy, but seldom meant."""
    statements = json.loads(document)["Statement"]
    told = []
    for number, statement in enumerate(
        [statements] if isinstance(statements, dict) else statements, start=1
    ):
        for element, allowed in (
            ("NotAction", "every other action"),
            ("NotResource", "every other resource"),
        ):
            if statement["Effect"] == "Allow" and element in statement:
                told.append(
                    f"statement {number} has {element} with Allow, which allows {allowed}, new ones of AWS too"
                )
    return told


_STATEMENT_KEYS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


def check_identity_policy(document: object) -> str:
    """Check what is given as an identity policy, an object or JSON text, and render it in one form.

    Raises:
        Refusal: Where it breaks the grammar of identity policies.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    document = _object(document)
    for key in document:
        if key not in {"Version", "Id", "Statement"}:
            raise Refusal(
                "a policy has the keys Version, Id and Statement",
                where=(str(key),),
                value=document[key],
            )
    if (version := document.get("Version", VERSION)) not in (VERSION, "2008-10-17"):
        raise Refusal(
            f"a policy's version is {VERSION}",
            remedy=_quoting(version),
            where=("Version",),
            value=version,
        )
    if not isinstance(document.get("Id", ""), str):
        raise Refusal("a policy's Id is text", where=("Id",), value=document["Id"])
    _identity_statements(document.get("Statement"))
    return render_document({"Version": VERSION, **document})


def _object(document: object) -> Mapping[str, Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise Refusal(f"a policy is an object or JSON text ({error})") from None
    if not isinstance(document, Mapping):
        raise Refusal("a policy is an object or JSON text")
    return document


def _identity_statements(given: object) -> None:
    statements = [given] if isinstance(given, Mapping) else given
    if not isinstance(statements, Sequence) or isinstance(statements, str) or not statements:
        raise Refusal("a policy has at least one statement", where=("Statement",), value=statements)
    for number, statement in enumerate(statements):
        _identity_statement(statement, ("Statement", number))
    if twice := limits.find_repeated(
        statement["Sid"] for statement in statements if "Sid" in statement
    ):
        raise Refusal(
            "a policy's statements have Sids of their own", where=("Statement",), value=twice
        )


def _identity_statement(statement: object, where: tuple[str | int, ...]) -> None:
    if not isinstance(statement, Mapping):
        raise Refusal("a statement is an object", where=where, value=statement)
    for key in statement:
        if key in {"Principal", "NotPrincipal"}:
            raise Refusal(
                "an identity policy has no principal: it is whoever assumes the role",
                where=(*where, key),
                value=statement[key],
            )
        if key not in _STATEMENT_KEYS:
            rule = f"a statement has the keys {', '.join(sorted(_STATEMENT_KEYS))}"
            raise Refusal(rule, where=(*where, str(key)), value=statement[key])
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not re.fullmatch("[A-Za-z0-9]*", sid):
        raise Refusal("a Sid has letters and digits alone", where=(*where, "Sid"), value=sid)
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise Refusal(
            "an effect is Allow or Deny", where=(*where, "Effect"), value=statement.get("Effect")
        )
    for one, form in (("Action", "SERVICE:ACTION, such as s3:GetObject"), ("Resource", "an ARN")):
        other = f"Not{one}"
        if (one in statement) == (other in statement):
            raise Refusal(f"a statement has exactly one of {one} and {other}", where=where)
        key = one if one in statement else other
        _texts(statement[key], form, (*where, key))
    _condition(statement.get("Condition", {}), (*where, "Condition"))


def _texts(given: object, form: str, where: tuple[str | int, ...]) -> None:
    values = [given] if isinstance(given, str) else given
    if (
        not isinstance(values, Sequence)
        or not values
        or not all(isinstance(value, str) for value in values)
    ):
        raise Refusal(f"{where[-1]} is text or a list of texts", where=where, value=given)
    if any(":" not in value and "*" not in value for value in values):
        raise Refusal(f"{where[-1]} is {form}, or *", where=where, value=given)


def _condition(condition: object, where: tuple[str | int, ...]) -> None:
    if not isinstance(condition, Mapping):
        raise Refusal("a condition is an object", where=where, value=condition)
    for operator, keys in condition.items():
        at = (*where, str(operator))
        if not isinstance(keys, Mapping):
            raise Refusal(
                "a condition's operator has an object: keys and their values", where=at, value=keys
            )
        for key, values in keys.items():
            for value in values if isinstance(values, list) else [values]:
                if not isinstance(value, str | int) and not (
                    isinstance(value, float) and isfinite(value)
                ):
                    rule = (
                        "a condition's value is text, a number, true or false, or a list of these"
                    )
                    raise Refusal(rule, remedy=_quoting(value), where=(*at, str(key)), value=value)


def _quoting(value: object) -> str:
    """What to do about YAML's dates."""
    return "Put it in quotes" if isinstance(value, date) else ""
