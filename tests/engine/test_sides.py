"""Two stacks, each of one side, with credentials for its own account alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.conftest import AMBIENT, outcome

if TYPE_CHECKING:
    from tests.engine.conftest import Project

pytestmark = pytest.mark.engine

GRANTS: dict[str, Any] = {
    "deploy": {
        "principals": [{"user": "team/alice"}],
        "role": {"name": "Deploy", "path": "/service/", "maxSessionDuration": 7200},
        "conditions": {"externalId": "an-id"},
    }
}


def test_two_stacks_of_one_side_each_give_access_together(project: Project) -> None:
    project.user("alice", "/team/")
    alice, role = project.keys("alice"), project.role_arn("service/Deploy")
    both = project.config(GRANTS)

    destination = project.deployed(
        both | {"side": "destination", "source": {"accountId": project.source}}, "destination"
    )
    project.from_here()
    destination.up()
    assert project.asked(project.source) == []
    assert outcome(alice, role, ExternalId="an-id") == "AccessDenied"

    source = project.deployed(
        both | {"side": "source", "destination": {"accountId": project.destination}}, "source"
    )
    project.from_here()
    source.up()
    assert project.asked(project.destination) == []
    assert outcome(alice, role, ExternalId="an-id", DurationSeconds=7200) == "allowed"
    assert outcome(alice, role) == "AccessDenied"
    assert project.asked(AMBIENT) == []

    told, from_there = (run.outputs["grants"]["deploy"] for run in (source, destination))
    assert told["roleArn"] == role
    # Only the source's stack can look alice's unique ID up, which the summary's version is of.
    assert {key for key in from_there if told.get(key) != from_there[key]} == {
        "roleUniqueId",
        "summary",
    }
    assert set(from_there) - set(told) == {"roleUniqueId"}
