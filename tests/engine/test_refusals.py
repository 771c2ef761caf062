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


def test_credentials_of_another_account_are_refused_before_anything_is_made(
    project: Project,
) -> None:
    config = project.config(GRANTS)
    config["source"] |= issued_keys(project, OTHER)
    run = project.deployed(config)
    assert OTHER in run.fails(run.up)
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
