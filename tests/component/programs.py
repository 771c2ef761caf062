"""Programs of one component each, from args that are plain data: what is an Output in them is made
when they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
from pulumi.output import UNKNOWN as NOT_YET

from cross_account_access import (
    AssumeRoleGrant,
    CrossAccountAccess,
    MultiAccountAccess,
    TrustedRole,
)
from tests.component.world import DESTINATION, ELSEWHERE, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.component.harness import Program


_COMPONENTS: dict[str, Callable[..., pulumi.ComponentResource]] = {
    "AssumeRoleGrant": AssumeRoleGrant,
    "CrossAccountAccess": CrossAccountAccess,
    "MultiAccountAccess": MultiAccountAccess,
    "TrustedRole": TrustedRole,
}


@dataclass(frozen=True)
class Late:
    """Stands for what is made when the program runs, such as an Output."""

    told: str
    make: Callable[[], Any]

    def __repr__(self) -> str:
        return self.told


def output(value: Any) -> Late:
    """An Output that is known."""
    return Late(f"output({value!r})", lambda: pulumi.Output.from_input(value))


def secret(value: Any) -> Late:
    """An Output that is secret."""
    return Late(f"secret({value!r})", lambda: pulumi.Output.secret(value))


NEVER_KNOWN = Late("never known", lambda: pulumi.Output.from_input(NOT_YET))
"""An Output that isn't known, as in a preview."""

EVERY_OUTPUT: dict[str, Callable[[Any], Late]] = {
    "output": output,
    "secret": secret,
    "unknown": lambda _: NEVER_KNOWN,
}
"""The ways in which an Output can stand in a value's place."""


def filled(args: Any) -> Any:
    """Args with every Output made that stands in them."""
    if isinstance(args, Late):
        return args.make()
    if isinstance(args, dict):
        return {key: filled(value) for key, value in args.items()}
    if isinstance(args, list):
        return [filled(value) for value in args]
    return args


def grant(**changes: Any) -> dict[str, Any]:
    """A grant to the user alice."""
    return {"principals": [{"user": "alice"}], **changes}


ONE_GRANT = {"deploy": grant()}


def access(
    grants: Any = ONE_GRANT, *, name: str = "team", leave_out: tuple[str, ...] = (), **args: Any
) -> Program:
    """A program of one `CrossAccountAccess`, by default of one grant; it returns all of the
    component's outputs."""

    def program() -> dict[str, Any]:
        given: Any = {
            "source_provider": aws.Provider("source", region="us-east-1"),
            "destination_provider": aws.Provider("destination", region="us-east-1"),
            "grants": filled(grants),
            **filled(args),
        }
        for key in leave_out:
            del given[key]
        return outputs(CrossAccountAccess(name, given))

    return program


def provider(name: str) -> Late:
    """The AWS provider of the account that the world has by that name."""
    return Late(f"provider({name!r})", lambda: aws.Provider(name, region="us-east-1"))


PEOPLE: dict[str, Any] = {"provider": provider("people")}
PRODUCTION: dict[str, Any] = {"provider": provider("production"), "groups": ["workloads"]}
STAGING: dict[str, Any] = {"account_id": ELSEWHERE, "groups": ["workloads"]}
ACCOUNTS = {"people": PEOPLE, "production": PRODUCTION, "staging": STAGING}
"""The source, and two destinations; the second one's part is made elsewhere."""
IDS = {"people": SOURCE, "production": DESTINATION, "staging": ELSEWHERE}


def wide(**changes: Any) -> dict[str, Any]:
    """A grant to the user alice of `people`, in all workloads."""
    return grant(**{"source": "people", "destinations": ["workloads"], **changes})


ONE_WIDE_GRANT = {"read": wide()}


def fleet(
    grants: Any = ONE_WIDE_GRANT, accounts: Any = ACCOUNTS, *, name: str = "team", **args: Any
) -> Program:
    """A program of one `MultiAccountAccess`, by default of one grant; it returns all of the
    component's outputs."""

    def program() -> dict[str, Any]:
        given = {"accounts": accounts, "grants": grants, **args}
        return outputs(MultiAccountAccess(name, filled(given)))

    return program


def trusted_role(name: str = "reader", /, **args: Any) -> Program:
    """A program of one `TrustedRole`, by default for the user alice; it returns all of the
    component's outputs."""

    def program() -> dict[str, Any]:
        provider = aws.Provider("destination", region="us-east-1")
        given = {"principals": [{"user": "alice"}], "source_account_id": SOURCE, **args}
        opts = pulumi.ResourceOptions(provider=provider)
        return outputs(TrustedRole(name, filled(given), opts))

    return program


def assume_role_grant(name: str = "reach", /, **args: Any) -> Program:
    """A program of one `AssumeRoleGrant`, by default of the user alice; it returns all of the
    component's outputs."""

    def program() -> dict[str, Any]:
        provider = aws.Provider("source", region="us-east-1")
        given = {
            "principal": {"user": "alice"},
            "role_arns": {"deploy": "arn:aws:iam::222222222222:role/deploy"},
        }
        opts = pulumi.ResourceOptions(provider=provider)
        return outputs(AssumeRoleGrant(name, filled({**given, **args}), opts))

    return program


def whole(component: str, args: Any) -> Program:
    """A program of one component, from args as a whole."""
    kind, _, name = component.partition(" ")

    def program() -> None:
        opts = pulumi.ResourceOptions(provider=aws.Provider("source", region="us-east-1"))
        _COMPONENTS[kind](name, filled(args), opts)

    return program


def outputs(component: pulumi.ComponentResource) -> dict[str, Any]:
    """All outputs of a component's own, by their names in Python."""
    own = {key: value for key, value in vars(component).items() if isinstance(value, pulumi.Output)}
    return {key: value for key, value in own.items() if key != "urn" and not key.startswith("_")}
