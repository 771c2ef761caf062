"""AWS's documented answers to conditions; test_policy_elements.py has the other elements.

One table, grouped by page. Every row is the one condition of a trust policy that otherwise lets the
caller in, the user alice: whether it holds is whether she may assume the role.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from cross_account_access.iam.evaluator import Caller, Decision, Policy, Request, decide

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ROLE = "arn:aws:iam::222222222222:role/deploy"
ALICE_ARN = "arn:aws:iam::111111111111:user/people/alice"
CI_ROLE = "arn:aws:iam::111111111111:role/team/ci"
SESSION = "arn:aws:sts::111111111111:assumed-role/ci/build-7"
MAY = Policy(
    "inline policy p",
    {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}},
)
ALICE = Caller(ALICE_ARN, "AIDAALICE", ALICE_ARN, (MAY,))
CI = Caller(SESSION, "AROACI:build-7", CI_ROLE, (MAY,))
SSO = "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_RO_" + "?" * 16
SSO_ROLE = SSO.replace("com*", "com/eu-west-1").replace("?" * 16, "0123456789abcdef")
SSO_RO = replace(CI, principal_arn=SSO_ROLE)
SSO_RO_MORE = replace(CI, principal_arn=SSO_ROLE.replace("_RO_", "_RO_MORE_"))


class Row(NamedTuple):
    fact: str
    holds: bool
    operator: str
    key: str
    required: Any
    actual: str | tuple[str, ...] | None = None
    """the key's value in the request; None leaves what follows from the caller, or nothing"""
    caller: Caller = ALICE


