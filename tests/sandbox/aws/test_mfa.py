"""MFA: the codes themselves, devices, and the condition keys that a code leads to."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from sandbox.aws import mfa
from sandbox.aws.mfa import totp
from sandbox.aws.server import SandboxError, request_mfa_code
from tests.sandbox.conftest import DESTINATION, SOURCE, administrator, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

ALICE = f"arn:aws:iam::{SOURCE}:user/team/alice"
OTHER = f"arn:aws:iam::{DESTINATION}:user/alice"
RFC_SEED = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(at: int, code: str) -> None:
    # Its appendix B has 8 digits; AWS's devices show the last 6.
    assert totp(RFC_SEED, at) == code


def test_a_seed_is_read_in_any_case_with_spaces_and_without_padding() -> None:
    assert totp("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", 59) == "287082"
    assert totp("MFRGG", 0) == totp("MFRGG===", 0)
    with pytest.raises(ValueError, match="Non-base32"):
        totp("0189", 0)


def test_a_code_is_of_now_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 59.9)
    assert totp(RFC_SEED) == "287082"


def test_a_pair_must_be_consecutive() -> None:
    codes = [totp(RFC_SEED, 30 * step) for step in range(100, 104)]
    assert mfa.accepts_pair(RFC_SEED, codes[0], codes[1], at=3000)
    assert mfa.accepts_pair(RFC_SEED, codes[1], codes[2], at=3000)
    assert not mfa.accepts_pair(RFC_SEED, codes[1], codes[0], at=3000)
    assert not mfa.accepts_pair(RFC_SEED, codes[0], codes[2], at=3000)
    assert not mfa.accepts_pair(RFC_SEED, codes[0], codes[0], at=3000)
    assert not mfa.accepts_pair(RFC_SEED, codes[2], codes[3], at=3000)


class TestDevices:
    def test_enabling_wants_two_consecutive_codes(self, stage: Stage) -> None:
        stage.user()
        device = stage.source.create_virtual_mfa_device(VirtualMFADeviceName="alice")[
            "VirtualMFADevice"
        ]
        serial, seed = device["SerialNumber"], device["Base32StringSeed"].decode()
        now = stage.clock()
        for first, second in ((now, now), (now + 30, now), (now - 3000, now - 2970)):
            found = refusal(
                lambda first=first, second=second: stage.source.enable_mfa_device(  # type: ignore[misc]
                    UserName="alice",
                    SerialNumber=serial,
                    AuthenticationCode1=totp(seed, first),
                    AuthenticationCode2=totp(seed, second),
                )
            )
            assert (found.code, found.status) == ("InvalidAuthenticationCode", 403)
        assert stage.source.list_mfa_devices(UserName="alice")["MFADevices"] == []

    def test_an_enabled_device_is_its_users(self, stage: Stage) -> None:
        stage.user()
        stage.user("bob")
        serial, seed = stage.mfa_device()
        (device,) = stage.source.list_mfa_devices(UserName="alice")["MFADevices"]
        assert device["SerialNumber"] == serial == f"arn:aws:iam::{SOURCE}:mfa/alice"
        now = stage.clock()
        codes = {
            "AuthenticationCode1": totp(seed, now),
            "AuthenticationCode2": totp(seed, now + 30),
        }
        found = refusal(
            lambda: stage.source.enable_mfa_device(UserName="bob", SerialNumber=serial, **codes)
        )
        assert found.code == "EntityAlreadyExists"
        found = refusal(
            lambda: stage.source.enable_mfa_device(
                UserName="bob", SerialNumber=f"{serial}-missing", **codes
            )
        )
        assert found.code == "NoSuchEntity"

    def test_one_in_use_cannot_be_deleted(self, stage: Stage) -> None:
        stage.user()
        serial, _ = stage.mfa_device()
        found = refusal(lambda: stage.source.delete_virtual_mfa_device(SerialNumber=serial))
        assert (found.code, found.message) == (
            "DeleteConflict",
            "MFA VirtualDevice in use. Must deactivate first.",
        )
        stage.source.deactivate_mfa_device(UserName="alice", SerialNumber=serial)
        stage.source.delete_virtual_mfa_device(SerialNumber=serial)
        assert stage.source.list_virtual_mfa_devices()["VirtualMFADevices"] == []


REQUIRED = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def test_a_right_code_is_mfa(stage: Stage) -> None:
    alice, arn = stage.user(), stage.role(trusts=SOURCE, condition=REQUIRED)
    serial, seed = stage.mfa_device()
    assert stage.refused(alice, arn).half == "destination"
    assert stage.session(alice, arn, SerialNumber=serial, TokenCode=totp(seed, stage.clock()))


@pytest.mark.parametrize(
    ("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_is_good_for_a_step_to_either_side(stage: Stage, steps: int, *, right: bool) -> None:
    # In the middle of a step, so that the test doesn't run into the next one.
    stage.clock.offset = 15 - stage.clock() % 30
    alice, arn = stage.user(), stage.role(trusts=SOURCE, condition=REQUIRED)
    serial, seed = stage.mfa_device()
    code = {"SerialNumber": serial, "TokenCode": totp(seed, stage.clock() + 30 * steps)}
    if right:
        assert stage.session(alice, arn, **code)
    else:
        found = stage.refused(alice, arn, **code)
        assert (found.code, found.status) == ("AccessDenied", 403)
        assert (
            found.message
            == "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        )


def test_half_of_it_is_refused(stage: Stage) -> None:
    alice, arn = stage.user(), stage.role(trusts=SOURCE)
    serial, seed = stage.mfa_device()
    for half in ({"SerialNumber": serial}, {"TokenCode": totp(seed, stage.clock())}):
        found = stage.refused(alice, arn, **half)
        assert "must provide both MFA serial number and one time pass code." in found.message


def test_anothers_device_is_refused(stage: Stage) -> None:
    alice, bob, arn = stage.user(), stage.user("bob"), stage.role(trusts=SOURCE)
    serial, seed = stage.mfa_device("alice")
    stage.mfa_device("bob")
    code = {"SerialNumber": serial, "TokenCode": totp(seed, stage.clock())}
    for keys in (bob, stage.session(alice, arn), administrator(SOURCE)):
        found = stage.refused(keys, arn, **code)
        assert found.code == "AccessDenied"
        assert found.message.startswith(
            "MultiFactorAuthentication failed, unable to validate MFA code."
        )
    stage.source.deactivate_mfa_device(UserName="alice", SerialNumber=serial)
    assert stage.refused(alice, arn, **code).message.startswith(
        "MultiFactorAuthentication failed, unable"
    )


def test_users_sessions_carry_mfa_or_its_absence(stage: Stage) -> None:
    alice = stage.user()
    serial, seed = stage.mfa_device()
    without = dict(stage.sts(alice).get_session_token()["Credentials"])
    code = totp(seed, stage.clock())
    with_mfa = dict(
        stage.sts(alice).get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
    )
    required = stage.role("required", trusts=SOURCE, condition=REQUIRED)
    lax = stage.role(
        "lax", trusts=SOURCE, condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}
    )
    assert stage.session(with_mfa, required)
    assert stage.refused(without, required).half == "destination"
    # The trap: long-term keys have no such key at all, so that BoolIfExists lets them in.
    assert stage.session(alice, lax)
    assert stage.refused(without, lax).half == "destination"


def test_its_age_counts_from_the_code(stage: Stage) -> None:
    alice = stage.user()
    serial, seed = stage.mfa_device()
    code = totp(seed, stage.clock())
    keys = dict(
        stage.sts(alice).get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
    )
    arn = stage.role(trusts=SOURCE, condition={"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}})
    stage.clock.offset = 3500
    assert stage.session(keys, arn)
    stage.clock.offset = 3700
    assert stage.refused(keys, arn).half == "destination"
    assert stage.session(alice, arn, SerialNumber=serial, TokenCode=totp(seed, stage.clock()))


def test_role_sessions_carry_none(stage: Stage) -> None:
    alice = stage.user()
    serial, seed = stage.mfa_device()
    first = stage.role("first", trusts=SOURCE, account=SOURCE, may="sts:*", condition=REQUIRED)
    keys = stage.session(alice, first, SerialNumber=serial, TokenCode=totp(seed, stage.clock()))
    assert stage.refused(keys, stage.role(trusts=first, condition=REQUIRED)).half == "destination"
    absent = {"Null": {"aws:MultiFactorAuthPresent": "true"}}
    assert stage.session(keys, stage.role("second", trusts=first, condition=absent))


class TestPrintedCode:
    """`python -m sandbox mfa`."""

    def test_it_is_the_one_that_the_users_device_shows(self, stage: Stage) -> None:
        keys = stage.user(path="/team/")
        serial, seed = stage.mfa_device()
        stage.clock.offset = 3000
        for user, account in (("alice", None), ("alice", SOURCE), (ALICE, None)):
            code = request_mfa_code(stage.sandbox.endpoint, user, account)
            assert code == {
                "serial": serial,
                "seed": seed,
                "code": totp(seed, stage.clock()),
                "enabled": False,
            }
        stage.sts(keys).get_session_token(SerialNumber=serial, TokenCode=code["code"])

    @pytest.mark.parametrize("existing", [(), ("alice",)])
    def test_a_user_without_a_device_gets_one_as_a_person_would_enable_it(
        self, existing: tuple[str, ...], stage: Stage
    ) -> None:
        keys = stage.user()
        for name in existing:
            stage.source.create_virtual_mfa_device(VirtualMFADeviceName=name)
        code = request_mfa_code(stage.sandbox.endpoint, "alice", None)
        assert code["enabled"] is True
        listed = stage.source.list_mfa_devices(UserName="alice")["MFADevices"]
        assert [one["SerialNumber"] for one in listed] == [code["serial"]]
        stage.sts(keys).get_session_token(SerialNumber=code["serial"], TokenCode=code["code"])
        again = request_mfa_code(stage.sandbox.endpoint, "alice", None)
        assert again == {**code, "enabled": False, "code": again["code"]}

    @pytest.mark.parametrize(
        ("user", "account", "message"),
        [
            ("bob", None, "there is no user bob in any account: create the user first"),
            ("alice", "333333333333", "there is no user alice in account 333333333333: create "),
            ("alice", None, f"there are several users alice: {ALICE}, {OTHER}. Pass the ARN, or"),
        ],
    )
    def test_it_is_refused_unless_there_is_one_such_user(
        self, user: str, account: str | None, message: str, stage: Stage
    ) -> None:
        stage.user(path="/team/")
        stage.destination.create_user(UserName="alice")
        with pytest.raises(SandboxError) as caught:
            request_mfa_code(stage.sandbox.endpoint, user, account)
        assert str(caught.value).startswith(message)
        assert request_mfa_code(stage.sandbox.endpoint, OTHER, None)["serial"]

    def test_without_accounts_it_says_how_to_run_some(self) -> None:
        with pytest.raises(SandboxError, match="python -m sandbox serve"):
            request_mfa_code("http://127.0.0.1:9", "alice", None)
        with pytest.raises(SandboxError, match="no accounts run at https://sts"):
            request_mfa_code("https://sts.amazonaws.com", "alice", None)
