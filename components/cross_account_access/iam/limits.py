"""AWS's names, lengths and quotas: pure checks that return the value or raise `Refusal`.

Lengths and patterns are those of IAM's and STS's service models, quotas those of
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, TypeVar

from cross_account_access.errors import NOT_SHOWN, Refusal

_T = TypeVar("_T")

TRUST_POLICY_QUOTA = 2048
MANAGED_POLICY_QUOTA = 6144
ROLE_INLINE_POLICIES_QUOTA = 10240
MANAGED_POLICIES_PER_PRINCIPAL = 10
RAISED_POLICIES_PER_PRINCIPAL = {"user": 20, "role": 25, "group": 10}  # a group's is never raised
DEFAULT_MANAGED_POLICIES_PER_ROLE = 10
MANAGED_POLICIES_PER_ROLE = 20  # raised
TAGS_PER_ENTITY = 50
SWITCH_ROLE_NAME_LENGTH = 64
CHAINED_SESSION_SECONDS = 3600
DEFAULT_SESSION_SECONDS = 3600


@dataclass(frozen=True)
class StringRule:
    """A kind of text: what it is called, its length and the characters it may have.

    Calling it with a value returns the value, or raises `Refusal`. The codes are made from what it
    is called: `invalid-role-name`, `role-name-too-short`, `-too-long` and `-not-string`.
    """

    what: str
    least: int
    most: int
    pattern: str | Callable[[str], bool]
    """A regular expression without letters beyond ASCII, or the test that takes their place."""
    alphabet: str

    @property
    def rule(self) -> str:
        """The rule in words."""
        length = f"{self.least}–{self.most}" if self.least else f"at most {self.most}"
        if self.least == self.most:
            length = str(self.most)
        return f"{self.what} must have {length} characters: {self.alphabet}"

    def __call__(self, value: object) -> str:
        if not isinstance(value, str):
            rule, code = f"{self.what} must be a string", f"{self._slug}-not-string"
            raise Refusal(rule, code=code, remedy=_suggest_quotes(value))
        if len(value) < self.least:
            raise Refusal(self.rule, code=f"{self._slug}-too-short")
        if len(value) > self.most:
            raise Refusal(self.rule, code=f"{self._slug}-too-long")
        if not self._has_form(value):
            raise Refusal(self.rule, code=f"invalid-{self._slug}")
        return value

    @property
    def _slug(self) -> str:
        return _make_slug(self.what)

    def _has_form(self, value: str) -> bool:
        if isinstance(self.pattern, str):
            return re.fullmatch(self.pattern, value, re.ASCII) is not None
        return self.pattern(value)


def _make_slug(what: str) -> str:
    """Write what something is called as its code does: "a grant's name" as `grant-name`."""
    return re.sub(r"^an? |'s\b", "", what).lower().replace(" ", "-")


def _has_tag_characters(text: str) -> bool:
    return all(
        character in "_.:/=+-@" or unicodedata.category(character)[0] in "LNZ" for character in text
    )


_NAME = r"[\w+=,.@-]*"
_NAME_ALPHABET = "letters, digits and _+=,.@-"
_TAG_ALPHABET = "letters, digits, spaces and _.:/=+-@"

ROLE_NAME = StringRule("a role name", 1, 64, _NAME, _NAME_ALPHABET)
USER_NAME = StringRule("a user name", 1, 64, _NAME, _NAME_ALPHABET)
POLICY_NAME = StringRule("a policy name", 1, 128, _NAME, _NAME_ALPHABET)
GROUP_NAME = StringRule("a group name", 1, 128, _NAME, _NAME_ALPHABET)
PERMISSION_SET = StringRule("a permission set's name", 1, 32, _NAME, _NAME_ALPHABET)
SESSION_NAME = StringRule("a session name", 2, 64, _NAME, _NAME_ALPHABET)
SOURCE_IDENTITY = StringRule("a source identity", 2, 64, rf"(?!aws:){_NAME}", _NAME_ALPHABET)
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
    r"[\t\n\r\x20-\x7e\xa1-\xff]*",
    "Latin-1 letters, digits, signs, tabs and line ends",
)
EXTERNAL_ID = StringRule(
    "an external ID", 2, 1224, r"[\w+=,.@:/-]*", "letters, digits and _+=,.@:/-"
)
_ACCOUNT_ID = StringRule("an account ID", 12, 12, r"\d*", "digits")
UNIQUE_ID = StringRule(
    "a unique ID", 16, 128, r"[A-Z0-9]*", "uppercase letters and digits, such as AIDA… or AROA…"
)
ORGANIZATION = StringRule(
    "an organization's ID", 12, 34, r"o-[a-z0-9]*", "o- followed by lowercase letters and digits"
)
ORGANIZATION_PATH = StringRule(
    "an organizational unit's path",
    20,
    512,
    r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}(/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})+/?",
    "o-…/r-…/ou-…/, from the organization through the root down to the unit",
)
VPC = StringRule("a VPC's ID", 12, 21, r"vpc-[0-9a-f]*", "vpc- followed by hexadecimal digits")
VPC_ENDPOINT = StringRule(
    "a VPC endpoint's ID", 13, 22, r"vpce-[0-9a-f]*", "vpce- followed by hexadecimal digits"
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
ROLE_LABEL = StringRule("a label", 1, 129, _NAME, _NAME_ALPHABET)  # as long as GRANT@ACCOUNT
MFA_SERIAL = StringRule(
    "an MFA device",
    9,
    256,
    r"arn:aws[a-z-]*:iam::\d{12}:mfa/[\w+=/,.@-]+|[\w+=/,.@-]+",
    "the ARN of a virtual device, arn:…:mfa/NAME, or a hardware device's serial number",
)
_TAG_KEY = StringRule("a tag key", 1, 128, _has_tag_characters, _TAG_ALPHABET)
TAG_VALUE = StringRule("a tag value", 0, 256, _has_tag_characters, _TAG_ALPHABET)
# A tag's value can't have * or ? itself.
TAG_VALUE_PATTERN = StringRule(
    "a tag value",
    0,
    256,
    lambda text: _has_tag_characters(re.sub(r"[*?]", "", text)),
    f"{_TAG_ALPHABET}, * and ? as wildcards",
)


@dataclass(frozen=True)
class IntRange:
    """A whole number from `least` to `most`, as its `unit` counts it.

    Calling it with a value returns the number, or raises `Refusal`. The codes are made from what
    it is called: `mfa-age-not-integer`, `mfa-age-out-of-range`.
    """

    what: str
    least: int
    most: int
    unit: str = "whole seconds"
    why: str = ""

    def __call__(self, value: object) -> int:
        # Numbers reach a component as floats from other languages.
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        rule = f"{self.what} must be {self.least} to {self.most} {self.unit}{self.why}"
        if isinstance(number, bool) or not isinstance(number, int):
            quoted = isinstance(value, str) and value.isdecimal()
            remedy = "Leave the quotes out" if quoted else ""
            raise Refusal(rule, code=f"{_make_slug(self.what)}-not-integer", remedy=remedy)
        if not self.least <= number <= self.most:
            raise Refusal(rule, code=f"{_make_slug(self.what)}-out-of-range")
        return number


MAX_SESSION_DURATION = IntRange("a maximum session duration", 3600, 43200)
MFA_MAX_AGE = IntRange(
    "an MFA age", 1, 129600, why=" (credentials of GetSessionToken last 36 hours at most)"
)
ARN_LENGTH = IntRange("an ARN's length", 32, 640, "characters")
POLICIES_PER_PRINCIPAL = IntRange(
    "a number of policies per principal",
    1,
    max(RAISED_POLICIES_PER_PRINCIPAL.values()),
    "managed policies",
)


def check_path(value: object) -> str:
    """Check the path of an account's own user or role, whose ARN in a policy names that one alone.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    path = PATH(value)
    if re.search(r"[*?]|\$\{", path):
        raise Refusal(
            "a path must not contain *, ? or ${: in a policy these would match other names too",
            code="path-with-wildcard",
        )
    if re.match("/+aws-(reserved|service-role)/", path, re.IGNORECASE):
        raise Refusal(
            "a path must not start with /aws-reserved/ or /aws-service-role/, which AWS keeps for "
            "roles of its own",
            code="reserved-path",
        )
    return path


