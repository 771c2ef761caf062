"""Run an example on emulated accounts: `python -m examples NAME`."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml
from pulumi import automation

from sandbox.__main__ import main as sandbox
from sandbox.aws.server import Sandbox, client
from sandbox.deploy import pulumi_engine

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = Path(__file__).resolve().parent
PROFILES = {"people": "111111111111", "production": "222222222222", "staging": "333333333333"} | {
    name: f"4444444444{number:02}"
    for number, name in enumerate(
        (
            *("analytics", "billing", "catalog", "checkout", "data"),
            *("network", "payments", "search", "security", "website"),
        )
    )
}
"""The AWS CLI's profiles that the programs use, and their accounts."""
FLEET = EXAMPLES / "fleet"

_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "venv", "sdks", "node_modules", "dist", "Pulumi.*.yaml"
)


def list_examples() -> list[str]:
    """Every example."""
    return sorted(
        folder.name for folder in EXAMPLES.iterdir() if folder.is_dir() and folder.name[0].isalpha()
    )


def list_projects(folder: Path) -> list[Path]:
    """An example's Pulumi projects in the order of their deployment; none where it is a config of
    the program.
    """
    return sorted(
        file.parent for file in folder.rglob("Pulumi.yaml") if "node_modules" not in file.parts
    )


def build_environment(
    work: Path, endpoint: str, accounts: Mapping[str, str] = PROFILES
) -> dict[str, str]:
    """What lets a program as it is for AWS reach emulated accounts: the profiles, and where they
    are.
    """
    work.mkdir(parents=True, exist_ok=True)
    (work / "state").mkdir(exist_ok=True)
    profiles = work / "profiles"
    profiles.write_text(
        "".join(
            f"[profile {name}]\naws_access_key_id = {account}\naws_secret_access_key = sandbox\n"
            for name, account in accounts.items()
        ),
        encoding="utf-8",
    )
    return {
        "AWS_CONFIG_FILE": str(profiles),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PULUMI_BACKEND_URL": (work / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "examples",
    }


def create_stack(
    project: Path, work: Path, variables: Mapping[str, str], components: Path
) -> automation.Stack:
    """A stack `dev` of a copy of the project; a program in another language gets the package
    added.
    """
    shutil.copytree(project, work, ignore=_LEFT_OUT, dirs_exist_ok=True)
    file = work / "Pulumi.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    added = settings.pop("packages", None)
    if isinstance(settings["runtime"], dict):
        settings["runtime"]["options"]["virtualenv"] = variables.get("VIRTUALENV", sys.prefix)
    file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    command = automation.PulumiCommand(variables.get("PULUMI_HOME"))
    if added:
        command.run(["package", "add", str(components)], str(work), variables)
    options = automation.LocalWorkspaceOptions(pulumi_command=command, env_vars=variables)
    return automation.create_or_select_stack("dev", work_dir=str(work), opts=options)


def prepare_fleet(work: Path, endpoint: str) -> tuple[Path, dict[str, str]]:
    """Copy the fleet's project beside its program, and make in its accounts what is there before.

    Returns:
        The project's folder, and the environment of whoever deploys it: the CI account's session.
    """
    for name in ("__main__.py", "stack_config.py"):
        shutil.copy(ROOT / name, work)
    (work / ".venv").symlink_to(sys.prefix)
    project = work / FLEET.relative_to(ROOT)
    shutil.copytree(FLEET, project)
    accounts = yaml.safe_load((FLEET / "access.yaml").read_text(encoding="utf-8"))["accounts"]
    ids = {name: account["accountId"] for name, account in accounts.items()}
    for account in ids.values():
        _make_role(endpoint, account, "access-deployer", trusted=ids["ci"])
    _make_role(endpoint, ids["ci"], "deployer", trusted=ids["ci"])
    people = client("iam", endpoint, account=ids["people"])
    people.create_group(GroupName="developers")
    for user in ("alice", "bob"):
        people.create_user(UserName=user)
    variables = build_environment(work, endpoint)
    keys = {"AWS_ACCESS_KEY_ID": ids["ci"], "AWS_SECRET_ACCESS_KEY": "sandbox"}
    return project, variables | keys


def _make_role(endpoint: str, account: str, name: str, *, trusted: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = client("iam", endpoint, account=account)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)


def _components(work: Path) -> Path:
    """A copy of the package, for Pulumi makes a virtual environment in its folder."""
    copy = work / "components"
    shutil.copytree(ROOT / "components", copy, ignore=_LEFT_OUT, dirs_exist_ok=True)
    return copy


def _deploy_fleet(work: Path, engine: Mapping[str, str]) -> None:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with Sandbox() as accounts:
        project, variables = prepare_fleet(work, accounts.endpoint)
        command = [str(Path(sys.prefix, "bin", "cross-account-access")), "fleet", "up", "--yes"]
        environment = {**os.environ, **engine, **variables}
        done = subprocess.run(command, cwd=project, env=environment, check=False)  # noqa: S603
    if done.returncode:
        raise click.exceptions.Exit(done.returncode)


def _deploy(name: str) -> None:
    work = ROOT / ".sandbox" / "examples"
    engine = pulumi_engine.find(ROOT, install=True, tell=click.echo)
    if name == FLEET.name:
        _deploy_fleet(work / name, engine)
        return
    shutil.rmtree(work / name, ignore_errors=True)
    components = _components(work)
    with Sandbox() as accounts:
        variables = {**engine, **build_environment(work / name, accounts.endpoint)}
        for project in list_projects(EXAMPLES / name):
            stack = create_stack(project, work / name / project.name, variables, components)
            outputs = stack.up(on_output=click.echo, color="never").outputs
            values: dict[str, Any] = {key: output.value for key, output in outputs.items()}
            click.echo(json.dumps(values, indent=2))


@click.command()
@click.argument("name", type=click.Choice(list_examples()))
def main(name: str) -> None:
    """Deploy an example on emulated accounts, which are gone afterwards."""
    if list_projects(EXAMPLES / name):
        try:
            _deploy(name)
        except (pulumi_engine.NoEngineError, automation.CommandError) as error:
            raise click.ClickException(str(error)) from None
        return
    for config in sorted((EXAMPLES / name).glob("Pulumi.*.yaml")):
        sandbox.main(["up", "--config-file", str(config)], standalone_mode=False)


if __name__ == "__main__":
    main(prog_name="python -m examples")
