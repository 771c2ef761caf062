"""The examples' programs, tested as their users would test them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cross_account_access.testing import AwsMocks, MockAccount

EXAMPLES = Path(__file__).parents[2] / "examples"
PEOPLE, PRODUCTION = "111111111111", "222222222222"


def test_operators_get_into_each_spoke_with_mfa_and_nobody_else_does() -> None:
    names = "analytics billing catalog checkout data network payments production search security"
    spokes = {
        name: MockAccount(f"{position:012}")
        for position, name in enumerate([*names.split(), "staging", "website"], start=1)
    }
    hub = MockAccount(PEOPLE, users=["olga", "eve"], groups={"others": ["eve"]})
    mocks = AwsMocks({"hub": hub, **spokes})
    outputs = mocks.run(EXAMPLES / "hub-and-spokes")
    assert len(outputs["roles"]) == 12
    for spoke in spokes:
        mocks.assert_allows("group/operators", "operate", account=spoke, mfa=True)
        mocks.assert_refuses("group/operators", "operate", account=spoke, half="destination")
        mocks.assert_refuses("eve", "operate", account=spoke, mfa=True, half="source")


def test_the_ci_role_that_the_program_makes_gets_in() -> None:
    mocks = AwsMocks({"people": MockAccount(PEOPLE), "production": MockAccount(PRODUCTION)})
    outputs = mocks.run(EXAMPLES / "python-embedding")
    ci = mocks.get("Role", "ci")
    assert ci.arn == outputs["ci_role"]
    mocks.assert_allows(f"role/{ci.outputs['name']}", "release")
    (permission,) = mocks.get("Policy", "releases").statements
    assert permission["Action"] == "s3:PutObject"


def test_github_actions_tags_are_allowed_and_no_others() -> None:
    mocks = AwsMocks({"people": MockAccount(PEOPLE), "production": MockAccount(PRODUCTION)})
    outputs = mocks.run(EXAMPLES / "github-actions")
    provider = mocks.get("OpenIdConnectProvider", "github")
    (statement,) = mocks.trust_policy("job")["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert statement["Principal"] == {"Federated": provider.arn}
    assert provider.arn == f"arn:aws:iam::{PEOPLE}:oidc-provider/{issuer}"
    assert {*statement["Condition"]["StringEquals"]} == {f"{issuer}:aud", f"{issuer}:sub"}
    tags = {"GitHub": "Actions", "Branch": "refs/heads/main", "RunId": "7"}
    for given in (tags, {}):
        mocks.assert_allows(outputs["job_role"], "deploy", session_tags=given)
    mocks.assert_refuses(
        outputs["job_role"], "deploy", session_tags={**tags, "team": "red"}, because="aws:TagKeys"
    )


def test_a_pod_of_the_namespace_gets_in_and_a_cluster_gets_its_association() -> None:
    mocks = AwsMocks({"people": MockAccount(PEOPLE), "production": MockAccount(PRODUCTION)})
    outputs = mocks.run(EXAMPLES / "eks-pod-identity")
    assert mocks.made("PodIdentityAssociation") == []
    tags = {"kubernetes-namespace": "payments", "kubernetes-pod-name": "ledger-1"}
    mocks.assert_allows(outputs["pod_role"], "ledger", inherited_tags=tags)
    other = tags | {"kubernetes-namespace": "shop"}
    for wrong in (other, tags | {"team": "red"}, {}):
        mocks.assert_refuses(
            outputs["pod_role"], "ledger", inherited_tags=wrong, half="destination"
        )
    mocks.run(EXAMPLES / "eks-pod-identity", config={"project:cluster": "main"})
    made = mocks.get("PodIdentityAssociation").inputs
    assert (made["clusterName"], made["namespace"]) == ("main", "payments")
    assert (made["roleArn"], made["targetRoleArn"]) == (outputs["pod_role"], outputs["target_role"])


def test_two_stacks_halves_fit_together() -> None:
    people = AwsMocks({"people": MockAccount(PEOPLE)})
    outputs = people.run(EXAMPLES / "two-teams" / "people")
    (policy,) = people.source_policies(outputs["ci_arn"])
    assert policy["Statement"][0]["Resource"] == [f"arn:aws:iam::{PRODUCTION}:role/deploy"]

    name = outputs["ci_arn"].rpartition("/")[2]
    accounts = {
        "people": MockAccount(PEOPLE, roles=[name, "other"]),
        "production": MockAccount(PRODUCTION),
    }
    production = AwsMocks(accounts, {"organization/two-teams-people/dev": outputs})
    production.run(EXAMPLES / "two-teams" / "production")
    production.assert_allows(outputs["ci_arn"], "deploy", entitled=True)
    production.assert_refuses("role/other", "deploy", entitled=True, half="destination")
    with pytest.raises(AssertionError, match="source: no identity policy"):
        production.assert_allows(outputs["ci_arn"], "deploy")
