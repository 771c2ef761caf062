"""`explain` of a role that assumes itself, and of sessions that are ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.grants.documents import build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from tests.cli.explain.explain_grants import DESTINATION, OTHER, SOURCE, explain, write_outputs

if TYPE_CHECKING:
    from pathlib import Path

TIME = "2026-11-27T10:00:00Z"
ITSELF = f"arn:aws:iam::{DESTINATION}:role/team/renew"
SESSION = f"arn:aws:sts::{DESTINATION}:assumed-role/renew/x"
AT = "--at 2026-11-28T10:00:00Z"


def outputs(folder: Path, **role: Any) -> Path:
    """A stack whose one grant, renew, has these settings of its role."""
    grant = {
        "principals": [{"user": "alice"}],
        "role": {"path": "/team/", **role},
        "conditions": {"external_id": "id-1", "mfa": True},
    }
    accounts = {"partition": "aws", "source": SOURCE, "destination": DESTINATION}
    model = read_model(GrantModel, grant)
    record = build_grant_documents("renew", model, side="both", tags={}, **accounts)
    return write_outputs(folder / "outputs.json", record)


@pytest.mark.parametrize("who", [ITSELF, SESSION])
def test_the_role_itself_may_without_mfa_but_under_the_other_conditions(
    tmp_path: Path, who: str
) -> None:
    file = outputs(tmp_path, self_assuming=True)
    assert explain(f"{who} renew --external-id id-1", file)["allowed"] is True
    refused = explain(f"{who} renew", file)
    assert (refused["allowed"], refused["half"]) == (False, "destination")
    assert "sts:ExternalId" in str(refused)


@pytest.mark.parametrize(
    "who",
    [
        f"arn:aws:iam::{DESTINATION}:role/other",
        f"arn:aws:sts::{DESTINATION}:assumed-role/renew-2/x",
        f"arn:aws:iam::{DESTINATION}:user/renew",
        f"arn:aws:iam::{OTHER}:role/team/renew",
        f"arn:aws:iam::{SOURCE}:role/team/renew",
    ],
)
def test_nobody_else_passes_for_it(tmp_path: Path, who: str) -> None:
    file = outputs(tmp_path, self_assuming=True)
    assert explain(f"{who} renew --external-id id-1 --entitled", file)["allowed"] is False


def test_a_role_that_may_not_is_told_the_setting(tmp_path: Path) -> None:
    answer = explain(f"{SESSION} renew --external-id id-1", outputs(tmp_path))
    assert answer["allowed"] is False
    assert "selfAssuming: true in the role of grant renew" in str(answer)


@pytest.mark.parametrize(
    ("issued", "allowed"),
    [
        ("", True),  # a session that is issued at the time of the call
        (f"--context aws:TokenIssueTime={TIME}", True),
        ("--context aws:TokenIssueTime=2026-11-27T09:59:59Z", False),
        ("--context AWS:tokenissuetime=2026-11-27T09:59:59Z", False),
    ],
)
def test_a_session_that_is_ended_may_no_more(tmp_path: Path, issued: str, *, allowed: bool) -> None:
    file = outputs(tmp_path, self_assuming=True, sessions_issued_after=TIME)
    answer = explain(f"{SESSION} renew --external-id id-1 {AT} {issued}", file)
    assert answer["allowed"] is allowed
    if not allowed:
        assert answer["half"] == "source"
        assert "AWSRevokeOlderSessions" in str(answer)
        assert "Assume the calling session's own role again" in str(answer)


def test_ended_sessions_are_none_of_the_principals(tmp_path: Path) -> None:
    file = outputs(tmp_path, sessions_issued_after=TIME)
    line = f"user/alice renew --mfa --external-id id-1 --entitled {AT}"
    assert explain(line, file)["allowed"] is True
