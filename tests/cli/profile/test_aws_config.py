"""A profile in the config file's text: everything else stays, byte for byte."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cross_account_access.cli.profile.aws_config import (
    NotOursError,
    Profile,
    UnreadableValueError,
    add_profile,
    check_readable,
    find_profile_names,
    parse_sections,
    read_profile,
    write_profile,
)

KEYS = {
    "role_arn": "arn:aws:iam::222222222222:role/reader",
    "source_profile": "people",
    "external_id": "id-1",
}
MINE = Profile("reader", "reader", "dev", KEYS)
BLOCK = """\
# Written by cross-account-access: grant reader of dev
[profile reader]
role_arn = arn:aws:iam::222222222222:role/reader
source_profile = people
external_id = id-1
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", BLOCK),
        ("[default]\nregion = x\n", f"[default]\nregion = x\n\n{BLOCK}"),
        ("[default]\nregion = x", f"[default]\nregion = x\n\n{BLOCK}"),
        ("[default]\nregion = x\n\n", f"[default]\nregion = x\n\n{BLOCK}"),
        ("; a comment alone\r\n", "; a comment alone\r\n\r\n" + BLOCK.replace("\n", "\r\n")),
        # Indented, it is the value of another profile's option, and no profile.
        ("[a]\nb =\n  [profile reader]\n", f"[a]\nb =\n  [profile reader]\n\n{BLOCK}"),
        ("[profile readers]\nx = 1\n", f"[profile readers]\nx = 1\n\n{BLOCK}"),
        (BLOCK, BLOCK),
        (BLOCK.replace("people", "old"), BLOCK),
        (BLOCK.replace("external_id = id-1\n", ""), BLOCK),
        (BLOCK.replace("external_id = id-1", "mfa_serial = arn:gone\nexternal_id = id-1"), BLOCK),
        (BLOCK.rstrip("\n"), BLOCK.rstrip("\n")),
        (
            BLOCK.replace("external_id = id-1\n", "# mine\nregion = eu-west-1"),
            BLOCK.replace(
                "external_id = id-1\n", "# mine\nregion = eu-west-1\nexternal_id = id-1\n"
            ),
        ),
        (
            BLOCK.replace("external_id = id-1", "EXTERNAL_ID:old\nregion=eu\ns3 =\n  x = 1")
            + "\n# next\n[b]\nc = 1\n",
            BLOCK.replace("id-1", "id-1\nregion=eu\ns3 =\n  x = 1") + "\n# next\n[b]\nc = 1\n",
        ),
        (BLOCK.replace("\n", "\r\n").replace("id-1", "id-0"), BLOCK.replace("\n", "\r\n")),
        # The stack was read from elsewhere, and the role is the same.
        (BLOCK.replace("of dev", "of outputs.json"), BLOCK.replace("of dev", "of outputs.json")),
    ],
)
def test_the_file_has_the_profile_and_all_else_as_it_was(before: str, after: str) -> None:
    assert write_profile(before, MINE) == after
    assert write_profile(after, MINE) == after


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[profile reader]\nregion = x\n", "was not written by this tool"),
        ('[profile "reader"]\nregion = x\n', "was not written by this tool"),
        ("# Written by hand\n[profile reader]\nregion = x\n", "was not written by this tool"),
        (BLOCK.replace("\n[", "\n\n["), "was not written by this tool"),
        (
            BLOCK.replace("role/reader", "role/other").replace("of dev", "of live"),
            "belongs to grant reader of live",
        ),
        (BLOCK + '[profile "reader"]\nregion = x\n', "exists twice, spelled in two ways"),
    ],
)
def test_anothers_profile_is_never_touched(text: str, why: str) -> None:
    for action in (read_profile, write_profile):
        with pytest.raises(NotOursError) as refused:
            action(text, MINE)
        assert str(refused.value) == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a]\nb = 1\n[a]\nc = 1\n", "error in line 3"),
        ("aws_secret_access_key = s3cret\n", "error in line 1"),
        ("[a]\ns3cret\n", "error in line 2"),
    ],
)
def test_a_file_that_is_none_is_refused_without_its_lines(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        parse_sections(text)


def test_a_profile_is_known_by_its_header() -> None:
    names = [
        "default",
        "profile a",
        'profile "b c"',
        "profile",
        "profilex",
        "preview",
        "sso-session d",
        'profile "e',
    ]
    assert find_profile_names(names) == {"default", "a", "b c"}


WORD = st.text(string.ascii_letters + string.digits + "-_.äß😀", min_size=1, max_size=8)
VALUE = st.text(
    string.ascii_letters + string.digits + " =:[]#;%$\"'\\\t äß😀\udc80\x85\xa0\u2028", max_size=12
)
NEWLINE = st.sampled_from(["\n", "\r\n", "\r"])
LINE = st.one_of(
    st.builds(lambda word, value: f"{word} = {value}", WORD, VALUE),
    st.builds(lambda word, value: f"  {word}={value}", WORD, VALUE),
    st.builds(lambda word: f"[profile {word}]", WORD),
    st.builds(lambda word: f"  [profile {word}]", st.one_of(WORD, st.just("reader"))),
    st.builds(lambda word: f"[{word}]", WORD),
    st.builds(lambda sign, value: f"{sign} {value}", st.sampled_from("#;"), VALUE),
    st.sampled_from(
        [
            "",
            "  ",
            "\t",
            "[default]",
            "s3 =",
            "  nested = x",
            "[profile reader]",
            "[profile 'reader']",
        ]
    ),
)
FILE = st.lists(st.tuples(LINE, NEWLINE), max_size=14).map(
    lambda lines: "".join(a + b for a, b in lines)
)
OUR_KEYS = KEYS.keys() | {"mfa_serial", "role_session_name", "duration_seconds"}
OURS = st.fixed_dictionaries(
    {"role_arn": st.just(KEYS["role_arn"]), "source_profile": WORD},
    optional={
        "external_id": st.text(
            string.ascii_letters + string.digits + "+=,.@:/-", min_size=2, max_size=12
        ),
        "mfa_serial": WORD,
        "role_session_name": WORD,
        "duration_seconds": st.integers(900, 43200).map(str),
    },
)


def _understood(text: str) -> bool:
    try:
        parse_sections(text)
    except ValueError:
        return False
    return True


@given(FILE, st.booleans(), FILE, OURS, OURS)
@example("[a]\nb =\n", False, "", {**KEYS}, {"role_arn": KEYS["role_arn"], "source_profile": "x"})
@example("x", False, "", KEYS, KEYS)
def test_whatever_else_is_in_the_file_survives(
    before: str, cut: bool, after: str, first: dict[str, str], second: dict[str, str]
) -> None:
    old = before.rstrip("\r\n") if cut else before
    assume(_understood(old))
    try:
        new = write_profile(old, Profile("reader", "reader", "dev", first))
    except NotOursError:
        assert "reader" in find_profile_names(parse_sections(old))
        return
    assert new.startswith(old)
    assert parse_sections(new) == {
        **parse_sections(old),
        "profile reader": {**parse_sections(old).get("DEFAULT", {}), **first},
    }

    # Later its owner goes on writing below it, and the grant changes.
    grown = new + after
    assume(_understood(grown))
    profile = Profile("reader", "reader", "dev", second)
    try:
        changed = write_profile(grown, profile)
    except NotOursError:
        assert sum("reader" in find_profile_names([name]) for name in parse_sections(grown)) > 1
        return
    assert changed.startswith(old)
    assert write_profile(changed, profile) == changed
    was, now = parse_sections(grown), parse_sections(changed)
    mine_was, mine_now = was.pop("profile reader"), now.pop("profile reader")
    assert now == was
    assert {key: value for key, value in mine_now.items() if key in OUR_KEYS} == second
    assert mine_now.items() - second.items() == {
        (key, value) for key, value in mine_was.items() if key not in OUR_KEYS
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[default]\nregion = x",
        "[profile 'role-1']\n",
        """[profile x]
role_arn = a

# Written by cross-account-access: grant role-2@a of dev
[profile "role-2"]
role_arn = arn-2
output = json
""",
    ],
)
def test_many_profiles_are_written_as_each_by_itself(text: str) -> None:
    profiles = [
        Profile(f"role-{number}", f"role-{number}@a", "dev", {"role_arn": f"arn-{number}"})
        for number in range(20)
    ]
    if "'role-1'" in text:  # somebody else's
        with pytest.raises(NotOursError):
            add_profile(text, profiles[1])
        del profiles[1]
    one_by_one = together = text
    for profile in profiles:
        one_by_one, together = write_profile(one_by_one, profile), add_profile(together, profile)
    assert together == one_by_one
    check_readable(text, together, profiles)
    for missing in (profiles[:-1], profiles[1:]):
        with pytest.raises(UnreadableValueError):
            check_readable(text, together, missing)
    with pytest.raises(UnreadableValueError):
        check_readable(text, f"{together}output = x\n", profiles)


def test_hundreds_of_profiles_are_written_in_seconds() -> None:
    text, start = "[default]\n", time.process_time()
    for number in range(300):
        keys = {"role_arn": f"arn-{number}", "source_profile": "default"}
        text = add_profile(text, Profile(f"role-{number}", f"role@{number}", "dev", keys))
    assert time.process_time() - start < 5
