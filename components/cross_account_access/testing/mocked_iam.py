"""IAM in a test's accounts: what was there before, what the program made, and who calls."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from cross_account_access.errors import Refusal
from cross_account_access.grants.principal_ref import (
    PrincipalRef,
    PrincipalRefKind,
    build_entitlement,
    parse_principal_arn,
    parse_principal_name,
    split_kind,
)
from cross_account_access.iam import arns
from cross_account_access.iam.evaluator import Caller, Decision, Policy

from .mock_account import IamLookups, MockAccount, make_unique_id
from .registrations import Registration, describe_registrations

_MADE_KINDS = {"Group": "group", "Policy": "policy", "Role": "role", "User": "user"}
# In the place of a managed policy's that the program didn't make.
UNKNOWN_DOCUMENT: Mapping[str, Any] = {}
_NAMED_ENTITIES = ("user", "role", "group", "session")


@dataclass(frozen=True)
class MockedIam:
    """The accounts with what the program made in them.

    Attributes:
        accounts: The accounts by the names of their providers.
        made: What the program registered.
    """

    accounts: Mapping[str, MockAccount]
    made: Sequence[Registration]

    def find_account(self, key: str) -> MockAccount:
        """Find an account by its ID, or by the name of a provider.

        Raises:
            LookupError: If there is none.
        """
        by_id = {one.id: one for one in self.accounts.values()}
        if found := self.accounts.get(key) or by_id.get(key):
            return found
        known = ", ".join(f"{name} ({one.id})" for name, one in self.accounts.items())
        raise LookupError(f"AwsMocks has no account {key!r}; it has {known}")

    def get_lookups(self, account: MockAccount) -> IamLookups:
        """Get what an account answers to lookups; all providers of its ID are one account's."""
        mine = [one for one in self.accounts.values() if one.id == account.id]
        merged = replace(
            account,
            users=[name for one in mine for name in one.users],
            roles=[name for one in mine for name in one.roles],
            policies=[name for one in mine for name in one.policies],
            groups={
                name: [member for one in mine for member in one.groups.get(name, ())]
                for name in dict.fromkeys(chain.from_iterable(one.groups for one in mine))
            },
        )

        def list_made(kind: str) -> list[str]:
            own = [one for one in self.made if one.account == account.id and one.arn]
            return [one.arn for one in own if _MADE_KINDS.get(one.short_type) == kind]

        return IamLookups(merged, list_made)

    def find_role(self, role: str, account: str | None) -> Registration:
        """Find a role that the program made.

        Args:
            role: Its ARN, its name in AWS or its name in the program.
            account: The ID of its account or the name of that account's provider.

        Raises:
            LookupError: If there is none, or more than one.
        """
        own_id = self.find_account(account).id if account else None
        roles = [one for one in self.made if one.type == "aws:iam/role:Role"]
        here = [one for one in roles if own_id in (None, one.account)]
        keys: tuple[Callable[[Registration], object], ...] = (
            lambda one: one.arn,
            lambda one: one.outputs.get("name"),
            lambda one: one.name,
        )
        found = ([one for one in here if key(one) == role] for key in keys)
        matching = next(filter(None, found), [])
        if len(matching) == 1:
            return matching[0]
        if matching:
            listed = ", ".join(sorted({one.account for one in matching}))
            raise LookupError(f"role {role} is in several accounts: {listed}; pass account=…")
        where = f" in account {own_id}" if own_id else ""
        raise LookupError(f"no role {role} was made{where}: {describe_registrations(roles)}")

    def find_caller(self, text: str, account: str | None, role_account: str) -> PrincipalRef:
        """Find a caller, who must be in one of the accounts.

        Args:
            text: An ARN, KIND/NAME or a user's name.
            account: The ID of its account or the name of that account's provider.
            role_account: The ID of the role's account.

        Raises:
            LookupError: If there is no such caller.
            ValueError: If it can't be one's name.
        """
        if text.startswith("arn:"):
            ref = parse_principal_arn(text)
            if ref is None:
                raise ValueError(f"{text} is no user, role, group, role session or root user")
            return self._locate(ref) if ref.kind in _NAMED_ENTITIES else ref
        kind, name = split_kind(text) or ("user", text)
        is_account = kind in ("account", "root")
        candidates = self._list_candidates(kind, name if is_account else account, role_account)
        try:
            refs = [
                parse_principal_name(kind, one.id if is_account else name, one.partition, one.id)
                for one in candidates
            ]
        except Refusal as refusal:
            raise ValueError(f"{text}: {refusal.rule}") from None
        if kind in _NAMED_ENTITIES:
            refs = [found for ref in refs if (found := self._find_entity(ref))]
        if len(refs) == 1:
            return refs[0]
        if refs:
            listed = ", ".join(ref.account for ref in refs)
            raise LookupError(f"{text} may be of several accounts: {listed}; pass caller_account=…")
        searched = ", ".join(one.id for one in candidates)
        raise LookupError(f"there is no {text} in AwsMocks: accounts {searched or 'none'}")

    def _list_candidates(
        self, kind: PrincipalRefKind, account: str | None, role_account: str
    ) -> list[MockAccount]:
        """The accounts that a caller may be of."""
        if account:
            return [self.find_account(account)]
        by_id = {one.id: one for one in self.accounts.values()}
        # Of those who are in no account by name, the role's own account is the least likely.
        without = None if kind in _NAMED_ENTITIES else role_account
        return [one for account_id, one in by_id.items() if account_id != without]

    def _locate(self, ref: PrincipalRef) -> PrincipalRef:
        if found := self._find_entity(ref):
            return found
        raise LookupError(f"there is no {ref.display_name_with_account} in AwsMocks")

    def _find_entity(self, ref: PrincipalRef) -> PrincipalRef | None:
        """The same with its own path; None where its account has no such user, role or group."""
        kind = "role" if ref.kind == "session" else ref.kind
        own = self.accounts.values()
        account = next((one for one in own if one.id == ref.account), None)
        found = self.get_lookups(account).find(kind, ref.name) if account else None
        # The ARN of a session is without its role's path.
        if found is None or ref.path not in (None, found.path):
            return None
        return replace(ref, path=found.path)

    def build_caller(self, ref: PrincipalRef, role_arn: str, *, entitled: bool | None) -> Caller:
        """Build a caller with its policies, as the evaluator takes it.

        Args:
            ref: The caller.
            role_arn: The role to assume.
            entitled: Whether its own account allows that, whatever the program made; None for only
                those to whom no program attaches policies.

        Raises:
            LookupError: If the document of its boundary isn't the program's.
        """
        policies, boundary = self.get_policies(ref)
        if entitled or (entitled is None and ref.kind not in (*_NAMED_ENTITIES, "root")):
            policies = (*policies, build_entitlement(role_arn))
        has_id = ref.kind in ("user", "role", "session")
        return ref.build_caller(
            make_unique_id(ref.principal_arn) if has_id else None, policies, boundary
        )

    def get_policies(self, ref: PrincipalRef) -> tuple[tuple[Policy, ...], Policy | None]:
        """Get the identity policies and the boundary that the program gave a user, role or group.

        Raises:
            LookupError: If the document of its boundary isn't the program's.
        """
        if ref.kind not in _NAMED_ENTITIES:
            return (), None
        holders: set[tuple[str, str]] = {(ref.policy_holder, ref.name)}
        if ref.kind == "user":
            holders |= {("group", group) for group in self._list_groups(ref)}
        own = [one for one in self.made if one.account == ref.account]
        found = [policy for one in own for policy in self._read_policies(one, holders)]
        # Inline policies of a user and of its group may have one name.
        unique = [one for position, one in enumerate(found) if one not in found[:position]]
        return tuple(unique), self._find_boundary(ref, own)

    def _list_groups(self, ref: PrincipalRef) -> Iterator[str]:
        lookups = self.get_lookups(self.find_account(ref.account))
        for group, members in lookups.account.groups.items():
            if ref.name in {arns.split_path(member)[1] for member in members}:
                yield arns.split_path(group)[1]
        for one in self.made:
            if one.account != ref.account:
                continue
            if one.short_type == "UserGroupMembership" and one.inputs.get("user") == ref.name:
                yield from one.inputs.get("groups", ())
            if one.short_type == "GroupMembership" and ref.name in one.inputs.get("users", ()):
                yield one.inputs["group"]

    def _read_policies(self, one: Registration, holders: set[tuple[str, str]]) -> Iterator[Policy]:
        """The policies that a resource gives to one of the holders."""
        held = {
            (kind, name)
            for kind in ("user", "role", "group")
            for name in (one.inputs.get(kind), *(one.inputs.get(f"{kind}s") or ()))
        }
        if one.type == "aws:iam/role:Role" and ("role", one.outputs.get("name")) in holders:
            for inline in one.inputs.get("inlinePolicies", ()):
                document = json.loads(inline["policy"])
                yield Policy(f"inline policy {inline.get('name', '')}", document)
            for arn in one.inputs.get("managedPolicyArns", ()):
                yield self._read_managed_policy(arn)
        if not one.type.startswith("aws:iam/") or not held & holders:
            return
        if one.short_type.endswith("PolicyAttachment"):
            yield self._read_managed_policy(one.inputs["policyArn"])
        elif one.short_type in ("UserPolicy", "RolePolicy", "GroupPolicy"):
            yield Policy(f"inline policy {one.inputs.get('name', one.name)}", one.document)

    def _read_managed_policy(self, arn: str) -> Policy:
        """The policy of an ARN; its document is unknown where the program didn't make it."""
        made = next((one for one in self.made if one.arn == arn), None)
        return Policy(f"managed policy {arn}", made.document if made else UNKNOWN_DOCUMENT)

    def _find_boundary(self, ref: PrincipalRef, own: list[Registration]) -> Policy | None:
        holder = next(
            (one for one in own if ref.kind != "group" and one.arn == ref.principal_arn), None
        )
        arn = holder.inputs.get("permissionsBoundary") if holder else None
        if not arn:
            return None
        if made := next((one for one in self.made if one.arn == arn), None):
            return Policy(f"managed policy {arn}", made.document)
        raise LookupError(f"the document of {ref.principal_arn}'s boundary {arn} isn't known here")


def check_known(caller: Caller, decision: Decision) -> None:
    """Check that a caller's policies are known, where they decide that none allows.

    Raises:
        LookupError: If the program attaches one that it doesn't make.
    """
    unknown = [one.name for one in caller.identity_policies if one.document is UNKNOWN_DOCUMENT]
    if unknown and any(finding.kind == "identity" for finding in decision.findings):
        raise LookupError(
            f"what {unknown[0]} of {caller.principal_arn} allows isn't known here: pass "
            "entitled=True if it allows this call, and entitled=False if it doesn't"
        )
