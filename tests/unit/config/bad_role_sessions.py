"""Bad config: roles that assume themselves, and sessions that are ended."""

from __future__ import annotations

from tests.unit.config.bad_config import Bad
from tests.unit.config.bad_roles import ROLE, policy

ROLE_SESSIONS = [
    *(
        Bad(f"selfAssuming {what}", code, {f"{ROLE}.selfAssuming": value})
        for what, code, value in (
            ("in quotes", "not-boolean", "true"),
            ("as a number", "not-boolean", 1),
            ("that is null", "null-value", None),
        )
    ),
    Bad(
        "a role that assumes itself under a user's session name",
        "username-for-non-user",
        {
            f"{ROLE}.selfAssuming": True,
            "grants.deploy.principals": [{"user": "alice"}],
            "grants.deploy.conditions": {"sessionNames": ["${aws:username}"]},
        },
    ),
    Bad(
        "a role that assumes itself under a condition on who it is",
        "condition-of-principal",
        {
            f"{ROLE}.selfAssuming": True,
            "grants.deploy.conditions.raw": {"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::*"]}},
        },
        path="grants.deploy.principals",
    ),
    *(
        Bad(
            f"an inline policy {name} beside {setting}",
            "generated-policy-name",
            {f"{ROLE}.inlinePolicies.{name}": policy(), f"{ROLE}.{setting}": value},
        )
        for name, setting, value in (
            ("AssumeItself", "selfAssuming", True),
            ("assumeitself", "selfAssuming", True),
            ("AWSRevokeOlderSessions", "sessionsIssuedAfter", "2026-11-27T10:00:00Z"),
        )
    ),
    Bad(
        "inline policies that are too long with those of the settings",
        "inline-policies-too-long",
        {
            f"{ROLE}.inlinePolicies": {"a": policy(Resource="arn:aws:s3:::" + "x" * 10050)},
            f"{ROLE}.sessionsIssuedAfter": "2026-11-27T10:00:00Z",
        },
    ),
    *(
        Bad(f"sessionsIssuedAfter {what}", code, {f"{ROLE}.sessionsIssuedAfter": value})
        for what, code, value in (
            ("of a day", "invalid-time", "2026-11-27"),
            ("with parts of a second", "invalid-time", "2026-11-27T10:00:00.5Z"),
            ("in another zone", "invalid-time", "2026-11-27T10:00:00+01:00"),
            ("on a day that there isn't", "invalid-time", "2026-02-30T10:00:00Z"),
            ("as seconds since 1970", "invalid-time", 1795774800),
            ("with a policy variable", "invalid-time", "${aws:CurrentTime}"),
            ("that is null", "null-value", None),
        )
    ),
]
