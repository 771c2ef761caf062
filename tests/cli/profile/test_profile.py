"""`profile`: what it writes works, and what isn't its own is left alone."""

from __future__ import annotations

import json
import os
import shutil
import stat
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest

from cross_account_access.cli.terminal import ExitCode
from sandbox.aws.mfa import totp
from tests.cli.terminals import INTERRUPT, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
THEIRS = (
    "# Mine.\r\n[default]\r\nregion = eu-west-1 ; tab\there\r\n\r\n[profile people]\r\nregion=x"
)


@pytest.fixture
def config(deployed: Stage) -> Iterator[Path]:
    """The config file, with what its owner has in it; as it was, afterwards."""
    file = deployed.folder / "aws" / "config"
    file.write_bytes(THEIRS.encode())
    file.chmod(0o640)
    yield file
    for left in (*file.parent.glob("*.backup"), *file.parent.glob(".config.*")):
        left.unlink()
    file.unlink(missing_ok=True)
    file.write_bytes(b"")


def backups(config: Path) -> list[Path]:
    return sorted(config.parent.glob("config.*.backup"))


def leftovers(config: Path) -> list[str]:
    return sorted(
        one.name for one in config.parent.iterdir() if one.name not in ("config", "credentials")
    )


def session(stage: Stage, monkeypatch: pytest.MonkeyPatch, profile: str) -> Any:
    """boto3 with a profile, as anybody's program uses it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in stage.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    made = botocore.session.Session(profile=profile)
    seed = stage.everybody.callers["user-alice"].mfa
    assert seed
    provider = made.get_component("credential_provider").get_provider("assume-role")
    provider._prompter = lambda _: totp(seed[1])
    return boto3.Session(botocore_session=made)


@pytest.mark.parametrize(
    ("source", "grant"), [("alice", "read-only"), ("auditor", "partner-audit"), ("ci", "deploy")]
)
def test_boto3_assumes_the_role_by_the_profile(
    deployed: Stage, config: Path, monkeypatch: pytest.MonkeyPatch, source: str, grant: str
) -> None:
    done = deployed.call("profile", *OUTPUTS, "--source-profile", source, "--yes")
    assert done.returncode == ExitCode.DONE, done.stderr
    assert config.read_bytes().startswith(THEIRS.encode())
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    (backup,) = backups(config)
    assert (backup.read_bytes(), stat.S_IMODE(backup.stat().st_mode)) == (THEIRS.encode(), 0o640)
    assert leftovers(config) == [backup.name]
    assert "partner-7f3a" not in done.stdout + done.stderr

    arn = session(deployed, monkeypatch, grant).client("sts").get_caller_identity()["Arn"]
    assert arn.startswith(f"arn:aws:sts::222222222222:assumed-role/{grant}/")


def test_the_second_run_has_nothing_to_do(deployed: Stage, config: Path) -> None:
    first = deployed.call(
        "profile", "partner-audit", *OUTPUTS, "--source-profile", "auditor", "--yes", "--json"
    )
    assert json.loads(first.stdout) == {
        "file": str(config),
        "profiles": [{"profile": "partner-audit", "grant": "partner-audit", "change": "add"}],
        "skipped": [],
        "written": True,
        "backup": str(backups(config)[0]),
    }
    written, at = config.read_bytes(), config.stat().st_mtime_ns
    assert b"external_id = partner-7f3a\r\n" in written
    # The source profile that was said the first time is kept, and nobody need be asked.
    again = deployed.call("profile", "partner-audit", *OUTPUTS)
    assert (again.returncode, again.stdout.partition(":")[0]) == (0, "No changes")
    assert (config.read_bytes(), config.stat().st_mtime_ns, len(backups(config))) == (
        written,
        at,
        1,
    )


def test_a_dry_run_shows_the_change_without_the_external_id(deployed: Stage, config: Path) -> None:
    shown = deployed.call(
        "profile", "partner-audit", *OUTPUTS, "--source-profile", "auditor", "--dry-run"
    )
    assert shown.stdout.splitlines()[3:] == [
        "+",
        "+# Written by cross-account-access: grant partner-audit of outputs.json",
        "+[profile partner-audit]",
        "+role_arn = arn:aws:iam::222222222222:role/partner-audit",
        "+source_profile = auditor",
        "+external_id = ***",
        "+role_session_name = auditor",
        "Nothing was written (dry run).",
    ]
    assert (config.read_bytes(), leftovers(config)) == (THEIRS.encode(), [])


def test_without_a_config_one_is_made_for_its_owner_alone(deployed: Stage) -> None:
    file = deployed.folder / "new" / "config"
    args = ("profile", "deploy", *OUTPUTS, "--source-profile", "ci", "--yes")
    done = deployed.call(*args, AWS_CONFIG_FILE="~/new/config")
    assert done.returncode == ExitCode.DONE, done.stderr
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file, file.parent)] == [0o600, 0o700]
    assert [one.name for one in file.parent.iterdir()] == ["config"]
    shutil.rmtree(file.parent)


def test_a_symlink_stays_one(deployed: Stage, config: Path) -> None:
    real = deployed.folder / "dotfiles"
    real.mkdir()
    config.rename(real / "aws")
    config.symlink_to("../dotfiles/aws")
    done = deployed.call("profile", "deploy", *OUTPUTS, "--source-profile", "ci", "--yes")
    assert done.returncode == ExitCode.DONE, done.stderr
    assert config.is_symlink()
    assert b"[profile deploy]" in (real / "aws").read_bytes()
    assert [one.name.split(".")[0] for one in sorted(real.iterdir())] == ["aws", "aws"]
    shutil.rmtree(real)


def test_on_a_terminal_it_asks_and_writes(deployed: Stage, config: Path) -> None:
    with Terminal(
        deployed, "profile", "read-only", *OUTPUTS, "--source-profile", "alice"
    ) as terminal:
        terminal.wait_for("[y/N]:")
        assert config.read_bytes() == THEIRS.encode()
        terminal.type("y\n")
        code, stdout = terminal.end()
    assert (code, stdout.splitlines()[-1].partition(": ")[0]) == (0, "Backup")
    assert "+[profile read-only]\n+role_arn" in stdout
    assert b"mfa_serial = arn:aws:iam::111111111111:mfa/sandbox-alice\r\n" in config.read_bytes()


@pytest.mark.parametrize(
    ("answer", "code"), [(INTERRUPT, ExitCode.INTERRUPTED), ("n\n", ExitCode.NO)]
)
def test_without_a_yes_nothing_is_written(
    deployed: Stage, config: Path, answer: str, code: ExitCode
) -> None:
    with Terminal(deployed, "profile", "deploy", *OUTPUTS, "--source-profile", "ci") as terminal:
        terminal.wait_for("[y/N]:")
        terminal.type(answer)
        assert terminal.end()[0] == code
    assert (config.read_bytes(), leftovers(config)) == (THEIRS.encode(), [])


def test_a_region_is_written_and_kept(deployed: Stage, config: Path) -> None:
    args = ("profile", "deploy", *OUTPUTS, "--source-profile", "ci", "--yes")
    assert b"region = eu-north-1" not in config.read_bytes()
    assert deployed.call(*args, "--region", "eu-north-1").returncode == ExitCode.DONE
    assert config.read_bytes().endswith(b"region = eu-north-1\r\n")
    assert deployed.call(*args).stdout.startswith("No changes: ")
    assert deployed.call(*args, "--region", "eu-west-3").returncode == ExitCode.DONE
    assert config.read_bytes().endswith(b"region = eu-west-3\r\n")


@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-northwest-1"), ("aws-eusc", "eusc-de-east-1")],
)
def test_in_another_partition_a_profile_has_a_region_of_it(
    deployed: Stage, config: Path, partition: str, region: str
) -> None:
    text = json.dumps({"grants": {"deploy": deployed.grants["deploy"]}})
    file = deployed.folder / "partition.json"
    file.write_text(text.replace("arn:aws:", f"arn:{partition}:"), encoding="utf-8")
    record = json.loads(
        json.loads(file.read_text(encoding="utf-8"))["grants"]["deploy"]["documents"]
    )
    record["partition"] = partition
    outputs = {"grants": {"deploy": {"documents": json.dumps(record, separators=(",", ":"))}}}
    file.write_text(json.dumps(outputs), encoding="utf-8")
    args = ("profile", "deploy", "--outputs", "partition.json", "--source-profile", "ci", "--yes")
    assert deployed.call(*args).returncode == ExitCode.DONE
    assert config.read_bytes().endswith(f"\r\nregion = {region}\r\n".encode())
    # The owner's own stays.
    config.write_bytes(config.read_bytes().replace(region.encode(), b"mine-east-1"))
    assert deployed.call(*args).stdout.startswith("No changes: ")


ALICES_DEVICE = "arn:aws:iam::111111111111:mfa/sandbox-alice"


@pytest.mark.parametrize(
    ("existing", "options", "expected"),
    [
        (ALICES_DEVICE, (), ALICES_DEVICE),
        ("arn:aws:iam::111111111111:mfa/lost-phone", (), ALICES_DEVICE),
        ("GAHT12345678", (), ALICES_DEVICE),
        ("arn:aws:iam::111111111111:u2f/user/alice/key", (), ALICES_DEVICE),
        ("no device", (), ALICES_DEVICE),
        (
            ALICES_DEVICE,
            ("--mfa-serial", "arn:aws:iam::111111111111:mfa/new"),
            "arn:aws:iam::111111111111:mfa/new",
        ),
    ],
)
def test_a_device_that_the_user_has_no_more_is_replaced(
    deployed: Stage, config: Path, existing: str, options: tuple[str, ...], expected: str
) -> None:
    args = ("profile", "read-only", *OUTPUTS, "--source-profile", "alice", "--yes")
    assert deployed.call(*args).returncode == ExitCode.DONE
    written = config.read_text(encoding="utf-8")
    config.write_text(written.replace(ALICES_DEVICE, existing), encoding="utf-8")
    assert deployed.call(*args, *options).returncode == ExitCode.DONE
    assert f"mfa_serial = {expected}\n" in config.read_text(encoding="utf-8")


AS_CI = ("--source-profile", "ci", *OUTPUTS)
REFUSED: dict[str, tuple[tuple[str, ...], str, ExitCode]] = {
    "there is no AWS profile default": ((*OUTPUTS, "deploy"), "", ExitCode.WRONG_INPUT),
    "there is no grant nope": ((*AS_CI, "nope"), "", ExitCode.WRONG_INPUT),
    "no stack is given": (("--source-profile", "ci"), "", ExitCode.WRONG_INPUT),
    "there is no terminal": ((*AS_CI, "deploy"), "", ExitCode.WRONG_INPUT),
    "was not written by this tool": (
        (*AS_CI, "deploy", "--yes"),
        "[profile deploy]\nregion = x\n",
        ExitCode.WRONG_INPUT,
    ),
    "--prefix a b": ((*AS_CI, "deploy", "--yes", "--prefix", "a b"), "", ExitCode.WRONG_INPUT),
    "error in line 3": ((*AS_CI, "deploy", "--yes"), "[a]\nx = 1\n[a]\n", ExitCode.WRONG_INPUT),
    "grant read-only requires MFA": ((*AS_CI, "read-only", "--yes"), "", ExitCode.NO),
    "no grant can be used through a profile: deploy: its trust policy": (
        ("--source-profile", "outsider", *OUTPUTS, "--yes"),
        "",
        ExitCode.NO,
    ),
    "InvalidClientTokenId": (
        ("--source-profile", "gone", *OUTPUTS, "read-only", "--yes"),
        "[profile gone]\naws_access_key_id = AKIAGONE0000000000AB\naws_secret_access_key = x\n",
        ExitCode.UNAVAILABLE,
    ),
    "there are no AWS credentials": (
        ("--source-profile", "empty", *OUTPUTS, "read-only", "--yes"),
        "[profile empty]\nregion = x\n",
        ExitCode.UNAVAILABLE,
    ),
    "Pass --source-profile NAME of a profile with credentials": (
        (*OUTPUTS, "read-only", "--yes"),
        "[default]\nregion = x\n",
        ExitCode.UNAVAILABLE,
    ),
    "--session-name me\\n[default]": (
        (*AS_CI, "deploy", "--yes", "--session-name", "me\n[default]"),
        "",
        ExitCode.WRONG_INPUT,
    ),
    "an MFA device must have": (
        (*AS_CI, "deploy", "--yes", "--mfa-serial", "arn:aws:iam::111111111111:user/alice"),
        "",
        ExitCode.WRONG_INPUT,
    ),
    "a security key shows no codes": (
        (*AS_CI, "deploy", "--yes", "--mfa-serial", "arn:aws:iam::111111111111:u2f/user/a/k"),
        "",
        ExitCode.WRONG_INPUT,
    ),
    "credential_process of profile p must print": (
        ("--source-profile", "p", *OUTPUTS, "deploy", "--yes"),
        "[profile p]\ncredential_process = echo no\n",
        ExitCode.UNAVAILABLE,
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_said_and_nothing_written(
    deployed: Stage, config: Path, message: str
) -> None:
    args, text, code = REFUSED[message]
    config.write_text(text, encoding="utf-8")
    done = deployed.call("profile", *args)
    assert done.returncode == code
    assert message in done.stderr
    assert (config.read_text(encoding="utf-8"), leftovers(config)) == (text, [])


def test_a_config_that_is_no_file_is_told(deployed: Stage) -> None:
    done = deployed.call("profile", *AS_CI, "deploy", AWS_CONFIG_FILE="/dev/null/config")
    assert done.returncode == ExitCode.WRONG_INPUT
    assert "/dev/null/config: Not a directory" in done.stderr


@pytest.mark.parametrize(
    ("source", "between"),
    [("deploy", {}), ("b", {"b": "deploy"}), ("c", {"b": "deploy", "c": "b"})],
)
def test_a_profile_does_not_get_its_credentials_from_itself(
    deployed: Stage, config: Path, source: str, between: dict[str, str]
) -> None:
    args = ("profile", "deploy", *OUTPUTS, "--yes", "--source-profile")
    assert deployed.call(*args, "ci").returncode == 0
    own = config.read_text(encoding="utf-8")
    role = "role_arn = arn:aws:iam::222222222222:role/x"
    others = "".join(
        f"[profile {name}]\n{role}\nsource_profile = {follows}\n"
        for name, follows in between.items()
    )
    config.write_text(own + others, encoding="utf-8")
    done = deployed.call(*args, source)
    assert done.returncode == ExitCode.WRONG_INPUT
    assert "must not get its credentials from itself: deploy < " in done.stderr
    assert config.read_text(encoding="utf-8") == own + others
