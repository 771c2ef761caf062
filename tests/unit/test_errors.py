"""How a refusal reads: one line with path, value, rule and remedy, and never a secret."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.errors import (
    NOT_SHOWN,
    SECRET,
    CrossAccountAccessError,
    InvalidInput,
    Key,
    Problem,
    Refusal,
    display_value,
    is_secret,
    join_path,
    make_problem,
    suggest_names,
)

SECRET_KEYS = [
    *("external_id", "externalId", "access_key", "accessKey", "secret_key", "secretKey", "token")
]
# As people misspell them, or know them from elsewhere.
ALIKE = [
    *("secretkey", "SecretKey", "secret-key", "secret_access_key", "aws_secret_access_key"),
    *("previousExternalId", "externalID", "AccessKeyId", "sessionToken", "aws_session_token"),
    *("password", "sts:ExternalId"),
]
PLAIN_KEYS = [
    *("user", "role", "arn", "path", "tags", "principals", "key", "access", "secrets", "tokens"),
    "accountId",
]

# No digits alone and nothing that could stand in a path, key or type by chance.
SECRETS = st.text("QZ?!", min_size=4, max_size=30).map(lambda text: f"S3cr3t{text}")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab {}\n\r\t\x1b", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(PLAIN_KEYS), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (Problem("a.b", '"x"', "it is y", code="c"), 'a.b: "x": it is y.'),
        (Problem("a.b", "", "it is y", code="c"), "a.b: it is y."),
        (Problem("a.b", '"x"', "it is y", "Make it y", code="c"), 'a.b: "x": it is y. Make it y'),
        (
            Problem("a.b", "", "it is y", "Did you mean c?", code="c"),
            "a.b: it is y. Did you mean c?",
        ),
    ],
)
def test_a_message_has_path_value_rule_and_remedy_in_one_line(found: Problem, message: str) -> None:
    assert found.message == message


def test_a_problem_for_a_machine_has_its_code_its_parts_and_the_message() -> None:
    problem = Problem("a", '"x"', "must be y", "Make it y", code="not-y")
    assert list(problem.as_dict().items()) == [
        ("code", "not-y"),
        ("path", "a"),
        ("value", '"x"'),
        ("rule", "must be y"),
        ("message", 'a: "x": must be y. Make it y'),
    ]


def test_every_error_about_input_has_one_base_class() -> None:
    assert issubclass(Refusal, CrossAccountAccessError)
    assert issubclass(InvalidInput, CrossAccountAccessError)


def test_a_refusals_code_reaches_the_problem() -> None:
    assert make_problem("here", 1, Refusal("must be y", code="not-y")).code == "not-y"


def test_invalid_input_tells_every_problem_on_a_line_of_its_own() -> None:
    error = InvalidInput(
        [Problem("a", "1", "it is y", code="c"), Problem("b", "", "it is there", code="c")]
    )
    assert str(error) == "a: 1: it is y.\nb: it is there."
    assert [found.path for found in error.problems] == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "steps", "joined"),
    [
        ("", (), ""),
        ("", ("grants",), "grants"),
        ("", ("grants", "deploy", "principals", 0, "user"), "grants.deploy.principals[0].user"),
        ("cross-account-access:", ("grants", "deploy"), "cross-account-access:grants.deploy"),
        ("grants.deploy", (Key("role"), "path"), "grants.deploy.role.path"),
        ("principals", (1,), "principals[1]"),
        ("a", (0, 1), "a[0][1]"),
    ],
)
def test_a_path_is_spelt_as_pulumi_config_takes_it(
    path: str, steps: tuple[str | int, ...], joined: str
) -> None:
    assert join_path(path, steps) == joined


@pytest.mark.parametrize(
    ("refusal", "path", "value"),
    [
        (Refusal("r", code="c"), "here", '{"a":1}'),
        (Refusal("r", code="c", value=5), "here", "5"),
        (Refusal("r", code="c", where=("a",)), "here.a", ""),
        (Refusal("r", code="c", where=("a", 0), value="x"), "here.a[0]", '"x"'),
        (Refusal("r", code="c", where=("a",), value=None), "here.a", "null"),
    ],
)
def test_a_refusal_is_told_where_the_wrong_part_stands(
    refusal: Refusal, path: str, value: str
) -> None:
    assert make_problem("here", {"a": 1}, refusal) == Problem(path, value, "r", code="c")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a b", '"a b"'),
        ("", '""'),
        ("ü–中", '"ü–中"'),
        ('a"b', '"a\\"b"'),
        ("two\nlines\x1b[31m", '"two\\nlines\\u001b[31m"'),
        (5, "5"),
        (3600.5, "3600.5"),
        (True, "true"),
        (None, "null"),
        ([], "[]"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (date(2012, 10, 17), "2012-10-17"),
        (datetime(2012, 10, 17, 1, 2, 3, tzinfo=UTC), "2012-10-17 01:02:03+00:00"),
        (object(), "<object>"),
        ([object()], '["<object>"]'),
        (NOT_SHOWN, ""),
        ("x" * 118, f'"{"x" * 118}"'),
        ("x" * 119, f'"{"x" * 119}…'),
    ],
)
def test_a_value_is_shown_as_it_was_written_on_one_short_line(value: object, shown: str) -> None:
    assert display_value("here", value) == shown


@pytest.mark.parametrize("key", SECRET_KEYS + ALIKE)
@pytest.mark.parametrize("value", ["s3cr3t", 12345, ["s3cr3t"], {"a": "s3cr3t"}, None])
def test_a_secret_is_never_shown_at_its_own_path(key: str, value: object) -> None:
    assert display_value(f"ns:source.{key}", value) == SECRET
    assert display_value(f"{key}[0]", value) == SECRET


@pytest.mark.parametrize("key", PLAIN_KEYS)
def test_what_stands_under_another_key_is_shown(key: str) -> None:
    assert display_value(f"ns:source.{key}", "x") == '"x"'
    assert display_value("here", {key: "x"}) == f'{{"{key}":"x"}}'
    assert not is_secret(key)


@pytest.mark.parametrize("key", SECRET_KEYS + ALIKE)
def test_a_secret_inside_a_shown_value_is_not(key: str) -> None:
    assert json.loads(display_value("here", {"user": "x", key: "s3cr3t"})) == {
        "user": "x",
        key: SECRET,
    }
    assert json.loads(display_value("here", [{"a": {key: ["s3cr3t"]}}])) == [{"a": {key: SECRET}}]


@pytest.mark.parametrize(
    "text",
    [
        '{"accessKey": "s3cr3t"',
        "{accessKey: s3cr3t}",
        "externalId=s3cr3t",
        "secret_key = s3cr3t",
        "{deploy: {conditions: {externalId: s3cr3t}}}",
        "aws_session_token=s3cr3t",
        "password: s3cr3t",
    ],
)
def test_a_text_that_holds_a_secret_with_its_key_is_not_shown(text: str) -> None:
    assert display_value("ns:source", text) == SECRET
    assert "s3cr3t" not in display_value("ns:grants", {"deploy": [text]})


@pytest.mark.parametrize(
    "text",
    ["SecretsManagerReadWrite", "external-auditors", "arn:aws:iam::1:role/access-key-rotator"],
)
def test_a_name_that_only_speaks_of_secrets_is_shown(text: str) -> None:
    assert display_value("here", text) == f'"{text}"'


@given(
    SECRETS,
    st.sampled_from(SECRET_KEYS + ALIKE),
    JSON,
    st.lists(st.sampled_from(PLAIN_KEYS), max_size=3),
)
def test_no_secret_is_shown_wherever_it_stands(
    secret: str, key: str, beside: object, above: list[str]
) -> None:
    value: Any = {"beside": beside, key: secret}
    for step in above:
        value = {step: [value, beside]}
    shown = display_value("ns:grants.deploy", value)
    assert secret[:10] not in shown
    assert secret not in display_value(f"ns:grants.deploy.{key}", secret)


@given(JSON)
def test_every_value_is_shown_on_one_short_line(value: object) -> None:
    shown = display_value("here", value)
    assert len(shown) <= 121
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("given", "count", "suggestion"),
    [
        ("x", 2, "These are: account-0, account-1"),
        ("acount-7", 300, "Did you mean account-7 or account-97 or account-87?"),
        ("x", 22, f"These are: {', '.join(f'account-{n}' for n in range(20))} and 2 more"),
    ],
)
def test_of_many_names_those_are_suggested_that_a_wrong_one_is_like(
    given: str, count: int, suggestion: str
) -> None:
    assert suggest_names(given, [f"account-{number}" for number in range(count)]) == suggestion
