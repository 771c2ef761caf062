"""The caller's MFA device, as IAM lists it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.caller import CallerIdentity, CallerSession
from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.iam.limits import SESSION_NAME

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
        ("ValidationError", ExitCode.NO, "is not a user of IAM"),
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


@pytest.mark.parametrize(
    ("temporary", "part"), [(True, "may not read its MFA devices"), (False, "InvalidClientTokenId")]
)
def test_iam_calls_keys_of_get_session_token_invalid(
    temporary: bool, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AwsAccess, "iam", lambda _: _Iam("InvalidClientTokenId"))
    monkeypatch.setattr(AwsAccess, "is_temporary", temporary)
    alice = CallerSession(AwsAccess())
    vars(alice)["identity"] = CallerIdentity("arn:aws:iam::111111111111:user/alice", "AIDAALICE")
    with pytest.raises(Failure) as refused:
        assert alice.mfa_serial
    assert part in refused.value.message


@pytest.mark.parametrize(
    ("answer", "serial", "kept"),
    [
        ([DEVICE], DEVICE, True),
        ([DEVICE, "GAHT12345678"], "GAHT12345678", True),
        ([DEVICE], "arn:aws:iam::111111111111:mfa/gone", False),
        ([], DEVICE, False),
        ([KEY, DEVICE], KEY, False),
        # Who may not list the devices is believed.
        ("AccessDenied", DEVICE, True),
        ("AccessDenied", KEY, False),
    ],
)
def test_a_device_that_was_chosen_before_is_kept_while_the_user_has_it(
    answer: list[str] | str, serial: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AwsAccess, "iam", lambda _: _Iam(answer))
    assert CallerSession(AwsAccess()).keep_mfa_serial(serial) == (serial if kept else None)


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::111111111111:user/alice", "alice"),
        ("arn:aws:iam::111111111111:user/team/a+b=c,d.e@f_g-h", "a+b=c,d.e@f_g-h"),
        ("arn:aws:iam::111111111111:user/a", "a-session"),
        (f"arn:aws:iam::111111111111:user/{'x' * 64}", "x" * 64),
        ("arn:aws:sts::111111111111:assumed-role/ci/build-7", "build-7"),
        ("arn:aws-cn:sts::111111111111:assumed-role/ci/i-0abc", "i-0abc"),
        ("arn:aws:iam::111111111111:root", None),
        ("arn:aws:sts::111111111111:federated-user/bob", None),
    ],
)
def test_a_session_is_called_after_its_caller(arn: str, name: str | None) -> None:
    assert CallerIdentity(arn, "AIDA").session_name == name
    assert name is None or SESSION_NAME(name) == name
