"""Pulumi components that open AWS IAM access from one account to another.

`CrossAccountAccess` makes both halves, each with its own account's provider, and
`MultiAccountAccess` the same among any number of accounts. `TrustedRole` makes
only the destination's half and `AssumeRoleGrant` only the source's, for administrators of one
account.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access import CrossAccountAccess, CrossAccountAccessArgs, Side
    from .args import AccountSettings, Conditions, Grant, Limits, Principal, RoleSettings, TrustBy
    from .destination import TrustedRole, TrustedRoleArgs
    from .errors import CrossAccountAccessError, InvalidInput, Problem
    from .multi_account import MultiAccountAccess, MultiAccountAccessArgs
    from .source import AssumeRoleGrant, AssumeRoleGrantArgs
    from .wiring.inputs import InvalidArgs
    from .wiring.outputs import GrantOutputs

__version__ = "0.1.0"

__all__ = [
    "AccountSettings",
    "AssumeRoleGrant",
    "AssumeRoleGrantArgs",
    "Conditions",
    "CrossAccountAccess",
    "CrossAccountAccessArgs",
    "CrossAccountAccessError",
    "Grant",
    "GrantOutputs",
    "InvalidArgs",
    "InvalidInput",
    "Limits",
    "MultiAccountAccess",
    "MultiAccountAccessArgs",
    "Principal",
    "Problem",
    "RoleSettings",
    "Side",
    "TrustBy",
    "TrustedRole",
    "TrustedRoleArgs",
]

_MODULES = {
    "access": ("CrossAccountAccess", "CrossAccountAccessArgs", "Side"),
    "args": (
        "AccountSettings",
        "Conditions",
        "Grant",
        "Limits",
        "Principal",
        "RoleSettings",
        "TrustBy",
    ),
    "destination": ("TrustedRole", "TrustedRoleArgs"),
    "multi_account": ("MultiAccountAccess", "MultiAccountAccessArgs"),
    "errors": ("CrossAccountAccessError", "InvalidInput", "Problem"),
    "wiring.inputs": ("InvalidArgs",),
    "wiring.outputs": ("GrantOutputs",),
    "source": ("AssumeRoleGrant", "AssumeRoleGrantArgs"),
}


def __getattr__(name: str) -> Any:
    # So that the command-line tool and whoever wants the documents alone needn't load Pulumi.
    for module, names in _MODULES.items():
        if name in names:
            globals()[name] = getattr(import_module(f".{module}", __name__), name)
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
