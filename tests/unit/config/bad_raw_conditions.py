"""Bad config: raw conditions."""

from __future__ import annotations

import math
from datetime import date

from tests.unit.config.bad_conditions import AUDIT, ORGANIZATION, UNIT, bad, bad_principal
from tests.unit.config.bad_config import Bad

TAG = "aws:PrincipalTag/"


def bad_raw(what: str, code: str, where: str, value: object) -> Bad:
    """A raw condition, as OPERATOR or OPERATOR.KEY, that is bad."""
    return Bad(what, code, {f"{AUDIT}.raw.{where}": value})


def repeated_raw(what: str, key: str, **conditions: object) -> Bad:
    """A raw condition, as OPERATOR.KEY, on a key of another condition."""
    values = {"Bool": "true", "IpAddress": "203.0.113.8", "DateLessThan": "2026"}
    raw = {f"{AUDIT}.raw.{key}": [values.get(key.partition(".")[0], "x1")]}
    more = {f"{AUDIT}.{name}": value for name, value in conditions.items()}
    return Bad(what, "repeated-condition-key", raw | more)


RAW_CONDITIONS = [
    bad("raw conditions in a list", "invalid-raw-conditions", raw=[]),
    bad_raw(
        "an operator that there is not",
        "unknown-operator",
        "StringIs",
        {"aws:SourceAccount": ["1"]},
    ),
    Bad(
        "a raw value with lines of its own",
        "control-character",
        {
            f"{AUDIT}.raw.StringEquals.sts:RoleSessionName": [
                "abc\n[default]\ncredential_process = x"
            ]
        },
        path=f"{AUDIT}.raw.StringEquals.sts:RoleSessionName[0]",
    ),
    Bad(
        "a raw external ID that runs from right to left",
        "control-character",
        {f"{AUDIT}.raw.StringLike.sts:ExternalId": ["partner-\u202e7f3a"]},
        path=f"{AUDIT}.raw.StringLike.sts:ExternalId[0]",
    ),
    bad_raw(
        "a raw condition that lets absent MFA pass",
        "mfa-met-by-absent-key",
        "BoolIfExists.aws:MultiFactorAuthPresent",
        ["true"],
    ),
    bad_raw(
        "a raw condition in another's place",
        "repeated-condition-key",
        "StringEquals.STS:externalid",
        ["other"],
    ),
    bad_principal(
        "an organization, and a raw condition of another",
        "condition-of-principal",
        {"organization": ORGANIZATION},
        {"raw": {"StringEquals": {"AWS:PRINCIPALORGID": ["o-z9y8x7w6v5"]}}},
    ),
    bad_principal(
        "a unit, and a raw condition of all",
        "condition-of-principal",
        {"organizationalUnit": UNIT},
        {"raw": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["*"]}}},
    ),
    bad_principal(
        "a permission set, and a raw condition of everybody",
        "condition-of-principal",
        {"permissionSet": "Operators"},
        {"raw": {"ArnLike": {"aws:principalarn": ["*"]}}},
    ),
    bad_principal(
        "a user by name, and a raw condition of everybody",
        "condition-of-principal",
        {"user": "alice", "trustBy": "name"},
        {"raw": {"ArnLike": {"aws:PrincipalArn": ["*"]}}},
    ),
    bad("raw conditions that are null", "null-value", raw=None),
    bad_raw("a misspelt operator", "unknown-operator", "StringEqual", {"aws:UserAgent": ["x"]}),
    bad_raw(
        "an operator in small letters", "unknown-operator", "bool", {"aws:UserAgent": ["true"]}
    ),
    bad_raw(
        "Null that may be absent", "unknown-operator", "NullIfExists", {"aws:UserAgent": ["true"]}
    ),
    bad_raw(
        "Null of all values that may be absent",
        "unknown-operator",
        "ForAllValues:NullIfExists",
        {"aws:UserAgent": ["true"]},
    ),
    bad_raw(
        "MFA that must be absent",
        "mfa-met-by-absent-key",
        "Null.aws:MultiFactorAuthPresent",
        ["True"],
    ),
    bad_raw(
        "Null of MFA",
        "mfa-met-by-absent-key",
        "ForAllValues:Null.aws:MultiFactorAuthAge",
        ["false"],
    ),
    *(
        Bad(
            f"{value} for {operator}",
            "value-not-of-operator",
            {f"{AUDIT}.raw": {operator: {"aws:x": [good, value]}}},
            path=f"{AUDIT}.raw.{operator}.aws:x[1]",
        )
        for operator, good, value in (
            ("DateLessThan", "2026", "abc"),
            ("DateNotEqualsIfExists", "2026-01-01", "2026-02-30"),
            ("NumericNotEquals", "1.5", "1,5"),
            ("ForAnyValue:NumericLessThan", "-3", "three"),
            ("NotIpAddress", "203.0.113.0/24", "203.0.113.0/33"),
            ("IpAddress", "2001:db8::/32", "office"),
            ("NotIpAddress", "2001:db8::/32", "2001:db8::1%eth0"),
            ("IpAddress", "203.0.113.0/24", "::ffff:203.0.113.7"),
            ("NotIpAddress", "2001:db8::/32", "::ffff:cb00:7100/120"),
            ("Bool", "${aws:SecureTransport}", "yes"),
            ("BinaryEquals", "QQ==", "Q"),
            ("Null", "true", "no"),
        )
    ),
    bad_raw(
        "an operator of some values",
        "unknown-operator",
        "ForSome:Bool",
        {"aws:UserAgent": ["true"]},
    ),
    bad_raw("an operator without keys", "invalid-raw-conditions", "StringEquals", {}),
    bad_raw(
        "an operator with a list of keys",
        "invalid-raw-conditions",
        "StringEquals",
        ["aws:UserAgent"],
    ),
    bad_raw("a key without its prefix", "invalid-condition-key", "StringEquals.UserAgent", ["x"]),
    bad_raw("a key with a space", "invalid-condition-key", "StringEquals.aws:User Agent", ["x"]),
    *(
        bad_raw(what, "invalid-condition-key", f"StringEquals.{key}", ["x"])
        for what, key in (
            ("a tag's key that is a space", f"{TAG} "),
            ("a tag's key with a space before it", f"{TAG} Cost Center"),
            ("a tag's key with a space after it", f"{TAG}Cost Center "),
            ("a tag's key that ends with an unbreakable space", f"{TAG}Cost Center\u00a0"),
            ("a tag's key with a comma and a space", f"{TAG}Cost, Center"),
            ("a tag's key with quotes", f'{TAG}Cost "Center"'),
            ("a tag's key with an apostrophe", f"{TAG}Manager's Team"),
            ("a tag's key with a variable", TAG + "Cost ${aws:username}"),
            ("a tag's key with a wildcard", f"{TAG}Cost Center*"),
            ("a tag's key with a space that is AWS's own", f"{TAG}aws:Cost Center"),
            ("a tag's key with a space that is too long", f"{TAG}Cost {'x' * 124}"),
            ("a tag's key beyond ASCII behind no tag", "aws:UserÄgent"),
            ("a key with a space before its slash", "aws:Principal Tag/team"),
            ("a key with a space in its prefix", "my aws:PrincipalTag/team"),
            ("a key with a space behind something like a tag", "aws:TagKeys/Cost Center"),
        )
    ),
    bad_raw(
        "a tag's key of 300 characters",
        "condition-key-too-long",
        f"StringEquals.{TAG}{'x' * 283}",
        "x",
    ),
    *(
        Bad(
            what,
            "control-character",
            {AUDIT: {"raw": {"StringEquals": {key: value}}}},
            path=f"{AUDIT}.raw.StringEquals.{shown}",
        )
        for what, key, value, shown in (
            ("a value alone with a line end", f"{TAG}team", "a\nb", f"{TAG}team"),
            ("a value alone that is invisible", f"{TAG}team", "\u200b", f"{TAG}team"),
            (
                "a tag's key with a blank letter",
                f"{TAG}Cost\u3164Center",
                "x",
                f"{TAG}Cost\\u3164Center",
            ),
        )
    ),
    Bad(
        "a tag's key with a tab",
        "invalid-condition-key",
        {AUDIT: {"raw": {"StringEquals": {f"{TAG}Cost\tCenter": "x"}}}},
        path=f"{AUDIT}.raw.StringEquals.{TAG}Cost\\tCenter",
    ),
    *(
        Bad(
            f"{what} for a value",
            code,
            {AUDIT: {"raw": {"StringEquals": {"aws:x": value}}}},
            path=f"{AUDIT}.raw.StringEquals.aws:x",
        )
        for what, code, value in (
            ("nothing", "invalid-raw-values", []),
            ("null", "invalid-raw-values", None),
            ("an object", "invalid-raw-values", {"aws:y": "x"}),
            ("a fraction", "invalid-raw-values", 0.5),
            ("what is no number", "invalid-raw-values", math.nan),
            ("an infinite number", "invalid-raw-values", -math.inf),
            ("a number that floats can't hold", "invalid-raw-values", 2**53),
            ("a float that isn't exact", "invalid-raw-values", 1e300),
            ("a number of 5,000 digits", "invalid-raw-values", 10**5000),
            ("a date", "invalid-raw-values", date(2026, 12, 31)),
        )
    ),
    *(
        Bad(
            f"{what} in a list of values",
            "invalid-raw-values",
            {AUDIT: {"raw": {"Bool": {"aws:x": [True, value]}}}},
            path=f"{AUDIT}.raw.Bool.aws:x[1]",
        )
        for what, value in (("null", None), ("a list", ["true"]), ("a fraction", -0.25))
    ),
    bad_raw("a number for Bool", "value-not-of-operator", "Bool.aws:SecureTransport", 1),
    bad_raw("a truth for a number", "value-not-of-operator", "NumericEquals.aws:x", True),
    bad_raw("text alone for a number", "value-not-of-operator", "NumericLessThan.aws:x", "1h"),
    bad_raw(
        "an account whose zero got lost",
        "invalid-account-id",
        "StringNotEquals.aws:PrincipalAccount",
        12345678901,
    ),
    bad_raw(
        "MFA alone that must be absent",
        "mfa-met-by-absent-key",
        "Null.aws:MultiFactorAuthPresent",
        True,
    ),
    bad_raw(
        "MFA by StringEqualsIfExists",
        "mfa-met-by-absent-key",
        "StringEqualsIfExists.aws:multifactorauthpresent",
        ["true"],
    ),
    bad_raw(
        "MFA by NumericLessThanIfExists",
        "mfa-met-by-absent-key",
        "NumericLessThanIfExists.aws:MultiFactorAuthAge",
        ["true"],
    ),
    bad_raw(
        "MFA by ForAllValues:Bool",
        "mfa-met-by-absent-key",
        "ForAllValues:Bool.aws:MultiFactorAuthPresent",
        ["true"],
    ),
    bad_raw(
        "MFA by StringNotEquals",
        "mfa-met-by-absent-key",
        "StringNotEquals.aws:MultiFactorAuthPresent",
        ["true"],
    ),
    repeated_raw("MFA twice, once raw", "Bool.aws:MultiFactorAuthPresent", mfa=True),
    bad_raw(
        "an external ID twice, once raw",
        "repeated-condition-key",
        "StringEquals.sts:externalid",
        ["x1"],
    ),
    repeated_raw("addresses twice, once raw", "IpAddress.aws:SourceIp", sourceIps=["203.0.113.7"]),
    repeated_raw(
        "a window twice, once raw", "DateLessThan.aws:CurrentTime", notAfter="2026-02-01T00:00:00Z"
    ),
    repeated_raw(
        "session names twice, once raw", "StringLike.sts:RoleSessionName", sessionNames=["ci-*"]
    ),
    repeated_raw(
        "principal tags with a space twice, once raw",
        f"StringEquals.{TAG}cost CENTER",
        principalTags={"Cost Center": ["a"]},
    ),
    Bad(
        "a tag's key twice, ignoring the case of any letter",
        "repeated-condition-key",
        {AUDIT: {"raw": {"StringLike": {f"{TAG}GRÖẞE": "a", f"{TAG.lower()}größe": ["b"]}}}},
        path=f"{AUDIT}.raw.StringLike.{TAG.lower()}größe",
    ),
    repeated_raw(
        "session tags twice, once raw",
        "StringEquals.aws:RequestTag/team",
        sessionTags={"team": ["a"]},
    ),
    Bad(
        "a raw key twice, ignoring case",
        "repeated-condition-key",
        {AUDIT: {"raw": {"StringEquals": {"AWS:UserAgent": ["a"], "aws:UserAgent": ["b"]}}}},
        path=f"{AUDIT}.raw.StringEquals.aws:UserAgent",
    ),
]
