"""The APIs that a provider's inputs lead to, which are never off the loopback range.

Nothing here takes botocore's own chain of credentials: it would ask AWS, or run a command, where a
profile, a variable or the machine says so.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.credentials import (
    ConfigProvider,
    CredentialProvider,
    CredentialResolver,
    EnvProvider,
    SharedCredentialProvider,
)
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from sandbox.aws.endpoint import DEFAULT_REGION, is_loopback, make_client
from sandbox.deploy.deployment import DeploymentError
from sandbox.deploy.resource_handlers import AccountClients

# What makes credentials of something else than keys in the profile: another profile, a role, a
# command, the machine, a sign-in.
_NO_KEYS = (
    "role_arn",
    "source_profile",
    "credential_source",
    "web_identity_token_file",
    "credential_process",
    "login_session",
    "sso_session",
    "sso_start_url",
)
_OTHER_CREDENTIALS = ("assumeRoleWithWebIdentity", "sharedConfigFiles", "sharedCredentialsFiles")


def connect(inputs: Mapping[str, Any]) -> AccountClients:
    """The APIs of a provider's account, with its credentials or those of the roles that it assumes.

    Raises:
        DeploymentError: If an endpoint isn't on the loopback range, or the credentials can't be had
            without leaving it.
        botocore.exceptions.ClientError: If a role can't be assumed.
    """
    endpoints = _find_endpoints(inputs)
    region = inputs.get("region") or read_region(inputs.get("profile")) or DEFAULT_REGION
    keys = _find_keys(inputs)
    for role in json.loads(inputs.get("assumeRoles", "[]")):
        optional = {"ExternalId": role["externalId"]} if role.get("externalId") else {}
        sts = make_client("sts", endpoints["sts"], keys, region)
        credentials = sts.assume_role(
            RoleArn=role["roleArn"], RoleSessionName=role.get("sessionName") or "pulumi", **optional
        )["Credentials"]
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
    iam, sts = (make_client(name, endpoints[name], keys, region) for name in ("iam", "sts"))
    return AccountClients(iam, sts)


def read_region(profile: str | None) -> str | None:
    """The region of a profile, None for the default one; None where it has none."""
    try:
        region: str | None = Session(profile=profile).get_config_variable("region")
    except BotoCoreError:
        return None  # its keys can't be read either, and that says more
    return region


def _find_endpoints(inputs: Mapping[str, Any]) -> dict[str, str]:
    given: dict[str, str] = {"iam": "", "sts": ""}
    for block in json.loads(inputs.get("endpoints", "[]")):
        given |= {service: url or "" for service, url in block.items()}
    for url in given.values():
        if not is_loopback(url):
            raise DeploymentError(
                f"the in-process engine works on loopback addresses only, not on {url or 'AWS'}"
            )
    return given


def _find_keys(inputs: Mapping[str, Any]) -> dict[str, str]:
    if unsupported := next(filter(inputs.get, _OTHER_CREDENTIALS), None):
        raise DeploymentError(
            f"the in-process engine doesn't take a provider's {unsupported}; use the Pulumi CLI"
        )
    if inputs.get("accessKey"):
        keys = (inputs["accessKey"], inputs.get("secretKey"), inputs.get("token"))
    else:
        keys = _read_keys(inputs.get("profile"))
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return {name: key for name, key in zip(names, keys, strict=True) if key}


def _read_keys(profile: str | None) -> tuple[str | None, str | None, str | None]:
    """The keys in the environment, where no profile is asked for, or else in a profile."""
    session = Session(profile=profile)
    name = session.profile or "default"
    files = [session.get_config_variable(file) for file in ("credentials_file", "config_file")]
    of_profile: list[CredentialProvider] = [
        SharedCredentialProvider(files[0], name),
        ConfigProvider(files[1], name),
    ]
    try:
        found = None if profile else CredentialResolver([EnvProvider()]).load_credentials()
        if found is None:
            _check_has_keys(name, session.full_config["profiles"].get(name, {}))
            found = CredentialResolver(of_profile).load_credentials()
    except BotoCoreError as error:
        raise DeploymentError(f"the credentials can't be read: {error}") from None
    if found is None:
        raise DeploymentError(
            f"the in-process engine found no access key, neither in the environment nor in the "
            f"profile {name}"
        )
    return found.access_key, found.secret_key, found.token


def _check_has_keys(name: str, profile: Mapping[str, Any]) -> None:
    if other := next((key for key in _NO_KEYS if key in profile), None):
        raise DeploymentError(
            f"the profile {name} has {other}, which leads off the loopback range: in process, a "
            "profile must have an access key of its own. Add the key, set assumeRole in the "
            "stack's config, or use the Pulumi CLI"
        )
