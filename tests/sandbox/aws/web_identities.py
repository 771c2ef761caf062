"""A role that trusts GitHub's tokens, and whoever comes with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sandbox.conftest import SOURCE, document, refusal
from tests.unsigned_tokens import AUDIENCE, GITHUB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sandbox.conftest import Refusal, Stage

ISSUER = GITHUB.removeprefix("https://")
PROVIDER = f"arn:aws:iam::{SOURCE}:oidc-provider/{ISSUER}"
SUBJECT = "repo:example/access:environment:production"
ROLE = f"arn:aws:iam::{SOURCE}:role/ci"
ACTION = "sts:AssumeRoleWithWebIdentity"
OTHER = "https://oidc.example.com/id/A1"


def make_provider(stage: Stage) -> str:
    """GitHub's identity provider in the source account; its ARN."""
    made = stage.source.create_open_id_connect_provider(Url=GITHUB, ClientIDList=[AUDIENCE, "b"])
    return made["OpenIDConnectProviderArn"]


def trust(
    stage: Stage,
    condition: Mapping[str, Any] | None = None,
    *,
    principal: Mapping[str, Any] | None = None,
    actions: object = ACTION,
    **more: Any,
) -> None:
    """A role that lets one repository's environment in, unless it says otherwise."""
    condition = (
        {"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": SUBJECT}}
        if condition is None
        else condition
    )
    principal = principal or {"Federated": PROVIDER}
    policy = document(Principal=principal, Action=actions, Condition=condition)
    stage.source.create_role(RoleName="ci", AssumeRolePolicyDocument=policy, **more)


def assume(stage: Stage, token: str, **more: Any) -> dict[str, Any]:
    """What STS answers to whoever comes with the token, and with no credentials."""
    more = {"RoleArn": ROLE, "RoleSessionName": "session"} | more
    sts = stage.sts({"AccessKeyId": "x", "SecretAccessKey": "x"})
    return dict(sts.assume_role_with_web_identity(WebIdentityToken=token, **more))


def refused(stage: Stage, token: str, **more: Any) -> Refusal:
    return refusal(lambda: assume(stage, token, **more))
