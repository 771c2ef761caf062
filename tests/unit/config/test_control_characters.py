"""No control or invisible character gets into a grant, by whatever key; and none into a message."""

from __future__ import annotations

import copy
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pydantic.alias_generators import to_camel

import stack_config
from cross_account_access import InvalidInput
from cross_account_access.args import Conditions, Grant, Principal, RoleSettings
from cross_account_access.errors import escape_invisible, find_invisible, join_path
from cross_account_access.grants.model import find_unsafe_text
from tests.hostile_outputs import find_leaves
from tests.unit.config.bad_config import DESTINATION, GOOD, OTHER, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHARACTERS = (
    *("\x00", "\t", "\n", "\x0b", "\x0c", "\r", "\x1b", "\x1c", "\x1f", "\x7f", "\x80", "\x85"),
    *("\x9b", "\x9f", "\xad", "\u061c", "\u200b", "\u200e", "\u200f", "\u2028", "\u2029"),
    *("\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\ud800", "\udfff", "\ue000", "\ufeff"),
    *("\ufff9", "\U000e0001", "\U000e0041"),
    *("\u034f", "\u115f", "\u3164", "\ufe0f", "\U000e0100"),
)
MAY_HAVE_LINES = "\t\n\r"

STATEMENT = {
    "Sid": "Read",
    "Effect": "Allow",
    "Action": ["s3:GetObject"],
    "Resource": "arn:aws:s3:::x/*",
    "Condition": {"StringLike": {"aws:UserAgent": ["x*"]}},
}
CONDITIONS = {
    "externalId": "partner-7f3a",
    "previousExternalId": "partner-7f39",
    "sourceIps": ["203.0.113.7"],
    "organizations": ["o-a1b2c3d4e5"],
    "sessionNames": ["deploy-*"],
    "sourceIdentities": ["ann*"],
    "sessionTags": {"team": ["a", "b*"]},
    "allowSessionTags": ["stage", "app"],
    "transitiveTagKeys": ["team"],
    "principalTags": {"team": ["a"]},
    "notBefore": "2026-01-01T00:00:00Z",
    "notAfter": "2036-01-01T00:00:00Z",
    "raw": {"StringLike": {"aws:UserAgent": ["x*", "y*"]}},
}
VPCS = {"sourceVpcs": ["vpc-0123456789abcdef0"], "sourceVpcEndpoints": ["vpce-0123456789abcdef0"]}
FULL: dict[str, Any] = {
    **copy.deepcopy(GOOD),
    "side": "both",
    "tags": {"owner": "me"},
    "imports": {"Role/access-deploy": "deploy"},
    "grants": {
        "deploy": {
            "formerly": ["team/old", "older"],
            "principals": [
                {"user": "team/ann", "label": "ann", "uniqueId": "AIDA0123456789ABCDEF"},
                {"role": "ci", "trustBy": "name"},
                {"arn": f"arn:aws:iam::{SOURCE}:role/team/cd"},
                {"group": "devs"},
                {"account": SOURCE},
                {"permissionSet": "Admin"},
                {"organization": "o-a1b2c3d4e5"},
                {"organizationalUnit": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"},
            ],
            "role": {
                "name": "deploy",
                "path": "/team/",
                "description": "Deploys.",
                "managedPolicies": ["ReadOnlyAccess"],
                "managedPolicyArns": {"own": f"arn:aws:iam::{DESTINATION}:policy/x"},
                "inlinePolicies": {
                    "read": {"Version": "2012-10-17", "Id": "x", "Statement": [STATEMENT]},
                    "text": json.dumps({"Statement": [STATEMENT]}),
                },
                "permissionsBoundary": "ReadOnlyAccess",
                "tags": {"owner": "me"},
            },
        },
        "all": {
            "principals": [{"user": "bob", "conditions": {"organizations": ["o-a1b2c3d4e5"]}}],
            "conditions": CONDITIONS,
        },
        "inside": {"principals": [{"role": "ci"}, {"session": "ci/build-7"}], "conditions": VPCS},
    },
}
FULL["source"] = {
    **FULL["source"],
    "region": "us-east-1",
    "token": "t0k3n",
    "endpoint": "http://127.0.0.1:4577",
    "assumeRole": {
        "roleArn": f"arn:aws:iam::{SOURCE}:role/x",
        "externalId": "partner-7f3a",
        "sessionName": "me",
    },
}
FULL["destination"] = {"accountId": DESTINATION, "profile": "production"}
FULL_FLEET = {
    **{key: copy.deepcopy(FULL[key]) for key in ("tags", "imports", "grants")},
    "accounts": {
        "people": copy.deepcopy(FULL["source"]),
        "ci": {"accountId": OTHER, "groups": ["builds"]},
        "production": {**FULL["destination"], "groups": ["workloads"]},
        "staging": {"accountId": "444444444444", "groups": ["workloads"]},
    },
    "only": ["people", "staging"],
}
for _grant in FULL_FLEET["grants"].values():
    _grant |= {"source": "people", "destinations": ["workloads"], "exclude": ["staging"]}
FULL_FLEET["grants"]["inside"]["principals"][0]["source"] = "ci"
FULL_FLEET["grants"]["inside"]["exclude"] = ["production"]
FULLS = pytest.mark.parametrize("full", [FULL, FULL_FLEET], ids=["pair", "many accounts"])

Steps = tuple[str | int, ...]


def list_keys(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """The steps to every key."""
    if isinstance(value, dict):
        yield from ((*steps, key) for key in value)
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from list_keys(inner, (*steps, key))


def change(config: Any, steps: Steps, put: Callable[[Any, Any], None]) -> dict[str, Any]:
    """Change a part of a config by `put`, which gets what holds it and its key."""
    part = config
    for step in steps[:-1]:
        part = part[step]
    put(part, steps[-1])
    whole: dict[str, Any] = config
    return whole


def change_value(steps: Steps, value: Any) -> dict[str, Any]:
    """The full config with another value for a key."""
    return change(copy.deepcopy(FULL), steps, lambda part, step: part.update({step: value}))


def find_messages(config: dict[str, Any]) -> dict[str, str]:
    """The message of each problem of a config, by its path."""
    with pytest.raises(InvalidInput) as refused:
        stack_config.check(config)
    for problem in refused.value.problems:
        assert find_invisible("".join(problem.as_dict().values())) is None
    assert find_invisible(str(refused.value).replace("\n", "")) is None
    return {problem.path: problem.message for problem in refused.value.problems}


def path_of(steps: Steps) -> str:
    return escape_invisible(join_path("cross-account-access:", steps))


def test_the_full_config_is_taken_and_has_every_key_with_a_text() -> None:
    stack_config.check(FULL)
    stack_config.check(FULL_FLEET)
    keys = {
        to_camel(key)
        for args in (Grant, Principal, Conditions, RoleSettings)
        for key in args.__annotations__
    }
    no_text = {"mfa", "mfaMaxAge", "maxSessionDuration", "protect", "retain"}
    no_text |= {"allowSourceIdentity", "allowIdentityContext"}
    assert keys - {str(step) for steps in find_leaves(FULL_FLEET) for step in steps} == no_text


def is_allowed(character: str, steps: Steps) -> bool:
    return character in MAY_HAVE_LINES and steps[-1] in {"description", "text"}


def spoil(character: str, part: Any, step: Any) -> None:
    """Put a character into a text."""
    part[step] = f"{part[step][:2]}{character}{part[step][2:]}"


def rename(character: str, part: Any, step: Any) -> None:
    """Put a character into a key."""
    part[f"{step}{character}"] = part.pop(step)


@FULLS
@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
def test_every_text_with_a_control_or_invisible_character_is_refused(
    character: str, full: dict[str, Any]
) -> None:
    texts = [steps for steps in find_leaves(full) if not is_allowed(character, steps)]
    config = copy.deepcopy(full)
    for steps in texts:
        change(config, steps, partial(spoil, character))
    assert set(map(path_of, texts)) <= set(find_messages(config))


@FULLS
@pytest.mark.parametrize("character", ["\n", "\x9b", "\u202e", "\ud800"], ids=ascii)
def test_one_text_or_key_with_such_a_character_is_enough(
    character: str, full: dict[str, Any]
) -> None:
    for steps in find_leaves(full):
        if not is_allowed(character, steps):
            config = change(copy.deepcopy(full), steps, partial(spoil, character))
            assert path_of(steps) in find_messages(config)
    for steps in list_keys(full):
        config = change(copy.deepcopy(full), steps, partial(rename, character))
        assert path_of((*steps[:-1], f"{steps[-1]}{character}")) in find_messages(config)


@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
def test_no_escape_in_a_policy_that_is_json_text_brings_one_in(character: str) -> None:
    policy = {"Statement": [{**STATEMENT, "Resource": f"arn:aws:s3:::x/{character}"}]}
    steps: Steps = ("grants", "deploy", "role", "inlinePolicies", "text")
    for text in (json.dumps(policy), json.dumps(policy, ensure_ascii=False)):
        messages = find_messages(change_value(steps, text))
        assert all(path.startswith(path_of(steps)) for path in messages)


def test_a_description_has_lines_and_a_policy_that_is_json_text_white_space() -> None:
    config = copy.deepcopy(FULL)
    role = config["grants"]["deploy"]["role"]
    role["description"] = "Deploys.\r\n\tAsk the team first."
    role["inlinePolicies"]["text"] = "\n" + json.dumps({"Statement": [STATEMENT]}, indent="\t")
    read = stack_config.check(config).grants["deploy"].role
    assert read.description == role["description"]
    assert read.inline_policies == role["inlinePolicies"]


@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "é漢", "\xa0x", "Ω\u3000ж", "\U0001f511", "\u0301", "x\u2003y", "\uff21"],
)
def test_what_can_be_seen_or_is_a_space_is_taken(text: str) -> None:
    assert list(find_unsafe_text({"x": [text]})) == []
    assert escape_invisible(text) == text


def test_a_refused_secret_is_not_shown() -> None:
    for steps in (
        ("grants", "all", "conditions", "externalId"),
        ("grants", "all", "conditions", "raw", "StringEquals"),
        ("source", "secretKey"),
    ):
        value = {"sts:ExternalId": ["s3cr\u202eet"]} if "raw" in steps else "s3cr\u202eet"
        messages = find_messages(change_value(steps, value))
        assert not [message for message in messages.values() if "s3cr" in message]
