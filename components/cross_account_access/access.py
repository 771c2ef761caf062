"""Access from a source account to a destination account: both halves, in one component."""

from enum import Enum
from typing import Any, NotRequired, TypedDict, Unpack, overload

import pulumi
import pulumi_aws as aws

from .args import Grant, Limits
from .grants.trust_model import DESTINATION, SOURCE
from .parts import AccessParts
from .wiring.access_inputs import AccessInputs
from .wiring.inputs import NO_ARGS, freeze_args
from .wiring.outputs import GrantOutputs, list_outputs, set_maps


class Side(Enum):
    """Which half of the access is made."""

    BOTH = "both"
    """The halves of both accounts."""
    SOURCE = "source"
    """Only the source account's half."""
    DESTINATION = "destination"
    """Only the destination account's half."""


class CrossAccountAccessArgs(TypedDict):
    """What a `CrossAccountAccess` is made from."""

    grants: dict[str, Grant]
    """The grants by name: 1–64 letters, digits and _+=,.@-."""
    source_provider: NotRequired[pulumi.Input[aws.Provider]]
    """The AWS provider with the source account's credentials. Leave it out if `side` is
    `destination`."""
    destination_provider: NotRequired[pulumi.Input[aws.Provider]]
    """The AWS provider with the destination account's credentials. Leave it out if `side` is
    `source`."""
    side: NotRequired[Side]
    """Which half is made: `both` (the default), `source` or `destination`."""
    source_account_id: NotRequired[str]
    """The source account's ID. Required if `side` is `destination`; otherwise the credentials must
    belong to this account."""
    destination_account_id: NotRequired[str]
    """The destination account's ID. Required if `side` is `source`; otherwise the credentials must
    belong to this account."""
    limits: NotRequired[Limits]
    """Quotas that AWS has raised for the accounts; AWS's defaults by default."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource that can have tags. A role's own tags replace those of the same
    key."""
    imports: NotRequired[dict[str, str]]
    """Existing resources to import instead of creating them: import IDs by TYPE/NAME of the
    resource, such as `Role/team-deploy: deploy` (a role's name) or `Policy/team-user-alice` (a
    policy's ARN)."""


class CrossAccountAccess(pulumi.ComponentResource):
    """Access from one account to another: for each grant a role, and the permission to assume it.

    It makes a `TrustedRole` for each grant, with the destination's provider, and an
    `AssumeRoleGrant` for each source principal, with the source's provider. Before anything is
    made, both providers are asked which account they belong to: source and destination must be two
    accounts, and must be the expected ones if their IDs are given.

    AWS documentation:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html

    Example:
        ```python
        import pulumi
        import pulumi_aws as aws
        from cross_account_access import CrossAccountAccess, Grant, Principal, RoleSettings

        source = aws.Provider("source", profile="people", region="us-east-1")
        destination = aws.Provider("destination", profile="production", region="us-east-1")
        access = CrossAccountAccess(
            "team",
            source_provider=source,
            destination_provider=destination,
            grants={
                "read-only": Grant(
                    principals=[Principal(user="alice")],
                    role=RoleSettings(managed_policies=["ReadOnlyAccess"]),
                    conditions={"mfa": True},
                ),
            },
        )
        pulumi.export("role_arn", access.granted["read-only"].role_arn)
        ```
    """

    TYPE = "cross-account-access:index:CrossAccountAccess"

    role_arns: pulumi.Output[dict[str, str]]
    """Each grant's role ARN, known once both halves are deployed, so that it can be used at
    once."""
    role_names: pulumi.Output[dict[str, str]]
    """Each grant's role name."""
    role_unique_ids: pulumi.Output[dict[str, str]]
    """The unique ID (AROA…) of each grant's role; none if `side` is `source`."""
    switch_role_urls: pulumi.Output[dict[str, str]]
    """The switch-role URL of each grant that can be used in the console."""
    switch_role_unavailable: pulumi.Output[dict[str, str]]
    """Why each of the other grants can't be used in the console."""
    cli_profiles: pulumi.Output[dict[str, str]]
    """Each grant's profile for `~/.aws/config`. Set `source_profile` in it to the caller's own."""
    longest_sessions: pulumi.Output[dict[str, int]]
    """How long each grant's sessions last at most, in seconds. An hour if all callers are role
    sessions (role chaining)."""
    unattached_policies: pulumi.Output[dict[str, str]]
    """The policy that principals of a grant need and that can't be attached from here, for grants
    with such principals: add it to the permission set, or wherever the owners of the account or
    organization give permissions."""
    assume_role_commands: pulumi.Output[dict[str, str]]
    """Each grant's `aws sts assume-role` command."""
    summaries: pulumi.Output[dict[str, str]]
    """What each grant gives, in one line, with no secret in it: who, under which conditions, what
    for, how long. It changes whenever anything of the grant does."""
    documents: pulumi.Output[dict[str, str]]
    """Each grant's documents in both accounts, as JSON. The command-line tool reads them."""
    source_account_id: pulumi.Output[str]
    """The source account's ID."""
    destination_account_id: pulumi.Output[str]
    """The destination account's ID."""

    @overload
    def __init__(
        self, name: str, args: CrossAccountAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Unpack[CrossAccountAccessArgs],
    ) -> None: ...

    def __init__(
        self,
        name: str,
        args: CrossAccountAccessArgs = NO_ARGS,  # Pulumi's analyzer reads no `| None` here
        opts: pulumi.ResourceOptions | None = None,
        **keywords: Any,
    ) -> None:
        """Make the grants.

        The args are given as one object or as keywords.

        Raises:
            InvalidArgs: If anything in the args is wrong.
        """
        super().__init__(self.TYPE, name, None, opts)
        frozen = freeze_args(f"CrossAccountAccess {name}", args, keywords)
        inputs = AccessInputs.read_pair(name, frozen)
        self.source_account_id = inputs.accounts.apply(lambda accounts: accounts[SOURCE].id)
        self.destination_account_id = inputs.accounts.apply(
            lambda accounts: accounts[DESTINATION].id
        )
        parts = AccessParts(self, inputs, opts)
        self._granted = {grant: outputs for (grant, _), outputs in parts.granted.items()}
        set_maps(self, {(grant,): one for grant, one in self._granted.items()})
        self.register_outputs(list_outputs(self))

    @property
    def granted(self) -> dict[str, GrantOutputs]:
        """Each grant's outputs by the grant's name; in Python the easiest way to them."""
        return dict(self._granted)
