"""Access among any number of accounts, in one component."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, Unpack, overload

import pulumi

from .args import AccountSettings, Grant, Limits
from .parts import AccessParts
from .wiring.access_inputs import AccessInputs
from .wiring.inputs import NO_ARGS, freeze_args
from .wiring.outputs import GrantOutputs, list_outputs, set_maps


class MultiAccountAccessArgs(TypedDict):
    """What a `MultiAccountAccess` is made from."""

    accounts: dict[str, AccountSettings]
    """The accounts by name: 1–64 letters, digits and _.-, a letter or digit first. Every account
    must be the source or a destination of a grant."""
    grants: dict[str, Grant]
    """The grants by name: 1–64 letters, digits and _+=,.@-. Each names its source and its
    destinations."""
    limits: NotRequired[Limits]
    """Quotas that AWS has raised for the accounts; AWS's defaults by default."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource that can have tags. A role's own tags replace those of the same
    key."""
    imports: NotRequired[dict[str, str]]
    """Existing resources to import instead of creating them: import IDs by TYPE/NAME of the
    resource, such as `Role/team-deploy@production: deploy` (a role's name) or
    `Policy/team-user-alice@people` (a policy's ARN)."""


class MultiAccountAccess(pulumi.ComponentResource):
    """Access among many accounts: for each grant a role in each of its destinations, and the
    permission to assume them.

    It makes a `TrustedRole` for each grant and destination, and an `AssumeRoleGrant` for each
    source principal over all destinations, so that its roles share the ten policies that AWS
    attaches to a principal. Only the parts of accounts with a provider are made: the same args,
    with providers for other accounts, make the other parts elsewhere. Before anything is made, each
    provider is asked which account it belongs to.

    AWS documentation:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html

    Example:
        ```python
        import pulumi
        import pulumi_aws as aws
        from cross_account_access import Grant, MultiAccountAccess, Principal, RoleSettings

        people = aws.Provider("people", profile="people", region="us-east-1")
        production = aws.Provider("production", profile="production", region="us-east-1")
        access = MultiAccountAccess(
            "team",
            accounts={
                "people": {"provider": people},
                "production": {"provider": production, "groups": ["workloads"]},
                "staging": {"account_id": "333333333333", "groups": ["workloads"]},
            },
            grants={
                "read-only": Grant(
                    source="people",
                    destinations=["workloads"],
                    principals=[Principal(user="alice")],
                    role=RoleSettings(managed_policies=["ReadOnlyAccess"]),
                ),
            },
        )
        pulumi.export("role_arn", access.granted["read-only"]["production"].role_arn)
        ```
    """

    TYPE = "cross-account-access:index:MultiAccountAccess"

    role_arns: pulumi.Output[dict[str, dict[str, str]]]
    """Each grant's role ARN by the account's name, known once the parts made here are deployed."""
    role_names: pulumi.Output[dict[str, dict[str, str]]]
    """Each grant's role name by the account's name."""
    role_unique_ids: pulumi.Output[dict[str, dict[str, str]]]
    """The unique ID (AROA…) of each grant's role by the account's name; none of a role that is made
    elsewhere."""
    switch_role_urls: pulumi.Output[dict[str, dict[str, str]]]
    """The switch-role URL, by the account's name, of each grant that can be used in the console."""
    switch_role_unavailable: pulumi.Output[dict[str, dict[str, str]]]
    """Why each of the other grants can't be used in the console, by the account's name."""
    cli_profiles: pulumi.Output[dict[str, dict[str, str]]]
    """Each grant's profile for `~/.aws/config`, named GRANT-ACCOUNT, by the account's name. Set
    `source_profile` in it to the caller's own."""
    longest_sessions: pulumi.Output[dict[str, dict[str, int]]]
    """How long each grant's sessions last at most, in seconds, by the account's name."""
    unattached_policies: pulumi.Output[dict[str, dict[str, str]]]
    """The policy that principals of a grant need and that can't be attached from here, by the
    account's name, for grants with such principals."""
    assume_role_commands: pulumi.Output[dict[str, dict[str, str]]]
    """Each grant's `aws sts assume-role` command by the account's name."""
    summaries: pulumi.Output[dict[str, dict[str, str]]]
    """What each grant gives, in one line, by the account's name; with no secret in it."""
    documents: pulumi.Output[dict[str, dict[str, str]]]
    """Each grant's documents by the account's name, as JSON. The command-line tool reads them,
    together with `policies`."""
    policies: pulumi.Output[dict[str, str]]
    """The documents of the source policies that are made here, by the policies' ARNs."""
    account_ids: pulumi.Output[dict[str, str]]
    """The accounts' IDs by their names."""

    @overload
    def __init__(
        self, name: str, args: MultiAccountAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Unpack[MultiAccountAccessArgs],
    ) -> None: ...

    def __init__(
        self,
        name: str,
        args: MultiAccountAccessArgs = NO_ARGS,  # Pulumi's analyzer reads no `| None` here
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Any,
    ) -> None:
        """Make the parts of the accounts that have a provider.

        The args are given as one object or as keywords.

        Raises:
            InvalidArgs: If anything in the args is wrong.
        """
        super().__init__(self.TYPE, name, None, opts)
        frozen = freeze_args(f"MultiAccountAccess {name}", args, keywords)
        inputs = AccessInputs.read_many(name, frozen)
        self.account_ids = inputs.accounts.apply(
            lambda accounts: {name: account.id for name, account in sorted(accounts.items())}
        )
        parts = AccessParts(self, inputs, opts)
        self._granted: dict[str, dict[str, GrantOutputs]] = {}
        for (grant, account), outputs in parts.granted.items():
            self._granted.setdefault(grant, {})[account] = outputs
        self.policies = parts.policies
        set_maps(self, parts.granted)
        self.register_outputs(list_outputs(self))

    @property
    def granted(self) -> Mapping[str, Mapping[str, GrantOutputs]]:
        """Each grant's outputs by the grant's and the account's name; those that this program
        makes a part of. In Python the easiest way to them.
        """
        return {grant: dict(accounts) for grant, accounts in self._granted.items()}
