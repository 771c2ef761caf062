"""IAM's lengths and characters, as the service models of IAM and STS have them."""

from __future__ import annotations

import math
import string
import unicodedata
from typing import TYPE_CHECKING

import pytest

from cross_account_access.config import connection
from cross_account_access.errors import Refusal
from cross_account_access.iam import limits
from tests.unit.reading import QUOTES, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = set(string.ascii_letters + string.digits + "_")
NAME = WORDS | set("+=,.@-")
PRINTABLE = {chr(code) for code in range(0x21, 0x7F)}
DESCRIPTION = set("\t\n\r ") | PRINTABLE | {chr(code) for code in range(0xA1, 0x100)}

# What, its check, the least and the greatest length, its characters.
TEXTS: list[tuple[str, Callable[[object], str], int, int, set[str]]] = [
    ("role name", limits.ROLE_NAME, 1, 64, NAME),
    ("user name", limits.USER_NAME, 1, 64, NAME),
    ("policy name", limits.POLICY_NAME, 1, 128, NAME),
    ("label", limits.LABEL, 1, 128, NAME),
    ("role label", limits.ROLE_LABEL, 1, 129, NAME),
    ("role description", limits.DESCRIPTION, 0, 1000, DESCRIPTION),
    ("external ID", limits.EXTERNAL_ID, 2, 1224, NAME | set(":/")),
    ("session name", limits.SESSION_NAME, 2, 64, NAME),
    ("MFA serial of hardware", limits.MFA_SERIAL, 9, 256, NAME | {"/"}),
    ("account ID", limits.check_account_id, 12, 12, set(string.digits)),
    ("unique ID", limits.UNIQUE_ID, 16, 128, set(string.ascii_uppercase + string.digits)),
    ("access key ID", connection.ACCESS_KEY, 12, 128, WORDS),
]
# ASCII, Latin-1 and some of what Unicode calls a letter, a digit, a space or an end of line.
CHARACTERS = [
    *map(chr, range(0x180)),
    *"\u2010–…\uff21\uff11\u0663ªΩж中\u2028\u3000\u200b\U0001f511",
]

texts = pytest.mark.parametrize(
    ("check", "least", "most", "allowed"),
    [case[1:] for case in TEXTS],
    ids=[case[0] for case in TEXTS],
)


def accepts(check: Callable[[object], object], value: object) -> bool:
    try:
        check(value)
    except Refusal:
        return False
    return True


@texts
def test_a_length_is_kept_at_both_ends(
    check: Callable[[object], str], least: int, most: int, allowed: set[str]
) -> None:
    lengths = [
        length for length in (least - 1, least, least + 1, most - 1, most, most + 1) if length >= 0
    ]
    accepted = [length for length in lengths if accepts(check, "7" * length)]
    assert "7" in allowed
    assert accepted == [length for length in lengths if least <= length <= most]


@texts
def test_exactly_the_allowed_characters_are_taken(
    check: Callable[[object], str], least: int, most: int, allowed: set[str]
) -> None:
    filler = "7" * max(least - 1, 0)
    assert most > 0
    taken = {character for character in CHARACTERS if accepts(check, filler + character)}
    assert taken == allowed


@texts
def test_a_line_end_after_the_value_is_no_part_of_it(
    check: Callable[[object], str], least: int, most: int, allowed: set[str]
) -> None:
    assert accepts(check, "7" * max(least, 1)) is True
    assert accepts(check, "7" * (most - 1) + "\n") is ("\n" in allowed)


@pytest.mark.parametrize(
    ("check", "wrong", "code"),
    [
        (limits.ROLE_NAME, "a b", "invalid-role-name"),
        (limits.ROLE_NAME, "", "role-name-too-short"),
        (limits.ROLE_NAME, " " * 65, "role-name-too-long"),
        (limits.ROLE_NAME, True, "role-name-not-string"),
        (limits.PERMISSION_SET, "a b", "invalid-permission-set-name"),
        (limits.VPC, "vpc-", "vpc-id-too-short"),
        (limits.UNIQUE_ID, "a" * 16, "invalid-unique-id"),
        (limits.SESSION_NAME_PATTERN, "*", "session-name-pattern-too-short"),
        (limits.check_account_id, "1", "account-id-too-short"),
        (limits.check_account_id, 1, "invalid-account-id"),
        (limits.check_path, "/*/", "path-with-wildcard"),
        (limits.MAX_SESSION_DURATION, 60, "maximum-session-duration-out-of-range"),
        (limits.MFA_MAX_AGE, "60", "mfa-age-not-integer"),
        (limits.check_tag_values, {}, "tag-values-not-map"),
        (limits.check_tag_values, {"a": "b"}, "tag-values-not-list"),
        (limits.check_tag_values, {"a": []}, "tag-values-not-list"),
        (limits.check_tag_values, {"a": ["b", "b"]}, "repeated-value"),
        (limits.check_tag_values, {"a": [5]}, "tag-value-not-string"),
    ],
)
def test_a_refusals_code_names_the_value_and_the_rule(
    check: Callable[[object], object], wrong: object, code: str
) -> None:
    assert refusal(check, wrong).code == code


