"""Conditions in words: what each requires, in both lengths, and why it isn't met."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from cross_account_access.errors import escape_invisible
from cross_account_access.iam.condition_words import describe_conditions, describe_unmet
from cross_account_access.iam.operators import find_unmet_conditions
from cross_account_access.text_format import format_duration, split_pair, write_pair

MFA, AGE, ID = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "sts:ExternalId"
TAGS, TRANSITIVE = "aws:TagKeys", "sts:TransitiveTagKeys"
VPC, VPCE = "vpc-0a1b2c3d4e5f67890", "vpce-0a1b2c3d4e5f67890"
NOW = "aws:CurrentTime"
TIMES = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]
AT = "the call must be made "
# Each sentence has its short form after the bar.
REQUIRED: dict[str, dict[str, dict[str, Any]]] = {
    "the caller must have |signed in with MFA": {"Bool": {MFA: "true"}},
    "the caller must have |signed in with MFA less than 1 h 30 min ago": {
        "NumericLessThan": {AGE: "5400"}
    },
    "the caller must have |signed in with MFA less than 12 h ago": {
        "Bool": {MFA: "true"},
        "NumericLessThan": {AGE: 43200},
    },
    "the call must include |an external ID": {"StringEquals": {ID: ["secret-1"]}},
    "the call must include |one of 2 external IDs": {
        "StringEquals": {ID: ["secret-1", "secret-2"]}
    },
    "the call must come |from 2001:db8::/48 or 203.0.113.0/24": {
        "IpAddress": {"aws:SourceIp": ["2001:db8::/48", "203.0.113.0/24"]}
    },
    f"the call must come |from VPC {VPC}": {"StringEquals": {"aws:SourceVpc": VPC}},
    f"the call must come |through VPC endpoint {VPCE}": {"StringEquals": {"aws:SourceVpce": VPCE}},
    "the caller's account must be |in organization o-1": {
        "StringEquals": {"aws:PrincipalOrgID": ["o-1"]}
    },
    "the caller's account must be |in organizational unit o-1/*": {
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/*"]}
    },
    "the call must set the |session name a-*, b or ${aws:username}": {
        "StringLike": {"STS:roleSessionName": ["a-*", "b", "${aws:username}"]}
    },
    "the call must set the |source identity *@example.com": {
        "StringLike": {"sts:SourceIdentity": "*@example.com"}
    },
    "the call must pass the |session tag team = data or platform": {
        "StringEquals": {"aws:RequestTag/team": ["data", "platform"]}
    },
    "the call must pass the |session tag team = app-* or data": {
        "StringLike": {"aws:RequestTag/team": ["app-*", "data"]}
    },
    "the call must pass |no identity context except that of arn:*:iam::aws:contextProvider/x": {
        "ForAllValues:ArnEquals": {
            "sts:RequestContextProviders": "arn:*:iam::aws:contextProvider/x"
        }
    },
    "the call must pass |no session tags except team": {
        "ForAllValues:StringEquals": {TAGS: ["team"]}
    },
    "the call must set |no transitive tags except team": {
        "ForAllValues:StringEquals": {TRANSITIVE: ["team"]},
        "Null": {TRANSITIVE: "false"},
    },
    "the caller must have the |principal tag team = platform": {
        "StringEquals": {"aws:PrincipalTag/team": "platform"}
    },
    "the caller must have the |principal tag Cost Center = 7 or eight, 9": {
        "StringLike": {"aws:PrincipalTag/Cost Center": ["7", "eight, 9"]}
    },
    "the call must pass the |session tag a=b / c = x": {
        "StringEquals": {"aws:RequestTag/a=b / c": "x"}
    },
    "|iam:ResourceTag/Cost Center must be 7": {"StringEquals": {"iam:ResourceTag/Cost Center": 7}},
    f"{AT}|on or after {TIMES[0]}": {"DateGreaterThanEquals": {NOW: TIMES[0]}},
    f"{AT}|before {TIMES[1]}": {"DateLessThan": {NOW: TIMES[1]}},
    "the caller must match |principal ARN arn:x": {"ArnLike": {"aws:PrincipalArn": "arn:x"}},
    # Without words of their own.
    "|aws:UserAgent must not match *curl*": {"StringNotLike": {"aws:UserAgent": ["*curl*"]}},
    "|aws:RequestedRegion must be eu-west-1 (if present)": {
        "StringEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}
    },
    "|aws:SourceIp must not be present": {"Null": {"aws:SourceIp": "true"}},
    "|aws:EpochTime must be greater than 1": {"NumericGreaterThan": {"aws:EpochTime": 1}},
    "|every value of aws:Keys must be a": {"ForAllValues:StringEquals": {"aws:Keys": "a"}},
    "|aws:SecureTransport must be false": {"Bool": {"aws:SecureTransport": False}},
    "|aws:A must be \\x1b": {"StringEquals": {"aws:A": "\x1b"}},
    # A list may be empty: no value satisfies it.
    "|aws:A must be one of no values": {"StringEquals": {"aws:A": []}},
    "|aws:A must not match one of no values": {"StringNotLike": {"aws:A": []}},
    "the call must come |from one of no values": {"IpAddress": {"aws:SourceIp": []}},
    "the caller must have |signed in with MFA less than one of no values ago": {
        "NumericLessThan": {AGE: []}
    },
}


@pytest.mark.parametrize("sentence", REQUIRED)
def test_a_requirement_has_words(sentence: str) -> None:
    (requirement,) = describe_conditions(REQUIRED[sentence])
    assert f"{requirement.lead}|{requirement.short}" == sentence
    assert requirement.full == sentence.replace("|", "")


def test_keys_and_values_are_quoted_on_request() -> None:
    conditions: dict[str, dict[str, Any]] = {
        "IpAddress": {"aws:SourceIp": ["a", "b"]},
        "StringEquals": {"aws:A": "c"},
    }
    described = describe_conditions(conditions, "<{}>".format)
    assert [one.full for one in described] == [
        "<aws:A> must be <c>",
        "the call must come from <a> or <b>",
    ]


@pytest.mark.parametrize("key", [ID, "STS:externalid"])
@pytest.mark.parametrize(
    ("operator", "value", "short"),
    [
        ("StringLike", "secret-1*", "an external ID"),
        ("StringEqualsIfExists", "secret-1", "an external ID (if present)"),
        ("StringNotEquals", "secret-1", "{} must not be (not shown)"),
        ("ForAnyValue:StringEquals", "secret-1", "at least one value of {} must be (not shown)"),
        ("Null", "true", "{} must not be present"),
        ("Null", "false", "an external ID"),
    ],
)
def test_no_operator_shows_an_external_id(operator: str, value: str, short: str, key: str) -> None:
    (requirement,) = describe_conditions({operator: {key: [value]}})
    assert requirement.short == short.format(key)


UNMET: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    f"{MFA} must be false, but it is true ({MFA})": ({"Bool": {MFA: "false"}}, {MFA: "true"}),
    f"the caller must have signed in with MFA, but did not ({MFA})": ({"Null": {MFA: "false"}}, {}),
    # Two keys with one meaning.
    f"the caller must have signed in with MFA, but did not ({MFA}, {AGE})": (
        {"Bool": {MFA: "true"}, "NumericLessThan": {AGE: "60"}},
        {},
    ),
    f"the caller must have signed in with MFA less than 1 min ago, but that was 2 h ago ({AGE})": (
        {"NumericLessThan": {AGE: "60"}},
        {AGE: "7200"},
    ),
    f"{MFA} must not be present, but it is true ({MFA})": ({"Null": {MFA: "true"}}, {MFA: "true"}),
    "aws:SourceIp must be present, but it is absent (aws:SourceIp)": (
        {"Null": {"aws:SourceIp": "false"}},
        {},
    ),
    f"the call must include an external ID, but none was given ({ID})": (
        {"Null": {ID: "false"}},
        {},
    ),
    f"the call must include an external ID, but another one was given ({ID})": (
        {"StringEquals": {ID: "secret-1"}},
        {ID: "secret-2"},
    ),
    f"{ID} must not be present, but it is (not shown) ({ID})": (
        {"Null": {ID: "true"}},
        {ID: "secret-1"},
    ),
    f"{ID} must not be (not shown), but it is (not shown) ({ID})": (
        {"StringNotEquals": {ID: "secret-1"}},
        {ID: "secret-1"},
    ),
    "aws:SourceIp must not be in 192.0.2.0/24, but it is 192.0.2.1 (aws:SourceIp)": (
        {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"aws:SourceIp": "192.0.2.1"},
    ),
    f"{TAGS} must be team, but it is team ({TAGS})": (
        {"StringEquals": {TAGS: "team"}},
        {TAGS: ("team",)},
    ),
    f"the call must pass no session tags except team, but it passes admin ({TAGS})": (
        {"ForAllValues:StringEquals": {TAGS: ["team"]}},
        {TAGS: ("team", "admin")},
    ),
    "aws:Other must be a or b, but it is absent (aws:Other)": (
        {"StringEquals": {"aws:Other": ["a", "b"]}},
        {},
    ),
    "the call must set the session name a*, but the value is b (STS:roleSessionName)": (
        {"StringLike": {"STS:roleSessionName": "a*"}},
        {"sts:rolesessionname": "b"},
    ),
}


@pytest.mark.parametrize("text", UNMET)
def test_an_unmet_condition_has_words_and_a_remedy(text: str) -> None:
    condition, context = UNMET[text]
    given = {key.lower(): value for key, value in context.items()}
    unmet = describe_unmet(find_unmet_conditions(condition, given, given), user=True)
    assert unmet.plain == text
    assert unmet.remedies
    assert "secret" not in " ".join(unmet.remedies)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("aws:RequestTag/team", ["--tags Key=team,Value=… of", "--session-tag team=…."]),
        (
            "aws:RequestTag/Cost Center",
            ["--tags 'Key=Cost Center,Value=…' of", "--session-tag 'Cost Center=…'."],
        ),
        ("aws:RequestTag/a=b", ["--tags Key=a=b,Value=… of", "--session-tag 'a\\=b=…'."]),
        ("aws:PrincipalTag/Cost Center", ["--principal-tag 'Cost Center=…'."]),
        ("aws:PrincipalTag/Größe", ["--principal-tag 'Größe=…'."]),
        ("iam:ResourceTag/Cost Center", ["--context 'iam:ResourceTag/Cost Center=…'."]),
        ("aws:UserAgent", ["--context aws:UserAgent=…."]),
    ],
)
def test_a_remedy_has_the_key_as_a_shell_reads_it(key: str, words: list[str]) -> None:
    unmet = describe_unmet(find_unmet_conditions({"StringEquals": {key: "x"}}, {}, {}), user=True)
    (remedy,) = unmet.remedies
    assert all(word in remedy for word in words), remedy


@pytest.mark.parametrize("key", ["team", "Cost Center", "a=b", "=", "it's", "$(x) `y`"])
def test_the_word_of_a_remedy_is_read_as_its_key(key: str) -> None:
    (word,) = shlex.split(write_pair(key))
    assert split_pair(word.replace("…", "v=w")) == (key, "v=w")


@pytest.mark.parametrize("text", ["", "=", "=x", "a", "a\\=b"])
def test_what_is_no_pair_is_not_split(text: str) -> None:
    assert split_pair(text) is None


def test_a_role_session_is_not_told_to_sign_in() -> None:
    unmet = describe_unmet(find_unmet_conditions({"Bool": {MFA: "true"}}, {}, {}), user=False)
    assert "role session" in unmet.plain
    assert not any("Sign in" in remedy for remedy in unmet.remedies)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (61, "1 min 1 s"), (3600, "1 h"), (5400, "1 h 30 min")]
)
def test_a_duration_reads_in_units(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text


def test_invisible_characters_are_escaped() -> None:
    text = "a\x1b[2J\u202eb\nc\u200bé漢\x00"
    assert escape_invisible(text) == "a\\x1b[2J\\u202eb\\nc\\u200bé漢\\x00"
