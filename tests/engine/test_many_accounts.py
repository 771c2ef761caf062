"""`python -m sandbox` with a stack among many accounts, on the Pulumi engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access import MultiAccountAccess
from tests.engine.conftest import ROLE, Step, iam_state, outcome
from tests.engine.test_command import command, identities
from tests.sandbox.commands import account_id, fleet
from tests.sandbox.test_many_accounts import ACCOUNTS, GRANTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.aws.server import Sandbox
    from tests.engine.conftest import Project, Run

pytestmark = pytest.mark.engine

ONLY = ["people", "staging"]


def test_both_engines_make_and_prove_the_same_parts_of_many_accounts(
    tmp_path: Path, sandbox: Sandbox, engine: Mapping[str, str]
) -> None:
    del engine
    sandbox.reset()
    folder = fleet(
        tmp_path, sandbox.endpoint, ACCOUNTS, GRANTS, only=ONLY, file="shared/access.yaml"
    )
    by_pulumi = command("up", folder, "pulumi")
    sandbox.reset()
    in_process = command("up", folder, "in-process")
    assert (by_pulumi["engine"], in_process["engine"]) == ("pulumi", "in-process")
    assert identities(by_pulumi) == identities(in_process)
    assert {resource["account"] for resource in by_pulumi["resources"]} == {
        None,
        *map(account_id, ONLY),
    }
    assert [list(attempt.items())[:5] for attempt in by_pulumi["proof"]] == [
        list(attempt.items())[:5] for attempt in in_process["proof"]
    ]
    assert all(attempt["observed"] == attempt["expected"] for attempt in by_pulumi["proof"])


def forget(run: Run, kind: str) -> None:
    """Take the components of a type out of the stack's state, as docs/adopting.md says."""
    for resource in run.resources():
        if resource["type"] == f"cross-account-access:index:{kind}":
            run.cli("state", "delete", "--yes", "--target-dependents", resource["urn"])


def list_imports(account: str, policy: str) -> dict[str, str]:
    managed = f"RolePolicyAttachment/team-read@{account}-aws-IAMFullAccess"
    return {
        f"Role/team-read@{account}": "read",
        managed: "read/arn:aws:iam::aws:policy/IAMFullAccess",
        "Policy/team-user-alice@people": policy,
        "UserPolicyAttachment/team-user-alice@people": f"alice/{policy}",
    }


def test_roles_and_policies_move_to_many_accounts_and_to_another_accounts_name(
    project: Project,
) -> None:
    project.user()
    grant: Any = {
        "principals": [{"user": "alice"}],
        "role": {"managed_policies": ["IAMFullAccess"]},
    }
    given: dict[str, Any] = {}

    def program() -> None:
        source = project.provider(project.source, "source")
        destination = project.provider(project.destination, "destination")
        if not given:
            providers = {"source_provider": source, "destination_provider": destination}
            project.access({"read": grant}, name="spoke", **providers)
            return
        name = given["account"]
        among: Any = {**grant, "source": "people", "destinations": [name]}
        MultiAccountAccess(
            "team",
            accounts={"people": {"provider": source}, name: {"provider": destination}},
            grants={"read": among},
            imports=given["imports"],
        )

    run = project.program(program)
    run.up()
    before = {arn for entities in project.accounts().values() for arn in entities}
    (policy,) = (arn for arn in iam_state(project.iam(project.source)) if ":policy/" in arn)
    for kind, account in (("CrossAccountAccess", "prod"), ("MultiAccountAccess", "production")):
        given.update(account=account, imports=list_imports(account, policy))
        forget(run, kind)
        assert Step("import", ROLE, f"team-read@{account}", ()) in run.up()
        given["imports"] = {}
        assert run.up() == []
        assert {arn for entities in project.accounts().values() for arn in entities} == before
        assert outcome(project.keys(), project.role_arn("read")) == "allowed"
