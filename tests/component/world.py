"""AWS accounts as a Pulumi program sees them: what is looked up in them and what comes of what
is made there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cross_account_access.testing.program_run import AWS_PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE, DESTINATION, ELSEWHERE = "111111111111", "222222222222", "333333333333"
CI = "444444444444"
FLEET = {"people": SOURCE, "production": DESTINATION, "staging": ELSEWHERE, "ci": CI}

_HAVE_ARN = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/role:Role": "role",
    "aws:iam/user:User": "user",
}


def user_arn(name: str, path: str = "/") -> str:
    """The ARN of a user of the source account."""
    return f"arn:aws:iam::{SOURCE}:user{path}{name}"


def ci_arn(name: str, path: str = "/") -> str:
    """The ARN of a role of the source account."""
    return f"arn:aws:iam::{SOURCE}:role{path}{name}"


def role_arn(name: str, path: str = "/") -> str:
    """The ARN of a role of the destination account."""
    return f"arn:aws:iam::{DESTINATION}:role{path}{name}"


class LookupFailed(Exception):
    """AWS answers a lookup with a failure; the message is the provider's."""


@dataclass(frozen=True)
class World:
    """What the mocks answer.

    Attributes:
        users: Each user's path, by its name; a user that isn't here is at `/`.
        roles: The same of roles.
        made_again: Names of users and roles that were deleted and made again, with new unique IDs.
        partition: The partition of both accounts.
        partitions: The partition of each provider that is in another one, by the provider's name.
        accounts: The account of each provider, by the provider's name.
        attached: The ARNs of the managed policies that an existing role has, by the role's name.
        inline: The names of the inline policies that it has, likewise.
        lookups_unknown: Whether no lookup is answered, as while a provider isn't configured yet.
        missing: Names of users, roles and AWS's own policies that aren't there, though asked for.
        failing: What the provider says of each function that fails.
        slow: Types whose resources take a while to be made, and functions that take a while to
            answer.
    """

    users: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    made_again: frozenset[str] = frozenset()
    partition: str = "aws"
    partitions: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(
        default_factory=lambda: {"source": SOURCE, "destination": DESTINATION, **FLEET}
    )
    attached: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inline: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lookups_unknown: bool = False
    missing: frozenset[str] = frozenset()
    failing: Mapping[str, str] = field(default_factory=dict)
    slow: frozenset[str] = frozenset()

    def unique_id(self, kind: str, name: str) -> str:
        """The unique ID that AWS gave a user or role."""
        letters = "".join(letter for letter in name.upper() if letter.isalnum())
        life = "2" if name in self.made_again else "1"
        return f"{'AIDA' if kind == 'user' else 'AROA'}{letters:X<16.16}{life}"

    def look_up(self, token: str, args: Mapping[str, Any], provider: str) -> dict[str, Any]:
        """What AWS answers to a lookup.

        Raises:
            LookupFailed: If it fails.
        """
        account = self._account(provider, token)
        if answer := self.failing.get(token.rpartition(":")[2]):
            raise LookupFailed(answer)
        if token == "aws:index/getCallerIdentity:getCallerIdentity":
            partition = self.partitions.get(provider, self.partition)
            arn = f"arn:{partition}:sts::{account}:assumed-role/administrator/pulumi"
            return {
                "accountId": account,
                "arn": arn,
                "userId": "AROAADMINISTRATOR:pulumi",
                "id": account,
            }
        if token == "aws:iam/getPolicy:getPolicy":
            self._check_there("IAM Policy", args["arn"].rpartition("/")[2])
            return {"arn": args["arn"], "id": args["arn"]}
        if token in ("aws:iam/getUsers:getUsers", "aws:iam/getRoles:getRoles"):
            kind, paths = ("user", self.users) if "User" in token else ("role", self.roles)
            named = {name: path for name, path in paths.items() if name not in self.missing}
            start = f"arn:{self.partition}:iam::{account}:{kind}"
            return {"arns": [f"{start}{path}{name}" for name, path in named.items()]}
        if token == "aws:iam/getUser:getUser":
            self._check_there("user", args["userName"])
            name, found = args["userName"], {"userName": args["userName"]}
            path, unique_id = self.users.get(name, "/"), {"userId": self.unique_id("user", name)}
            return (
                found
                | unique_id
                | {"arn": f"arn:{self.partition}:iam::{account}:user{path}{name}", "id": name}
            )
        if token == "aws:iam/getRole:getRole":
            self._check_there("IAM Role", args["name"])
            name, found = args["name"], {"name": args["name"]}
            path, unique_id = self.roles.get(name, "/"), {"uniqueId": self.unique_id("role", name)}
            return (
                found
                | unique_id
                | {"arn": f"arn:{self.partition}:iam::{account}:role{path}{name}", "id": name}
            )
        raise LookupError(f"these accounts know no {token}")

    def make(
        self, kind: str, name: str, inputs: Mapping[str, Any], provider: str
    ) -> tuple[str, dict[str, Any]]:
        """The ID and the outputs of what is made, beside its inputs."""
        if kind == AWS_PROVIDER:
            return f"{name}-id", {}
        account = self._account(provider, kind)
        if kind == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
            url = inputs["url"].removeprefix("https://")
            arn = f"arn:{self.partition}:iam::{account}:oidc-provider/{url}"
            return arn, {"arn": arn}
        if kind not in _HAVE_ARN:
            return f"{name}-id", {}
        physical = inputs.get("name", f"{name}-0a1b2c3")
        path = inputs.get("path", "/")
        arn = f"arn:{self.partition}:iam::{account}:{_HAVE_ARN[kind]}{path}{physical}"
        return physical, {
            "name": physical,
            "arn": arn,
            "uniqueId": self.unique_id(_HAVE_ARN[kind], physical),
            "managedPolicyArns": [*self.attached.get(physical, ())],
            "inlinePolicies": [{"name": name} for name in self.inline.get(physical, ())],
        }

    def _check_there(self, kind: str, name: str) -> None:
        if name in self.missing and kind == "user":
            raise LookupFailed(
                "getting user: operation error IAM: GetUser, https response error StatusCode: 404, "
                f"RequestID: 1, NoSuchEntity: The user with name {name} cannot be found."
            )
        if name in self.missing:
            raise LookupFailed(f"reading {kind} ({name}): couldn't find resource")

    def _account(self, provider: str, what: str) -> str:
        assert provider, f"{what} by a default provider, in whatever account is at hand"
        return self.accounts[provider]
