"""The users and roles that a stack's grants name, made on the emulated accounts, and how each calls AWS."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from cross_account_access import policies
from cross_account_access.arns import IamArn
from cross_account_access.principals import Entity
from sandbox.mfa import STEP, totp
from sandbox.server import client
from sandbox.stack import account_ids
from stack_config import Settings

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_sts import STSClient

OPERATOR = "sandbox-operator"
OUTSIDER = "sandbox-outsider"
_ASSUME_ANYTHING = policies.render(
    {
        "Version": policies.VERSION,
        "Statement": [{"Effect": "Allow", "Action": policies.ASSUME_ROLE, "Resource": "*"}],
    }
)


@dataclass(frozen=True)
class Caller:
    """Somebody who calls AWS.

    Attributes:
        arn: Who it is.
        sts: STS with its credentials.
        keys: Its access key for a person to use; None for a role's session.
        mfa: Its MFA device's serial and seed; None where it has none.
    """

    arn: str
    sts: "STSClient"
    keys: dict[str, str] | None = None
    mfa: tuple[str, str] | None = None

    def mfa_parameters(self) -> dict[str, str]:
        """What an AssumeRole call with MFA takes."""
        if self.mfa is None:
            return {}
        serial, seed = self.mfa
        return {"SerialNumber": serial, "TokenCode": totp(seed)}


@dataclass(frozen=True)
class People:
    """Everybody that the proof needs.

    Attributes:
        callers: The grants' principals, by their ARN.
        outsiders: Users whom no grant names: one of the source account, one of another account. Their own account lets
            them assume every role, so that only a trust policy can refuse them.
    """

    callers: dict[str, Caller]
    outsiders: list[Caller]


def entities(settings: Settings) -> dict[str, list[str]]:
    """The principals' ARNs of each grant."""
    source, _ = account_ids(settings)
    return {name: [entity.arn("aws", source) for entity in grant.entities] for name, grant in settings.grants.items()}


@contextmanager
def people(endpoint: str, settings: Settings, *, keep: bool) -> Iterator[People]:
    """Make whoever the grants name, with access keys and MFA devices; take the keys back at the end unless `keep`."""
    source, destination = account_ids(settings)
    found = {entity.arn("aws", source): entity for grant in settings.grants.values() for entity in grant.entities}
    other = next(digit * 12 for digit in "9876" if digit * 12 not in (source, destination))
    iam = client("iam", endpoint, account=source)
    made = _Keys(endpoint)
    try:
        operator = made.user(iam, OPERATOR, policy=_ASSUME_ANYTHING)
        callers = {
            arn: made.user(iam, entity.name, entity.path, mfa=True)
            if entity.kind == "user"
            else _role(iam, endpoint, operator, entity, source)
            for arn, entity in found.items()
        }
        outsiders = [
            made.user(client("iam", endpoint, account=account), OUTSIDER, policy=_ASSUME_ANYTHING, mfa=True)
            for account in (source, other)
        ]
        yield People(callers, outsiders)
    finally:
        if not keep:
            made.take_back()


class _Keys:
    """Users with access keys and MFA devices that are taken back afterwards."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._keys: list[tuple[IAMClient, str, str]] = []
        self._devices: list[tuple[IAMClient, str, str]] = []

    def user(
        self, iam: "IAMClient", name: str, path: str = "/", *, policy: str | None = None, mfa: bool = False
    ) -> Caller:
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_user(UserName=name, Path=path)
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="sandbox", PolicyDocument=policy)
        arn = iam.get_user(UserName=name)["User"]["Arn"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self._keys.append((iam, name, key["AccessKeyId"]))
        keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        return Caller(arn, _sts(self._endpoint, keys), keys, self._device(iam, arn, name) if mfa else None)

    def _device(self, iam: "IAMClient", user_arn: str, user: str) -> tuple[str, str]:
        serial = f"{user_arn.rpartition(':')[0]}:mfa/sandbox-{user}"
        self._drop_device(iam, user, serial)
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"sandbox-{user}")["VirtualMFADevice"]
        seed = bytes(device["Base32StringSeed"]).decode()
        first, second = (totp(seed, at) for at in (time.time() - STEP, time.time()))
        iam.enable_mfa_device(
            UserName=user,
            SerialNumber=device["SerialNumber"],
            AuthenticationCode1=first,
            AuthenticationCode2=second,
        )
        self._devices.append((iam, user, device["SerialNumber"]))
        return device["SerialNumber"], seed

    @staticmethod
    def _drop_device(iam: "IAMClient", user: str, serial: str) -> None:
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.deactivate_mfa_device(UserName=user, SerialNumber=serial)
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_virtual_mfa_device(SerialNumber=serial)

    def take_back(self) -> None:
        for iam, user, key in self._keys:
            iam.delete_access_key(UserName=user, AccessKeyId=key)
        for iam, user, serial in self._devices:
            self._drop_device(iam, user, serial)


def _role(iam: "IAMClient", endpoint: str, operator: Caller, entity: Entity, account: str) -> Caller:
    """A session of a source role, which the source account's operator assumes."""
    trust = policies.trust_policy([str(IamArn("aws", account, "user", "/", OPERATOR))], {})
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=entity.name, Path=entity.path, AssumeRolePolicyDocument=trust)
    iam.update_assume_role_policy(RoleName=entity.name, PolicyDocument=trust)
    arn = entity.arn("aws", account)
    credentials = operator.sts.assume_role(RoleArn=arn, RoleSessionName="sandbox")["Credentials"]
    return Caller(arn, sts_of(endpoint, credentials))


def sts_of(endpoint: str, credentials: Any) -> "STSClient":
    """STS with the credentials that an AssumeRole call returned."""
    return _sts(
        endpoint,
        {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        },
    )


def _sts(endpoint: str, keys: dict[str, str]) -> "STSClient":
    session: Any = boto3.Session(region_name="us-east-1", **keys)  # type: ignore[arg-type]
    sts: STSClient = session.client(
        "sts",
        endpoint_url=endpoint,
        config=Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 1}),
    )
    return sts