@pytest.mark.parametrize(
    ("check", "wrong", "rule", "remedy"),
    [
        (
            limits.ROLE_NAME,
            "",
            "a role name must have 1–64 characters: letters, digits and _+=,.@-",
            "",
        ),
        (limits.ROLE_NAME, 5, "a role name must be a string", QUOTES),
        (limits.ROLE_NAME, ["ci"], "a role name must be a string", ""),
        (limits.check_account_id, 1, "an account ID must have 12 characters: digits", QUOTES),
        (
            limits.MAX_SESSION_DURATION,
            "3600",
            "a maximum session duration must be 3600 to 43200 whole seconds",
            "Leave the quotes out",
        ),
        (
            limits.MAX_SESSION_DURATION,
            "1h",
            "a maximum session duration must be 3600 to 43200 whole seconds",
            "",
        ),
    ],
)
def test_a_refusal_says_the_rule_and_what_to_do(
    check: Callable[[object], object], wrong: object, rule: str, remedy: str
) -> None:
    refused = refusal(check, wrong)
    assert (refused.rule, refused.remedy) == (rule, remedy)


@pytest.mark.parametrize("check", [limits.PATH, limits.check_path])
def test_a_path_is_a_slash_or_stands_between_slashes(check: Callable[[object], str]) -> None:
    right = ["/", "/a/", "/a/b/", "/" + "x" * 510 + "/", "/!/", "/~/"]
    wrong = ["", "a", "/a", "a/", "//", "/" + "x" * 511 + "/", "/a b/", "/é/", "/\x7f/", "/a/\n"]
    assert [path for path in right + wrong if accepts(check, path)] == right


def test_a_paths_characters_are_ascii_without_spaces() -> None:
    assert {
        character for character in CHARACTERS if accepts(limits.PATH, f"/{character}x/")
    } == PRINTABLE


@pytest.mark.parametrize("path", ["/*/", "/te?m/", "/${aws:username}/", "/a/*/b/"])
def test_a_path_that_a_policy_would_read_as_a_pattern_is_refused(path: str) -> None:
    assert accepts(limits.PATH, path)
    assert refusal(limits.check_path, path).code == "path-with-wildcard"


@pytest.mark.parametrize(
    "path",
    [
        "/aws-reserved/",
        "/aws-reserved/sso.amazonaws.com/",
        "/aws-service-role/",
        "/aws-service-role/es.amazonaws.com/",
        "/AWS-Reserved/x/",
        "/AWS-SERVICE-ROLE/x/",
        "//aws-reserved/x/",
    ],
)
def test_a_path_that_aws_keeps_for_its_own_roles_is_refused(path: str) -> None:
    assert accepts(limits.PATH, path)
    assert refusal(limits.check_path, path).code == "reserved-path"


@pytest.mark.parametrize(
    "path", ["/service-role/", "/aws-reserved-x/", "/x/aws-reserved/", "/my-aws-service-role/"]
)
def test_a_path_that_is_only_alike_is_taken(path: str) -> None:
    assert limits.check_path(path) == path


def test_a_path_may_hold_a_dollar_sign_that_begins_no_variable() -> None:
    assert limits.check_path("/$team/{x}/") == "/$team/{x}/"


def test_a_policys_path_has_a_names_characters() -> None:
    right = ["/", "/service-role/", "/a/b/", "/" + "x" * 510 + "/"]
    wrong = ["", "//", "a", "/a", "/" + "x" * 511 + "/", "/a b/", "/*/", "/a:b/", "/a//b/"]
    assert [path for path in right + wrong if accepts(limits.POLICY_PATH, path)] == right
    assert {c for c in CHARACTERS if accepts(limits.POLICY_PATH, f"/{c}/")} == NAME


@pytest.mark.parametrize(
    ("check", "least", "most"),
    [
        pytest.param(limits.MAX_SESSION_DURATION, 3600, 43200, id="maximum session duration"),
        pytest.param(limits.MFA_MAX_AGE, 1, 129600, id="MFA age: GetSessionToken's 36 hours"),
    ],
)
def test_a_duration_is_kept_at_both_ends(
    check: Callable[[object], int], least: int, most: int
) -> None:
    seconds = [least - 1, least, least + 1, most - 1, most, most + 1, -least]
    assert [value for value in seconds if accepts(check, value)] == [
        least,
        least + 1,
        most - 1,
        most,
    ]


@pytest.mark.parametrize(
    "wrong", ["3600", "1h", True, False, None, [3600], 3600.5, math.nan, math.inf, -math.inf]
)
def test_a_duration_is_a_whole_number(wrong: object) -> None:
    assert (
        refusal(limits.MAX_SESSION_DURATION, wrong).code == "maximum-session-duration-not-integer"
    )


