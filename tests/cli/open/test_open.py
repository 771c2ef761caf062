"""`open`: the switch-role URL, or why there is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.open.open_command import read_usage
from cross_account_access.cli.terminal import ExitCode
from cross_account_access.grants.documents import build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.usage import Usage
from cross_account_access.iam.arns import IamArn
from tests.cli.terminals import failing

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
SOURCE, DESTINATION = "111111111111", "222222222222"
URL = "https://signin.aws.amazon.com/switchrole?account=222222222222&roleName=read-only&displayName=read-only"


def test_the_url_is_all_of_stdout(deployed: Stage) -> None:
    done = deployed.run("open", "read-only", *OUTPUTS)
    told = "The role asks for MFA: sign in to the console with it first.\n"
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.DONE, f"{URL}\n", told)
    assert deployed.grants["read-only"]["switchRoleUrl"] == URL


@pytest.mark.parametrize("name", ["deploy", "partner-audit"])
def test_where_the_console_cannot_switch_the_reason_is_told(deployed: Stage, name: str) -> None:
    done = deployed.run("open", name, *OUTPUTS, "--json", "--browser")
    message = f"the console can't switch to the role of grant {name}: {deployed.grants[name]['switchRoleUnavailable']}"
    remedy = f"Its credentials work: `cross-account-access exec {name} -- COMMAND`, or `… profile {name}`."
    assert done.returncode == ExitCode.NO
    assert json.loads(done.stdout) == {"error": {"message": message, "remedy": remedy}}
    assert done.stderr == f"Error: {message}\n{remedy}\n"


def test_the_documents_alone_tell_the_same(deployed: Stage) -> None:
    """A program of its own may export nothing else."""
    alone = json.dumps(
        {"access": {name: told["documents"] for name, told in deployed.grants.items()}}
    )
    shown = deployed.run("open", "read-only", "--outputs", "-", "--json", stdin=alone)
    assert json.loads(shown.stdout) == {"grant": "read-only", "switchRoleUrl": URL}
    refused = deployed.run("open", "partner-audit", "--outputs", "-", stdin=alone)
    assert refused.returncode == ExitCode.NO
    assert deployed.grants["partner-audit"]["switchRoleUnavailable"] in refused.stderr


def test_the_browser_is_started_only_when_asked(deployed: Stage) -> None:
    opened, script = deployed.folder / "opened", deployed.folder / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {opened}\n', encoding="utf-8")
    script.chmod(0o755)
    assert (
        deployed.run("open", "read-only", *OUTPUTS, BROWSER=f"{script} %s").returncode
        == ExitCode.DONE
    )
    assert not opened.exists()
    done = deployed.run("open", "read-only", *OUTPUTS, "--browser", BROWSER=f"{script} %s")
    assert (done.returncode, done.stdout) == (ExitCode.DONE, f"{URL}\n")
    assert opened.read_text(encoding="utf-8") == f"{URL}\n"


def test_without_a_browser_the_url_is_there_nevertheless(deployed: Stage) -> None:
    done = deployed.run(
        "open", "read-only", *OUTPUTS, "--browser", BROWSER="/nonexistent %s", PATH="/nonexistent"
    )
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, f"{URL}\n")
    assert done.stderr.endswith("Error: no browser could be started\nOpen the URL yourself.\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "no stack is given"),
        (("nope", *OUTPUTS), "there is no grant nope"),
        (OUTPUTS, "there are 3 such grants"),
        (("--outputs", "none.json"), "none.json: No such file or directory"),
    ],
)
def test_a_wrong_command_line_is_told(
    deployed: Stage, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(deployed.folder)
    code, told, _ = failing(deployed, "open", *args)
    assert (code, told.splitlines()[0]) == (ExitCode.WRONG_INPUT, message)


@pytest.mark.parametrize(
    ("principals", "conditions"),
    [
        ([{"user": "team/alice"}], None),
        ([{"user": "alice"}], {"external_id": "id-1"}),
        ([{"user": "alice", "trust_by": "name"}], {"external_id": "id-1"}),
        ([{"user": "alice"}, {"role": "ci", "conditions": {"external_id": "id-1"}}], None),
        ([{"user": "alice", "conditions": {"external_id": "id-1"}}, {"group": "staff"}], None),
        ([{"user": "alice", "conditions": {"external_id": "id-1"}}, {"role": "ci"}], None),
        ([{"role": "ci"}, {"session": "ci/build"}], None),
        ([{"permission_set": "Reader"}], {"external_id": "id-1"}),
        (
            [
                {"permission_set": "Reader"},
                {"permission_set": "Writer", "conditions": {"external_id": "id-1"}},
            ],
            None,
        ),
        ([{"account": SOURCE}], None),
        ([{"arn": f"arn:aws:iam::{SOURCE}:user/x/alice"}], None),
        ([{"organization": "o-a1b2c3d4e5"}], {"external_id": "id-1"}),
        ([{"organizational_unit": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"}], None),
    ],
)
def test_the_documents_tell_what_the_outputs_tell(
    principals: list[dict[str, Any]], conditions: dict[str, Any] | None
) -> None:
    given = {
        "principals": principals,
        "role": {},
        **({"conditions": conditions} if conditions else {}),
    }
    model = GrantModel.model_validate(given, by_alias=False, by_name=True)
    documents = build_grant_documents(
        "reader",
        model,
        side="both",
        tags={},
        partition="aws",
        source=SOURCE,
        destination=DESTINATION,
    )
    role = IamArn("aws", DESTINATION, "role", "/", "reader")
    expected = Usage(role, "reader", model.principals, model.conditions, SOURCE, None)
    found = read_usage(documents)
    assert (found.switch_role_url, found.no_switch_role) == (
        expected.switch_role_url,
        expected.no_switch_role,
    )
