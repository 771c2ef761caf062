"""What the caller may set and need not: tags, a source identity, an identity context."""

from __future__ import annotations

from typing import Any

import pytest

from cross_account_access.grants.record_reading import read_grant_documents
from tests.component.harness import run
from tests.component.programs import access, grant, output, secret, trusted_role
from tests.component.refusals import refused_at_once

ASSUME, CONTEXT, IDENTITY, TAG = (
    "sts:AssumeRole",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
)


@pytest.mark.parametrize(
    ("key", "value", "path", "code"),
    [
        ("allow_session_tags", output(True), "", "output-not-allowed"),
        ("allow_session_tags", output(["team"]), "", "output-not-allowed"),
        ("allow_session_tags", ["team", secret("stage")], "[1]", "output-not-allowed"),
        ("allow_session_tags", ["team", None], "[1]", "tag-key-not-string"),
        ("allow_session_tags", [], "", "allowed-tags-not-list"),
        ("allow_session_tags", 1, "", "allowed-tags-not-list"),
        ("allow_session_tags", None, "", "null-value"),
        ("allow_source_identity", output(True), "", "output-not-allowed"),
        ("allow_identity_context", "true", "", "not-boolean"),
    ],
)
def test_what_is_allowed_must_be_plain(key: str, value: Any, path: str, code: str) -> None:
    refused_at_once(
        trusted_role(conditions={key: value}),
        "TrustedRole reader",
        (f"conditions.{key}{path}", code),
    )


CENTER = {
    "ForAllValues:ArnEquals": {
        "sts:RequestContextProviders": "arn:*:iam::aws:contextProvider/IdentityCenter"
    }
}


@pytest.mark.parametrize(
    ("conditions", "actions", "block"),
    [
        ({"allow_session_tags": True}, [ASSUME, TAG], None),
        (
            {"allow_session_tags": ["team", "app"]},
            [ASSUME, TAG],
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["app", "team"]}},
        ),
        ({"allow_session_tags": False}, ASSUME, None),
        ({"allow_source_identity": True}, [ASSUME, IDENTITY], None),
        ({"allow_identity_context": True}, [ASSUME, CONTEXT], CENTER),
        (
            {"session_tags": {"team": [output("app-*"), "x"]}, "allow_session_tags": ["app"]},
            [ASSUME, TAG],
            {
                "ForAllValues:StringEquals": {"aws:TagKeys": ["app", "team"]},
                "StringLike": {"aws:RequestTag/team": ["app-*", "x"]},
            },
        ),
        (
            {"principal_tags": {"team": [secret("*")], "app": [output("x")]}},
            ASSUME,
            {
                "StringEquals": {"aws:PrincipalTag/app": "x"},
                "StringLike": {"aws:PrincipalTag/team": "*"},
            },
        ),
    ],
    ids=str,
)
def test_both_sides_allow_what_the_caller_may_set(
    conditions: dict[str, Any], actions: Any, block: Any
) -> None:
    found = run(access({"deploy": grant(conditions=conditions)}))
    record = read_grant_documents(found.outputs["documents"]["deploy"])
    assert record.principals[0].needs["Statement"][0]["Action"] == actions
    (trust,) = found.document("Role")["Statement"]
    (policy,) = found.document("Policy")["Statement"]
    assert trust["Action"] == policy["Action"] == actions
    assert trust.get("Condition") == block


def test_the_command_passes_no_tag_that_is_merely_allowed() -> None:
    conditions = {
        "session_tags": {"team": ["app-*-?"]},
        "allow_session_tags": ["stage"],
        "transitive_tag_keys": ["stage", "team"],
    }
    found = run(access({"deploy": grant(conditions=conditions)})).outputs
    assert found["assume_role_commands"]["deploy"].endswith(
        " --tags Key=team,Value=app-VALUE-X --transitive-tag-keys team"
    )


def test_a_summary_changes_with_what_is_allowed() -> None:
    conditions: list[dict[str, Any]] = [
        {"principal_tags": {"team": ["x"]}, **more}
        for more in (
            {},
            {"allow_session_tags": True},
            {"allow_session_tags": ["app"]},
            {"allow_session_tags": ["app", "stage"]},
            {"allow_source_identity": True},
            {"allow_identity_context": True},
        )
    ]
    summaries = [
        run(access({"deploy": grant(conditions=given)})).outputs["summaries"]["deploy"]
        for given in conditions
    ]
    assert len(set(summaries)) == len(summaries)
    assert "no session tags except app or stage" in summaries[3]
