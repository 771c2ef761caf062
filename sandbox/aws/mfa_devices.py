"""Virtual MFA devices of users: enabling them, and the codes that come with a call to STS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws import mfa
from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from sandbox.aws.credentials import CallingIdentity
    from sandbox.aws.iam_request import IamRequest
    from sandbox.aws.moto_accounts import Entity, MotoAccounts


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
