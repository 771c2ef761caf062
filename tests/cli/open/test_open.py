"""`open`: the switch-role URL, or why there is none."""

from __future__ import annotations

import json
import webbrowser
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.open.open_command import read_usage
from cross_account_access.cli.terminal import ExitCode
from cross_account_access.grants.documents import build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.usage import Usage
from cross_account_access.iam.arns import IamArn

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

OUTPUTS = ("--outputs", "outputs.json")
SOURCE, DESTINATION = "111111111111", "222222222222"
URL = (
    "https://signin.aws.amazon.com/switchrole"
    "?account=222222222222&roleName=read-only&displayName=read-only"
)


def test_the_url_is_all_of_stdout(deployed: Stage) -> None:
    done = deployed.call("open", "read-only", *OUTPUTS)
    assert (done.returncode, done.stdout) == (ExitCode.DONE, f"{URL}\n")
    assert "MFA" in done.stderr
    assert deployed.grants["read-only"]["switchRoleUrl"] == URL


@pytest.mark.parametrize("name", ["deploy", "partner-audit"])
def test_where_the_console_cannot_switch_the_reason_is_told(deployed: Stage, name: str) -> None:
    done = deployed.call("open", name, *OUTPUTS, "--json", "--browser")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == ExitCode.NO
    assert error["message"].endswith(f": {deployed.grants[name]['switchRoleUnavailable']}")
    assert f"`cross-account-access exec {name} -- COMMAND`" in error["remedy"]
    assert done.stderr == f"Error: {error['message']}\n{error['remedy']}\n"


def test_the_documents_alone_tell_the_same(deployed: Stage) -> None:
    """A program of its own may export nothing else."""
    alone = json.dumps(
        {"access": {name: grant["documents"] for name, grant in deployed.grants.items()}}
    )
    shown = deployed.call("open", "read-only", "--outputs", "-", "--json", stdin=alone)
    assert json.loads(shown.stdout) == {"grant": "read-only", "switchRoleUrl": URL}
    refused = deployed.call("open", "partner-audit", "--outputs", "-", stdin=alone)
    assert refused.returncode == ExitCode.NO
    assert deployed.grants["partner-audit"]["switchRoleUnavailable"] in refused.stderr


@pytest.mark.parametrize("started", [True, False])
def test_the_browser_is_started_only_when_asked(
    deployed: Stage, monkeypatch: pytest.MonkeyPatch, started: bool
) -> None:
    opened: list[str] = []

    def start(url: str) -> bool:
        opened.append(url)
        return started

    monkeypatch.setattr(webbrowser, "open", start)
    assert deployed.call("open", "read-only", *OUTPUTS).returncode == ExitCode.DONE
    assert opened == []
    done = deployed.call("open", "read-only", *OUTPUTS, "--browser")
    expected = ExitCode.DONE if started else ExitCode.UNAVAILABLE
    assert (done.returncode, done.stdout, opened) == (expected, f"{URL}\n", [URL])


@pytest.mark.parametrize(
    ("principals", "conditions"),
    [
        ([{"user": "team/alice"}], None),
        ([{"user": "alice"}], {"external_id": "id-1"}),
        ([{"user": "alice", "trust_by": "name"}], {"external_id": "id-1"}),
        ([{"user": "alice"}, {"role": "ci", "conditions": {"external_id": "id-1"}}], None),
        ([{"user": "alice"}, {"group": "staff", "conditions": {"external_id": "id-1"}}], None),
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