def check_account_id(value: object) -> str:
    """Check an account's ID; twelve digits may be a number, as `pulumi config set` writes them."""
    if not isinstance(value, int):
        return _ACCOUNT_ID(value)
    if not is_account_id(str(value)):
        remedy = _suggest_quotes(value)
        raise Refusal(_ACCOUNT_ID.rule, code="invalid-account-id", remedy=remedy)
    return str(value)


def is_account_id(text: str) -> bool:
    """Return whether a text has the form of an account's ID."""
    return re.fullmatch(r"[0-9]{12}", text) is not None


def check_tags(value: object, check_value: Callable[[object], Any] = TAG_VALUE) -> dict[str, Any]:
    """Check tags: at most 50, unique ignoring case, none of AWS's own `aws:` ones.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    if not isinstance(value, Mapping):
        raise Refusal("tags must be a map from strings to strings", code="tags-not-map")
    return _check_tag_map(value, check_value)


def has_wildcard(pattern: str) -> bool:
    """Return whether a text that may be a pattern has a wildcard."""
    return re.search(r"[*?]", pattern) is not None


def check_tag_values(
    value: object, check_value: Callable[[object], Any] = TAG_VALUE_PATTERN
) -> dict[str, list[Any]]:
    """Check a map from tag keys to the values, or patterns, that they may have."""
    if not isinstance(value, Mapping) or not value:
        rule = "must be a map from at least one tag key to a list of values"
        raise Refusal(rule, code="tag-values-not-map")
    return _check_tag_map(value, partial(_check_values_of_tag, check_value))


def _check_values_of_tag(check_value: Callable[[object], Any], values: object) -> list[Any]:
    if not isinstance(values, list) or not values:
        rule = "a tag's values must be a list of at least one string"
        raise Refusal(rule, code="tag-values-not-list")
    checked = [check_part(number, value, check_value) for number, value in enumerate(values)]
    if repeated := find_repeated(checked):
        rule = "the values of a list must be unique"
        raise Refusal(rule, code="repeated-value", value=repeated)
    return checked


def check_tag_key(value: object) -> str:
    """Check a tag's key."""
    key = _TAG_KEY(value)
    if key.lower().startswith("aws:"):
        rule = "a tag key must not start with aws:, which is reserved for AWS"
        raise Refusal(rule, code="reserved-tag-key")
    return key


