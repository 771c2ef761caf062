"""Somebody on the emulated accounts, made in an account, and how he calls AWS."""

import json
import time
import urllib.request
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy
from cross_account_access.iam.identity_policy import VERSION, render_document
from sandbox.aws.endpoint import DEFAULT_REGION, client, get_partition, make_client, open_url
from sandbox.aws.iam_request import AWS_SERVICE
from sandbox.aws.mfa import STEP, totp

if TYPE_CHECKING:
    from types_boto3_sts import STSClient

OPERATOR = "sandbox-operator"
_POLICY = "sandbox"
_LONGEST_HELPER = 60  # leaves room for a number in the 64 characters of a user's name
UNITS = ("organization", "organizational_unit")
"""The kinds of a principal that is no single account's."""

ASSUME_ANYTHING = render_document(
    {
        "Version": VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
                "Resource": "*",
            }
        ],
    }
)


@dataclass(frozen=True)
class Person:
    """Somebody who calls AWS.

    Attributes:
        arn: Who it is.
        sts: STS with its credentials.
        credentials: What it calls with, by the names that an AWS profile has for it.
        mfa: Its MFA device's serial and seed; None where it has none.
    """

    arn: str
    sts: "STSClient"
    credentials: dict[str, str]
    mfa: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """Its name without path or session."""
        return self.arn.split("/")[1 if ":assumed-role/" in self.arn else -1]

    def mfa_parameters(self) -> dict[str, str]:
        """What an AssumeRole call with MFA takes."""
        if self.mfa is None:
            return {}
        serial, seed = self.mfa
        return {"SerialNumber": serial, "TokenCode": totp(seed)}


