"""The tests on the page, run as they stand, by pytest and by unittest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access.testing import AwsMocks, MockAccount

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
PROGRAM, TEST, MOCKS, PATTERN = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")


def run_tests(folder: Path, program: str, pattern: str) -> subprocess.CompletedProcess[str]:
    """Run the page's tests on a program, as a user of the package does."""
    files = {"__main__.py": program, "test_access.py": TEST, "test_pattern.py": pattern}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "components"), "PYTEST_ADDOPTS": ""}
    return subprocess.run(  # noqa: S603
        PYTEST, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_pages_tests_pass(tmp_path: Path) -> None:
    done = run_tests(tmp_path, PROGRAM, PATTERN)
    assert (done.returncode, "5 passed" in done.stdout) == (0, True), done.stdout


def test_the_pages_tests_fail_without_the_condition(tmp_path: Path) -> None:
    program = PROGRAM.replace('"mfa": True, ', "")
    pattern = PATTERN.replace('conditions={"mfa": True}', "")
    assert (program, pattern) != (PROGRAM, PATTERN)
    done = run_tests(tmp_path, program, pattern)
    assert (done.returncode, "3 failed, 2 passed" in done.stdout) == (1, True), done.stdout


def test_the_pages_message_is_the_one_of_a_failed_assertion() -> None:
    (expected,) = re.findall(r"```\nAssertionError: (.*)\n```", PAGE)
    people = MockAccount("111111111111", users=["alice"])
    mocks = AwsMocks({"source": people, "destination": MockAccount("222222222222")})
    mocks.run(lambda: exec(PROGRAM, {}))  # noqa: S102 - the page's own text
    with pytest.raises(AssertionError) as error:
        mocks.assert_allows("alice", "read-only", source_ip="203.0.113.7")
    assert str(error.value) == expected


def test_the_pages_own_mocks_answer_more() -> None:
    defined: dict[str, Any] = {}
    exec(MOCKS, defined)  # noqa: S102 - the page's own text
    mocks = defined["OwnMocks"]({"source": MockAccount("111111111111", users=["alice"])})

    def program() -> None:
        source = aws.Provider("source", region="eu-west-1")
        opts = pulumi.InvokeOutputOptions(provider=source)
        pulumi.export("cidr", aws.ssm.get_parameter_output(name="cidr", opts=opts).value)
        pulumi.export("arn", aws.iam.get_user_output(user_name="alice", opts=opts).arn)

    assert mocks.run(program) == {
        "cidr": "10.0.0.0/16",
        "arn": "arn:aws:iam::111111111111:user/alice",
    }
