"""An attachment whose principal was deleted and made again is renewed by a plain update: the
principal's unique ID replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess
from tests.component.engine_record import SECRET, Run
from tests.component.fleets import EVERYWHERE, GRANTS, accounts
from tests.component.harness import run
from tests.component.programs import access, assume_role_grant, filled, fleet, grant, output, secret
from tests.component.world import DESTINATION, World, user_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALICE, BOB, CI = "AIDAALICEXXXXXXXXXXX1", "AIDABOBXXXXXXXXXXXXX1", "AROACIXXXXXXXXXXXXXX1"
DEPLOYER = "AROADEPLOYERXXXXXXXX1"


def triggers(found: Run) -> dict[str, Any]:
    """What replaces each attachment of the source, by its principal."""
    attachments = [made for made in found.made if ":AssumeRoleGrant::" in made.parent]
    options = {
        made.name.partition("-")[2]: made.options
        for made in attachments
        if made.type.endswith("PolicyAttachment")
    }
    for own in options.values():
        # The other way round the old one's end would detach what was just attached.
        assert own.deleted_first == (own.replacement_trigger is not None)
    return {principal: own.replacement_trigger for principal, own in options.items()}


def to(*principals: Mapping[str, Any]) -> Any:
    return access({"deploy": grant(principals=[dict(one) for one in principals])})


TRIGGERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "users and a role": (
        to({"user": "alice"}, {"user": "bob"}, {"role": "ci"}),
        {"user-alice": ALICE, "user-bob": BOB, "role-ci": CI},
    ),
    "a user by its ARN": (to({"arn": user_arn("alice")}), {"user-alice": ALICE}),
    "an ARN that is an Output": (
        to({"arn": output(user_arn("alice")), "label": "lead"}),
        {"arn-lead": ALICE},
    ),
    "a secret name": (to({"user": secret("alice"), "label": "lead"}), {"user-lead": SECRET}),
    "one side": (
        access(
            {"deploy": grant()},
            side="source",
            destination_account_id=DESTINATION,
            leave_out=("destination_provider",),
        ),
        {"user-alice": ALICE},
    ),
    "a role by its session, and by itself": (
        to({"role": "ci"}, {"session": "ci/run"}),
        {"role-ci": CI},
    ),
    "many accounts": (
        EVERYWHERE,
        {"user-alice@people": ALICE, "role-deployer@ci": DEPLOYER, "group-admins@people": None},
    ),
    "a part of many accounts": (
        fleet(GRANTS, accounts({"people"})),
        {"user-alice@people": ALICE, "group-admins@people": None},
    ),
    "a group, which isn't looked up": (to({"group": "ops"}), {"group-ops": None}),
    "a user trusted by name, likewise": (
        to({"user": "alice", "trust_by": "name"}),
        {"user-alice": None},
    ),
    "a session's role, likewise": (to({"session": "ci/run"}), {"role-ci": None}),
    "a grant by itself, likewise": (assume_role_grant(), {"": None}),
    "an imported attachment, which can't be replaced": (
        access(
            {"deploy": grant()},
            imports={"UserPolicyAttachment/team-user-alice": "alice/arn:aws:iam::1:policy/x"},
        ),
        {"user-alice": None},
    ),
}


@pytest.mark.parametrize("case", TRIGGERS)
def test_the_unique_id_of_a_principal_replaces_its_attachment(case: str) -> None:
    program, expected = TRIGGERS[case]
    assert triggers(run(program)) == expected


def test_a_principal_made_again_has_another_trigger() -> None:
    found = run(to({"user": "alice"}, {"user": "bob"}), world=World(made_again=frozenset({"bob"})))
    assert triggers(found) == {"user-alice": ALICE, "user-bob": f"{BOB[:-1]}2"}


def test_every_policy_of_a_principal_is_attached_again() -> None:
    names = {f"role-of-a-rather-long-name-{number:03}": grant() for number in range(90)}
    found = triggers(run(access(names)))
    assert len(found) > 1
    assert {*found.values()} == {ALICE}


def test_an_id_that_a_preview_does_not_know_replaces_nothing() -> None:
    found = run(to({"user": "alice"}), preview=True, world=World(lookups_unknown=True))
    assert {made.options.replacement_trigger for made in found.of("UserPolicyAttachment")} == {None}


def protected(**opts: Any) -> Callable[[], None]:
    def program() -> None:
        args: Any = {
            "source_provider": aws.Provider("source"),
            "destination_provider": aws.Provider("destination"),
            "grants": filled({"deploy": grant()}),
        }
        CrossAccountAccess("team", args, pulumi.ResourceOptions(**opts))

    return program


@pytest.mark.parametrize(("protect", "expected"), [(True, None), (False, ALICE), (None, ALICE)])
def test_a_protected_attachment_is_not_replaced(protect: bool | None, expected: Any) -> None:
    assert triggers(run(protected(protect=protect))) == {"user-alice": expected}
