"""Conditions that allow what a caller may set, and tags' patterns: who meets them, who doesn't."""

from __future__ import annotations

from tests.unit.grants.callers import OTHER, Case, Wrong
from tests.unit.grants.grant_conditions import (
    IDENTITY,
    KEYS,
    OWN_TEAM,
    STAGE,
    TAGGED,
    TEAM,
    TRANSITIVE,
    case,
)
from tests.unit.grants.grant_principals import ALICE, BOB, CD, CI

CONTEXTS = "sts:RequestContextProviders"
IDENTITY_CENTER = "arn:aws:iam::aws:contextProvider/IdentityCenter"

CASES = [
    case(
        "patterns of session tags",
        {"session_tags": {"team": ["app-*", "platform"], "stage": ["*"]}},
        {**TAGGED, TEAM: "app-7"},
        CI,
        also={
            "the value that is no pattern": (CI, {TEAM: "platform"}),
            "any stage": (CI, {STAGE: "test"}),
        },
        wrong={
            "a value that ends so": Wrong(but={TEAM: "my-app-7"}),
            "a value in capitals": Wrong(but={TEAM: "APP-7"}),
            "one that goes on": Wrong(but={TEAM: "platform-2"}),
            "no stage": Wrong(but={KEYS: ("team",)}, without=(STAGE,)),
        },
    ),
    case(
        "session tags that are allowed",
        {"allow_session_tags": ["team", "stage"]},
        {},
        CI,
        also={
            "both": (CI, TAGGED),
            "one of them": (CI, {TEAM: "anything", KEYS: ("team",)}),
            "both, handed on": (CI, {**TAGGED, TRANSITIVE: ("team", "stage")}),
        },
        wrong={
            "a tag that isn't allowed": Wrong(
                but={"aws:RequestTag/admin": "yes", KEYS: ("admin",)}
            ),
            "one tag more": Wrong(
                but={**TAGGED, KEYS: ("team", "stage", "admin"), "aws:RequestTag/admin": "yes"}
            ),
            "the key in capitals": Wrong(but={"aws:RequestTag/TEAM": "x", KEYS: ("TEAM",)}),
            "a source identity": Wrong(but={**TAGGED, IDENTITY: "ann"}),
        },
    ),
    case(
        "any session tags beside one that is required",
        {"allow_session_tags": True, "session_tags": {"team": ["platform"]}},
        {TEAM: "platform", KEYS: ("team",)},
        CI,
        also={
            "another tag": (CI, {STAGE: "x", KEYS: ("team", "stage")}),
            "handed on": (CI, {TRANSITIVE: ("team",)}),
        },
        wrong={
            "another value": Wrong(but={TEAM: "sales"}),
            "another tag in its place": Wrong(but={STAGE: "x", KEYS: ("stage",)}, without=(TEAM,)),
            "no tags": Wrong(without=(TEAM, KEYS)),
        },
    ),
    case(
        "tags that are allowed, and one that may be handed on",
        {"allow_session_tags": ["team", "stage"], "transitive_tag_keys": ["team"]},
        {},
        CI,
        also={
            "both, not handed on": (CI, TAGGED),
            "the one handed on": (CI, {**TAGGED, TRANSITIVE: ("team",)}),
        },
        wrong={
            "the other handed on": Wrong(but={**TAGGED, TRANSITIVE: ("stage",)}),
            "both handed on": Wrong(but={**TAGGED, TRANSITIVE: ("team", "stage")}),
            "a tag that isn't allowed": Wrong(but={"aws:RequestTag/admin": "x", KEYS: ("admin",)}),
        },
    ),
    case(
        "a source identity that is allowed",
        {"allow_source_identity": True},
        {},
        CI,
        also={"with one": (CI, {IDENTITY: "ann"}), "with another": (CI, {IDENTITY: "bob"})},
        wrong={
            "tags": Wrong(but=TAGGED),
            "an identity context": Wrong(but={CONTEXTS: (IDENTITY_CENTER,)}),
            "another role with one": Wrong(CD, but={IDENTITY: "ann"}),
        },
    ),
    case(
        "an identity context that is allowed",
        {"allow_identity_context": True},
        {},
        CI,
        also={
            "with one": (CI, {CONTEXTS: (IDENTITY_CENTER,)}),
            "in China": (CI, {CONTEXTS: (IDENTITY_CENTER.replace("aws", "aws-cn", 1),)}),
        },
        wrong={
            "another provider's": Wrong(
                but={CONTEXTS: ("arn:aws:iam::aws:contextProvider/QuickSight",)}
            ),
            "both providers'": Wrong(
                but={CONTEXTS: (IDENTITY_CENTER, "arn:aws:iam::aws:contextProvider/QuickSight")}
            ),
            "a provider of an account's": Wrong(
                but={CONTEXTS: (f"arn:aws:iam::{OTHER}:contextProvider/IdentityCenter",)}
            ),
            "tags": Wrong(but=TAGGED),
        },
    ),
    Case(
        "session tags that a principal takes back",
        {
            "principals": [
                {"role": "team/ci"},
                {"user": "people/alice", "conditions": {"allow_session_tags": False}},
            ],
            "conditions": {"allow_session_tags": True},
        },
        CI,
        {},
        also={"the role, with tags": (CI, TAGGED), "the user, with none": (ALICE, {})},
        wrong={
            "the user, with tags": Wrong(ALICE, but=TAGGED),
            "another role, with tags": Wrong(CD, but=TAGGED),
            "another user": Wrong(BOB),
        },
    ),
    case(
        "a principal tag of any value",
        {"principal_tags": {"team": ["*"]}},
        {OWN_TEAM: "platform"},
        also={"an empty one": (ALICE, {OWN_TEAM: ""})},
        wrong={
            "a session tag instead": Wrong(but={TEAM: "x", KEYS: ("team",)}, without=(OWN_TEAM,)),
            "another tag": Wrong(but={"aws:PrincipalTag/stage": "x"}, without=(OWN_TEAM,)),
            "no such tag": Wrong(without=(OWN_TEAM,)),
        },
    ),
]