def test_a_whole_number_may_come_as_a_float_from_other_languages() -> None:
    seconds = limits.MAX_SESSION_DURATION(7200.0)
    assert (seconds, type(seconds)) == (7200, int)


def test_a_roles_longest_and_shortest_arn_have_a_length_that_is_taken() -> None:
    longest = f"arn:aws-us-gov:iam::{'1' * 12}:role/{'p' * 510}/{'n' * 64}"
    assert accepts(limits.ARN_LENGTH, len(longest))
    assert accepts(limits.ARN_LENGTH, len(f"arn:aws:iam::{'1' * 12}:role/x"))


@pytest.mark.parametrize(
    ("given_id", "found"),
    [
        ("012345678901", "012345678901"),
        (111111111111, "111111111111"),
        (999999999999, "999999999999"),
    ],
)
def test_an_account_id_of_twelve_digits_may_be_a_number(given_id: object, found: str) -> None:
    assert limits.check_account_id(given_id) == found


@pytest.mark.parametrize(
    "wrong", [12345678901, 1234567890123, -11111111111, 0, True, 111111111111.0, None, []]
)
def test_another_number_is_no_account_id(wrong: object) -> None:
    assert accepts(limits.check_account_id, wrong) is False


def test_an_account_id_is_seen_in_a_text() -> None:
    found = [
        text
        for text in ("0" * 12, "1" * 11, "1" * 13, "1" * 12 + "\n", "\u0661" * 12)
        if limits.is_account_id(text)
    ]
    assert found == ["0" * 12]


def test_the_quotas_are_aws_s() -> None:
    assert limits.MANAGED_POLICY_QUOTA == 6144
    assert limits.ROLE_INLINE_POLICIES_QUOTA == 10240
    assert limits.TAGS_PER_ENTITY == 50
    assert limits.SWITCH_ROLE_NAME_LENGTH == 64
    assert limits.CHAINED_SESSION_SECONDS == 3600


def test_white_space_counts_against_no_quota() -> None:
    assert limits.count_characters('{ "a":\t[1,\n 2]\r\n}') == len('{"a":[1,2]}')


# Tags


def test_tags_lengths_are_kept_at_both_ends() -> None:
    keys = [
        length for length in (0, 1, 127, 128, 129) if accepts(limits.check_tags, {"k" * length: ""})
    ]
    values = [
        length
        for length in (0, 1, 255, 256, 257)
        if accepts(limits.check_tags, {"k": "v" * length})
    ]
    numbers = [
        count
        for count in (0, 1, 49, 50, 51)
        if accepts(limits.check_tags, {f"k{n}": "" for n in range(count)})
    ]
    assert (keys, values, numbers) == ([1, 127, 128], [0, 1, 255, 256], [0, 1, 49, 50])


def test_a_tag_has_letters_digits_spaces_and_some_signs() -> None:
    allowed = {c for c in CHARACTERS if c in "_.:/=+-@" or unicodedata.category(c)[0] in "LZN"}
    assert {c for c in CHARACTERS if accepts(limits.check_tags, {f"k{c}": ""})} == allowed
    assert {c for c in CHARACTERS if accepts(limits.check_tags, {"k": f"v{c}"})} == allowed
    assert "\t" not in allowed


@pytest.mark.parametrize(
    ("wrong", "where", "code"),
    [
        ({"aws:x": "y"}, ("aws:x",), "reserved-tag-key"),
        ({"AWS:x": "y"}, ("AWS:x",), "reserved-tag-key"),
        ({"Owner": "a", "owner": "b"}, ("owner",), "repeated-tag-key"),
        ({"n": 5}, ("n",), "tag-value-not-string"),
        ({5: "n"}, ("5",), "tag-key-not-string"),
        ({"n": None}, ("n",), "tag-value-not-string"),
        ([{"Key": "a"}], (), "tags-not-map"),
        ({"a;b": ""}, ("a;b",), "invalid-tag-key"),
        ({"a": "b;"}, ("a",), "invalid-tag-value"),
        ({f"k{n}": "" for n in range(51)}, (), "too-many-tags"),
    ],
)
def test_a_wrong_tag_is_named(wrong: object, where: tuple[str, ...], code: str) -> None:
    refused = refusal(limits.check_tags, wrong)
    assert (refused.where, refused.code) == (where, code)


def test_a_tag_whose_key_only_holds_aws_is_taken() -> None:
    assert limits.check_tags({"aws": "", "x-aws:y": ""}) == {"aws": "", "x-aws:y": ""}


@pytest.mark.parametrize(
    ("values", "found"),
    [([], None), (["a", "b"], None), (["a", "b", "a", "b"], "a"), (["a", "A"], None)],
)
def test_what_stands_there_twice_is_found(values: list[str], found: str | None) -> None:
    assert limits.find_repeated(values) == found


def test_what_stands_there_twice_ignoring_case_is_found_as_it_is_spelt() -> None:
    assert limits.find_repeated(["alice", "Bob", "ALICE"], key=str.lower) == "ALICE"
