"""What is refused, and that nothing is made then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.engine.conftest import Project

pytestmark = pytest.mark.engine

GRANTS: dict[str, Any] = {"deploy": {"principals": [{"user": "alice"}]}}
OTHER = "777777777777"

ACCESS_FROM_OTHER = f"""
import stack_config
from cross_account_access import CrossAccountAccess

settings = stack_config.load()
args = {{
    "grants": stack_config.make_args(settings)["grants"],
    "source_account_id": "{OTHER}",
    "source_provider": stack_config.make_provider(settings.source, "source"),
    "destination_provider": stack_config.make_provider(settings.destination, "destination"),
}}
CrossAccountAccess("access", args)
"""

ROLE_WITHOUT_PROVIDER = """
from cross_account_access import TrustedRole

TrustedRole("deploy", {"principals": [{"user": "alice"}], "source_account_id": "111111111111"})
"""


def issued_keys(project: Project, account: str) -> dict[str, str]:
    """Keys that don't tell their account, as AWS's own."""
    iam = project.iam(account)
    iam.create_user(UserName="somebody")
    key = iam.create_access_key(UserName="somebody")["AccessKey"]
    return {"accessKey": key["AccessKeyId"], "secretKey": key["SecretAccessKey"]}


def test_a_wrong_config_is_told_as_a_whole_before_an_account_is_asked(project: Project) -> None:
    grants = {"deploy": {"principals": [{"usr": "alice"}], "role": {"maxSessionDuration": 60}}}
    run = project.deployed(project.config(grants, side="both sides"))
    told = run.fails(run.up)
    for problem in (
        "grants.deploy.principals[0].usr: ",  # what an unknown key holds may be a secret
        "grants.deploy.role.maxSessionDuration: 60: ",
        'side: "both sides": ',
    ):
        assert f"cross-account-access:{problem}" in told
    assert "Traceback" not in told
    assert project.asked(project.source) == project.asked(project.destination) == []


def errors_of(told: str) -> list[str]:
    """What stands under the diagnostics, but for the engine's warnings and headings."""
    _, _, diagnostics = told.partition("Diagnostics:\n")
    text, _, _ = diagnostics.partition("\nResources:")
    lines = [line.strip() for line in text.splitlines() if "warning: using " not in line]
    return [line for line in lines if line and not line.endswith("):")]


def test_three_mistakes_are_each_told_in_a_few_lines_before_anything_is_made(
    project: Project,
) -> None:
    project.user()
    config = project.config(GRANTS)
    wrong = config["source"] | issued_keys(project, OTHER)
    project.from_here()
    run = project.deployed(project.config({"deploy": {"principals": [{"user": "alicia"}]}}))
    first, *alicia = errors_of(run.fails(run.preview))
    assert "NoSuchEntity: The user with name alicia cannot be found" in first  # AWS's provider's
    message = f"must be a user that account {project.source} has. These are: alice"
    assert alicia[:2] == [
        "error: CrossAccountAccess access was refused:",
        f'grants.deploy.principals[0].user: "alicia": {message}',
    ]
    role = {"managedPolicies": ["ReadOnlyAcess"]}
    run.configure(project.config({"deploy": {"principals": [{"user": "alice"}], "role": role}}))
    first, *policy = errors_of(run.fails(run.preview))
    assert "reading IAM Policy (arn:aws:iam::aws:policy/ReadOnlyAcess): " in first
    assert policy[0] == "error: CrossAccountAccess access was refused:"
    assert policy[1].startswith('grants.deploy.role.managed_policies[0]: "ReadOnlyAcess": must ')

    run.configure(config | {"source": wrong})
    account = errors_of(run.fails(run.up))
    message = f"must be the account of the credentials, which belong to account {OTHER}. "
    (explained,) = [line for line in account if message in line]
    assert f'error: cross-account-access:source.accountId: "{project.source}": ' in explained
    # Pulumi says beside it that its program, or the update, failed.
    assert [len(lines) for lines in (alicia, policy)] == [3, 3]
    assert len(account) <= 5, account
    assert project.writes() == []
    assert {"CreatePolicy", "AttachUserPolicy"}.isdisjoint(project.asked(OTHER))


def test_the_component_itself_refuses_a_provider_of_another_account(project: Project) -> None:
    project.user()
    config = project.config(GRANTS)
    del config["source"]["accountId"]
    run = project.deployed(config, program=ACCESS_FROM_OTHER)
    project.from_here()
    told = run.fails(run.up)
    assert f'source_account_id: "{OTHER}": ' in told
    assert f"account {project.source}" in told
    assert "Traceback" not in told
    assert project.writes() == []


def test_one_account_as_both_sides_is_refused_in_the_preview(project: Project) -> None:
    connection = project.connection(project.source)
    del connection["accountId"]
    run = project.deployed({"source": connection, "destination": connection, "grants": GRANTS})
    assert f'destination_account_id: "{project.source}": ' in run.fails(run.preview)


def test_a_component_without_a_provider_of_its_own_is_refused(project: Project) -> None:
    run = project.deployed(project.config(GRANTS), program=ROLE_WITHOUT_PROVIDER)
    told = run.fails(run.preview)
    assert "TrustedRole deploy was refused:" in told
    assert "opts.provider: " in told
    assert "opts=pulumi.ResourceOptions(provider=…)" in told
    assert "Traceback" not in told
