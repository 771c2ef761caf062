"""The commands of README and of the pages for the day, done in their order on one stack."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import stack_config
from cross_account_access.config.settings import NAMESPACE
from examples.__main__ import PROFILES, build_environment
from sandbox.aws.server import client
from sandbox.proof.person import make_session_sts
from tests.cli.handoff.aws_shim import aws_on_path
from tests.doc_pages import read_blocks
from tests.engine.conftest import PROGRAM, ROOT, iam_state, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from types_boto3_iam import IAMClient

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

README, CHANGING, ROTATING, DRIFT = (
    "README.md",
    "docs/changing.md",
    "docs/rotating.md",
    "docs/drift.md",
)
OLD, NEW = "first-id-unlisted", "second-id-unlisted"
STRANGER = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
    "Action": "sts:AssumeRole",
}


@dataclass(frozen=True)
class Person:
    """Who types the pages' commands: in the project's folder, with profiles of the two accounts."""

    folder: Path
    environment: Mapping[str, str]
    people: IAMClient
    production: IAMClient

    def run(self, command: str, typed: str = "", *, fails: bool = False) -> str:
        """Run a command, and answer what it asks for; returns what it prints."""
        keys = {}
        if command.startswith("cross-account-access profile"):  # it asks only on a terminal
            command += " --yes"
        if command.startswith("aws "):  # the test's `aws` has the keys of its environment
            command, _, profile = command.partition(" --profile ")
            keys["AWS_ACCESS_KEY_ID"] = PROFILES[profile]
        done = subprocess.run(  # noqa: S603 - the page's command
            ["bash", "-c", command],  # noqa: S607 - whichever bash there is
            cwd=self.folder,
            env={**self.environment, **keys},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return done.stdout

    def follow(self, page: str, heading: str, typed: str = "", *, fails: str | None = None) -> str:
        """Run the commands under a page's heading, of which those with a text in them must fail.

        Returns:
            What they print. What the page shows of Pulumi's changes is in it.
        """
        blocks = [block for block in read_blocks(page) if block.heading == heading]
        commands = [command for block in blocks for command in block.commands]
        assert commands
        printed = [
            self.run(command, typed, fails=fails is not None and fails in command)
            for command in commands
        ]
        shown = list_changes("\n".join(block.text for block in blocks))
        assert shown in ([], *map(list_changes, printed)), printed
        return "".join(printed)

    def assume(self, external_id: str) -> str:
        """What comes of the auditor's assuming the role `partner` with this external ID."""
        key = self.people.create_access_key(UserName="auditor")["AccessKey"]
        endpoint = self.environment["AWS_ENDPOINT_URL"]
        auditor = make_session_sts(endpoint, {**key, "SessionToken": None})
        result = outcome(auditor, "arn:aws:iam::222222222222:role/partner", ExternalId=external_id)
        self.people.delete_access_key(UserName="auditor", AccessKeyId=key["AccessKeyId"])
        return result

    def change_by_hand(self) -> None:
        """Do what docs/drift.md says that somebody has done."""
        role = self.production.get_role(RoleName="read-only")["Role"]
        trust = json.loads(json.dumps(role["AssumeRolePolicyDocument"]))
        trust["Statement"].append(STRANGER)
        document = json.dumps(trust)
        self.production.update_assume_role_policy(RoleName="read-only", PolicyDocument=document)
        attached = self.people.list_attached_user_policies(UserName="auditor")["AttachedPolicies"]
        (arn,) = (policy["PolicyArn"] for policy in attached)
        self.people.detach_user_policy(UserName="auditor", PolicyArn=arn)
        more = "arn:aws:iam::aws:policy/AdministratorAccess"
        self.production.attach_role_policy(RoleName="partner", PolicyArn=more)


