"""An attacker's text on its way into the config file: read back as it is, or refused first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.configloader import load_config
from pydantic import ValidationError

from cross_account_access.cli.profile.aws_config import (
    NotOursError,
    Profile,
    UnreadableValueError,
    write_profile,
)
from cross_account_access.cli.terminal import ExitCode
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.usage import Usage
from cross_account_access.iam.arns import IamArn
from tests.hostile_outputs import HOSTILE_VALUES, tamper_outputs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Stage

KEYS = {
    "role_arn": "arn:aws:iam::222222222222:role/reader",
    "source_profile": "people",
    "external_id": "id-1",
    "mfa_serial": "arn:aws:iam::111111111111:mfa/alice",
    "role_session_name": "alice",
    "duration_seconds": "7200",
    "region": "eu-west-1",
}
BLOCK = write_profile("", Profile("reader", "reader", "dev", KEYS))
# What a file has already: subsections, comments, odd names and line ends, an unfinished last line.
FILES = (
    "",
    "[default]\r\nregion = eu-west-1 ; no comment\r\n\r\n[profile people]\r\ns3 =\r\n  x = 1",
    f"[profile 'a b']\nregion=x\n\n{BLOCK}cli_pager =\ns3 =\n  addressing_style = path\n",
    f"{BLOCK}\n# [profile reader]\n[services x]\ns3 =\n   endpoint_url = https://x\n",
    "[DEFAULT]\noutput = json\n[default]\nb =",
)
OURS = frozenset(KEYS)
BASE = "[default]\nregion = eu-west-1\n[profile others]\ns3 =\n  x = 1\n"


def read(folder: Path, text: str) -> dict[str, Any]:
    """The file as botocore reads it."""
    file = folder / "read-back"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    config: dict[str, Any] = load_config(str(file))
    return config


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("text", FILES)
def test_a_value_is_read_back_or_refused_and_nothing_else_changes(
    tmp_path: Path, key: str, text: str
) -> None:
    before = read(tmp_path, text)
    others = {name: keys for name, keys in before["profiles"].items() if name != "reader"}
    written = 0
    for hostile in HOSTILE_VALUES:
        keys = {**KEYS, key: hostile}
        try:
            after = read(tmp_path, write_profile(text, Profile("reader", "reader", "dev", keys)))
        except (UnreadableValueError, NotOursError):
            continue
        written += 1
        mine = after["profiles"].pop("reader")
        assert {name: value for name, value in mine.items() if name in OURS} == keys
        kept = before["profiles"].get("reader", before["profiles"].get("x", {}))
        assert {name for name in mine if name not in OURS} >= {*kept} - OURS
        assert "credential_process" not in mine
        assert after["profiles"] == others
        assert {**after, "profiles": 0} == {**before, "profiles": 0}
    assert 0 < written < len(HOSTILE_VALUES)


@pytest.mark.parametrize("part", ["name", "grant", "stack"])
def test_a_name_stays_in_its_line_or_is_refused(tmp_path: Path, part: str) -> None:
    before = read(tmp_path, BASE)
    for hostile in HOSTILE_VALUES:
        names = {"name": "reader", "grant": "reader", "stack": "dev", part: hostile}
        try:
            after = read(tmp_path, write_profile(BASE, Profile(**names, keys=KEYS)))
        except (UnreadableValueError, NotOursError):
            continue
        assert after["profiles"].pop(names["name"]) == KEYS
        assert after == before


def test_an_option_under_default_that_would_reach_the_profile_is_refused() -> None:
    for line in ("mfa_serial = arn:other", "role_session_name = x"):
        text = f"[DEFAULT]\n{line}\n"
        keys = {name: value for name, value in KEYS.items() if name != line.split()[0]}
        with pytest.raises(UnreadableValueError):
            write_profile(text, Profile("reader", "reader", "dev", keys))


# --- Through the command --------------------------------------------------------------------------


@pytest.fixture
def config(deployed: Stage) -> Iterator[Path]:
    file = deployed.folder / "aws" / "config"
    file.write_text(BASE, encoding="utf-8")
    yield file
    for left in file.parent.glob("config.*"):
        left.unlink()
    file.write_bytes(b"")


def check_config(config: Path, values: set[str]) -> None:
    """Check that the file has what it had, and no value but these in the tool's own keys."""
    after = load_config(str(config))
    assert after["profiles"]["default"] == {"region": "eu-west-1"}
    assert after["profiles"]["others"] == {"s3": {"x": "1"}}
    for name in after["profiles"].keys() - {"default", "others"}:
        assert after["profiles"][name].keys() <= OURS
        assert set(after["profiles"][name].values()) <= values
    assert after.keys() == {"profiles", "sso_sessions", "services"}


