"""Patterns of roles: what they match together, and which holds all of another."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from cross_account_access.grants import principal_names
from cross_account_access.grants.role_patterns import (
    can_match_alike,
    fill_role_pattern,
    matches_all_of,
    split_lead,
)
from cross_account_access.iam import limits
from tests.unit.reading import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

# Two patterns of three characters that have a text in common have one of six; c is in neither.
PATTERNS = st.text("ab/*?", max_size=3)
TEXTS = ["".join(text) for size in range(7) for text in product("abc/", repeat=size)]


def match_all(pattern: str) -> set[str]:
    return {text for text in TEXTS if fnmatchcase(text, pattern)}


@given(PATTERNS, PATTERNS)
def test_two_patterns_match_alike_where_one_text_is_of_both(first: str, second: str) -> None:
    alike = bool(match_all(first) & match_all(second))
    event(f"alike: {alike}")
    assert can_match_alike(first, second) is alike
    assert can_match_alike(second, first) is alike


@given(PATTERNS, PATTERNS)
def test_a_pattern_matches_all_of_another_whose_every_text_is_its_own(
    first: str, second: str
) -> None:
    holds = match_all(second) <= match_all(first)
    event(f"holds: {holds}")
    assert matches_all_of(first, second) is holds


NAMES = st.text("ab-*?", min_size=1, max_size=64)


@given(st.sampled_from(["", "team/", "a/b/"]), NAMES, st.text("xyz-", min_size=1, max_size=80))
def test_a_role_that_a_pattern_matches_can_be_made(path: str, name: str, filling: str) -> None:
    role = fill_role_pattern(f"{path}{name}", filling)
    assert fnmatchcase(role, f"{path}{name}")
    assert role.startswith(path)
    if set(name) != {"*"}:
        limits.ROLE_NAME(role.removeprefix(path))


@pytest.mark.parametrize(
    ("pattern", "lead"), [("team-*", "team-"), ("a?b*", "a"), ("*a", ""), ("plain", "plain")]
)
def test_a_pattern_leads_with_the_text_before_its_first_wildcard(pattern: str, lead: str) -> None:
    assert split_lead(pattern) == lead


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("team-*", "team-*"),
        ("?x", "?x"),
        ("/team/ci-*", "team/ci-*"),
        ("a/b/c*d?", "a/b/c*d?"),
        ("*-ci", "*-ci"),
        ("AWS*", "AWS*"),  # whose case is not that of a path of AWS's
        ("aws?", "aws?"),
        ("x" * 63 + "*", "x" * 63 + "*"),
    ],
)
def test_a_pattern_is_written_in_one_form(pattern: str, written: str) -> None:
    assert principal_names.check_role_pattern(pattern) == written


PATTERN, PATH = principal_names.check_role_pattern, principal_names.check_roles_path


@pytest.mark.parametrize(
    ("check", "value", "code"),
    [
        (PATTERN, "*", "pattern-of-wildcards"),
        (PATTERN, "?", "pattern-of-wildcards"),
        (PATTERN, "**", "pattern-of-wildcards"),
        (PATTERN, "?*", "pattern-of-wildcards"),
        (PATTERN, "/*", "pattern-of-wildcards"),
        (PATTERN, "team/*", "pattern-of-wildcards"),
        (PATTERN, "team-a", "pattern-without-wildcard"),
        (PATTERN, "team*/ci-*", "path-with-wildcard"),
        (PATTERN, "*/ci-*", "path-with-wildcard"),
        (PATTERN, "${aws:username}/ci-*", "path-with-wildcard"),
        (PATTERN, "${aws:username}-*", "invalid-role-name-pattern"),
        (PATTERN, "team *", "invalid-role-name-pattern"),
        (PATTERN, "team-\n*", "invalid-role-name-pattern"),
        (PATTERN, "team:*", "invalid-role-name-pattern"),
        (PATTERN, "tëam-*", "invalid-role-name-pattern"),
        (PATTERN, "team/", "role-name-pattern-too-short"),
        (PATTERN, "", "role-name-pattern-too-short"),
        (PATTERN, "x" * 64 + "*", "role-name-pattern-too-long"),
        (PATTERN, "*" * 100_000, "role-name-pattern-too-long"),
        (PATTERN, 5, "role-name-pattern-not-string"),
        (PATTERN, "arn:aws:iam::111111111111:role/team-*", "arn-for-pattern"),
        (PATTERN, "aws-reserved/sso.amazonaws.com/AWS*", "pattern-of-reserved-roles"),
        (PATTERN, "AWS-Service-Role/x*", "pattern-of-reserved-roles"),
        (PATTERN, "AWSReservedSSO_Admin_*", "pattern-of-reserved-roles"),
        (PATTERN, "awsservicerolefor*", "pattern-of-reserved-roles"),
        (PATTERN, "a*", "pattern-of-reserved-roles"),
        (PATTERN, "aws-*", "pattern-of-reserved-roles"),
        (PATTERN, "aws?reserved*", "pattern-of-reserved-roles"),
        (PATH, "/", "path-of-all-roles"),
        (PATH, "", "path-of-all-roles"),
        (PATH, "//", "path-of-all-roles"),
        (PATH, "team/", "path-without-slashes"),
        (PATH, "/team", "path-without-slashes"),
        (PATH, "team", "path-without-slashes"),
        (PATH, "/te*m/", "path-with-wildcard"),
        (PATH, "/te?m/", "path-with-wildcard"),
        (PATH, "/${aws:username}/", "path-with-wildcard"),
        (PATH, "/te am/", "invalid-path"),
        (PATH, "/te\x7fam/", "invalid-path"),
        (PATH, f"/{'x' * 511}/", "path-too-long"),
        (PATH, 5, "path-not-string"),
        (PATH, "arn:aws:iam::111111111111:role/team/", "arn-for-path"),
        (PATH, "/aws-reserved/sso.amazonaws.com/", "pattern-of-reserved-roles"),
        (PATH, "/AWS-Service-Role/x/", "pattern-of-reserved-roles"),
        (PATH, "/a*/", "pattern-of-reserved-roles"),
    ],
)
def test_what_would_trust_too_much_or_nobody_is_refused(
    check: Callable[[object], str], value: object, code: str
) -> None:
    assert refusal(check, value).code == code