NAME, WHO, KEYS = "sts:RoleSessionName", "aws:PrincipalArn", "aws:TagKeys"
ID, MFA, AGE = "sts:ExternalId", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
NOW, EPOCH, IP, LEN = "aws:CurrentTime", "aws:EpochTime", "aws:SourceIp", "sts:DurationSeconds"
TEAM, VPC, VPCE, ORG = (
    "aws:RequestTag/team",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:PrincipalOrgID",
)
COST = "aws:PrincipalTag/Cost Center"
OFFICE = ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]
NEW_YEAR = "2026-01-01T00:00:00Z"
# The page's own example of an ARN that a string operator matches and an ARN operator doesn't.
LIKE = "arn:aws:someservice:*:111122223333:finance/*"
UNLIKE = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
ISSUED = "aws:TokenIssueTime"
TABLE: dict[str, list[Row]] = {
    "id_roles_use_revoke-sessions.html": [
        Row("a session of before", True, "DateLessThan", ISSUED, NEW_YEAR, "2025-12-31T23:59:59Z"),
        Row("a session of that second", False, "DateLessThan", ISSUED, NEW_YEAR, NEW_YEAR),
    ],
    "id_roles_common-scenarios_third-party.html": [
        Row("the external ID that is required", True, "StringEquals", ID, "shared-1", "shared-1"),
        Row("no external ID", False, "StringEquals", ID, "shared-1"),
        Row("a wrong external ID", False, "StringEquals", ID, "shared-1", "shared-2"),
        Row("an external ID in other case", False, "StringEquals", ID, "shared-1", "SHARED-1"),
        Row("while one is rotated", True, "StringEquals", ID, ["shared-2", "shared-1"], "shared-1"),
    ],
    "id_credentials_mfa_configure-api-require.html": [
        Row("MFA", True, "Bool", MFA, "true", "true"),
        Row("MFA, with long-term access keys", False, "Bool", MFA, "true"),
        Row("MFA, in a session without it", False, "Bool", MFA, "true", "false"),
        Row("MFA a minute ago", True, "NumericLessThan", AGE, "3600", "60"),
        Row("MFA too long ago", False, "NumericLessThan", AGE, "3600", "3600"),
        Row("the age of no MFA", False, "NumericLessThan", AGE, "3600"),
        Row("BoolIfExists lets long-term access keys in", True, "BoolIfExists", MFA, "true"),
        Row("BoolIfExists of a session without it", False, "BoolIfExists", MFA, "true", "false"),
    ],
    "reference_policies_condition-keys.html": [
        Row("aws:username is without its path", True, "StringEquals", "aws:username", "alice"),
        Row("a session has no aws:username", False, "StringLike", "aws:username", "*", None, CI),
        Row("aws:PrincipalAccount", True, "StringEquals", "aws:PrincipalAccount", "111111111111"),
        Row("aws:ResourceAccount", True, "StringEquals", "aws:ResourceAccount", "222222222222"),
        Row("is the role's", False, "StringEquals", "aws:ResourceAccount", "111111111111"),
        Row("aws:userid of a user", True, "StringEquals", "aws:userid", "AIDAALICE"),
        Row("aws:userid of a session", True, "StringLike", "aws:userid", "AROACI:*", None, CI),
        Row("aws:PrincipalType of a user", True, "StringEquals", "aws:PrincipalType", "User"),
        Row(
            "that of a session", True, "StringEquals", "aws:PrincipalType", "AssumedRole", None, CI
        ),
        Row("aws:PrincipalArn is the role's", True, "ArnEquals", WHO, CI_ROLE, None, CI),
        Row("aws:PrincipalArn isn't the session's", False, "ArnEquals", WHO, SESSION, None, CI),
        Row("what the request says goes first", True, "StringEquals", "aws:UserName", "eve", "eve"),
        Row("an organization", True, "StringEquals", ORG, "o-1", "o-1"),
        Row("outside an organization", False, "StringEquals", ORG, "o-1"),
        Row("an endpoint", True, "StringEquals", VPCE, "vpce-1", "vpce-1"),
        Row("a VPC, not through an endpoint", False, "StringEquals", VPC, "vpc-1"),
        Row("a principal's tag", True, "StringEquals", "aws:PrincipalTag/team", "blue", "blue"),
        Row("another value of it", False, "StringEquals", "aws:PrincipalTag/team", "blue", "red"),
        Row(
            "an organizational unit",
            True,
            "ForAnyValue:StringLike",
            "aws:PrincipalOrgPaths",
            "o-1/*",
            ("o-1/r-1/",),
        ),
        Row(
            "a source identity set before",
            True,
            "StringEquals",
            "aws:SourceIdentity",
            "alice",
            "alice",
        ),
    ],
    # Which says that Cost Center is a common key.
    "../APIReference/API_Tag.html": [
        Row("a tag's key with a space", True, "StringEquals", COST, "7", "7"),
        Row("another value of such a key", False, "StringEquals", COST, "7", "8"),
        Row("no tag of such a key", False, "StringLike", COST, "*"),
        Row("a key beyond ASCII", True, "StringEquals", "aws:RequestTag/Größe =+-@", "7", "7"),
    ],
    "reference_policies_iam-condition-keys.html": [
        Row("a session's name", True, "StringLike", NAME, "alice-*", "alice-1"),
        Row("another's name", False, "StringLike", NAME, "alice-*", "bob-1"),
        Row("a source identity", True, "StringLike", "sts:SourceIdentity", "al*", "alice"),
        Row("no source identity", False, "StringLike", "sts:SourceIdentity", "*"),
    ],
    "id_session-tags.html": [
        Row("a tag's value", True, "StringEquals", TEAM, "blue", "blue"),
        Row("another value", False, "StringEquals", TEAM, "blue", "red"),
        Row("no such tag", False, "StringLike", TEAM, "*"),
        Row(
            "a tag's key in other case", True, "StringEquals", "aws:requesttag/Team", "blue", "blue"
        ),
        Row(
            "transitive",
            True,
            "ForAllValues:StringEquals",
            "sts:TransitiveTagKeys",
            ["a", "b"],
            ("a",),
        ),
        Row("nothing transitive", True, "ForAllValues:StringEquals", "sts:TransitiveTagKeys", "a"),
        Row("something transitive is required", False, "Null", "sts:TransitiveTagKeys", "false"),
    ],
    "reference_policies_elements_condition_operators.html": [
        Row("StringEquals knows no wildcard", False, "StringEquals", NAME, "a*", "alice"),
        Row("StringEqualsIgnoreCase", True, "StringEqualsIgnoreCase", NAME, "ALICE", "alice"),
        Row(
            "StringNotEqualsIgnoreCase", False, "StringNotEqualsIgnoreCase", NAME, "ALICE", "alice"
        ),
        Row("StringNotEquals of another", True, "StringNotEquals", NAME, "bob", "alice"),
        Row("StringNotEquals of the same", False, "StringNotEquals", NAME, "alice", "alice"),
        Row("StringNotEquals of nothing", True, "StringNotEquals", VPC, "vpc-1"),
        Row("StringLike minds the case", False, "StringLike", NAME, "AL*", "alice"),
        Row("StringLike of one character", True, "StringLike", NAME, "alic?", "alice"),
        Row("StringLike of a bracket", False, "StringLike", NAME, "[a]lice", "alice"),
        Row("StringNotLike", False, "StringNotLike", NAME, "al*", "alice"),
        Row("NumericEquals", True, "NumericEquals", LEN, "900.0", "900"),
        Row("NumericNotEquals", False, "NumericNotEquals", LEN, "900", "900"),
        Row("a number as JSON has it", True, "NumericLessThanEquals", LEN, 3600, "3600"),
        Row("numbers aren't compared as text", True, "NumericGreaterThan", LEN, "900", "3600"),
        Row("NumericGreaterThanEquals", True, "NumericGreaterThanEquals", LEN, "900", "900"),
        Row("NumericGreaterThan of the same", False, "NumericGreaterThan", LEN, "900", "900"),
        Row("before a date", True, "DateLessThan", NOW, NEW_YEAR, "2025-12-31T23:59:59Z"),
        Row("a date isn't before itself", False, "DateLessThan", NOW, NEW_YEAR, NEW_YEAR),
        Row("DateLessThanEquals", True, "DateLessThanEquals", NOW, NEW_YEAR, NEW_YEAR),
        Row("DateGreaterThan", True, "DateGreaterThan", NOW, NEW_YEAR, "2026-01-01T00:00:00.5Z"),
        Row("DateGreaterThanEquals", False, "DateGreaterThanEquals", NOW, NEW_YEAR, "2025-12-31"),
        Row("a date in another zone", True, "DateEquals", NOW, "2026-01-01T01:00+01:00", NEW_YEAR),
        Row("DateNotEquals", False, "DateNotEquals", NOW, "2026-01-01", NEW_YEAR),
        Row("a year's beginning", True, "DateEquals", NOW, "2026", NEW_YEAR),
        Row("epoch time against a date", True, "DateGreaterThan", EPOCH, NEW_YEAR, "1767225601"),
        Row("a date against epoch time", True, "DateEquals", NOW, "1767225600", NEW_YEAR),
        Row("Bool, whatever the case", True, "Bool", "aws:SecureTransport", "True", "true"),
        Row("a boolean as JSON has it", True, "Bool", "aws:SecureTransport", True, "true"),
        Row("what is no boolean", False, "Bool", "x:key", "yes", "yes"),
        Row("a JSON boolean is the text of it", True, "StringEquals", "x:key", True, "true"),
        Row("BinaryEquals", True, "BinaryEquals", "x:key", "QmluYXJ5", "QmluYXJ5"),
        Row("BinaryEquals of others", False, "BinaryEquals", "x:key", "QmluYXJ5", "YmluYXJ5"),
        Row("an address in a range", True, "IpAddress", IP, OFFICE, "203.0.113.9"),
        Row("an address outside", False, "IpAddress", IP, OFFICE, "203.0.114.9"),
        Row("an IPv6 address in a range", True, "IpAddress", IP, OFFICE, "2001:db8:1234:5678::1"),
        Row("no address, through an endpoint", False, "IpAddress", IP, OFFICE),
        Row(
            "a range named by one of its own",
            True,
            "IpAddress",
            IP,
            "203.0.113.77/24",
            "203.0.113.9",
        ),
        Row("a single address", True, "IpAddress", IP, "203.0.113.9", "203.0.113.9"),
        Row("beside a single address", False, "IpAddress", IP, "203.0.113.9", "203.0.113.8"),
        Row("an address with a zone", False, "IpAddress", IP, "2001:db8::1%1", "2001:db8::1%1"),
        Row("NotIpAddress, inside", False, "NotIpAddress", IP, OFFICE, "203.0.113.9"),
        Row("NotIpAddress of nothing", True, "NotIpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
        Row("ArnLike keeps to the fields", False, "ArnLike", "x:arn", LIKE, UNLIKE),
        Row("StringLike doesn't", True, "StringLike", "x:arn", LIKE, UNLIKE),
        Row("ArnLike finds a name at any path", True, "ArnLike", WHO, "arn:aws:iam::1*:*/alice"),
        Row("ArnLike wants all of the name", False, "ArnLike", WHO, "arn:aws:iam::1*:*/lice"),
        Row("ArnLike takes case exactly", False, "ArnLike", WHO, "arn:aws:iam::1*:*/Alice"),
        Row("ArnLike runs over slashes", True, "ArnLike", WHO, "arn:aws:iam::1*:user/*"),
        Row(
            "ArnEquals knows wildcards too",
            True,
            "ArnEquals",
            WHO,
            "arn:aws:iam::*:user/people/a????",
        ),
        Row("an ARN short of fields", False, "ArnLike", WHO, "arn:aws:iam::*"),
        Row("ArnNotLike", False, "ArnNotLike", WHO, "arn:aws:iam::*:user/people/*"),
        Row("ArnNotEquals", True, "ArnNotEquals", WHO, CI_ROLE),
        Row("what is no ARN", False, "ArnEquals", NAME, "alice", "alice"),
        Row("ArnNotLike of no ARN", False, "ArnNotLike", NAME, "arn:aws:iam::1:user/x", "alice"),
        Row("ArnNotEquals of no ARN", False, "ArnNotEquals", NAME, WHO, "arn:aws:iam::1"),
        Row("negated, of five colons alone", False, "ArnNotEquals", NAME, WHO, "a:b:c:d:e:f"),
        Row("ArnNotLike of nothing", True, "ArnNotLike", "aws:SourceArn", "arn:aws:iam::1:*"),
        Row("its IfExists, of no ARN", False, "ArnNotLikeIfExists", NAME, WHO, "alice"),
        Row("one of no ARNs", False, "ForAnyValue:ArnNotLike", KEYS, ALICE_ARN, ("a", "b")),
        Row("one ARN of others", True, "ForAnyValue:ArnNotLike", KEYS, CI_ROLE, ("a", ALICE_ARN)),
        Row("not all are ARNs", False, "ForAllValues:ArnNotEquals", KEYS, CI_ROLE, ("a", SESSION)),
        Row("a permission set's role", True, "ArnLike", WHO, SSO, None, SSO_RO),
        Row("one whose name goes on", False, "ArnLike", WHO, SSO, None, SSO_RO_MORE),
        Row("IfExists of nothing", True, "StringEqualsIfExists", VPC, "vpc-1"),
        Row("IfExists of another", False, "StringEqualsIfExists", VPC, "vpc-1", "vpc-2"),
        Row("a negated IfExists of nothing", True, "StringNotEqualsIfExists", VPC, "vpc-1"),
        Row("Null of nothing", True, "Null", "aws:TokenIssueTime", "true"),
        Row("Null of something", False, "Null", "aws:TokenIssueTime", "true", NEW_YEAR),
        Row("not Null of something", True, "Null", "aws:TokenIssueTime", "false", NEW_YEAR),
        Row("not Null of nothing", False, "Null", "aws:TokenIssueTime", False),
    ],
    "reference_policies_condition-logic-multiple-context-keys-or-values.html": [
        Row("one of several values", True, "StringEquals", "aws:username", ["bob", "alice"]),
        Row("none of several values", False, "StringEquals", "aws:username", ["bob", "carol"]),
        Row("negated, one of them", False, "StringNotEquals", "aws:username", ["bob", "alice"]),
        Row("negated, none of them", True, "StringNotEquals", "aws:username", ["bob", "carol"]),
    ],
    "reference_policies_variables.html": [
        Row("named as the user", True, "StringEquals", NAME, "${aws:username}", "alice"),
        Row("named as another", False, "StringEquals", NAME, "${aws:username}", "bob"),
        Row("in part", True, "StringLike", NAME, "${aws:username}-*", "alice-1"),
        Row("a session has no user name", False, "StringLike", NAME, "*${aws:username}*", "x", CI),
        Row("beside a value without variables", True, "StringLike", NAME, ["${x:y}", "x"], "x", CI),
        Row("a variable in other case", True, "StringEquals", NAME, "${AWS:UserName}", "alice"),
        Row(
            "negated, against no value", True, "StringNotEquals", NAME, "${aws:PrincipalTag/x}", "a"
        ),
        Row(
            "in an ARN",
            True,
            "ArnLike",
            WHO,
            "arn:aws:iam::${aws:PrincipalAccount}:user/*/${aws:username}",
        ),
        Row("a boolean", True, "Bool", MFA, "${aws:SecureTransport, 'true'}", "true"),
        Row("a number takes none", False, "NumericEquals", LEN, "${x:y, '900'}", "900"),
        Row(
            "a default", True, "StringEquals", NAME, "${aws:PrincipalTag/team, 'common'}", "common"
        ),
        Row(
            "no need of a default",
            False,
            "StringEquals",
            NAME,
            "${aws:username, 'common'}",
            "common",
        ),
        Row("${*} is an asterisk", False, "StringLike", NAME, "a${*}", "alice"),
        Row("${*}, ${?} and ${$}", True, "StringLike", "x:key", "a${*}b${?}c${$}", "a*b?c$"),
        Row(
            "what is no variable is text",
            True,
            "StringEquals",
            "x:key",
            "${aws:username",
            "${aws:username",
        ),
    ],
}
ROWS = [pytest.param(page, row, id=row.fact) for page, rows in TABLE.items() for row in rows]


def ask(
    condition: dict[str, Any], context: Any, *, caller: Caller = ALICE, version: str = "2012-10-17"
) -> Decision:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "111111111111"},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    trust = Policy("trust policy", {"Version": version, "Statement": [statement]})
    return decide(caller, Request("sts:AssumeRole", ROLE, context), trust)


