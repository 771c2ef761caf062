"""One statement and one value may stand without their list; everyone may stand without a map."""

import pytest

from cross_account_access.iam.policy_document import (
    list_conditions,
    list_principals,
    list_statements,
    list_values,
)


@pytest.mark.parametrize(
    ("document", "statements"),
    [
        ({}, []),
        ({"Statement": None}, []),
        ({"Statement": {"Effect": "Allow"}}, [{"Effect": "Allow"}]),
        ({"Statement": [{"Effect": "Allow"}, {}]}, [{"Effect": "Allow"}, {}]),
    ],
)
def test_statements(document: dict[str, object], statements: list[object]) -> None:
    assert list_statements(document) == statements


def test_values_are_text_as_json_writes_them() -> None:
    assert [list_values(element) for element in ("a", ["a", "b"], True, 3600, [])] == [
        *(["a"], ["a", "b"], ["true"], ["3600"], [])
    ]


def test_conditions_are_read_key_by_key() -> None:
    condition = {"Bool": {"a": True}, "StringLike": {"b": "x", "c": ["y", "z"]}}
    assert list_conditions(condition) == [
        ("Bool", "a", ["true"]),
        ("StringLike", "b", ["x"]),
        ("StringLike", "c", ["y", "z"]),
    ]


@pytest.mark.parametrize(
    ("principal", "names"),
    [
        ("*", ["*"]),
        ({"AWS": "a"}, ["a"]),
        ({"AWS": ["a", "b"], "Service": "s"}, ["a", "b"]),
        ({"Service": "s"}, []),
        ("a", []),
        (None, []),
    ],
)
def test_principals_are_awss_own(principal: object, names: list[str]) -> None:
    assert list_principals(principal) == names
