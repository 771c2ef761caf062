"""A grant's summary changes with the grant, and tells nothing of its secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.component.harness import run
from tests.component.programs import access, grant, output, secret
from tests.component.world import ELSEWHERE, World

if TYPE_CHECKING:
    from tests.component.harness import Program


def allow(action: str) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def read(program: Program, **more: Any) -> Any:
    found = run(program, **more)
    assert found.shown["summaries"] == found.outputs["summaries"]
    (line,) = found.outputs["summaries"].values()
    return line


def summarize(**changes: Any) -> Any:
    return read(access({"deploy": grant(**changes)}))


GROUP = {"principals": [{"group": "ops"}]}
CHANGES: dict[str, dict[str, Any]] = {
    "another user": {"principals": [{"user": "bob"}]},
    "a role of that name": {"principals": [{"role": "alice"}]},
    "a group": GROUP,
    "trust by name": {"principals": [{"user": "alice", "trust_by": "name"}]},
    "one principal more": {"principals": [{"user": "alice"}, {"user": "bob"}]},
    "a condition": {"conditions": {"mfa": True}},
    "an external ID": {"conditions": {"external_id": "one-4711"}},
    "another external ID": {"conditions": {"external_id": "two-4711"}},
    "a secret external ID": {"conditions": {"external_id": secret("one-4711")}},
    "another secret external ID": {"conditions": {"external_id": secret("two-4711")}},
    "a policy": {"role": {"managed_policies": ["ReadOnlyAccess"]}},
    "a boundary": {"role": {"permissions_boundary": "ReadOnlyAccess"}},
    "an inline policy": {"role": {"inline_policies": {"own": allow("s3:GetObject")}}},
    "another text of it": {"role": {"inline_policies": {"own": allow("s3:*")}}},
    "a secret text of it": {"role": {"inline_policies": {"own": secret(allow("s3:*"))}}},
    "a duration": {"role": {"max_session_duration": 7200}},
    "a tag": {"role": {"tags": {"team": "a"}}},
    "another tag": {"role": {"tags": {"team": output("b")}}},
    "a secret tag": {"role": {"tags": {"team": secret("b")}}},
    "a path": {"role": {"path": "/team/"}},
    "protection": {"protect": True},
    "no protection": {"protect": False},
    "retaining": {"retain": True},
}


def test_it_changes_with_all_that_a_grant_has() -> None:
    lines = {name: summarize(**changes) for name, changes in {"nothing": {}, **CHANGES}.items()}
    assert len({*lines.values()}) == len(lines), lines


def test_it_changes_with_a_principals_unique_id_and_account() -> None:
    made_again = World(made_again=frozenset({"alice"}))
    assert read(access(), world=made_again) != read(access())
    moved = World(accounts={**World().accounts, "source": ELSEWHERE})
    of_group = access({"deploy": grant(**GROUP)})
    assert read(of_group, world=moved) != read(of_group)


def test_it_stays_whatever_the_order_of_what_is_given() -> None:
    people, tags = [{"user": "alice"}, {"group": "ops"}], {"a": "1", "b": secret("2")}
    policies = ["ReadOnlyAccess", "SecurityAudit"]
    role = {"managed_policies": policies, "tags": tags}
    turned = {"managed_policies": policies[::-1], "tags": dict([*tags.items()][::-1])}
    assert summarize(principals=people, role=role) == summarize(
        principals=people[::-1], role=turned
    )


def test_the_unique_id_of_a_secret_principal_is_as_secret_as_it_is() -> None:
    program = access({"deploy": grant(principals=[{"user": secret("alice"), "label": "lead"}])})
    before = read(program)
    after = read(program, world=World(made_again=frozenset({"alice"})))
    # It would tell which of the account's users it is.
    assert before.rpartition("-")[0] == after.rpartition("-")[0]
    assert before != after


def test_many_grants_tell_no_more_of_their_secret_than_one() -> None:
    shared = grant(conditions={"external_id": secret("swordfish")})
    grants = {f"grant-{number}": shared for number in range(8)}
    for name in ("team", "other"):
        lines = run(access(grants, name=name)).outputs["summaries"].values()
        assert len({line.rpartition("-")[2] for line in lines}) == 1
    ends = {run(access(grants, name=name)).outputs["summaries"]["grant-0"] for name in "ab"}
    assert len(ends) == 1