@pytest.mark.parametrize(("page", "row"), ROWS)
def test_aws_documented_condition(page: str, row: Row) -> None:
    check_row(page, row)


def check_row(page: str, row: Row) -> None:
    context = {} if row.actual is None else {row.key: row.actual}
    decision = ask({row.operator: {row.key: row.required}}, context, caller=row.caller)
    assert decision.allowed is row.holds, f"{decision.reason}; see {GUIDE}{page}"
    assert decision.half == (None if row.holds else "destination")


# What needs more than one condition, or another key than its own.
MET, UNMET = {"StringEquals": {"aws:username": "alice"}}, {"Bool": {MFA: "true"}}


@pytest.mark.parametrize("order", [1, -1])
def test_all_operators_must_hold(order: int) -> None:
    assert not ask(dict([*MET.items(), *UNMET.items()][::order]), {}).allowed
    assert ask(dict([*MET.items(), *UNMET.items()][::order]), {MFA: "true"}).allowed


def test_all_keys_of_an_operator_must_hold() -> None:
    both = {"StringEquals": {"aws:username": "alice", NAME: "x"}}
    assert not ask(both, {}).allowed
    assert ask(both, {NAME: "x"}).allowed


@pytest.mark.parametrize("condition", [{}, {"x": {}}, {"x": {}, "StringEquals": {}}, {"Null": {}}])
def test_no_condition_holds(condition: dict[str, Any]) -> None:
    assert ask(condition, {}).allowed


