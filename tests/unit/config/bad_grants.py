"""Bad config: grants as a whole, tags and imports."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.unit.config.bad_config import REMOVED, Bad

CAROL: dict[str, Any] = {"principals": [{"user": "carol"}]}
MANY_STATEMENTS = {
    "grants.deploy.principals": [
        {"user": f"u{number:02}", "conditions": {"sourceIdentities": [f"id-{number}"]}}
        for number in range(20)
    ]
}

GRANTS = [
    Bad("no grants", "empty", {"grants": {}}),
    Bad("grants left out", "missing-key", {"grants": REMOVED}),
    Bad("grants that are null", "null-value", {"grants": None}),
    Bad("grants in a list", "not-map", {"grants": [CAROL]}),
    Bad(
        "grants that are text with a secret in it",
        "not-map",
        {"grants": "{a: {conditions: {externalId: partner-7f3a}}}"},
    ),
    Bad("a grant that is null", "not-object", {"grants.deploy": None}),
    Bad("a grant's name with a space", "invalid-grant-name", {"grants.my grant": CAROL}),
    Bad(
        "grants of one name, ignoring case",
        "repeated-role-name",
        {"grants.Deploy": CAROL},
        path="grants.deploy.role.name",
    ),
    Bad(
        "roles of one name, ignoring case",
        "repeated-role-name",
        {"grants.x": CAROL | {"role": {"name": "READ"}}},
        path="grants.x.role.name",
    ),
    Bad("a misspelt part of a grant", "unknown-key", {"grants.deploy.roles": {}}),
    Bad("a condition beside the conditions", "unknown-key", {"grants.deploy.mfa": True}),
    Bad("a misspelt key of the config", "unknown-key", {"grant": {}}),
    Bad("a date for a side", "invalid-side", {"side": date(2030, 1, 1)}),
    Bad(
        "a former name with a space",
        "invalid-grant-name",
        {"grants.deploy.formerly": ["my grant"]},
        path="grants.deploy.formerly[0]",
    ),
    Bad("text for a protected grant", "not-boolean", {"grants.deploy.protect": "true"}),
    Bad("a number for a retained grant", "not-boolean", {"grants.deploy.retain": 1}),
    Bad("a retained grant that is null", "null-value", {"grants.deploy.retain": None}),
    Bad("a protected role", "unknown-key", {"grants.deploy.role.protect": True}),
    Bad("a former name that is no list", "not-list", {"grants.deploy.formerly": "old"}),
    Bad("a number for a tag of everything", "tag-value-not-string", {"tags.cost": 4711}),
    Bad("imports in a list", "invalid-imports", {"imports": ["Role/x"]}),
    Bad("an import without the resource's name", "invalid-imports", {"imports.Role": "x"}),
    Bad("an import without its ID", "invalid-imports", {"imports.Role/x": ""}),
    Bad("a side that is null", "null-value", {"side": None}),
    Bad(
        "a former name of no component",
        "invalid-former-name",
        {"grants.deploy.formerly": ["/old"]},
        path="grants.deploy.formerly[0]",
    ),
    Bad(
        "a number for a former name",
        "former-name-not-string",
        {"grants.deploy.formerly": [5]},
        path="grants.deploy.formerly[0]",
    ),
    Bad("former names that are null", "null-value", {"grants.deploy.formerly": None}),
    Bad(
        "its own name for a former one",
        "former-name-in-use",
        {"grants.deploy.formerly": ["deploy"]},
        path="grants.deploy.formerly[0]",
    ),
    Bad(
        "another grant's name for a former one",
        "former-name-in-use",
        {
            "grants.deploy.formerly": ["old", "read"],
            "grants.read": {"principals": [{"user": "alice"}]},
        },
        path="grants.deploy.formerly[1]",
    ),
    Bad(
        "a former name that another grant has too",
        "former-name-in-use",
        {
            "grants.deploy.formerly": ["old"],
            "grants.read": {"principals": [{"user": "alice"}], "formerly": ["old"]},
        },
        path="grants.read.formerly[0]",
    ),
    Bad(
        "more than an hour for a role",
        "chained-session-too-long",
        {"grants.deploy.role.maxSessionDuration": 7200},
    ),
    Bad(
        "more than an hour for a permission set",
        "chained-session-too-long",
        {"grants.deploy.role.maxSessionDuration": 43200},
    ),
    Bad("more conditions than a trust policy holds", "trust-policy-too-long", MANY_STATEMENTS),
    Bad("tags that are a list", "tags-not-map", {"tags": ["owner"]}),
    Bad("a tag's key with a star", "invalid-tag-key", {"tags.c*st": "x"}),
    Bad("a tag of AWS's own", "reserved-tag-key", {"tags.aws:owner": "x"}),
    Bad(
        "tags that are the same ignoring case",
        "repeated-tag-key",
        {"tags": {"owner": "x", "Owner": "y"}},
        path="tags.Owner",
    ),
    Bad("an import without the type", "invalid-imports", {"imports.access-deploy": "deploy"}),
    Bad("an import without the name", "invalid-imports", {"imports.Role/": "x"}),
    Bad(
        "an import ID with an escape sequence",
        "control-character",
        {"imports.Role/access-deploy": "deploy\x1b[2J"},
    ),
    Bad(
        "a former component with a line end",
        "control-character",
        {"grants.deploy.formerly": ["team\u2028/old"]},
        path="grants.deploy.formerly[0]",
    ),
    Bad("an empty import ID", "invalid-imports", {"imports.Role/access-deploy": ""}),
    Bad("a number for an import ID", "invalid-imports", {"imports.Role/access-deploy": 5}),
]
