"""Bad config: access files, and what they refer to."""

from __future__ import annotations

from typing import Any

from tests.unit.config.bad_config import BadFile

EXTERNAL_ID = "grants.read.conditions.externalId"
PARTNER = "${config:partner}"
OWN = "cross-account-access:"


def bad_reference(what: str, code: str, value: object, place: str = EXTERNAL_ID) -> BadFile:
    """A reference that is wrong by itself."""
    return BadFile(what, code, {place: value}, own={"partner": "partner-7f3a"})


def bad_own(what: str, code: str, path: str, **own: Any) -> BadFile:
    """A good file beside a bad config of the stack's own."""
    return BadFile(what, code, {EXTERNAL_ID: PARTNER}, path=path, own=own)


ACCESS_FILES = [
    BadFile("a file that there isn't", "unreadable-file", {}, "x.yaml", own={"file": "x.yaml"}),
    BadFile("a folder for a file", "not-a-file", {}, ".", own={"file": "."}),
    BadFile("a file that is empty", "missing-key", {}, "access.yaml: grants", text=""),
    BadFile("a file that is a list", "access-file-not-map", {}, "access.yaml", text="- accounts"),
    BadFile(
        "a file that is no YAML", "invalid-yaml", {}, "access.yaml, line 2", text="grants: {\n"
    ),
    BadFile("a key that belongs to the stack", "unknown-key", {"only": ["people"]}),
    BadFile("a key of the file with its namespace", "unknown-key", {f"{OWN}tags": {"a": "b"}}),
    BadFile("a misspelt key of the file", "unknown-key", {"acounts": {}}),
    BadFile("grants of the file that are null", "null-value", {"grants": None}),
    BadFile("accounts of the file that are empty", "empty", {"accounts": {}}),
    BadFile(
        "a wrong user in the file", "invalid-user-name", {"grants.read.principals[0].user": "a b"}
    ),
    BadFile("a wrong connection in the file", "region-too-short", {"accounts.ci.region": "x"}),
    BadFile(
        "an account of the file without its ID",
        "missing-account-id",
        {"accounts.staging": {"groups": ["workloads"]}},
        "access.yaml: accounts.staging.accountId",
        own={"only": ["people"]},
    ),
    BadFile(
        "a grant of the file that is the source of a pair too",
        "key-of-other-form",
        {},
        f"{OWN}source",
        own={"source": {"profile": "x"}},
    ),
    *[
        BadFile(
            f"{key} in the stack's config and in the file",
            "key-in-config-and-file",
            {"tags": {"a": "b"}},
            f"{OWN}{key}",
            own={key: {"x": {}}},
        )
        for key in ("accounts", "grants", "tags")
    ],
    bad_reference("a reference inside of a text", "invalid-reference", f"x-{PARTNER}"),
    bad_reference("a reference without a key", "invalid-reference", "${config:}"),
    bad_reference("a reference with a dot", "invalid-reference", "${config:a.b}"),
    bad_reference("a reference without an end", "invalid-reference", "${config:partner"),
    bad_reference("a reference to the grants", "reference-to-own-key", "${config:grants}"),
    BadFile("another kind of reference", "invalid-external-id", {EXTERNAL_ID: "${env:partner}"}),
    bad_reference("a reference in a tag", "misplaced-reference", PARTNER, "tags.a"),
    BadFile(
        "a reference in raw",
        "misplaced-reference",
        {"grants.read.conditions": {"raw": {"StringEquals": {"sts:ExternalId": [PARTNER]}}}},
        "access.yaml: grants.read.conditions.raw.StringEquals.sts:ExternalId[0]",
    ),
    bad_reference(
        "a reference for a secret key", "misplaced-reference", PARTNER, "accounts.people.secretKey"
    ),
    bad_reference(
        "a reference in a policy",
        "misplaced-reference",
        f"see {PARTNER}",
        "grants.read.role.description",
    ),
    BadFile(
        "a reference for a key",
        "misplaced-reference",
        {"grants.read.role": {"tags": {PARTNER: "x"}}},
        f"access.yaml: grants.read.role.tags.{PARTNER}",
    ),
    bad_own(
        "a reference that the stack's config lacks",
        "missing-reference",
        f"access.yaml: {EXTERNAL_ID}",
    ),
    bad_own(
        "a key that nothing refers to",
        "unknown-key",
        f"{OWN}partnr",
        partner="partner-7f3a",
        partnr="partner-7f3a",
    ),
    bad_own(
        "a referenced value with a star", "invalid-external-id", f"{OWN}partner", partner="hunter2*"
    ),
    bad_own(
        "a referenced value that is an object",
        "external-id-not-string",
        f"{OWN}partner",
        partner={"a": "hunter2"},
    ),
    bad_own(
        "a referenced value that is null", "external-id-not-string", f"{OWN}partner", partner=None
    ),
    BadFile(
        "a new external ID that is the previous one by reference",
        "previous-external-id-same",
        {"grants.read.conditions": {"externalId": PARTNER, "previousExternalId": PARTNER}},
        "access.yaml: grants.read.conditions.previousExternalId",
        own={"partner": "partner-7f3a"},
    ),
]
