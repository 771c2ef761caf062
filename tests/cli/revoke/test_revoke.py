"""`revoke`: what to set so that sessions of before are ended; it changes nothing itself."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from cross_account_access.cli import stacks
from cross_account_access.cli.main import cli
from cross_account_access.cli.terminal import ExitCode
from cross_account_access.grants.documents import build_grant_documents
from cross_account_access.grants.generated_policies import format_time
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from tests.doc_pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SOURCE, DESTINATION, THIRD = "111111111111", "222222222222", "333333333333"
TIME, EARLIER = "2026-11-27T10:00:00Z", "2026-11-27T09:59:59Z"
LATER = "2026-11-27T10:00:01Z"
PATH = "cross-account-access:grants.deploy.role.sessionsIssuedAfter"


def record(
    name: str = "deploy", role: Any = None, side: Any = "both", account: str = "", **changes: Any
) -> dict[str, Any]:
    """The record of a grant to alice and CI, as JSON's object."""
    principals = [{"user": "team/alice"}, {"role": "ci"}]
    model = read_model(GrantModel, {"principals": principals, "role": role or {}})
    accounts = {"source": SOURCE, "destination": changes.pop("destination", DESTINATION)}
    documents = build_grant_documents(name, model, side=side, tags={}, partition="aws", **accounts)
    if account:
        made = [*accounts.values()]
        documents = documents.model_copy(update={"account": account, "made": made})
    return {**json.loads(documents.as_json()), **changes}


def output(*records: dict[str, Any]) -> dict[str, Any]:
    """A stack's outputs with these records."""
    return {
        "documents": {
            str(n): json.dumps(one, separators=(",", ":")) for n, one in enumerate(records)
        }
    }


def run(*args: str, outputs: dict[str, Any], folder: Path) -> Result:
    """Run the command in this process on a file with outputs."""
    (folder / "outputs.json").write_text(json.dumps(outputs), encoding="utf-8")
    file = ["--outputs", str(folder / "outputs.json")]
    return CliRunner().invoke(cli, ["revoke", *args, *file], standalone_mode=False)


def plan(*args: str, folder: Path, **grant: Any) -> dict[str, Any]:
    """What it prints as JSON."""
    result = run("deploy", *args, "--json", outputs=output(record(**grant)), folder=folder)
    assert result.exception is None, result.exception
    assert result.return_value == ExitCode.DONE
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refuse(*args: str, outputs: dict[str, Any], folder: Path) -> tuple[int, str]:
    """The exit code and the message."""
    error = run(*args, outputs=outputs, folder=folder).exception
    assert error is not None
    return error.exit_code, error.format_message()  # type: ignore[attr-defined]


# --- The time -------------------------------------------------------------------------------------


def test_by_default_sessions_until_now_are_ended(tmp_path: Path) -> None:
    before = format_time(datetime.now(UTC))
    found = plan(folder=tmp_path)
    after = format_time(datetime.now(UTC) + timedelta(seconds=1))
    assert before < found["sessionsIssuedAfter"] <= after
    assert found["current"] is None


@pytest.mark.parametrize(("current", "steps"), [(None, 1), (EARLIER, 1), (TIME, 0)])
def test_a_time_is_set_that_is_no_earlier_than_the_grants(
    tmp_path: Path, current: str | None, steps: int
) -> None:
    role = {"sessions_issued_after": current} if current else {}
    found = plan("--at", TIME, folder=tmp_path, role=role)
    assert (found["sessionsIssuedAfter"], found["current"]) == (TIME, current)
    assert len(found["steps"]) == steps


def test_an_earlier_time_than_the_grants_is_refused(tmp_path: Path) -> None:
    given = output(record(role={"sessions_issued_after": LATER}))
    code, message = refuse("deploy", "--at", TIME, outputs=given, folder=tmp_path)
    assert code == ExitCode.WRONG_INPUT
    assert f"--at {TIME}: must not be before {LATER}" in message


def test_a_later_time_of_the_grants_is_kept_where_none_is_given(tmp_path: Path) -> None:
    late = format_time(datetime.now(UTC) + timedelta(days=1))
    found = plan(folder=tmp_path, role={"sessions_issued_after": late})
    assert (found["sessionsIssuedAfter"], found["steps"]) == (late, [])
    text = run(
        "deploy", outputs=output(record(role={"sessions_issued_after": late})), folder=tmp_path
    ).stdout
    assert text == f"Grant deploy ends sessions issued before {late} already.\n"


@pytest.mark.parametrize("at", ["now", "2026-11-27", "2026-11-27T10:00:00+01:00", "", "\x1b[2J"])
def test_a_time_of_another_form_is_refused(tmp_path: Path, at: str) -> None:
    given = output(record())
    code, message = refuse("deploy", "--at", at, outputs=given, folder=tmp_path)
    assert code == ExitCode.WRONG_INPUT
    assert "must be a UTC time in ISO 8601" in message
    assert "\x1b" not in message


def test_a_time_in_the_future_is_told_of(tmp_path: Path) -> None:
    late = format_time(datetime.now(UTC) + timedelta(days=1))
    text = run("deploy", "--at", late, outputs=output(record()), folder=tmp_path).stdout
    assert f"{late} is in the future: until then every session is denied" in text
    text = run("deploy", outputs=output(record()), folder=tmp_path).stdout
    assert "future" not in text


# --- What is told ---------------------------------------------------------------------------------


