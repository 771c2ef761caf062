"""Whoever a stack's grants let in, made on the emulated accounts, and how each calls AWS."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from cross_account_access.config.settings import PairSettings
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy, get_effective_conditions
from cross_account_access.iam.identity_policy import VERSION, render_document
from sandbox.aws.endpoint import DEFAULT_REGION, client, get_partition, make_client, open_url
from sandbox.aws.iam_request import AWS_SERVICE
from sandbox.aws.mfa import STEP, totp
from sandbox.deploy.stack import get_account_ids, get_region

if TYPE_CHECKING:
    from types_boto3_sts import STSClient

OPERATOR = "sandbox-operator"
_POLICY = "sandbox"
_UNITS = ("organization", "organizational_unit")
_ASSUME_ANYTHING = render_document(
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


@dataclass(frozen=True)
class People:
    """Everybody that the proof needs.

    Attributes:
        callers: A caller for each of the grants' principals, by its key.
        prepare: Gives a principal's caller the tags and the organization that it needs, under its
            grant's conditions: another grant may require different ones.
        outsider: A user of the source account whom no grant names, though the account lets it
            assume every role.
        nobody: A user of the source account that the account lets do nothing.
        stranger: A user of another account, which lets it assume every role.
    """

    callers: dict[str, Person]
    prepare: Callable[[PrincipalModel, ConditionsModel | None], None]
    outsider: Person
    nobody: Person
    stranger: Person


@contextmanager
def make_people(endpoint: str, settings: PairSettings, *, keep: bool) -> Iterator[People]:
    """Create the grants' principals with keys and MFA devices; revoke them unless `keep`."""
    source, destination = get_account_ids(settings)
    other = next(digit * 12 for digit in "9876" if digit * 12 not in (source, destination))
    pairs = [(one, grant) for grant in settings.grants.values() for one in grant.principals]
    apart, makers = _find_apart(settings), _PeopleMakers(endpoint, get_region(settings))
    own = makers[source]
    try:
        operator = own.make_user(OPERATOR, policy=_ASSUME_ANYTHING)
        callers: dict[str, Person] = {}

        def find_maker(principal: PrincipalModel) -> _PeopleMaker:
            return makers[_make_account(principal) if principal.key in apart else source]

        def prepare(principal: PrincipalModel, conditions: ConditionsModel | None) -> None:
            effective = get_effective_conditions(principal, conditions)
            find_maker(principal).make_as_required(callers[principal.key], principal, effective)

        for principal, grant in pairs:
            if principal.key not in callers:
                callers[principal.key] = find_maker(principal).make_caller(principal, operator)
            prepare(principal, grant.conditions)
        yield People(
            callers,
            prepare,
            own.make_user("sandbox-outsider", policy=_ASSUME_ANYTHING, mfa=True),
            own.make_user("sandbox-nobody", mfa=True),
            makers[other].make_user("sandbox-stranger", policy=_ASSUME_ANYTHING, mfa=True),
        )
    finally:
        if not keep:
            for maker in makers.values():
                maker.revoke_keys()


def _find_apart(settings: PairSettings) -> set[str]:
    """The keys of organizations and units that stand beside other principals in a grant.

    In the source account, these would let a member of the organization in too.
    """
    return {
        one.key
        for grant in settings.grants.values()
        for one in grant.principals
        if one.kind in _UNITS and len(grant.principals) > 1
    }


def _make_account(principal: PrincipalModel) -> str:
    """The ID of an account that is an organization's or unit's alone."""
    number = int(sha256(str(principal.identity).encode()).hexdigest(), 16) % 10**11
    return str(4 * 10**11 + number)


class _PeopleMaker:
    """Creates callers in one account, and revokes the keys and devices that it gave out."""

    def __init__(self, endpoint: str, account: str, region: str) -> None:
        self._endpoint = endpoint
        self._account = account
        self._region = region
        self._partition = get_partition(region)
        self._iam = client("iam", endpoint, account=account, region=region)
        # A permission set's role is Identity Center's, and no one else may make it.
        self._iam.meta.events.register("before-send.iam", _call_as_identity_center)
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
        if principal.kind not in _UNITS:
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
                    operator, name, "/aws-reserved/sso.amazonaws.com/", policy=_ASSUME_ANYTHING
                )
        return self.make_user("sandbox-entitled", policy=_ASSUME_ANYTHING, mfa=True)

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
        member = self.make_user(f"sandbox-{group}"[:64], mfa=True)
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
            [PrincipalModel(user=OPERATOR)], None, self._partition, self._account
        )
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName=_POLICY, PolicyDocument=policy)
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
        assumed = operator.sts.assume_role(RoleArn=arn, RoleSessionName=session)
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


class _PeopleMakers(dict[str, _PeopleMaker]):
    """The makers by their accounts, each made when it is first asked for."""

    def __init__(self, endpoint: str, region: str) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._region = region

    def __missing__(self, account: str) -> _PeopleMaker:
        self[account] = _PeopleMaker(self._endpoint, account, self._region)
        return self[account]


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
