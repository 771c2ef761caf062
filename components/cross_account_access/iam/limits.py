"""AWS's names, lengths and quotas: pure checks that return the value or raise `Refusal`.

Lengths and patterns are those of IAM's and STS's service models, quotas those of
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from cross_account_access.errors import NOT_SHOWN, Refusal

_T = TypeVar("_T")

TRUST_POLICY_QUOTA = 2048
MANAGED_POLICY_QUOTA = 6144
ROLE_INLINE_POLICIES_QUOTA = 10240
MANAGED_POLICIES_PER_PRINCIPAL = 10
MANAGED_POLICIES_PER_ROLE = 20
TAGS_PER_ENTITY = 50
SWITCH_ROLE_NAME_LENGTH = 64
CHAINED_SESSION_SECONDS = 3600


@dataclass(frozen=True)
class StringRule:
    """A kind of text: what it is called, its length and the characters it may have.

    Calling it with a value returns the value, or raises `Refusal`.
    """

    what: str
    least: int
    most: int
    pattern: str
    alphabet: str

    @property
    def rule(self) -> str:
        """The rule in words."""
        length = f"{self.least}–{self.most}" if self.least else f"at most {self.most}"
        if self.least == self.most:
            length = str(self.most)
        return f"{self.what} has {length} characters: {self.alphabet}"

    def __call__(self, value: object) -> str:
        if not isinstance(value, str):
            raise Refusal(f"{self.what} is text", remedy=_suggest_quotes(value))
        if not self.least <= len(value) <= self.most or not re.fullmatch(
            self.pattern, value, re.ASCII
        ):
            raise Refusal(self.rule)
        return value


_NAME = r"[\w+=,.@-]*"
_NAME_ALPHABET = "letters, digits and _+=,.@-"
_TAG_ALPHABET = "letters, digits, spaces and _.:/=+-@"

ROLE_NAME = StringRule("a role name", 1, 64, _NAME, _NAME_ALPHABET)
USER_NAME = StringRule("a user name", 1, 64, _NAME, _NAME_ALPHABET)
POLICY_NAME = StringRule("a policy name", 1, 128, _NAME, _NAME_ALPHABET)
GROUP_NAME = StringRule("a group name", 1, 128, _NAME, _NAME_ALPHABET)
PERMISSION_SET = StringRule("a permission set's name", 1, 32, _NAME, _NAME_ALPHABET)
SESSION_NAME = StringRule("a session name", 2, 64, _NAME, _NAME_ALPHABET)
PATH = StringRule(
    "a path",
    1,
    512,
    r"/|/[\x21-\x7E]+/",
    "a slash alone, or ASCII between two slashes, without spaces",
)
POLICY_PATH = StringRule(
    "a policy's path",
    1,
    512,
    r"((/[A-Za-z0-9.,+@=_-]+)*)/",
    f"slashes at both ends, {_NAME_ALPHABET} between slashes",
)
DESCRIPTION = StringRule(
    "a description",
    0,
    1000,
    "[\t\n\r\x20-\x7e\xa1-\xff]*",
    "Latin-1 letters, digits, signs, tabs and line ends",
)
EXTERNAL_ID = StringRule(
    "an external ID", 2, 1224, r"[\w+=,.@:/-]*", "letters, digits and _+=,.@:/-"
)
_ACCOUNT_ID = StringRule("an account ID", 12, 12, r"\d*", "digits")
UNIQUE_ID = StringRule(
    "a unique id", 16, 128, r"[A-Z0-9]*", "capital letters and digits, such as AIDA… or AROA…"
)
ORGANIZATION = StringRule(
    "an organization's ID", 12, 34, r"o-[a-z0-9]*", "o- and then small letters and digits"
)
ORGANIZATION_PATH = StringRule(
    "an organizational unit's path",
    20,
    512,
    r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}(/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})+/?",
    "o-…/r-…/ou-…/, from the organization over the root down to the unit",
)
VPC = StringRule("a VPC's ID", 12, 21, r"vpc-[0-9a-f]*", "vpc- and then hexadecimal digits")
VPC_ENDPOINT = StringRule(
    "a VPC endpoint's ID", 13, 22, r"vpce-[0-9a-f]*", "vpce- and then hexadecimal digits"
)
SESSION_NAME_PATTERN = StringRule(
    "a session name's pattern",
    2,
    64,
    r"([\w+=,.@*?-]|\$\{aws:username\})*",
    f"{_NAME_ALPHABET}, * and ? as wildcards, ${{aws:username}}",
)
SOURCE_IDENTITY_PATTERN = StringRule(
    "a source identity's pattern",
    2,
    64,
    r"(?!aws:)[\w+=,.@*?-]*",
    f"{_NAME_ALPHABET}, * and ? as wildcards; it doesn't start with aws:",
)
CONDITION_KEY = StringRule(
    "a condition key",
    3,
    256,
    r"[A-Za-z0-9-]+:[\w+=,.@/:-]+",
    "PREFIX:NAME, such as aws:SourceAccount",
)
LABEL = StringRule("a label", 1, 128, _NAME, _NAME_ALPHABET)


@dataclass(frozen=True)
class IntRange:
    """A whole number from `least` to `most`, as its `unit` counts it."""

    what: str
    least: int
    most: int
    unit: str = "whole seconds"
    why: str = ""

    def __call__(self, value: object) -> int:
        # IntRange numbers reach a component as floats from other languages.
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        if (
            isinstance(whole, bool)
            or not isinstance(whole, int)
            or not self.least <= whole <= self.most
        ):
            remedy = "Leave the quotes out" if isinstance(value, str) and value.isdecimal() else ""
            raise Refusal(
                f"{self.what} is {self.least} to {self.most} {self.unit}{self.why}", remedy=remedy
            )
        return whole


MAX_SESSION_DURATION = IntRange("a maximum session duration", 3600, 43200)
MFA_MAX_AGE = IntRange(
    "an MFA's age", 1, 129600, why=" (credentials of GetSessionToken last 36 hours at most)"
)
ARN_LENGTH = IntRange("an ARN's length", 32, 640, "characters")


def check_path(value: object) -> str:
    """Check the path of a user or role, whose ARN is to stand in a policy and mean that one alone.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    checked = PATH(value)
    if re.search(r"[*?]|\$\{", checked):
        raise Refusal(
            "a path has none of *, ? and ${: in a policy these would stand for other names too"
        )
    return checked