def test_it_tells_who_must_assume_the_role_again_and_changes_nothing(tmp_path: Path) -> None:
    given = output(record())
    text = run("deploy", "--at", TIME, outputs=given, folder=tmp_path).stdout
    assert "arn:aws:iam::222222222222:role/deploy" in text
    assert "again, and may at once: user team/alice and role ci." in text
    assert "Nothing is changed yet." in text
    assert f"pulumi config set --path {PATH} {TIME}\n" in text
    assert "assume itself" not in text
    assert [file.name for file in tmp_path.iterdir()] == ["outputs.json"]


def test_it_tells_of_sessions_that_renewed_themselves(tmp_path: Path) -> None:
    given = output(record(role={"self_assuming": True}))
    text = run("deploy", "--at", TIME, outputs=given, folder=tmp_path).stdout
    assert "The role may assume itself: sessions that did so before are ended too" in text
    assert plan(folder=tmp_path, role={"self_assuming": True})["selfAssuming"] is True


def test_of_many_accounts_all_roles_of_the_grant_are_told(tmp_path: Path) -> None:
    given = output(
        record(account="production"),
        record(account="staging", destination=THIRD),
        record("other", account="production"),
    )
    found = json.loads(run("deploy@staging", "--json", outputs=given, folder=tmp_path).stdout)
    assert found["roles"] == [
        f"arn:aws:iam::{account}:role/deploy" for account in (DESTINATION, THIRD)
    ]
    text = run("deploy@staging", outputs=given, folder=tmp_path).stdout
    assert "The setting is the grant's, not only that of deploy@staging." in text
    assert "not only" not in run("deploy", outputs=given, folder=tmp_path).stdout


def test_a_role_that_the_stack_doesnt_make_is_its_owners(tmp_path: Path) -> None:
    code, message = refuse("deploy", outputs=output(record(side="source")), folder=tmp_path)
    assert code == ExitCode.NO
    assert "the stack doesn't make the role of grant deploy" in message
    assert f"the owner of account {DESTINATION}" in message


def test_a_grant_that_there_isnt_is_refused(tmp_path: Path) -> None:
    code, message = refuse("deplyo", outputs=output(record()), folder=tmp_path)
    assert code == ExitCode.WRONG_INPUT
    assert "there is no grant deplyo" in message


def test_a_policy_of_another_content_is_no_time(tmp_path: Path) -> None:
    deny = {"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}
    role = {"inline_policies": {"AWSRevokeOlderSessions": deny}}
    assert plan(folder=tmp_path, role=role)["current"] is None


# --- Where to set it ------------------------------------------------------------------------------

CONFIGS: list[tuple[dict[str, Any] | None, str, str | None]] = [
    ({"cross-account-access:grants": {"deploy": {}}}, "config", None),
    ({"cross-account-access:file": "access.yaml"}, "file", "access.yaml"),
    ({"aws:region": "us-east-1"}, "program", None),
    (None, "program", None),
]


@pytest.mark.parametrize(("config", "kind", "file"), CONFIGS)
def test_it_tells_where_the_grant_stands(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, Any] | None,
    kind: str,
    file: str | None,
) -> None:
    monkeypatch.setattr(stacks, "_read_stack", lambda *_: output(record()))
    if config is not None:
        (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}), "utf-8")
    args = ["revoke", "deploy", "--at", TIME, "--stack", "org/project/dev", "-C", str(tmp_path)]
    done = CliRunner().invoke(cli, [*args, "--json"], standalone_mode=False)
    (step,) = json.loads(done.stdout)["steps"]
    assert (step["in"], step["file"]) == (kind, file)
    options = ["--stack", "org/project/dev", "--cwd", str(tmp_path)]
    assert shlex.split(step["deploy"]) == ["pulumi", "up", *options]
    if kind == "config":
        assert shlex.split(step["set"]) == [
            *("pulumi", "config", "set", *options, "--path", PATH, TIME)
        ]
        assert step["edit"] is None
    else:
        assert step["set"] is None
        assert f'sessionsIssuedAfter: "{TIME}"' in step["edit"]
        assert ("sessions_issued_after" in step["edit"]) is (kind == "program")
        assert ("access.yaml" in step["edit"]) is (kind == "file")
    text = CliRunner().invoke(cli, args, standalone_mode=False).stdout
    assert f"  {step['set'] or step['edit']}\n  {step['deploy']}\n" in text


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "ending-sessions.md").read_text(encoding="utf-8")
    command, printed = re.findall(r"```sh\n(.*?)\n```", page, re.DOTALL)
    _, _, *args = shlex.split(command.partition(" --stack")[0])
    text = run(*args, "--at", TIME, outputs=output(record()), folder=tmp_path).stdout
    assert text.endswith("".join(f"  {line}\n" for line in printed.splitlines()))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("read-only", "grants.read-only.role"),
        ("a.b", 'grants["a.b"].role'),
        ("a=b,c@d+e", "grants.a=b,c@d+e.role"),
    ],
)
def test_a_name_is_one_step_of_the_path(tmp_path: Path, name: str, path: str) -> None:
    done = run(name, "--at", TIME, "--json", outputs=output(record(name)), folder=tmp_path)
    (step,) = json.loads(done.stdout)["steps"]
    assert shlex.split(step["set"])[-2] == f"cross-account-access:{path}.sessionsIssuedAfter"


def test_a_config_that_cant_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "_read_stack", lambda *_: output(record()))
    (tmp_path / "Pulumi.dev.yaml").write_text("config: [\n", encoding="utf-8")
    args = ["revoke", "deploy", "--stack", "dev", "-C", str(tmp_path)]
    error = CliRunner().invoke(cli, args, standalone_mode=False).exception
    assert re.search("Pulumi.dev.yaml", str(error))
