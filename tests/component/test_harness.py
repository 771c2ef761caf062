"""The harness itself: nothing passes because it never ran."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from tests.component import harness
from tests.component.engine_record import SECRET, UNKNOWN
from tests.component.harness import refused, run
from tests.component.programs import NEVER_KNOWN, access, filled
from tests.component.world import SOURCE, World, user_arn

if TYPE_CHECKING:
    from collections.abc import Callable


def source() -> aws.Provider:
    return aws.Provider("source", region="us-east-1")


def alice(**opts: Any) -> aws.iam.User:
    return aws.iam.User("alice", name="alice", opts=pulumi.ResourceOptions(**opts))


def test_what_a_program_returns_is_exported() -> None:
    found = run(lambda: {"arn": alice(provider=source()).arn})
    assert found.outputs == {"arn": user_arn("alice")}


def test_an_output_that_is_not_known_is_exported_as_unknown() -> None:
    assert run(lambda: {"arn": alice(provider=source()).arn}, preview=True).outputs == {
        "arn": UNKNOWN
    }
    assert run(lambda: {"value": filled(NEVER_KNOWN)}, preview=True).outputs == {"value": UNKNOWN}


def test_a_secret_is_hidden_from_what_is_shown() -> None:
    found = run(lambda: {"value": {"inner": [pulumi.Output.secret("swordfish")]}})
    assert found.outputs == {"value": {"inner": ["swordfish"]}}
    assert SECRET in str(found.shown)
    assert "swordfish" not in found.visible()


def test_what_is_no_secret_is_visible() -> None:
    def program() -> dict[str, Any]:
        user = aws.iam.User("fish", name="inputs", opts=pulumi.ResourceOptions(provider=source()))
        pulumi.log.info("told")
        return {"value": "exported", "arn": user.arn}

    assert all(text in run(program).visible() for text in ("fish", "inputs", "told", "exported"))


def fails_at_once() -> None:
    raise AssertionError("here")


def fails_in_an_apply() -> dict[str, Any]:
    def fail(_: str) -> None:
        raise AssertionError("here")

    return {"value": pulumi.Output.from_input("known").apply(fail)}


def fails_in_an_apply_that_nobody_waits_for() -> None:
    fails_in_an_apply()


def fails_in_an_input() -> None:
    def fail(_: Any) -> str:
        raise AssertionError("here")

    provider = source()
    name = alice(provider=provider).arn.apply(fail)
    aws.iam.User("bob", name=name, opts=pulumi.ResourceOptions(provider=provider))


@pytest.mark.parametrize(
    "program",
    [fails_at_once, fails_in_an_apply, fails_in_an_apply_that_nobody_waits_for, fails_in_an_input],
    ids=lambda program: program.__name__,
)
def test_what_a_program_raises_is_raised(program: Callable[[], Any]) -> None:
    with pytest.raises(AssertionError, match=r"here$"):
        run(program)


def test_a_resource_by_a_default_provider_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"^aws:iam/user:User by a default provider"):
        run(lambda: {"arn": alice().arn})


def test_a_lookup_by_a_default_provider_is_an_error() -> None:
    with pytest.raises(
        AssertionError,
        match=r"^aws:index/getCallerIdentity:getCallerIdentity by a default provider",
    ):
        run(lambda: {"account": aws.get_caller_identity_output().account_id})


def test_a_lookup_that_nobody_answers_is_an_error() -> None:
    def program() -> dict[str, Any]:
        found = aws.iam.get_group_output(
            group_name="team", opts=pulumi.InvokeOutputOptions(provider=source())
        )
        return {"arn": found.arn}

    with pytest.raises(LookupError, match=r"^these accounts know no aws:iam/getGroup:getGroup$"):
        run(program)


def test_two_resources_of_one_name_are_an_error() -> None:
    def program() -> None:
        provider = source()
        alice(provider=provider)
        alice(provider=provider)

    with pytest.raises(AssertionError, match=r"(?m)aws:iam/user:User::alice is registered twice$"):
        run(program)


def test_a_program_that_is_not_refused_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"^nothing was refused"):
        refused(access())


def test_another_error_is_no_refusal() -> None:
    with pytest.raises(AssertionError, match=r"^here$"):
        refused(fails_in_an_apply)


def test_a_program_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "_LONGEST_RUN_SECONDS", 0.2)

    def program() -> dict[str, Any]:
        never: asyncio.Future[str] = asyncio.get_event_loop().create_future()
        return {"value": pulumi.Output.from_input(never)}

    with pytest.raises(TimeoutError):
        run(program)


def test_a_failed_run_leaves_nothing_to_the_next() -> None:
    with pytest.raises(AssertionError):
        run(fails_in_an_apply_that_nobody_waits_for)
    assert run(lambda: {"value": "known"}).outputs == {"value": "known"}


def test_a_slow_resource_holds_up_what_needs_it() -> None:
    def program() -> None:
        provider = source()
        user = alice(provider=provider)
        aws.iam.UserPolicyAttachment(
            "late", user=user.name, policy_arn="arn", opts=pulumi.ResourceOptions(provider=provider)
        )
        aws.iam.Group("early", opts=pulumi.ResourceOptions(provider=provider))

    made = [resource.name for resource in run(program, world=World(slow=frozenset({"User"}))).made]
    assert made.index("early") < made.index("late")


def test_lookups_are_answered_for_the_account_of_the_provider() -> None:
    def program() -> dict[str, Any]:
        options = pulumi.InvokeOutputOptions(provider=source())
        user = aws.iam.get_user_output(user_name="alice", opts=options)
        return {"arn": user.arn, "account": aws.get_caller_identity_output(opts=options).account_id}

    found = run(program, world=World(users={"alice": "/team/"}))
    assert found.outputs == {"arn": user_arn("alice", "/team/"), "account": SOURCE}
    assert found.asked() == [("getCallerIdentity", "", "source"), ("getUser", "alice", "source")]
    assert run(program, preview=True, world=World(lookups_unknown=True)).outputs == {
        "arn": UNKNOWN,
        "account": UNKNOWN,
    }
