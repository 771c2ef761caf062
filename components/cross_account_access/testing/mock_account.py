"""The AWS accounts of a test: who is in them, and what they answer to a lookup."""

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cross_account_access.iam import arns, limits

_ID_PREFIXES = {"user": "AIDA", "role": "AROA", "group": "AGPA", "policy": "ANPA"}


class NoSuchEntityError(LookupError):
    """AWS has no such user, role, group or policy."""


@dataclass(frozen=True)
class MockAccount:
    """An AWS account, and what was in it before the program ran.

    A name may have a path before it, such as `team/alice`. Names must be those of IAM.

    Attributes:
        id: Its 12 digits.
        users: The names of its users.
        roles: The names of its roles.
        groups: The names of its groups, each with the names of its members.
        policies: The names of its customer managed policies. AWS's own managed policies are in
            every account, whatever they are called.
        partition: `aws` by default; `aws-cn`, `aws-us-gov`.

    Raises:
        ValueError: If the ID isn't 12 digits.
    """

    id: str
    users: Collection[str] = ()
    roles: Collection[str] = ()
    groups: Mapping[str, Collection[str]] = field(default_factory=dict)
    policies: Collection[str] = ()
    partition: str = "aws"

    def __post_init__(self) -> None:
        if not limits.is_account_id(self.id):
            raise ValueError(f"an account's ID must be 12 digits, not {self.id!r}")
        for key in ("users", "roles", "policies"):
            if isinstance(getattr(self, key), str):
                raise ValueError(f"{key} must be a list of names, not {getattr(self, key)!r}")  # noqa: TRY004 - as above

    def build_arn(self, kind: str, name: str, path: str | None = None) -> str:
        """Build the ARN of a user, role, group or policy; `name` may have its path before it."""
        own_path, own_name = (path, name) if path else arns.split_path(name)
        return str(arns.IamArn(self.partition, self.id, kind, own_path, own_name))

    def list_arns(self, kind: str) -> list[str]:
        """List the ARNs of its users, roles, groups or policies (`kind` in the singular)."""
        names = {
            "user": self.users,
            "role": self.roles,
            "group": self.groups,
            "policy": self.policies,
        }[kind]
        return [self.build_arn(kind, name) for name in names]


def make_unique_id(arn: str) -> str:
    """Make the unique ID of a user, role, group or policy: the same in every run."""
    digest = base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()
    return f"{_ID_PREFIXES[arns.get_kind(arn) or '']}{digest[:17]}"


@dataclass(frozen=True)
class IamLookups:
    """What an account answers to a program's lookups.

    Attributes:
        account: The account.
        made: Lists the ARNs of a kind that the program made in it.
    """

    account: MockAccount
    made: Callable[[str], list[str]]

    def list_arns(self, kind: str) -> list[str]:
        """List the ARNs of a kind, those of before first."""
        return [*self.account.list_arns(kind), *self.made(kind)]

    def find(self, kind: str, name: str) -> arns.IamArn | None:
        """Find what has a name; names are unique in an account, and their case counts."""
        parsed = (arns.parse_arn(arn) for arn in self.list_arns(kind))
        return next((one for one in parsed if one and one.name == name), None)

    def answer(self, function: str, args: Mapping[str, Any], region: str) -> dict[str, Any] | None:
        """Answer a lookup; None for one that isn't known here.

        Raises:
            NoSuchEntityError: As AWS answers for what isn't there.
        """
        own = self.account
        match function:
            case "getCallerIdentity":
                arn = f"arn:{own.partition}:sts::{own.id}:assumed-role/administrator/pulumi"
                user_id = f"{make_unique_id(own.build_arn('role', 'administrator'))}:pulumi"
                return {"accountId": own.id, "arn": arn, "userId": user_id, "id": own.id}
            case "getPartition":
                return {"partition": own.partition, "id": own.partition}
            case "getRegion":
                return {"name": region, "region": region, "id": region}
            case "getUser":
                return self._describe("user", args["userName"], "userName", "userId")
            case "getRole":
                return self._describe("role", args["name"], "name", "uniqueId")
            case "getGroup":
                return self._describe("group", args["groupName"], "groupName", "groupId")
            case "getPolicy":
                return self._get_policy(args)
            case "getUsers" | "getRoles":
                listed = self.list_arns(function.removeprefix("get").removesuffix("s").lower())
                names = [arn.rpartition("/")[2] for arn in listed]
                return {"arns": listed, "names": names, "id": region}
        return None

    def get(self, kind: str, name: str) -> arns.IamArn:
        """Get what has a name.

        Raises:
            NoSuchEntityError: As AWS answers for what isn't there.
        """
        if found := self.find(kind, name):
            return found
        raise _no_such_entity(f"The {kind} with name {name} cannot be found", self.account)

    def _describe(self, kind: str, name: str, name_key: str, id_key: str) -> dict[str, Any]:
        found = self.get(kind, name)
        return {name_key: name, id_key: make_unique_id(str(found)), **_shared(found)}

    def _get_policy(self, args: Mapping[str, Any]) -> dict[str, Any]:
        arn = str(args.get("arn") or "")
        parsed = arns.parse_arn(arn) if arn else self.find("policy", str(args.get("name")))
        if parsed and (parsed.account == "aws" or str(parsed) in self.list_arns("policy")):
            policy_id = make_unique_id(str(parsed))
            return {"name": parsed.name, "policyId": policy_id, **_shared(parsed)}
        text = f"Policy {arn or args.get('name')} does not exist or is not attachable"
        raise _no_such_entity(text, self.account)


def _shared(arn: arns.IamArn) -> dict[str, Any]:
    return {"arn": str(arn), "id": str(arn), "path": arn.path, "tags": {}}


def _no_such_entity(text: str, account: MockAccount) -> "NoSuchEntityError":
    # The code by which the real AWS provider's error is known.
    return NoSuchEntityError(f"NoSuchEntity: {text}, in account {account.id} of AwsMocks")