@pytest.fixture
def person(tmp_path: Path, engine: Mapping[str, str], sandbox: Sandbox) -> Iterator[Person]:
    sandbox.reset()
    people, production = (
        client("iam", sandbox.endpoint, account=PROFILES[name]) for name in ("people", "production")
    )
    for name in ("Pulumi.yaml", *PROGRAM):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    environment = {**os.environ, **engine, **build_environment(tmp_path, sandbox.endpoint)}
    for user in ("alice", "auditor"):
        people.create_user(UserName=user)
    key = people.create_access_key(UserName="auditor")["AccessKey"]
    with (tmp_path / "profiles").open("a", encoding="utf-8") as profiles:
        profiles.write(
            f"[profile auditor]\naws_access_key_id = {key['AccessKeyId']}\n"
            f"aws_secret_access_key = {key['SecretAccessKey']}\nregion = us-east-1\n"
        )
    with aws_on_path(tmp_path, sandbox.endpoint) as path:
        environment |= {"PULUMI_SKIP_CONFIRMATIONS": "true", "COLUMNS": "100", "NO_COLOR": "1"}
        environment["PULUMI_OPTION_SKIP_PREVIEW"] = "true"  # where the pages have one of their own
        environment["PATH"] = os.pathsep.join([path, f"{sys.prefix}/bin", environment["PATH"]])
        yield Person(tmp_path, environment, people, production)


def list_changes(text: str) -> list[str]:
    """The lines of a preview that say how a resource of AWS would change."""
    change = r"^ [+~-]+ +aws:iam:\w+ \S+ (?:create|update|delete|replace)\b(?: \[.*\])?(?= *$)"
    return sorted(re.findall(change, text, re.MULTILINE))


def list_findings(text: str) -> list[str]:
    """The findings that `verify` prints, each policy without the end that Pulumi chose."""
    text = re.sub(r"(?<=-)[0-9a-f]{7}(?= )", "…", text)
    return sorted(re.findall(r"^  finding .*$", text, re.MULTILINE))


def test_a_stack_is_made_changed_rotated_repaired_and_destroyed_as_the_pages_say(
    person: Person,
) -> None:
    before = [iam_state(iam).keys() for iam in (person.people, person.production)]
    person.follow(README, "On your accounts")
    person.follow(CHANGING, "Add a grant", OLD)

    person.follow(ROTATING, "1. Accept both", NEW)
    assert [person.assume(one) for one in (OLD, NEW)] == ["allowed", "allowed"]
    told = person.follow(ROTATING, "2. Hand the new one over")
    assert NEW in (person.folder / "profiles").read_text(encoding="utf-8")
    told += person.follow(ROTATING, "3. Accept only the new one")
    assert [person.assume(one) for one in (OLD, NEW)] == ["AccessDenied", "allowed"]
    assert not {OLD, NEW} & set(re.findall(r"[\w-]+", told))

    person.change_by_hand()
    person.follow(DRIFT, "In a scheduled job", fails="--expect-no-changes")
    (shown,) = (block.text for block in read_blocks(DRIFT) if list_findings(block.text))
    printed = person.follow(DRIFT, "An example", fails="verify")
    assert list_findings(printed) == list_findings(shown)
    person.run("pulumi preview --refresh --expect-no-changes")

    person.follow(CHANGING, "Remove a grant")
    person.run("pulumi destroy")
    assert [iam_state(iam).keys() for iam in (person.people, person.production)] == before


ACCOUNTS, CONDITIONS = "docs/accounts.md", "docs/conditions.md"
CONFIGS = {
    "one side": ([(README, "On your accounts"), (ACCOUNTS, "One side only")], ("destination",)),
    "secrets": (
        [(README, "On your accounts"), (CHANGING, "Add a grant"), (CONDITIONS, "Secrets")],
        ("destination", "source"),
    ),
    "many accounts": ([(ACCOUNTS, "Many accounts"), (ACCOUNTS, "External IDs")], ("production",)),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_the_config_that_pages_set_is_taken(case: str, person: Person) -> None:
    sections, made = CONFIGS[case]
    person.run("pulumi stack init production")
    blocks = [block for page, at in sections for block in read_blocks(page) if block.heading == at]
    for block in blocks:
        if block.language == "yaml" and block.text.startswith("accounts:"):
            (person.folder / "access.yaml").write_text(block.text, encoding="utf-8")
        for command in block.commands:
            if command.startswith("pulumi config set"):
                person.run(command, NEW)
    shown = json.loads(person.run("pulumi config --show-secrets --json"))
    config = {
        key.removeprefix(f"{NAMESPACE}:"): value.get("objectValue", value["value"])
        for key, value in shown.items()
    }
    assert stack_config.check(config, folder=person.folder).made == made
