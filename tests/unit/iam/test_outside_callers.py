"""AWS's documented answers to those who have no identity in IAM: web identities and AWS services.

The role is in the identity provider's account, where its trust policy alone decides.
"""

from __future__ import annotations

from dataclasses import replace as but
from typing import Any

import pytest

from cross_account_access.iam.evaluator import OutsideCaller, Policy, Request, decide_by_trust
from tests.unit.iam.decision_cases import (
    ALICE_ARN,
    ROOT,
    SOURCE,
    Case,
    check_case,
    each_case,
    trusts,
)

GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{SOURCE}:oidc-provider/{GITHUB}"
WEB, TAG = "sts:AssumeRoleWithWebIdentity", "sts:TagSession"
FEDERATED, POD = {"Federated": PROVIDER}, {"Service": "pods.eks.amazonaws.com"}
SUBJECT = "repo:example/access:environment:production"
IMMUTABLE = "repo:example@1234/access@5678:environment:production"
CLAIMS = ((f"{GITHUB}:aud", "sts.amazonaws.com"), (f"{GITHUB}:sub", SUBJECT))
TRUSTED_CLAIMS = {"StringEquals": dict(CLAIMS)}
JOB, PODS = OutsideCaller("Federated", PROVIDER), OutsideCaller("Service", POD["Service"])


def under(statement: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    return statement | {"Condition": condition}


def job(fact: str, answer: str, *trust: dict[str, Any], sub: str = SUBJECT, **more: Any) -> Case:
    """A case of a token of GitHub's, and a trust policy's statements."""
    claims = (CLAIMS[0], (f"{GITHUB}:sub", sub))
    return but(Case(fact, answer, trust, JOB, action=WEB, context=claims), **more)


def pods(fact: str, answer: str, *trust: dict[str, Any], **more: Any) -> Case:
    return but(Case(fact, answer, trust, PODS), **more)


TRUSTED = under(trusts(FEDERATED, WEB), TRUSTED_CLAIMS)
SUB_LIKE = {"StringLike": {f"{GITHUB}:sub": "repo:example/access:*"}}
IMMUTABLE_SUB = {"StringEquals": {f"{GITHUB}:sub": IMMUTABLE}}
NAMESPACE = {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "payments"}}
TAGS_OF = {"context": (("aws:RequestTag/kubernetes-namespace", "payments"),)}
OF_OTHERS = {"context": (("aws:RequestTag/kubernetes-namespace", "other"),)}

TABLE: dict[str, list[Case]] = {
    "id_roles_create_for-idp_oidc.html": [
        job("the token's subject is trusted", "allowed", TRUSTED),
        job("another repository's token", "destination", TRUSTED, sub="repo:example/x:ref:main"),
        job("the same but for case", "destination", TRUSTED, sub=SUBJECT.upper()),
        job("a pattern of subjects", "allowed", under(trusts(FEDERATED, WEB), SUB_LIKE)),
        job(
            "a pattern of others",
            "destination",
            under(trusts(FEDERATED, WEB), SUB_LIKE),
            sub="repo:example/access2:ref:main",
        ),
        job("a trusted name, now with its IDs", "destination", TRUSTED, sub=IMMUTABLE),
        job("trusted IDs", "allowed", under(trusts(FEDERATED, WEB), IMMUTABLE_SUB), sub=IMMUTABLE),
        job("a trust of the provider alone", "allowed", trusts(FEDERATED, WEB)),
        job("a provider among others", "allowed", trusts({"Federated": [PROVIDER, "x.y"]}, WEB)),
        job("every action of STS", "allowed", trusts(FEDERATED)),
        job("sts:AssumeRole alone", "destination", trusts(FEDERATED, "sts:AssumeRole")),
    ],
    "reference_policies_elements_principal.html": [
        job(
            "another account's provider",
            "destination",
            trusts({"Federated": PROVIDER.replace(SOURCE, "222222222222")}, WEB),
        ),
        job("the account of the provider", "destination", trusts(ROOT, WEB)),
        job("a user", "destination", trusts(ALICE_ARN, WEB)),
        job("a service of the same name", "destination", trusts({"Service": PROVIDER}, WEB)),
        job("nobody is trusted", "destination"),
        pods("a trusted service", "allowed", trusts(POD, "sts:AssumeRole")),
        pods("another service", "destination", trusts({"Service": "ec2.amazonaws.com"})),
        pods("the account, to a service", "destination", trusts(ROOT)),
        pods("everybody in AWS, to a service", "destination", trusts("*")),
        pods("a provider, to a service", "destination", trusts({"Federated": POD["Service"]})),
    ],
    "reference_policies_evaluation-logic_policy-eval-denyallow.html": [
        job("an explicit deny", "destination", TRUSTED, trusts(FEDERATED, WEB, "Deny")),
        job("an explicit deny of all", "destination", TRUSTED, trusts("*", "sts:*", "Deny")),
        job("a deny of others", "allowed", TRUSTED, trusts({"Federated": "x.y"}, WEB, "Deny")),
        job("a deny of the account", "allowed", TRUSTED, trusts(ROOT, "sts:*", "Deny")),
        pods("a deny of the service", "destination", trusts(POD), trusts(POD, effect="Deny")),
    ],
    "id_session-tags.html": [
        job("tags in a token", "destination", TRUSTED, action=TAG),
        job("tags in a token, allowed", "allowed", trusts(FEDERATED, [WEB, TAG]), action=TAG),
        pods("a service's tags", "destination", trusts(POD, "sts:AssumeRole"), action=TAG),
        pods("a service's tags, allowed", "allowed", trusts(POD), action=TAG),
        pods("a pod of the namespace", "allowed", under(trusts(POD), NAMESPACE), **TAGS_OF),
        pods("a pod of another", "destination", under(trusts(POD), NAMESPACE), **OF_OTHERS),
        pods("a pod without tags", "destination", under(trusts(POD), NAMESPACE)),
    ],
}


@each_case(TABLE)
def test_the_trust_policy_decides_as_the_page_says(page: str, row: Case) -> None:
    check_case(page, row)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (trusts(ROOT), f"the trust policy names no principal that is {PROVIDER}"),
        (trusts(FEDERATED, "sts:AssumeRole"), f"it does not cover {WEB}"),
        (TRUSTED, f'{GITHUB}:sub is absent, StringEquals requires "{SUBJECT}"'),
        (trusts("AROAABCDEFGHIJKLMNOP"), "names no principal"),
    ],
)
def test_a_refusal_says_what_does_not_match(statement: dict[str, Any], reason: str) -> None:
    trust = Policy("trust policy", {"Version": "2012-10-17", "Statement": [statement]})
    role = f"arn:aws:iam::{SOURCE}:role/ci"
    decision = decide_by_trust(JOB, Request(WEB, role, {}), trust)
    assert (decision.allowed, decision.half) == (False, "destination")
    assert reason in decision.reason
    (finding,) = decision.findings
    assert (finding.kind, finding.text) == ("trust", decision.reason)