def check_account_id(value: object) -> str:
    """Check an account's ID; a number of twelve digits is one too, as `pulumi config set --path` writes it."""
    if isinstance(value, int) and not is_account_id(str(value)):
        raise Refusal(_ACCOUNT_ID.rule, remedy=_suggest_quotes(value))
    return _ACCOUNT_ID(str(value) if isinstance(value, int) else value)


def is_account_id(text: str) -> bool:
    """Whether a text has the form of an account's ID."""
    return re.fullmatch(r"[0-9]{12}", text) is not None


def check_tag_key(value: object) -> str:
    """Check a tag's key."""
    if not isinstance(value, str) or not 1 <= len(value) <= 128 or not _has_tag_characters(value):  # noqa: PLR2004
        raise Refusal(
            f"a tag key has 1–128 characters: {_TAG_ALPHABET}", remedy=_suggest_quotes(value)
        )
    if value.lower().startswith("aws:"):
        raise Refusal("tag keys that start with aws: are AWS's own")
    return value


def check_tag_value(value: object) -> str:
    """Check a tag's value."""
    if not isinstance(value, str):
        raise Refusal("a tag's value is text", remedy=_suggest_quotes(value))
    if len(value) > 256 or not _has_tag_characters(value):  # noqa: PLR2004
        raise Refusal(f"a tag value has at most 256 characters: {_TAG_ALPHABET}")
    return value


def check_tags(value: object) -> dict[str, str]:
    """Check tags: at most 50, unique ignoring case, none of AWS's own `aws:` ones.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    if not isinstance(value, Mapping):
        raise Refusal("tags are a map from text to text")
    return _check_tag_map(value, check_tag_value)


def check_tag_values(value: object) -> dict[str, list[str]]:
    """Check a map from tag keys to the values that they may have, one or more each."""

    def several(values: object) -> list[str]:
        if not isinstance(values, list) or not values:
            raise Refusal("a tag's values are a list with at least one")
        checked = [
            check_part(number, inner, check_tag_value) for number, inner in enumerate(values)
        ]
        if twice := find_repeated(checked):
            raise Refusal("a value stands in a list once", value=twice)
        return checked

    if not isinstance(value, Mapping) or not value:
        raise Refusal("this is a map from tag keys to lists of values")
    return _check_tag_map(value, several)


def _has_tag_characters(text: str) -> bool:
    return all(
        character in "_.:/=+-@" or unicodedata.category(character)[0] in "LNZ" for character in text
    )


def _check_tag_map(value: Mapping[Any, Any], check: Callable[[object], _T]) -> dict[str, _T]:
    if len(value) > TAGS_PER_ENTITY:
        raise Refusal(f"there are at most {TAGS_PER_ENTITY} tags", value=len(value))
    checked = {}
    for key, inner in value.items():
        check_part(str(key), key, check_tag_key)
        checked[key] = check_part(key, inner, check)
    if twice := find_repeated(checked, key=str.lower):
        raise Refusal("tag keys are unique, ignoring case", where=(twice,), value=twice)
    return checked


def check_part(where: str | int, value: object, check: Callable[[object], _T]) -> _T:
    """Check a part of a value; what is refused tells where that stands and what it is."""
    try:
        return check(value)
    except Refusal as refusal:
        if refusal.value is NOT_SHOWN and not refusal.where:
            refusal.value = value
        refusal.where = (where, *refusal.where)
        raise


def find_repeated(values: Iterable[str], key: Any = None) -> str | None:
    """The first value that stands there a second time, compared by `key`; None if there is none."""
    seen = set()
    for value in values:
        compared = key(value) if key else value
        if compared in seen:
            return value
        seen.add(compared)
    return None


def count_characters(document: str) -> int:
    """How many characters of a policy count against its quota: all but white space."""
    return len("".join(document.split()))


def _suggest_quotes(value: object) -> str:
    numeric = isinstance(value, int | float | date)
    return "Put it in quotes; with `pulumi config set`, add --type string" if numeric else ""
