"""The command's environment has the session's credentials, and nothing of other ones."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Stage

PRINT = (sys.executable, "-c", "import json, os; print(json.dumps({**os.environ}))")


@pytest.mark.parametrize(
    ("name", "given", "left"),
    [
        ("AWS_DEFAULT_PROFILE", "other", None),
        ("AWS_CREDENTIAL_SCOPE", "us-west-2", None),
        ("AWS_BEARER_TOKEN_BEDROCK", "other", None),
        ("AWS_BEARER_TOKEN_ANOTHER_SERVICE", "other", None),
        ("AWS_ACCOUNT_ID", "111111111111", "222222222222"),
        ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "required", "required"),
    ],
)
def test_nothing_of_other_credentials_is_left(
    deployed: Stage, name: str, given: str, left: str | None
) -> None:
    args = ("exec", "deploy", "--outputs", "outputs.json", "--profile", "ci", "--", *PRINT)
    environment: dict[str, Any] = {name: given}
    assert json.loads(deployed.run(*args, **environment).stdout).get(name) == left


def test_an_account_that_is_not_set_stays_so(deployed: Stage) -> None:
    args = ("exec", "deploy", "--outputs", "outputs.json", "--profile", "ci", "--", *PRINT)
    assert "AWS_ACCOUNT_ID" not in json.loads(deployed.run(*args).stdout)