class PersonMaker:
    """Creates callers in one account, and revokes the keys and devices that it gave out."""

    def __init__(
        self, endpoint: str, account: str, region: str, taken: Collection[str] = ()
    ) -> None:
        """Prepare to create callers.

        Args:
            endpoint: The emulated accounts.
            account: The account's ID.
            region: A region of its partition.
            taken: Names of users, in small letters, that `make_helper` must not use.
        """
        self._endpoint = endpoint
        self._account = account
        self._region = region
        self._partition = get_partition(region)
        self._iam = client("iam", endpoint, account=account, region=region)
        # A permission set's role is Identity Center's, and no one else may make it.
        self._iam.meta.events.register("before-send.iam", _call_as_identity_center)
        self._taken = set(taken)
        self._helpers: dict[tuple[str, str], str] = {}
        self._users: dict[str, Person] = {}
        self._keys: list[tuple[str, str]] = []
        self._devices: list[tuple[str, str]] = []

    def make_as_required(
        self, person: Person, principal: PrincipalModel, conditions: ConditionsModel | None
    ) -> None:
        """Give somebody the principal tags and the organization that conditions require."""
        for key, values in ((conditions.principal_tags if conditions else None) or {}).items():
            self.tag(person, key, values[0])
        path = str(principal.identity)
        if principal.kind not in UNITS:
            path = next(iter((conditions.organizations if conditions else None) or ()), "")
        if path:
            path = path if "/" in path else f"{path}/r-0000/"
            self._join_organization(path.partition("/")[0], path)

    def make_caller(self, principal: PrincipalModel, operator: Person) -> Person:
        """Make somebody whom a grant to the principal is to let in."""
        entity = principal.entity
        match principal.kind:
            case "user" if entity:
                return self.make_user(entity.name, entity.path, mfa=True)
            case "role" if entity:
                return self._start_session(operator, entity.name, entity.path)
            case "group" if entity:
                return self._make_member(entity.name, entity.path)
            case "session":
                role, _, session = str(principal.session).partition("/")
                return self._start_session(operator, role, session=session)
            case "permission_set":
                # As AWS names the role of a set:
                # https://docs.aws.amazon.com/singlesignon/latest/userguide/howtocreatepermissionset.html
                name = f"AWSReservedSSO_{principal.permission_set}_0123456789abcdef"
                return self._start_session(
                    operator, name, "/aws-reserved/sso.amazonaws.com/", policy=ASSUME_ANYTHING
                )
        return self.make_helper("sandbox-entitled", policy=ASSUME_ANYTHING, mfa=True)

    def make_helper(
        self, name: str, group: str = "", *, policy: str | None = None, mfa: bool = False
    ) -> Person:
        """Make a user of that name, or of one like it that no grant names, once.

        Args:
            name: The name.
            group: The group that the user is made for; each has a user of its own.
            policy: What the user's own policy allows.
            mfa: Whether it has an MFA device.
        """
        if (name, group) not in self._helpers:
            base = f"{name}{group}"[:_LONGEST_HELPER]
            names = chain([base], (f"{base}-{number}" for number in count(2)))
            free = next(one for one in names if one.lower() not in self._taken)
            self._taken.add(free.lower())
            self._helpers[name, group] = free
        return self.make_user(self._helpers[name, group], policy=policy, mfa=mfa)

    def make_namesake(self, principal: PrincipalModel, operator: Person) -> Person:
        """Make a user or role called like a principal elsewhere, which may assume every role."""
        entity = principal.entity
        if entity is None:
            raise ValueError("a principal of the config has a name")
        if entity.kind == "user":
            return self.make_user(entity.name, entity.path, policy=ASSUME_ANYTHING, mfa=True)
        return self._start_session(operator, entity.name, entity.path, policy=ASSUME_ANYTHING)

    def make_user(
        self, name: str, path: str = "/", *, policy: str | None = None, mfa: bool = False
    ) -> Person:
        """Make a user with an access key, once."""
        if name in self._users:
            return self._users[name]
        iam = self._iam
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_user(UserName=name, Path=path)
        if policy:
            iam.put_user_policy(UserName=name, PolicyName=_POLICY, PolicyDocument=policy)
        arn = iam.get_user(UserName=name)["User"]["Arn"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self._keys.append((name, key["AccessKeyId"]))
        keys = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
        self._users[name] = Person(
            arn,
            make_client("sts", self._endpoint, keys, self._region),
            keys,
            self._enable_device(name) if mfa else None,
        )
        return self._users[name]

    def tag(self, caller: Person, key: str, value: str) -> None:
        """Tag the user, or the role of a session."""
        tags = [{"Key": key, "Value": value}]
        iam: Any = self._iam
        if ":user/" in caller.arn:
            iam.tag_user(UserName=caller.name, Tags=tags)
        else:
            iam.tag_role(RoleName=caller.name, Tags=tags)

    def _make_member(self, group: str, path: str) -> Person:
        with suppress(self._iam.exceptions.EntityAlreadyExistsException):
            self._iam.create_group(GroupName=group, Path=path)
        member = self.make_helper("sandbox-", group, mfa=True)
        self._iam.add_user_to_group(GroupName=group, UserName=member.name)
        return member

    def _start_session(
        self,
        operator: Person,
        name: str,
        path: str = "/",
        *,
        session: str = "sandbox",
        policy: str | None = None,
    ) -> Person:
        """A session of a role, which the account's operator assumes."""
        iam = self._iam
        trust = build_trust_policy(
            [PrincipalModel(user=operator.name)], None, self._partition, self._account
        )
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName=_POLICY, PolicyDocument=policy)
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
        return self.take_session(operator.sts.assume_role(RoleArn=arn, RoleSessionName=session))

    def take_session(self, assumed: Any, conditions: ConditionsModel | None = None) -> Person:
        """Take whom AssumeRole's answer lets call.

        Args:
            assumed: The answer.
            conditions: Conditions that may require an organization of the account.
        """
        for organization in (conditions.organizations if conditions else None) or ():
            self._join_organization(organization, f"{organization}/r-0000/")
        return Person(
            assumed["AssumedRoleUser"]["Arn"],
            make_session_sts(self._endpoint, assumed["Credentials"], self._region),
            _name_credentials(assumed["Credentials"]),
        )

    def _join_organization(self, organization: str, path: str) -> None:
        """Put the account into an organization."""
        body = json.dumps({"account": self._account, "id": organization, "path": path}).encode()
        url = f"{self._endpoint}/_sandbox/organization"
        request = urllib.request.Request(url, body, method="PUT")  # noqa: S310
        open_url(request, timeout=5)

    def _enable_device(self, user: str) -> tuple[str, str]:
        create, name = self._iam.create_virtual_mfa_device, f"sandbox-{user}"
        try:
            device = create(VirtualMFADeviceName=name)["VirtualMFADevice"]
        except self._iam.exceptions.EntityAlreadyExistsException:
            # Another command's, which may be using it at this moment.
            device = create(VirtualMFADeviceName=f"{name}-{token_hex(4)}")["VirtualMFADevice"]
        serial, seed = device["SerialNumber"], bytes(device["Base32StringSeed"]).decode()
        self._devices.append((user, serial))
        # This step's code and the next one's: the clock may go on to that one before the call.
        now = time.time()
        first, second = totp(seed, now), totp(seed, now + STEP)
        self._iam.enable_mfa_device(
            UserName=user,
            SerialNumber=serial,
            AuthenticationCode1=first,
            AuthenticationCode2=second,
        )
        return serial, seed

    def _drop_device(self, user: str, serial: str) -> None:
        with suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.deactivate_mfa_device(UserName=user, SerialNumber=serial)
        with suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.delete_virtual_mfa_device(SerialNumber=serial)

    def revoke_keys(self) -> None:
        """Delete the keys and devices."""
        for user, key in self._keys:
            # Whose accounts were emptied has nothing to give back.
            with suppress(self._iam.exceptions.NoSuchEntityException):
                self._iam.delete_access_key(UserName=user, AccessKeyId=key)
        for user, serial in self._devices:
            self._drop_device(user, serial)


def _call_as_identity_center(request: Any, **_: object) -> None:
    request.headers[AWS_SERVICE] = "sso.amazonaws.com"


def make_session_sts(endpoint: str, credentials: Any, region: str = DEFAULT_REGION) -> "STSClient":
    """STS with the credentials that an AssumeRole call returned."""
    sts: STSClient = make_client("sts", endpoint, _name_credentials(credentials), region)
    return sts


def _name_credentials(credentials: Any) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
