"""The AWS CLI commands of handoffs make on fresh accounts what `pulumi up` makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.cli.expected_half import build_destination_half
from cross_account_access.cli.handoff.handoff_command import render_files
from cross_account_access.cli.handoff.handoff_half import HandoffHalf
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.grants.generated_policies import REVOKES_SESSIONS
from cross_account_access.iam.policy_normalization import compute_checksum, normalize_policy
from sandbox.deploy.stack import load
from sandbox.proof.access_proof import prove
from sandbox.proof.people import make_people
from tests.cli.conftest import deploy
from tests.cli.handoff.applied_handoffs import (
    ACCOUNTS,
    Applied,
    apply_handoff,
    as_before,
    changed,
    run_script,
    undo,
)
from tests.cli.handoff.aws_shim import aws_on_path
from tests.cli.handoff.everything import (
    DEPLOYED,
    SIDES,
    list_own_roles,
    made,
    record,
    records,
    rights_of,
    role_of,
)
from tests.sandbox.commands import DESTINATION, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.aws.server import Sandbox


@pytest.fixture(scope="module")
def applied(accounts: Sandbox) -> Iterator[Applied]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = stack.enter_context(contextmanager(deploy)(accounts, folder, grants=DEPLOYED))
        by_pulumi = made(stage)
        (folder / "handoffs").mkdir()
        (folder / "bin").mkdir()
        path = stack.enter_context(aws_on_path(folder / "bin", accounts.endpoint))

        accounts.reset()
        settings = load(folder, "dev").settings
        everybody = stack.enter_context(make_people(accounts.endpoint, settings, keep=True))
        applied = Applied(stage, path, by_pulumi, by_pulumi, [])
        for grant, side in product(DEPLOYED, SIDES):
            apply_handoff(applied, grant, side)
        applied.by_commands = made(stage)
        arns = {grant: record(stage, grant).role.arn for grant in DEPLOYED}
        applied.proof = prove(accounts.endpoint, settings, arns, everybody)
        yield applied


@pytest.mark.parametrize("grant", DEPLOYED)
def test_the_role_is_the_one_that_pulumi_makes(applied: Applied, grant: str) -> None:
    name = record(applied.stage, grant).role.name
    assert applied.by_commands.roles[name] == applied.by_pulumi.roles[name]


@pytest.mark.parametrize("grant", DEPLOYED)
def test_the_readmes_check_of_the_source_allows_each_principal(
    applied: Applied, grant: str
) -> None:
    folder = applied.folder(grant, "source")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    check = readme.partition("## How to check it")[2].partition("```sh\n")[2].partition("```")[0]
    simulations = check.count("aws iam simulate-principal-policy")
    if not simulations:
        assert "aws sts assume-role" in check
        return
    (folder / "check.sh").write_text(f"set -e\n{check}", encoding="utf-8")
    done = applied.sh(folder, SOURCE, "check.sh")
    assert done.stderr == ""
    assert done.stdout.split() == ["allowed"] * simulations


@pytest.mark.parametrize("grant", DEPLOYED)
def test_what_stands_has_the_checksum_of_the_handoff(applied: Applied, grant: str) -> None:
    documents = record(applied.stage, grant)
    role = applied.by_commands.roles[documents.role.name]
    half = build_destination_half(
        trust_policy=role["trust"],
        inline_policies=role["inline"],
        managed_policies=role["managed"],
        permissions_boundary=role["boundary"],
        max_session_duration=role["maxSessionDuration"],
    )
    written = (applied.folder(grant, "destination") / "checksum").read_text(encoding="utf-8")
    assert written == f"{compute_checksum(half)}\n"
    for principal in documents.principals:
        if principal.attached_to:
            # Of these the source's checksum is made.
            assert (
                normalize_policy(principal.needs)
                in applied.by_commands.rights[principal.attached_to]
            )


def test_there_is_no_other_role(applied: Applied) -> None:
    assert applied.by_commands.roles.keys() == applied.by_pulumi.roles.keys()


def test_every_principal_may_do_what_it_may_by_pulumi_and_no_more(applied: Applied) -> None:
    assert applied.by_commands.rights.keys() == applied.by_pulumi.rights.keys()
    holders = [holder for holder in applied.by_pulumi.rights if applied.by_pulumi.rights[holder]]
    assert {("user", "alice"), ("role", "ci"), ("group", "developers")} <= set(holders)
    for holder in applied.by_pulumi.rights:
        assert applied.by_commands.reach(holder) == applied.by_pulumi.reach(holder), holder


def test_a_principal_of_one_grant_has_the_very_policy_that_pulumi_makes(applied: Applied) -> None:
    alone = [("group", "developers"), ("user", "carol"), ("user", "not-yet-hired")]
    for holder in alone:
        assert applied.by_commands.rights[holder] == applied.by_pulumi.rights[holder] != [], holder


def test_whoever_is_to_get_in_gets_in_and_nobody_else(applied: Applied) -> None:
    wrong = [
        f"{attempt.grant}: {attempt.caller} {attempt.attempt}: {attempt.reason}"
        for attempt in applied.proof
        if not attempt.holds
    ]
    assert wrong == []
    assert {
        attempt.grant for attempt in applied.proof if attempt.observed == "refused"
    } == DEPLOYED.keys()
    allowed = {attempt.grant for attempt in applied.proof if attempt.observed == "allowed"}
    assert allowed == DEPLOYED.keys()


@pytest.mark.parametrize("grant", ["rich", "all-but-some", "itself"])
@pytest.mark.parametrize("side", SIDES)
def test_run_again_the_commands_change_nothing(applied: Applied, side: str, grant: str) -> None:
    done = applied.sh(applied.folder(grant, side), ACCOUNTS[side])
    assert (done.returncode, done.stderr) == (0, "")
    as_before(applied)


@pytest.mark.parametrize("side", SIDES)
def test_in_another_account_nothing_is_done(applied: Applied, side: str) -> None:
    done = applied.sh(applied.folder("rich", side), "333333333333")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"for account {ACCOUNTS[side]}; the credentials belong to 333333333333" in done.stderr
    as_before(applied)


def with_role(documents: GrantDocuments, path: str, name: str) -> GrantDocuments:
    """The record of a grant of another role."""
    role = documents.role
    text = documents.as_json().replace(role.arn, f"{role.arn.partition('/')[0]}{path}{name}")
    old, new = (f'"name":"{n}","path":"{p}"' for n, p in ((role.name, role.path), (name, path)))
    return GrantDocuments.model_validate_json(text.replace(old, new))


def test_a_role_that_somebody_else_made_is_left_alone(applied: Applied, tmp_path: Path) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = applied.stage.destination
    role = iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=trust)["Role"]

    def named_so(documents: Any) -> Any:
        return with_role(documents, "/", "theirs")

    try:
        done = applied.sh(changed(applied, tmp_path, "destination", named_so), DESTINATION)
        assert done.returncode == 1
        assert f"The role {role['Arn']} already exists" in done.stderr
        assert "ec2.amazonaws.com" in str(
            iam.get_role(RoleName="theirs")["Role"]["AssumeRolePolicyDocument"]
        )
    finally:
        iam.delete_role(RoleName="theirs")


def test_a_role_of_the_name_at_another_path_is_left_alone(applied: Applied, tmp_path: Path) -> None:
    def elsewhere(documents: Any) -> Any:
        return with_role(documents, "/elsewhere/", documents.role.name)

    done = applied.sh(changed(applied, tmp_path, "destination", elsewhere), DESTINATION)
    assert done.returncode == 1
    there = record(applied.stage, "rich").role.arn
    assert f"Another role already has this name: {there}." in done.stderr


def test_a_newer_handoff_updates_what_an_earlier_one_made_and_tells_what_is_not_from_it(
    applied: Applied, tmp_path: Path
) -> None:
    def updated(documents: Any) -> Any:
        inline = documents.role.inline_policies
        ended = {REVOKES_SESSIONS: inline[REVOKES_SESSIONS]}
        newer = documents.role.model_copy(
            update={
                "description": None,
                "max_session_duration": None,
                "managed_policies": ["arn:aws:iam::aws:policy/PowerUserAccess"],
                "inline_policies": {**ended, "second.one": inline["own-things"]},
            }
        )
        return documents.model_copy(update={"role": newer})

    done = applied.sh(changed(applied, tmp_path, "destination", updated), DESTINATION)
    try:
        assert done.returncode == 0
        extra = (
            "managed policy arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
            "inline policy own-things",
        )
        notes = done.stderr.splitlines()
        assert len(notes) == 2
        assert all(policy in note for policy, note in zip(extra, notes, strict=True))
        role = role_of(applied.stage.destination, "rich-role")
        assert (role["description"], role["maxSessionDuration"]) == ("", 3600)
        assert role["inline"]["second.one"] == role["inline"]["own-things"]
    finally:
        assert applied.sh(applied.folder("rich", "destination"), DESTINATION).returncode == 0
    as_before(applied)


def test_a_policy_is_updated_and_keeps_one_version(applied: Applied) -> None:
    iam: Any = applied.stage.source
    arn = f"arn:aws:iam::{SOURCE}:policy/assume-rich-role-in-{DESTINATION}-by-user-alice"
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ["*"]}
    other = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=other, SetAsDefault=True)
    assert rights_of(iam, "user", "alice") != applied.by_commands.rights["user", "alice"]
    assert applied.sh(applied.folder("rich", "source"), SOURCE).returncode == 0
    as_before(applied)
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    # The one that was there before and the new one; the one in between is gone.
    assert len(versions) == 2
    for version in versions:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


@pytest.mark.parametrize("side", SIDES)
def test_the_readme_tells_how_to_undo_it(applied: Applied, side: str, tmp_path: Path) -> None:
    try:
        undo(applied, side, tmp_path)
        if side == "destination":
            names = {role["RoleName"] for role in list_own_roles(applied.stage.destination)}
            assert names == applied.by_commands.roles.keys() - {"rich-role"}
        else:
            assert "rich-role" not in str(
                applied.stage.source.list_policies(Scope="Local")["Policies"]
            )
            for holder in (("user", "alice"), ("role", "ci")):
                assert (
                    len(rights_of(applied.stage.source, *holder))
                    == len(applied.by_commands.rights[holder]) - 1
                )
    finally:
        assert applied.sh(applied.folder("rich", side), ACCOUNTS[side]).returncode == 0
    as_before(applied)


@pytest.mark.skipif(
    shutil.which("aws") is None, reason="the AWS CLI is not on PATH: pip install awscli"
)
@pytest.mark.parametrize("side", SIDES)
def test_the_aws_cli_itself_takes_the_commands(applied: Applied, side: str, tmp_path: Path) -> None:
    undo(applied, side, tmp_path)
    done = run_script(applied.stage, applied.folder("rich", side) / "commands.sh", ACCOUNTS[side])
    assert (done.returncode, done.stderr) == (0, "")
    as_before(applied)


@pytest.mark.parametrize(
    ("side", "asked"), [("source", "iam get-policy"), ("destination", "iam get-role")]
)
def test_what_aws_does_not_tell_is_not_taken_for_absent(
    side: Any, asked: str, tmp_path: Path
) -> None:
    for name, text in render_files(HandoffHalf(records()["rich"], side)).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    denied = "An error occurred (AccessDenied) when calling: no"
    answers = f"get-caller-identity) echo {ACCOUNTS[side]} ;; *) echo '{denied}' >&2; exit 254 ;;"
    aws = tmp_path / "aws"
    aws.write_text(
        f'#!/bin/sh\necho "$*" >>"{tmp_path}/asked"\ncase $2 in {answers} esac\n', encoding="utf-8"
    )
    aws.chmod(0o700)
    done = subprocess.run(  # noqa: S603 - what handoff wrote
        ["sh", str(tmp_path / "commands.sh")],  # noqa: S607 - whichever sh there is
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{denied}\n")
    lines = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert [" ".join(line.split()[:2]) for line in lines] == ["sts get-caller-identity", asked]
