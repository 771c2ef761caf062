"""Access Analyzer's ValidatePolicy, which finds what the grammar refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.iam import json_text, policy_elements, policy_grammar
from sandbox.aws.policy_validation import ISSUES
from sandbox.aws.server import client
from tests.sandbox.conftest import SOURCE, document, refusal

if TYPE_CHECKING:
    from sandbox.aws.server import Sandbox

IDENTITY = {"policyType": "IDENTITY_POLICY"}
TRUST = {
    "policyType": "RESOURCE_POLICY",
    "validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument",
}
ROLE = "arn:aws:iam::222222222222:role/deploy"
BASE: dict[str, Any] = {"Action": "sts:AssumeRole", "Resource": ROLE}
TRUSTING: dict[str, Any] = {"Action": "sts:AssumeRole", "Principal": {"AWS": SOURCE}}
ERRORS: tuple[tuple[dict[str, str], str, str, list[object]], ...] = (
    (IDENTITY, "{", "JSON_SYNTAX_ERROR", []),
    (IDENTITY, "[]", "DATA_TYPE_MISMATCH", []),
    (IDENTITY, "{}", "MISSING_STATEMENT", ["Statement"]),
    (IDENTITY, document(**BASE, version="2020-01-01"), "INVALID_VERSION", ["Version"]),
    (IDENTITY, document(**BASE, Sid="a-b"), "UNSUPPORTED_SID", ["Statement", 0, "Sid"]),
    (IDENTITY, document(**BASE, Effect="allow"), "INVALID_EFFECT", ["Statement", 0, "Effect"]),
    (IDENTITY, document(**BASE, Effect=None), "MISSING_EFFECT", ["Statement", 0, "Effect"]),
    (IDENTITY, document(Resource=ROLE), "MISSING_ACTION", ["Statement", 0]),
    (IDENTITY, document(Action="sts:AssumeRole"), "MISSING_RESOURCE", ["Statement", 0]),
    (
        IDENTITY,
        document(**BASE, NotAction="iam:*"),
        "UNSUPPORTED_ELEMENT_COMBINATION",
        ["Statement", 0],
    ),
    (
        IDENTITY,
        document(**BASE, Principal={"AWS": SOURCE}),
        "UNSUPPORTED_PRINCIPAL",
        ["Statement", 0, "Principal"],
    ),
    (
        IDENTITY,
        document(**BASE | {"Resource": ["*", "deploy"]}),
        "INVALID_ARN_PREFIX",
        ["Statement", 0, "Resource"],
    ),
    (
        IDENTITY,
        document(**BASE, Condition={"StringEqual": {"aws:userid": "x"}}),
        "INVALID_CONDITION_OPERATOR",
        ["Statement", 0, "Condition", "StringEqual"],
    ),
    (
        IDENTITY,
        document(**BASE, Condition={"NullIfExists": {"aws:userid": "true"}}),
        "NULL_WITH_IF_EXISTS",
        ["Statement", 0, "Condition", "NullIfExists"],
    ),
    (
        TRUST,
        document(**TRUSTING | {"Principal": "*"}),
        "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        ["Statement", 0, "Principal"],
    ),
    (TRUST, document(Action="sts:AssumeRole"), "MISSING_PRINCIPAL", ["Statement", 0, "Principal"]),
    (
        TRUST,
        document(**TRUSTING, Resource="*"),
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        ["Statement", 0, "Resource"],
    ),
    (
        TRUST,
        document(Action="sts:AssumeRole", NotPrincipal={"AWS": SOURCE}),
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
        ["Statement", 0, "NotPrincipal"],
    ),
    (
        TRUST,
        document(**TRUSTING | {"Action": "s3:GetObject"}),
        "UNSUPPORTED_ACTION_IN_POLICY",
        ["Statement", 0, "Action"],
    ),
)


@pytest.fixture(scope="module")
def analyzer(running: Sandbox) -> Any:
    return client("accessanalyzer", running.endpoint, account=SOURCE)


@pytest.mark.parametrize(
    ("kind", "text"), [(IDENTITY, document(**BASE)), (TRUST, document(**TRUSTING))]
)
def test_a_policy_that_iam_saves_has_no_finding(
    kind: dict[str, str], text: str, analyzer: Any
) -> None:
    assert analyzer.validate_policy(policyDocument=text, **kind)["findings"] == []


@pytest.mark.parametrize(("kind", "text", "issue", "path"), ERRORS)
def test_one_that_iam_refuses_has_an_error_where_it_is_wrong(
    kind: dict[str, str], text: str, issue: str, path: list[object], analyzer: Any
) -> None:
    [finding] = analyzer.validate_policy(policyDocument=text, **kind)["findings"]
    assert (finding["findingType"], finding["issueCode"]) == ("ERROR", issue)
    assert finding["learnMoreLink"].endswith(f"-error-{issue.lower().replace('_', '-')}")
    assert "{" not in finding["findingDetails"]
    [location] = finding["locations"]
    assert [step.get("index", step.get("value")) for step in location["path"]] == path
    assert location["span"]["end"]["offset"] == len(text)


def test_there_is_an_issue_for_each_refusal_of_the_grammar() -> None:
    sources = (Path(str(one.__file__)) for one in (json_text, policy_elements, policy_grammar))
    codes = set(re.findall(r'code="([a-z-]+)"', "".join(map(Path.read_text, sources))))
    # Those that are made of an element's name.
    named = {f"no-{element}" for element in ("action", "resource", "principal")}
    named |= {"element-not-of-trust-policy", "element-or-its-opposite", "invalid-action-service"}
    assert set(ISSUES) == codes | named


@pytest.mark.parametrize(
    "kind",
    [
        {"policyType": "SERVICE_CONTROL_POLICY"},
        {"policyType": "RESOURCE_POLICY"},
        {"policyType": "RESOURCE_POLICY", "validatePolicyResourceType": "AWS::S3::Bucket"},
    ],
)
def test_policies_of_no_iam_entity_are_not_judged(kind: dict[str, str], analyzer: Any) -> None:
    found = refusal(lambda: analyzer.validate_policy(policyDocument=document(**BASE), **kind))
    assert (found.code, found.status) == ("NotImplemented", 501)


def test_parameters_are_checked_as_the_services_model_says(analyzer: Any) -> None:
    found = refusal(lambda: analyzer.validate_policy(policyDocument="{}", policyType="X"))
    assert (found.code, found.status) == ("ValidationException", 400)
    assert "policyType" in found.message


@pytest.mark.parametrize("key_id", ["AKIAUNKNOWNUNKNOWN12"])
def test_unknown_keys_are_refused_in_the_services_own_words(key_id: str, running: Sandbox) -> None:
    stranger = client("accessanalyzer", running.endpoint, account=key_id)
    found = refusal(lambda: stranger.validate_policy(policyDocument=json.dumps({}), **IDENTITY))
    assert (found.code, found.status) == ("UnrecognizedClientException", 403)