@pytest.mark.parametrize(
    "option", ["--session-name", "--mfa-serial", "--prefix", "--source-profile", "--region"]
)
def test_an_option_reaches_the_file_as_it_is_or_is_refused(
    deployed: Stage, config: Path, option: str
) -> None:
    args = ("profile", "partner-audit", "--outputs", "outputs.json", "--yes")
    source = () if option == "--source-profile" else ("--source-profile", "auditor")
    plain = {
        "arn:aws:iam::222222222222:role/partner-audit",
        *("auditor", "partner-7f3a", "eu-west-1"),
    }
    for hostile in HOSTILE_VALUES:
        done = deployed.call(*args, *source, f"{option}={hostile}")
        assert done.returncode in (ExitCode.DONE, ExitCode.WRONG_INPUT), (hostile, done)
        check_config(config, {*plain, hostile})
        config.write_text(BASE, encoding="utf-8")


@pytest.mark.parametrize(("grant", "who"), [("partner-audit", "auditor"), ("deploy", "ci")])
def test_outputs_reach_the_file_as_they_are_or_are_refused(
    deployed: Stage, config: Path, grant: str, who: str
) -> None:
    args = ("profile", grant, "--outputs", "hostile.json", "--source-profile", who, "--yes")
    file = deployed.folder / "hostile.json"
    for number, hostile in enumerate(HOSTILE_VALUES):
        tampered = list(tamper_outputs(deployed.grants, grant, hostile))
        # Each place meets some values, and each value some places: all pairs take minutes.
        for place, grants in tampered[number % 9 :: 9]:
            file.write_text(json.dumps({"grants": grants}), encoding="utf-8")
            done = deployed.call(*args)
            assert done.returncode in (0, 1, 2), (place, hostile, done)
            if done.returncode == 0:
                role = json.loads(deployed.grants[grant]["documents"])["role"]["arn"]
                # An unknown partition has the main region of AWS's own.
                check_config(config, {role, who, "partner-7f3a", "us-east-1", hostile})
                config.write_text(BASE, encoding="utf-8")
            assert config.read_text(encoding="utf-8") == BASE, (place, hostile)


# --- In a printed snippet -------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["external_id", "session_names"])
def test_a_printed_profile_is_read_back_or_its_grant_refused(tmp_path: Path, field: str) -> None:
    role = IamArn("aws", "222222222222", "role", "/", "reader")
    accepted = 0
    for hostile in (*HOSTILE_VALUES, "id-7f3a"):
        value = [hostile] if field == "session_names" else hostile
        try:
            conditions = ConditionsModel.model_validate({field: value}, by_name=True)
        except ValidationError:
            continue
        principal = PrincipalModel.model_validate({"user": "alice"})
        usage = Usage(role, "reader", [principal], conditions, "111111111111", 7200)
        profiles = read(tmp_path, usage.cli_profile)["profiles"]
        assert [*profiles] == ["reader"]
        key = "external_id" if field == "external_id" else "role_session_name"
        assert profiles["reader"].keys() == {"role_arn", "source_profile", "duration_seconds", key}
        assert "*" in hostile or profiles["reader"][key] == hostile
        accepted += 1
    assert 0 < accepted < len(HOSTILE_VALUES)