def _check_tag_map(value: Mapping[Any, Any], check: Callable[[object], _T]) -> dict[str, _T]:
    if len(value) > TAGS_PER_ENTITY:
        rule = f"there must be at most {TAGS_PER_ENTITY} tags"
        raise Refusal(rule, code="too-many-tags", value=len(value))
    checked = {
        check_part(str(key), key, check_tag_key): check_part(key, inner, check)
        for key, inner in value.items()
    }
    if repeated := find_repeated(checked, key=str.lower):
        rule = "tag keys must be unique, ignoring case"
        raise Refusal(rule, code="repeated-tag-key", where=(repeated,), value=repeated)
    return checked


def check_part(where: str | int, value: object, check: Callable[[object], _T]) -> _T:
    """Check a part of a value; a refusal then holds where the part is and its value."""
    try:
        return check(value)
    except Refusal as refusal:
        if refusal.value is NOT_SHOWN and not refusal.where:
            refusal.value = value
        refusal.where = (where, *refusal.where)
        raise


def find_repeated(values: Iterable[str], key: Any = None) -> str | None:
    """Return the first value that repeats another, compared by `key`; None if none does."""
    seen = set()
    for value in values:
        compared = key(value) if key else value
        if compared in seen:
            return value
        seen.add(compared)
    return None


def count_characters(document: str) -> int:
    """Return how many characters of a policy count against its quota: all but white space."""
    return len("".join(document.split()))


def _suggest_quotes(value: object) -> str:
    numeric = isinstance(value, int | float | date)
    return "Put it in quotes; with `pulumi config set`, add --type string" if numeric else ""
