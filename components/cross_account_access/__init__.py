"""Pulumi components that open AWS IAM access from one account to another.

`CrossAccountAccess` makes both halves, each with its own account's provider. `TrustedRole` is the destination's half
alone, `AssumeRoleGrant` the source's, for whoever administers one account only.
"""

from .access import CrossAccountAccess, CrossAccountAccessArgs, Side
from .args import Conditions, Grant, Principal, RoleSettings, TrustBy
from .destination import TrustedRole, TrustedRoleArgs
from .errors import InvalidInput, Problem
from .inputs import InvalidArgs
from .outputs import GrantOutputs
from .source import AssumeRoleGrant, AssumeRoleGrantArgs

__version__ = "0.1.0"

__all__ = [
    "AssumeRoleGrant",
    "AssumeRoleGrantArgs",
    "Conditions",
    "CrossAccountAccess",
    "CrossAccountAccessArgs",
    "Grant",
    "GrantOutputs",
    "InvalidArgs",
    "InvalidInput",
    "Principal",
    "Problem",
    "RoleSettings",
    "Side",
    "TrustBy",
    "TrustedRole",
    "TrustedRoleArgs",
]
