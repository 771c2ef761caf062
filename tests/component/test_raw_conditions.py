"""Raw conditions in every form that a program may give them: in the trust, or refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.runtime import rpc

from tests.component.harness import run
from tests.component.programs import access, grant, output, secret, trusted_role
from tests.component.provider_host import UNKNOWN, Engine, Host, started
from tests.component.refusals import refused_at_once
from tests.component.test_own_conditions import statements
from tests.component.test_provider_grpc import WRAPS, inputs, trust
from tests.component.test_provider_grpc import access as construct
from tests.component.test_provider_grpc import refused as refused_by
from tests.component.world import SOURCE, user_arn

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with started() as running:
        yield running


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        *(
            (
                {"raw": {"StringEquals": {"aws:PrincipalTag/Cost Center": value}}},
                {"StringEquals": {"aws:PrincipalTag/Cost Center": ["a", "b"]}},
            )
            for value in (["b", "a", "b"], ("a", "b"), output(["b", "a"]), [secret("b"), "a"])
        ),
        *(
            (
                {"raw": {"StringEquals": {"aws:SourceAccount": value}}},
                {"StringEquals": {"aws:SourceAccount": [SOURCE]}},
            )
            for value in (SOURCE, int(SOURCE), float(SOURCE), output(SOURCE), [output(int(SOURCE))])
        ),
        *(
            (
                {"raw": {"Bool": {"aws:SecureTransport": value}}},
                {"Bool": {"aws:SecureTransport": ["true"]}},
            )
            for value in ("true", True, [True], [True, "true"], output(True), secret([True]))
        ),
        *(
            (
                {"raw": {"NumericLessThan": {"aws:MultiFactorAuthAge": value}}},
                {"NumericLessThan": {"aws:MultiFactorAuthAge": [text]}},
            )
            for value, text in ((3600, "3600"), (3600.0, "3600"), (-0.0, "0"), ("1.5", "1.5"))
        ),
    ],
    ids=str,
)
def test_each_form_of_a_raw_value_is_the_same_in_the_trust(
    conditions: dict[str, Any], expected: object
) -> None:
    assert statements(run(access({"deploy": grant(conditions=conditions)}))) == [
        ([user_arn("alice")], expected)
    ]


def test_all_raw_conditions_as_one_output_are_refused() -> None:
    raw = output({"Bool": {"aws:SecureTransport": "true"}})
    refused_at_once(
        trusted_role(conditions={"raw": raw}),
        "TrustedRole reader",
        ("conditions.raw", "output-not-allowed"),
    )


# What comes of a raw condition whose value comes over the wire like this.
RAW_VALUES = {
    "output": "known",
    "secret output": "secret",
    "unknown output": "unknown",
    # Of the older forms, which no engine sends to a host that takes Outputs.
    "secret": "refused",
    "unknown": "refused",
    "null": "refused",
    "output of null": "refused",
}


@pytest.mark.parametrize("value", ["7", 7.0, True, ["7"], [7, "8"]], ids=str)
@pytest.mark.parametrize("wrap", WRAPS)
def test_a_raw_condition_is_in_the_trust_or_refused(host: Host, wrap: str, value: Any) -> None:
    engine = Engine(preview=True)
    raw = {"StringNotEquals": {"aws:PrincipalTag/Cost Center": WRAPS[wrap](value)}}
    given = inputs({"conditions": {"raw": raw}})
    if RAW_VALUES[wrap] == "refused":
        refused_by(host, given, preview=True)
        return
    construct(host, engine, given)
    policy = trust(engine)
    if RAW_VALUES[wrap] == "unknown":
        assert policy == UNKNOWN
        return
    if RAW_VALUES[wrap] == "secret":
        assert policy[rpc._special_sig_key] == rpc._special_secret_sig
        policy = policy["value"]
    values = [json.dumps(one).strip('"') for one in (value if isinstance(value, list) else [value])]
    assert json.loads(policy)["Statement"][0]["Condition"] == {
        "StringNotEquals": {
            "aws:PrincipalTag/Cost Center": ["7" if one == "7.0" else one for one in values]
        }
    }
