"""A running sandbox with two accounts, and hands to set them up with."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.aws.mfa import totp
from sandbox.aws.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from types_boto3_iam.client import IAMClient
    from types_boto3_sts.client import STSClient

SOURCE, DESTINATION = "111111111111", "222222222222"

_BOTOCORE = botocore.session.Session()


@dataclass
class Refusal:
    """An error that AWS's client raised."""

    code: str
    message: str
    status: int
    headers: Mapping[str, str]

    @property
    def half(self) -> str | None:
        return self.headers.get("x-sandbox-half")

    @property
    def reason(self) -> str | None:
        return self.headers.get("x-sandbox-reason")


@dataclass
class Clock:
    """The sandbox's clock, which a test can put forward."""

    offset: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


@dataclass
class Stage:
    sandbox: Sandbox
    source: IAMClient
    destination: IAMClient
    clock: Clock = field(default_factory=Clock)

    def iam(self, account: str) -> IAMClient:
        return self.source if account == SOURCE else self.destination

    def user(
        self, name: str = "alice", *, path: str = "/", may: object = "sts:*", **more: Any
    ) -> dict[str, Any]:
        """A user of the source account with an access key, allowed the actions `may`."""
        self.source.create_user(UserName=name, Path=path, **more)
        if may is not None:
            self.source.put_user_policy(
                UserName=name,
                PolicyName="assume",
                PolicyDocument=document(Action=may, Resource="*"),
            )
        return dict(self.source.create_access_key(UserName=name)["AccessKey"])

    def role(
        self,
        name: str = "deploy",
        *,
        trusts: object,
        condition: object = None,
        actions: object = "sts:AssumeRole",
        account: str = DESTINATION,
        may: object = None,
        **more: Any,
    ) -> str:
        """A role's ARN."""
        iam = self.iam(account)
        statement: dict[str, Any] = {"Principal": {"AWS": trusts}, "Action": actions}
        if condition is not None:
            statement["Condition"] = condition
        arn = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=document(**statement), **more
        )["Role"]["Arn"]
        if may is not None:
            iam.put_role_policy(
                RoleName=name,
                PolicyName="assume",
                PolicyDocument=document(Action=may, Resource="*"),
            )
        return arn

    def sts(self, keys: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> STSClient:
        """STS as whoever has these keys; `headers` go with every call."""
        made: STSClient = _session(keys).client(
            "sts", endpoint_url=self.sandbox.endpoint, config=_config()
        )
        for name, value in (headers or {}).items():

            def add(request: Any, name: str = name, value: str = value, **_: Any) -> None:
                request.headers[name] = value

            made.meta.events.register("before-sign.sts", add)
        return made

    def iam_of(self, keys: Mapping[str, Any]) -> IAMClient:
        """IAM as whoever has these keys."""
        return _iam(self.sandbox, keys)

    def session(self, keys: Mapping[str, Any], role_arn: str, **more: Any) -> dict[str, Any]:
        """Temporary keys of a role."""
        more = {"RoleSessionName": "session"} | more
        return dict(self.sts(keys).assume_role(RoleArn=role_arn, **more)["Credentials"])

    def refused(self, keys: Mapping[str, Any], role_arn: str, **more: Any) -> Refusal:
        """How assuming a role is refused, which it must be."""
        headers = more.pop("headers", None)
        more = {"RoleSessionName": "session"} | more
        return refusal(lambda: self.sts(keys, headers).assume_role(RoleArn=role_arn, **more))

    def mfa_device(self, user: str = "alice") -> tuple[str, str]:
        """The serial number and the seed of a new device that is enabled for a user."""
        device = self.source.create_virtual_mfa_device(VirtualMFADeviceName=user)[
            "VirtualMFADevice"
        ]
        serial, seed = device["SerialNumber"], device["Base32StringSeed"].decode()
        now = self.clock()
        self.source.enable_mfa_device(
            UserName=user,
            SerialNumber=serial,
            AuthenticationCode1=totp(seed, now),
            AuthenticationCode2=totp(seed, now + 30),
        )
        return serial, seed


def _config() -> Config:
    # Without botocore's own checks, which are fewer than AWS's and would hide what the sandbox
    # does.
    retries: Any = {"mode": "standard", "total_max_attempts": 1}
    return Config(retries=retries, proxies={}, parameter_validation=False)


def document(*, version: str | None = "2012-10-17", **statement: Any) -> str:
    """A policy with one statement that allows, unless it says otherwise."""
    head = {"Version": version} if version else {}
    return json.dumps({**head, "Statement": [{"Effect": "Allow", **statement}]})


def refusal(call: Callable[[], object]) -> Refusal:
    with pytest.raises(ClientError) as caught:
        call()
    response: Any = caught.value.response
    error, metadata = response["Error"], response["ResponseMetadata"]
    return Refusal(
        error["Code"], error["Message"], metadata["HTTPStatusCode"], metadata["HTTPHeaders"]
    )


def _session(keys: Mapping[str, Any]) -> boto3.Session:
    return boto3.Session(
        botocore_session=_BOTOCORE,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        region_name="us-east-1",
    )


def _iam(sandbox: Sandbox, keys: Mapping[str, Any]) -> IAMClient:
    made: IAMClient = _session(keys).client("iam", endpoint_url=sandbox.endpoint, config=_config())
    return made


def administrator(account: str) -> dict[str, str]:
    """The keys of an account's administrator."""
    return {"AccessKeyId": account, "SecretAccessKey": "anything"}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def accounts(running: Sandbox) -> Sandbox:
    """Empty accounts that run already, as those of `serve` do."""
    running.reset()
    running._state.clock = time.time
    running._state.hold_new_principals = 0.0
    return running


@pytest.fixture(scope="module")
def _stage(running: Sandbox) -> Stage:
    source, destination = (_iam(running, administrator(one)) for one in (SOURCE, DESTINATION))
    return Stage(running, source, destination)


@pytest.fixture
def stage(_stage: Stage, accounts: Sandbox) -> Stage:
    """Two empty accounts."""
    _stage.clock.offset = 0.0
    accounts._state.clock = _stage.clock
    return _stage
