"""The caller's MFA device, as IAM lists it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.caller import CallerIdentity, CallerSession
from cross_account_access.cli.terminal import ExitCode, Failure

DEVICE = "arn:aws:iam::111111111111:mfa/alice"
KEY = "arn:aws:iam::111111111111:u2f/user/alice/key"


class _Iam:
    """IAM's answer to ListMFADevices."""

    exceptions = type("exceptions", (), {"ClientError": ClientError})

    def __init__(self, answer: list[str] | str) -> None:
        self.answer = answer

    def get_paginator(self, _: str) -> _Iam:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        if isinstance(self.answer, str):
            raise ClientError({"Error": {"Code": self.answer, "Message": "told"}}, "ListMFADevices")
        return [{"MFADevices": [{"SerialNumber": serial}]} for serial in self.answer]


@pytest.mark.parametrize(
    ("answer", "code", "part"),
    [
        ([DEVICE], None, DEVICE),
        ([KEY, DEVICE], None, DEVICE),
        ([], ExitCode.NO, "no MFA device"),
        ([KEY], ExitCode.NO, "only security keys"),
        ([DEVICE, "arn:2"], ExitCode.WRONG_INPUT, f"2 MFA devices: {DEVICE}, arn:2"),
        ("AccessDenied", ExitCode.UNAVAILABLE, "iam:ListMFADevices"),
        ("Throttling", ExitCode.UNAVAILABLE, "Throttling"),
        ("ExpiredToken", ExitCode.UNAVAILABLE, "ExpiredToken"),
    ],
)
def test_the_mfa_device_is_the_users_only_one_that_shows_codes(
    answer: list[str] | str, code: ExitCode | None, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AwsAccess, "iam", lambda _: _Iam(answer))
    alice = CallerSession(AwsAccess())
    arn = "arn:aws:iam::111111111111:user/alice"
    vars(alice)["identity"] = CallerIdentity(arn, "AIDAALICE")
    if code is None:
        assert alice.mfa_serial == part
        return
    with pytest.raises(Failure) as refused:
        assert alice.mfa_serial
    assert refused.value.code is code
    assert part in refused.value.message
    needs_serial = answer in ([DEVICE, "arn:2"], "AccessDenied")
    assert ("--mfa-serial" in refused.value.remedy) is needs_serial
