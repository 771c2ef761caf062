"""What the conditions of a policy require, in words: one table for `explain`, `map` and `handoff`.

A requirement reads "the call must come from 203.0.113.0/24". A map shows its end ("from
203.0.113.0/24"), a README the whole, and `explain` adds what the call does instead, and a remedy.
The value of an external ID is never shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cross_account_access.errors import escape_invisible
from cross_account_access.iam.operators import HIDDEN, Operator, UnmetCondition
from cross_account_access.iam.policy_document import list_values
from cross_account_access.text_format import format_duration, join_words, write_pair, write_tag

_EXTERNAL_ID = "sts:externalid"
_MFA_PRESENT, _MFA_AGE, _AGE_DIGITS = "aws:multifactorauthpresent", "aws:multifactorauthage", 9
_MFA, _MFA_LEAD, _NO_MFA = "signed in with MFA", "the caller must have ", "did not"
Quote = Callable[[str], str]


@dataclass(frozen=True)
class Requirement:
    """What one condition requires.

    Attributes:
        lead: How the sentence begins; empty for a condition without words of its own.
        short: The rest of it, which can stand alone.
    """

    lead: str
    short: str

    @property
    def full(self) -> str:
        """The whole sentence, without a capital and a period."""
        return self.lead + self.short


@dataclass(frozen=True)
class UnmetText:
    """Why a statement's conditions aren't met, in one text, and what to do about it."""

    plain: str
    remedies: tuple[str, ...]


@dataclass(frozen=True)
class _Phrase:
    """The words for a condition key under some operators.

    Attributes:
        key: In lower case; with a slash at its end, what such a key begins with.
        operators: `True` is Bool with "true", `Present` is Null with "false".
        lead: How the requirement begins.
        short: Its end, with `{values}`; `{name}` is what the key has after its slash.
        remedy: What to do, with `{tag}` and `{pair}`: the tag as words of a command.
        actual: What there is instead, with `{values}`.
        absent: What there is where the key is absent.
    """

    key: str
    operators: tuple[str, ...]
    lead: str
    short: str
    remedy: str
    actual: str = "the value is {values}"
    absent: str = "there is no value"


# --- The table ------------------------------------------------------------------------------------

_STRINGS = ("StringEquals", "StringEqualsIgnoreCase", "StringLike")
_ARNS = ("ArnEquals", "ArnLike", *_STRINGS)
SIGN_IN = (
    "Sign in with MFA: mfa_serial in the AWS CLI profile, or credentials from `aws sts "
    "get-session-token --serial-number … --token-code …`; in explain, --mfa."
)
_CHAINED = "a role session never carries it"
_AS_A_USER = (
    "Call as a user with MFA, or give this principal its own conditions without MFA "
    "(conditions: {mfa: false} beside it)."
)
_ROWS = (
    _Phrase(
        _EXTERNAL_ID,
        (*_STRINGS, "Present"),
        "the call must include ",
        "an external ID",
        "Pass the external ID that was agreed with the role's owner: external_id in an AWS CLI "
        "profile; in explain, --external-id.",
        "another one was given",
        "none was given",
    ),
    _Phrase(_MFA_PRESENT, ("True", "Present"), _MFA_LEAD, _MFA, SIGN_IN),
    _Phrase(_MFA_AGE, ("Present",), _MFA_LEAD, _MFA, SIGN_IN),
    _Phrase(
        _MFA_AGE,
        ("NumericLessThan",),
        _MFA_LEAD,
        _MFA + " less than {values} ago",
        "Sign in with MFA again.",
        "that was {values} ago",
    ),
    _Phrase(
        "aws:sourceip",
        ("IpAddress",),
        "the call must come ",
        "from {values}",
        "Call from such a public address, not through a VPC endpoint; in explain, --source-ip.",
    ),
    _Phrase(
        "aws:sourcevpc",
        _STRINGS,
        "the call must come ",
        "from VPC {values}",
        "Call through a VPC endpoint for STS (a Regional one) there; in explain, --source-vpc.",
    ),
    _Phrase(
        "aws:sourcevpce",
        _STRINGS,
        "the call must come ",
        "through VPC endpoint {values}",
        "Call through that VPC endpoint for STS (a Regional one); in explain, --source-vpce.",
    ),
    _Phrase(
        "aws:principalorgid",
        _STRINGS,
        "the caller's account must be ",
        "in organization {values}",
        "Call from an account in the organization; in explain, --organization.",
    ),
    _Phrase(
        "aws:principalorgpaths",
        tuple(f"ForAnyValue:{operator}" for operator in _STRINGS),
        "the caller's account must be ",
        "in organizational unit {values}",
        "Call from an account in the organizational unit; in explain, --org-path.",
    ),
    _Phrase(
        "sts:rolesessionname",
        _STRINGS,
        "the call must set the ",
        "session name {values}",
        "Set the name: role_session_name in an AWS CLI profile, --role-session-name of `aws sts "
        "assume-role`; in explain, --session-name.",
    ),
    _Phrase(
        "sts:sourceidentity",
        _STRINGS,
        "the call must set the ",
        "source identity {values}",
        "Set it: --source-identity of `aws sts assume-role`, and in explain.",
    ),
    _Phrase(
        "aws:requesttag/",
        _STRINGS,
        "the call must pass the ",
        "session tag {name} = {values}",
        "Pass the tag: --tags {tag} of `aws sts assume-role`; in explain, --session-tag {pair}.",
    ),
    _Phrase(
        "aws:tagkeys",
        ("ForAllValues:StringEquals",),
        "the call must pass ",
        "no session tags except {values}",
        "Leave the other tags out of the call.",
        "it passes {values}",
    ),
    _Phrase(
        "sts:transitivetagkeys",
        ("ForAllValues:StringEquals",),
        "the call must set ",
        "no transitive tags except {values}",
        "Leave the other keys out of --transitive-tag-keys.",
        "it sets {values}",
    ),
    _Phrase(
        "sts:transitivetagkeys",
        ("Present",),
        "the call must set ",
        "transitive tags",
        "Set them: --transitive-tag-keys of `aws sts assume-role`; in explain, "
        "--transitive-tag-key.",
        absent="it sets none",
    ),
    _Phrase(
        "sts:requestcontextproviders",
        ("ForAllValues:ArnEquals",),
        "the call must pass ",
        "no identity context except that of {values}",
        "Leave the other contexts out of the call.",
        "it passes that of {values}",
    ),
    _Phrase(
        "aws:principaltag/",
        _STRINGS,
        "the caller must have the ",
        "principal tag {name} = {values}",
        "Tag the user or role in its own account: a session tag of this call doesn't count. "
        "In explain, --principal-tag {pair}.",
    ),
    _Phrase(
        "aws:currenttime",
        ("DateGreaterThanEquals",),
        "the call must be made ",
        "on or after {values}",
        "Wait until then, or ask the role's owner to change notBefore.",
        "it is {values}",
    ),
    _Phrase(
        "aws:currenttime",
        ("DateLessThan",),
        "the call must be made ",
        "before {values}",
        "The time has passed: ask the role's owner to change notAfter.",
        "it is {values}",
    ),
    _Phrase(
        "aws:principalarn",
        _ARNS,
        "the caller must match ",
        "principal ARN {values}",
        "Call as that principal, or add this one to the grant's principals and run `pulumi up`.",
    ),
    _Phrase(
        "aws:username",
        _STRINGS,
        "the caller must be ",
        "user {values}",
        "Call as that user.",
        absent="a role session has no user name",
    ),
)
_PHRASES = {(row.key, operator): row for row in _ROWS for operator in row.operators}

# How a condition without words of its own goes on after "KEY must ".
_EQUAL = ("StringEquals", "Bool", "True", "BinaryEquals", "NumericEquals", "DateEquals")
_PREDICATES = {
    **dict.fromkeys(_EQUAL, "be {}"),
    **dict.fromkeys(("StringLike", "ArnEquals", "ArnLike"), "match {}"),
    "StringEqualsIgnoreCase": "be {}, ignoring case",
    "IpAddress": "be in {}",
    "NumericLessThan": "be less than {}",
    "NumericLessThanEquals": "be at most {}",
    "NumericGreaterThan": "be greater than {}",
    "NumericGreaterThanEquals": "be at least {}",
    "DateLessThan": "be before {}",
    "DateLessThanEquals": "be on or before {}",
    "DateGreaterThan": "be after {}",
    "DateGreaterThanEquals": "be on or after {}",
    "Present": "be present",
}
_SCOPES = {"ForAllValues": "every value of ", "ForAnyValue": "at least one value of ", None: ""}


# --- What is required -----------------------------------------------------------------------------


def describe_conditions(
    conditions: Mapping[str, Mapping[str, Any]], quote: Quote = str
) -> list[Requirement]:
    """Describe each condition of a statement, in a fixed order.

    Args:
        conditions: The statement's `Condition` element.
        quote: How a condition key or value is marked in the text.
    """
    requirements = [
        _describe(operator, key, list_values(element), quote)
        for operator, keys in conditions.items()
        for key, element in keys.items()
        # The tags that must be transitive are named by the condition beside this one.
        if (operator, key.lower(), list_values(element))
        != ("Null", "sts:transitivetagkeys", ["false"])
    ]
    if any(one.short.startswith(f"{_MFA} less") for one in requirements):
        requirements = [one for one in requirements if one.short != _MFA]
    return sorted(requirements, key=lambda one: (not one.short.startswith(_MFA), one.short))


def _describe(operator: str, key: str, values: Sequence[str], quote: Quote = str) -> Requirement:
    test, base, negated = _parse_operator(operator, values)
    suffix = " (if present)" if test.if_exists else ""
    words = _join_values(key, values, quote)
    if phrase := _find_phrase(operator, key, values):
        name = quote(escape_invisible(key.partition("/")[2]))
        is_rotated = phrase.key == _EXTERNAL_ID and len(values) > 1
        short = f"one of {len(values)} external IDs" if is_rotated else phrase.short
        return Requirement(phrase.lead, short.format(values=words, name=name) + suffix)
    subject = f"{_SCOPES[test.scope]}{quote(escape_invisible(key))}"
    predicate = _PREDICATES[base].format(words)
    return Requirement("", f"{subject} must {'not ' if negated else ''}{predicate}{suffix}")


def _parse_operator(operator: str, values: Sequence[str]) -> tuple[Operator, str, bool]:
    """Return the operator, its base as the table has it, and whether it forbids the values."""
    test = Operator.parse(operator)
    if test.base == "Null":
        return test, "Present", "true" in values
    base = "True" if test.base == "Bool" and list(values) == ["true"] else test.base
    return test, base, test.negated


def _find_phrase(operator: str, key: str, values: Sequence[str]) -> _Phrase | None:
    test, base, negated = _parse_operator(operator, values)
    head, slash, _ = key.lower().partition("/")
    scoped = f"{test.scope}:{base}" if test.scope else base
    return None if negated else _PHRASES.get((head + slash, scoped))


def _join_values(key: str, values: Sequence[str], quote: Quote = str) -> str:
    if key.lower() == _EXTERNAL_ID or not values:
        return HIDDEN if values else "one of no values"
    if key.lower() == _MFA_AGE:
        return join_words([_describe_age(text, quote) for text in values], "or")
    return join_words([quote(escape_invisible(text)) for text in values], "or")


def _describe_age(text: str, quote: Quote) -> str:
    known = text.isascii() and text.isdecimal() and len(text) <= _AGE_DIGITS
    return format_duration(int(text)) if known else quote(escape_invisible(text))


def describe_unmet(conditions: Iterable[UnmetCondition], *, user: bool) -> UnmetText:
    """Describe the unmet conditions of a statement, each fact once and with its condition keys.

    Args:
        conditions: The unmet conditions.
        user: Whether an IAM user calls, and not a role session.
    """
    explained = [(*_explain(unmet, user=user), unmet.key) for unmet in conditions]
    keys: dict[str, list[str]] = {}
    for text, _, key in explained:
        keys.setdefault(text, []).append(key)
    plain = "; ".join(f"{text} ({', '.join(dict.fromkeys(names))})" for text, names in keys.items())
    return UnmetText(plain, tuple(dict.fromkeys(remedy for _, remedy, _ in explained)))


def _explain(unmet: UnmetCondition, *, user: bool) -> tuple[str, str]:
    """Return what is required and what there is, and a remedy."""
    key, given = unmet.key, unmet.actual
    phrase = _find_phrase(unmet.operator, key, unmet.required)
    required = _describe(unmet.operator, key, unmet.required).full
    if phrase is None:
        actual = f"it is {_join_values(key, given)}" if given else "it is absent"
        pair = write_pair(key)
        return f"{required}, but {actual}", f"Change the call; in explain, --context {pair}."
    if phrase.remedy == SIGN_IN or (key.lower() == _MFA_AGE and not given):
        actual, remedy = (_NO_MFA, SIGN_IN) if user else (_CHAINED, _AS_A_USER)
        return f"{_MFA_LEAD}{_MFA}, but {actual}", remedy
    # Of several tags those that are allowed aren't the reason.
    wrong = [value for value in given if value not in unmet.required] or given
    actual = phrase.actual.format(values=_join_values(key, wrong)) if given else phrase.absent
    name = key.partition("/")[2]
    remedy = phrase.remedy.format(tag=write_tag(name), pair=write_pair(name))
    return f"{required}, but {actual}", remedy
