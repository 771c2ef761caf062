"""Virtual MFA devices of users: enabling them, and the codes that come with a call to STS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.aws import mfa
from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from sandbox.aws.credentials import CallingIdentity
    from sandbox.aws.iam_request import IamRequest
    from sandbox.aws.moto_accounts import Backend, Entity, MotoAccounts


def check_enable_device(request: IamRequest) -> None:
    """Check EnableMFADevice: a virtual device, and two consecutive codes of it."""
    request.get_user()
    serial = request.get("SerialNumber")
    device = request.iam.virtual_mfa_devices.get(serial)
    if device is None:
        raise AwsError(
            "NoSuchEntity", f"VirtualMFADevice with serial number {serial} doesn't exist."
        )
    if device.user is not None:
        raise AwsError("EntityAlreadyExists", f"MFADevice {serial} is already in use.")
    codes = request.get("AuthenticationCode1"), request.get("AuthenticationCode2")
    if not mfa.accepts_pair(device.base32_string_seed, *codes, at=request.now):
        raise AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.")


def check_delete_device(request: IamRequest) -> None:
    device = request.iam.virtual_mfa_devices.get(request.get("SerialNumber"))
    if device is not None and device.user is not None:
        raise AwsError("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")


def check_code(
    identity: CallingIdentity,
    serial: str | None,
    code: str | None,
    accounts: MotoAccounts,
    now: float,
) -> bool:
    """Whether a call comes with MFA: a device of the caller's own and a right code of it.

    Raises:
        AwsError: AccessDenied for half of it, for another's device, for a wrong code.
    """
    if serial is None and code is None:
        return False
    if serial is None or code is None:
        text = "must provide both MFA serial number and one time pass code."
        raise AwsError("AccessDenied", f"MultiFactorAuthentication failed, {text}")
    device = _find_device(identity, serial, accounts)
    if device is None:
        raise AwsError(
            "AccessDenied",
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your "
            "MFA serial number is valid and associated with this user.",
        )
    if not mfa.accepts(device.base32_string_seed, code, now):
        text = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        raise AwsError("AccessDenied", text)
    return True


def _find_device(identity: CallingIdentity, serial: str, accounts: MotoAccounts) -> Entity | None:
    user = identity.principal
    if identity.kind != "user" or user is None or serial not in user.mfa_devices:
        return None
    return accounts.get_iam(identity.account).virtual_mfa_devices.get(serial)


def show_code(accounts: MotoAccounts, name: str, account: str, now: float) -> dict[str, Any]:
    """What a user's device shows; a user without a device is given one.

    Args:
        accounts: the accounts; all partitions' are searched.
        name: the user's name or ARN.
        account: the account's ID; empty if it is the only one that has such a user.
        now: seconds since the epoch.

    Raises:
        ValueError: there is no such user, or there are several.
    """
    from moto.utilities.utils import PARTITION_NAMES  # noqa: PLC0415 - with moto, after the start

    users = [
        (iam, user)
        for partition in PARTITION_NAMES
        for one, iam in accounts.in_partition(partition).list_used()
        for user in iam.users.values()
        if name in (user.name, user.arn) and account in ("", one)
    ]
    if not users:
        where = f"account {account}" if account else "any account"
        raise ValueError(f"there is no user {name} in {where}: create the user first")
    if len(users) > 1:
        arns = ", ".join(user.arn for _, user in users)
        raise ValueError(f"there are several users {name}: {arns}. Pass the ARN, or --account ID")
    ((iam, user),) = users
    enabled = not user.mfa_devices
    if enabled:
        _enable_own_device(iam, user, now)
    device = iam.virtual_mfa_devices[next(iter(user.mfa_devices))]
    seed = device.base32_string_seed
    code = mfa.totp(seed, now)
    return {"serial": device.serial_number, "seed": seed, "code": code, "enabled": enabled}


def _enable_own_device(iam: Backend, user: Entity, now: float) -> None:
    """Enable a new device, called like the user if no device is."""
    is_taken = any(serial.endswith(f":mfa/{user.name}") for serial in iam.virtual_mfa_devices)
    device = iam.create_virtual_mfa_device(user.id if is_taken else user.name, "/")
    codes = (mfa.totp(device.base32_string_seed, at) for at in (now, now + mfa.STEP))
    iam.enable_mfa_device(user.name, device.serial_number, *codes)
