"""What the command line may set of a call: what AWS would take, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cross_account_access.cli.assume_role_call import CallOverrides
from cross_account_access.cli.terminal import ExitCode, InputError
from tests.hostile_outputs import HOSTILE_VALUES

NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")
SERIAL = re.compile(r"[A-Za-z0-9_+=,.@/-]{9,256}")


def accepts(**options: Any) -> bool:
    refused = None
    try:
        CallOverrides(**options)
    except InputError as error:
        refused = error
    if refused is None:
        return True
    assert refused.code is ExitCode.WRONG_INPUT
    assert refused.message.isprintable()
    return False


@pytest.mark.parametrize(
    ("option", "form"),
    [
        ("session_name", NAME),
        ("source_identity", NAME),
        ("external_id", EXTERNAL_ID),
        ("mfa_serial", SERIAL),
    ],
)
def test_a_value_has_the_form_that_sts_takes_or_is_refused(
    option: str, form: re.Pattern[str]
) -> None:
    accepted = {value for value in HOSTILE_VALUES if accepts(**{option: value})}
    assert accepted == {value for value in HOSTILE_VALUES if form.fullmatch(value)}


def test_an_external_id_is_not_repeated() -> None:
    with pytest.raises(InputError) as refused:
        CallOverrides(external_id="s3cret id")
    assert "s3cret" not in refused.value.format_message()


@pytest.mark.parametrize(
    ("serial", "accepted"),
    [
        ("arn:aws:iam::111111111111:mfa/alice", True),
        ("arn:aws-us-gov:iam::111111111111:mfa/team/Alices-phone", True),
        ("GAHT12345678", True),
        ("arn:aws:iam::111111111111:user/alice", False),
        ("arn:aws:iam::111111111111:u2f/user/alice/key", False),
        ("arn:aws:sts::111111111111:assumed-role/ci/alice", False),
        ("arn:aws:iam::11111111111:mfa/alice", False),
        ("arn:aws:iam::111111111111:mfa/", False),
        ("arn:aws:iam::111111111111:mfa/alice\n", False),
        ("arn:aws:iam::111111111111:mfa/a b", False),
        ("\narn:aws:iam::111111111111:mfa/alice", False),
        ("arn:aws:iam::111111111111:u2f/user/alice/key\n[default]", False),
    ],
)
def test_an_mfa_device_is_a_virtual_ones_arn_or_a_serial_number(
    serial: str, accepted: bool
) -> None:
    assert accepts(mfa_serial=serial) is accepted


@pytest.mark.parametrize(
    "tags", [{"aws:x": "y"}, {"x\n": "y"}, {"x": "y\n"}, {"x": "y" * 257}, {"a": "1", "A": "2"}]
)
def test_tags_have_the_form_that_sts_takes(tags: dict[str, str]) -> None:
    assert not accepts(tags=tags)
    assert accepts(tags={"team": "blue team"})