def test_for_all_values_with_a_null_check_needs_a_value() -> None:
    condition = {"ForAllValues:StringEquals": {KEYS: "a"}, "Null": {KEYS: "false"}}
    assert not ask(condition, {}).allowed
    assert ask(condition, {KEYS: ("a",)}).allowed


def test_only_the_2012_version_has_variables() -> None:
    own_name = {"StringEquals": {NAME: "${aws:username}"}}
    assert not ask(own_name, {NAME: "alice"}, version="2008-10-17").allowed
    assert ask(own_name, {NAME: "${aws:username}"}, version="2008-10-17").allowed


@pytest.mark.parametrize("required", ["${aws:PrincipalTag/x}", "${aws:PrincipalTag/X}*"])
def test_a_wildcard_in_a_variables_value_is_plain(required: str) -> None:
    assert not ask(
        {"StringLike": {NAME: required}}, {NAME: "abc", "aws:PrincipalTag/x": "a*"}
    ).allowed
    assert ask({"StringLike": {NAME: required}}, {NAME: "a*", "aws:PrincipalTag/x": "a*"}).allowed


def test_a_multivalued_key_is_no_variable() -> None:
    assert not ask({"StringEquals": {NAME: "${aws:TagKeys}"}}, {NAME: "a", KEYS: ("a",)}).allowed
