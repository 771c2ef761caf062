"""One line that says what a grant gives. It changes whenever anything of the grant does."""

import json
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import pbkdf2_hmac, sha256
from typing import Any

from cross_account_access.iam.condition_words import describe_conditions
from cross_account_access.iam.operators import HIDDEN
from cross_account_access.text_format import format_duration, join_words

from .condition_values import Block
from .conditions import SET_SOURCE_IDENTITY, TAG_SESSION, ConditionsModel
from .grant import GrantModel
from .model import Unresolved
from .principals import PrincipalModel
from .trust import get_allowed_actions, get_effective_conditions, replace_unresolved

_DIGEST_LENGTH = 6
# Two signs are too few to tell whether a guess at a secret is right.
_SECRET_DIGEST_LENGTH, _ROUNDS = 2, 10_000
_SHARED_SALT = b"cross-account-access"


@dataclass(frozen=True)
class GrantSummary:
    """What a summary is made of.

    Attributes:
        name: The grant's name.
        grant: The grant, with an `Unresolved` in the place of each secret.
        unique_ids: The unique IDs of its principals, as far as they are known.
        tags: The role's tags, likewise.
        secrets: The secrets, in a fixed order.
        salt: Tells the secrets of this component from equal ones of others.
    """

    name: str
    grant: GrantModel
    unique_ids: Sequence[str]
    tags: Mapping[str, str | Unresolved]
    secrets: Sequence[Any]
    salt: str

    def write(self) -> str:
        """Write the line: who, under which conditions, what for, how long, and a version.

        The version tells of what has no words here, such as a tag or a principal's unique ID. Its
        end tells of secrets, and nothing of what they are.
        """
        groups: dict[str, tuple[list[str], str]] = {}
        for principal, block in self._list_principals():
            more = self._list_more(principal)
            key = json.dumps([block, more])
            groups.setdefault(key, ([], _describe_terms(block, more)))[0].append(
                self._name(principal)
            )
        who = "; ".join(f"{join_words(names, 'and')}{terms}" for names, terms in groups.values())
        longest = format_duration(self.grant.longest_session)
        what = f"{self._describe_role()} for up to {longest}{self._describe_sessions()}"
        return f"{who} may {what} (version {self._version})"

    def _list_principals(self) -> list[tuple[PrincipalModel, Block]]:
        """The principals in a fixed order, each with the conditions that hold for it."""
        listed = []
        for principal in sorted(self.grant.principals, key=lambda one: one.rank):
            effective = get_effective_conditions(principal, self.grant.conditions)
            listed.append((principal, _build_block(effective)))
        return listed

    @property
    def _own_conditions(self) -> Block:
        """The conditions under which the role may assume itself."""
        conditions = self.grant.conditions
        return _build_block(conditions.without_mfa() if conditions else None)

    def _describe_role(self) -> str:
        role = self.grant.role
        names = [
            *sorted(role.managed_policies),
            *sorted(
                arn if isinstance(arn, str) else label
                for label, arn in role.managed_policy_arns.items()
            ),
            *(f"inline policy {name}" for name in sorted(role.inline_policies)),
        ]
        boundary = role.permissions_boundary
        limit = boundary if isinstance(boundary, str) else HIDDEN
        within = "" if boundary is None else f" within boundary {limit}"
        return f"use {join_words(names, 'and')}{within}" if names else f"assume the role{within}"

    def _describe_sessions(self) -> str:
        """What settings of the role say of its sessions, beside their length."""
        role, more = self.grant.role, ""
        if role.self_assuming:
            terms = _describe_terms(self._own_conditions, self.grant.own_actions[1:])
            more += f"; the role{terms} may assume itself"
        if (issued_after := role.sessions_issued_after) is not None:
            shown = issued_after if isinstance(issued_after, str) else HIDDEN
            more += f"; sessions issued before {shown} are denied"
        return more

    @property
    def _version(self) -> str:
        # Those that are not set are left out: before there were such keys, versions had none.
        later = ("self_assuming", "sessions_issued_after")
        role = {key: value for key, value in self.grant.role if value or key not in later}
        own = [self._own_conditions, *self.grant.own_actions] if "self_assuming" in role else None
        facts = {
            **role,
            **({"itself": own} if own else {}),
            **self.grant.model_dump(include={"protect", "retain"}, exclude_none=True),
            "name": self._role_name,
            "managed_policies": sorted(role["managed_policies"]),
            "tags": self.tags,
            "unique_ids": sorted(self.unique_ids),
            "principals": [
                [self._name(principal), principal.trust_by, block, *self._list_more(principal)]
                for principal, block in self._list_principals()
            ],
        }
        text = json.dumps(facts, sort_keys=True, default=lambda _: HIDDEN)
        version = sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
        if not self.secrets:
            return version
        # All that is told of a secret is these signs of it, the same in all grants: of the secret
        # itself, with a salt in each, many grants together would tell whether a guess is right.
        signs = [
            _digest_secret(json.dumps(one, sort_keys=True), _SHARED_SALT) for one in self.secrets
        ]
        salt = f"{self.salt} {self._role_name}".encode()
        return f"{version}-{_digest_secret(''.join(signs), salt)}"

    def _list_more(self, principal: PrincipalModel) -> tuple[str, ...]:
        """What is allowed to a principal besides assuming the role, which conditions don't tell."""
        return get_allowed_actions(principal, self.grant.conditions)[1:]

    @property
    def _role_name(self) -> str:
        return self.grant.role_name(self.name)

    def _name(self, principal: PrincipalModel) -> str:
        kind = (principal.kind or "principal").replace("_", " ")
        account = principal.source or self.grant.source
        name = f"{kind} {principal.display_name}" + (f" of {account}" if account else "")
        excluded = sorted(one if isinstance(one, str) else HIDDEN for one in principal.except_)
        return f"{name} except {join_words(excluded, 'and')}" if excluded else name


def _build_block(conditions: ConditionsModel | None) -> Block:
    return replace_unresolved(conditions.build_block(), HIDDEN) if conditions else {}


@cache
def _digest_secret(text: str, salt: bytes) -> str:
    digest = pbkdf2_hmac("sha256", text.encode(), salt, _ROUNDS)
    return b32encode(digest).decode().lower()[:_SECRET_DIGEST_LENGTH]


def _describe_terms(conditions: Block, more: Sequence[str]) -> str:
    """Describe what is required of a caller, and what it may set without bounds."""
    keys = {key.lower() for keys in conditions.values() for key in keys}
    terms = [one.short for one in describe_conditions(conditions)]
    for action, bound, words in (
        (TAG_SESSION, "aws:tagkeys", "any session tags allowed"),
        (SET_SOURCE_IDENTITY, "sts:sourceidentity", "any source identity allowed"),
    ):
        if action in more and bound not in keys:
            terms.append(words)
    return f" ({'; '.join(terms)})" if terms else ""
