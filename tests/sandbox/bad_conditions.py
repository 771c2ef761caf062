"""Bad input: under which conditions."""

from __future__ import annotations

from tests.sandbox.bad_input import SOURCE, Bad

NULL, GIVE_IT = "a key has a value", "Give it one, or leave it out"
OBJECT = "this must be an object with keys of its own"
NO_KEY = "there is no such key"
NO_MFA = "a role's sessions carry no MFA, so that requiring it would lock the role out"
OWN_GRANT = "Give the role a grant of its own, without an MFA condition"
EXTERNAL_ID = "an external ID has 2–1224 characters: letters, digits and _+=,.@:/-"
AGE = "an MFA's age is 1 to 129600 whole seconds (credentials of GetSessionToken last 36 hours at most)"
ROLE = f"arn:aws:iam::{SOURCE}:role/x"

DEPLOY = "grants.deploy"
AUDIT = "grants.partner-audit.conditions"

CONDITIONS = [
    Bad(
        "conditions that are empty",
        {AUDIT: {}},
        "",
        "conditions must not be empty: what was meant to be in them may have got lost",
        "Name at least one, or leave the key out",
    ),
    Bad("conditions that are null", {AUDIT: None}, "null", NULL, GIVE_IT),
    Bad("conditions that are a list", {AUDIT: ["mfa"]}, '["mfa"]', OBJECT),
    Bad("conditions that are text", {AUDIT: "externalId: partner-7f3a"}, "[secret]", OBJECT),
    Bad(
        "MFA for a role",
        {f"{DEPLOY}.conditions": {"mfa": True}},
        '"team/ci"',
        NO_MFA,
        OWN_GRANT,
        path=f"{DEPLOY}.principals[0]",
    ),
    Bad(
        "MFA's age for a role",
        {f"{DEPLOY}.conditions": {"mfaMaxAge": 3600}},
        '"team/ci"',
        NO_MFA,
        OWN_GRANT,
        path=f"{DEPLOY}.principals[0]",
    ),
    Bad(
        "MFA for a role among users", {"grants.read-only.principals[2]": {"arn": ROLE}}, f'"{ROLE}"', NO_MFA, OWN_GRANT
    ),
    Bad("text for MFA", {f"{AUDIT}.mfa": "true"}, '"true"', "this must be true or false"),
    Bad("a number for MFA", {f"{AUDIT}.mfa": 1}, "1", "this must be true or false"),
    Bad("MFA that is null", {f"{AUDIT}.mfa": None}, "null", NULL, GIVE_IT),
    Bad("MFA's age of no seconds", {f"{AUDIT}.mfaMaxAge": 0}, "0", AGE),
    Bad("MFA's age above 36 hours", {f"{AUDIT}.mfaMaxAge": 129601}, "129601", AGE),
    Bad("MFA's age with a unit", {f"{AUDIT}.mfaMaxAge": "1h"}, '"1h"', AGE),
    Bad(
        "MFA's age without MFA",
        {AUDIT: {"mfa": False, "mfaMaxAge": 60}},
        "false",
        "an MFA's age can't be asked for where MFA is not",
        "Leave one of them out",
        path=f"{AUDIT}.mfa",
    ),
    Bad("an external ID of one character", {f"{AUDIT}.externalId": "x"}, "[secret]", EXTERNAL_ID),
    Bad("an external ID of 1225 characters", {f"{AUDIT}.externalId": "x" * 1225}, "[secret]", EXTERNAL_ID),
    Bad("an external ID with a space", {f"{AUDIT}.externalId": "partner 7f3a"}, "[secret]", EXTERNAL_ID),
    Bad("an external ID with a star", {f"{AUDIT}.externalId": "partner-*"}, "[secret]", EXTERNAL_ID),
    Bad(
        "a number for an external ID",
        {f"{AUDIT}.externalId": 12345},
        "[secret]",
        "an external ID is text",
        "Put it in quotes",
    ),
    Bad("an external ID that is null", {f"{AUDIT}.externalId": None}, "null", NULL, GIVE_IT),
    Bad(
        "a misspelt external ID",
        {AUDIT: {"externalID": "partner-7f3a"}},
        "[secret]",
        NO_KEY,
        "Did you mean externalId?",
        path=f"{AUDIT}.externalID",
    ),
    Bad("a misspelt MFA's age", {f"{AUDIT}.mfaAge": 60}, "60", NO_KEY, "Did you mean mfaMaxAge?"),
]
