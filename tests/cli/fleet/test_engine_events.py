"""What the engine's events and output say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.fleet.engine_events import EngineEvents, describe_output
from cross_account_access.cli.fleet.error_remedies import find_remedy

if TYPE_CHECKING:
    from pathlib import Path

URN = "urn:pulumi:s::p::cross-account-access:index:TrustedRole$aws:iam/role:Role::access-deploy"
STACK = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"


def error(message: str, urn: str = URN) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": "error", "message": message, "urn": urn}}


def read(folder: Path, *events: object, end: str = "") -> EngineEvents:
    file = folder / "events"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in events) + end, encoding="utf-8")
    result = EngineEvents(file)
    result.read()
    return result


def test_changes_are_counted_as_the_summary_has_them(tmp_path: Path) -> None:
    changes = {
        "create": 2,
        "import": 1,
        "update": 3,
        "replace": 1,
        "delete": 4,
        "same": 5,
        "read": 9,
    }
    events = read(tmp_path, {"summaryEvent": {"resourceChanges": changes}})
    assert events.count_changes() == {
        "create": 3,
        "update": 3,
        "replace": 1,
        "delete": 4,
        "same": 5,
    }


def test_a_line_is_read_when_it_is_complete(tmp_path: Path) -> None:
    step = json.dumps({"resOutputsEvent": {"metadata": {"op": "create"}}})
    events = read(tmp_path, end=step[:20])
    assert events.steps == 0
    with events.path.open("a", encoding="utf-8") as file:
        file.write(f"{step[20:]}\n{step}\n")
    events.read()
    assert events.steps == 2


def test_what_the_engine_never_wrote_is_left_out(tmp_path: Path) -> None:
    odd: list[object] = [
        1,
        None,
        [],
        {"summaryEvent": None},
        {"summaryEvent": {"resourceChanges": {"same": "x"}}},
    ]
    events = read(tmp_path, *odd, {"diagnosticEvent": {"severity": "error"}}, end="{\nnot JSON\n")
    assert (sum(events.count_changes().values()), events.describe_error()) == (0, "")
    assert EngineEvents(tmp_path / "nowhere").describe_error() == ""


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (
            [
                error("[ERROR] : creating IAM Role (g1): AccessDenied: no.: \n"),
                error("creating: x"),
            ],
            "Role access-deploy: creating IAM Role (g1): AccessDenied: no.",
        ),
        (
            [
                error("<{%reset%}>Traceback\n  File x\nKeyboardInterrupt<{%reset%}>\n", STACK),
                error("\x1b[31mcreating"),
                error("creating", URN.replace("deploy", "other")),
            ],
            "Role access-deploy: \x1b[31mcreating (and 1 more)",
        ),
        (
            [
                error("[ERROR] : reading IAM Policy (x): couldn't find resource", STACK),
                error("CrossAccountAccess access was refused:\n  grants.a: must be b\n", STACK),
            ],
            "CrossAccountAccess access was refused: grants.a: must be b",
        ),
        (
            [
                error("cross-account-access:accounts.p.accountId: must be c", STACK),
                error("AWS account ID not allowed: 777777777777:"),
            ],
            "cross-account-access:accounts.p.accountId: must be c",
        ),
        ([error("the stack's config was refused:\nx: must be y.\n", STACK)], None),
        ([error("update failed", "")], ""),
        ([], ""),
    ],
)
def test_what_went_wrong_is_one_line(tmp_path: Path, events: Any, message: str | None) -> None:
    expected = "the stack's config was refused: x: must be y." if message is None else message
    assert read(tmp_path, *events).describe_error() == expected


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            "\n code: 255\n stdout: \n stderr: error: no stack named 's5' found",
            "no stack named 's5' found",
        ),
        ("error: first\nerror: last\nmore", "last"),
        ("warning: no", ""),
        ("", ""),
    ],
)
def test_an_output_says_what_went_wrong(output: str, message: str) -> None:
    assert describe_output(output) == message


def test_a_long_message_is_shortened() -> None:
    assert len(describe_output(f"error: {'x' * 5000}")) < 500


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("the stack is locked by root@vm (process 7)", "pulumi cancel -s prod"),
        ("another update of the stack is in progress", "pulumi cancel -s prod"),
        ("CreateRole: EntityAlreadyExists: Role with name g1 already exists.", "imports"),
        ('resource "urn:pulumi:x" cannot be deleted because it is protected.', "set it to false"),
        ("as it is currently marked for protection. To unprotect", "set it to false"),
        ("passphrase must be set with PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"),
        ("api error ExpiredToken: expired", "sign in"),
        ("No valid credential sources found", "profile"),
        ("api error AccessDenied: is not authorized to perform: iam:CreateRole", "permission"),
        ("MalformedPolicyDocument: Invalid principal in policy", "must exist first"),
        ("Throttling: Rate exceeded", "--parallel"),
        ("configure provider: AWS account ID not allowed: 999999999999", "access file"),
        ("accounts.p.accountId: must be the account of the credentials, which", "access file"),
        ("NoSuchEntity: The user with name alice cannot be found.", "Create the user"),
        ("must have the key that an external ID refers to. Run `pulumi", "-s prod"),
        ("something else", ""),
    ],
)
def test_what_people_meet_has_a_remedy(message: str, remedy: str) -> None:
    found = find_remedy(message, "prod", "up")
    assert remedy in found
    assert bool(found) == bool(remedy)
