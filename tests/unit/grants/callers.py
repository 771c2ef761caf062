"""Who asks for a role in the grants' tests, and with what the request comes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cross_account_access.grants import policies
from cross_account_access.grants.conditions import (
    ASSUME_ROLE,
    SET_CONTEXT,
    SET_SOURCE_IDENTITY,
    TAG_SESSION,
)
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.trust import build_trust_policy, get_allowed_actions
from cross_account_access.iam.evaluator import Caller, Decision, Policy, Request, decide

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{DESTINATION}:role/deploy"

Context = dict[str, Any]

_EVERYTHING = Policy(
    "inline policy everything",
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
)


def user(name: str, path: str = "/", account: str = SOURCE) -> Caller:
    """A user whom its own account allows everything."""
    arn = f"arn:aws:iam::{account}:user{path}{name}"
    return Caller(arn, f"AIDA{name.upper()}", arn, (_EVERYTHING,))


def session(role: str, path: str = "/", account: str = SOURCE, name: str = "build-7") -> Caller:
    """A role's session, whom its own account allows everything."""
    return Caller(
        f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        f"AROA{role.upper()}:{name}",
        f"arn:aws:iam::{account}:role{path}{role}",
        (_EVERYTHING,),
    )


def reserved(
    permission_set: str, suffix: str = "0123456789abcdef", region: str = "", account: str = SOURCE
) -> Caller:
    """A session of whoever has an Identity Center permission set."""
    path = f"/aws-reserved/sso.amazonaws.com/{region}"
    return session(f"AWSReservedSSO_{permission_set}_{suffix}", path, account, "jane@example.com")


def without_rights(caller: Caller) -> Caller:
    """The same, whom its own account allows nothing."""
    return replace(caller, identity_policies=())


def in_organization(organization: str, path: str) -> Context:
    """What a request says whose caller is of an organization's account."""
    return {"aws:PrincipalOrgID": organization, "aws:PrincipalOrgPaths": (path,)}


@dataclass(frozen=True)
class Wrong:
    """Somebody who must not get in.

    Attributes:
        who: The caller; by default the right one.
        but: What the request comes with instead of what the right one comes with.
        without: Condition keys that it doesn't come with.
        half: Which half is to refuse it.
    """

    who: Caller | None = None
    but: Context = field(default_factory=dict)
    without: tuple[str, ...] = ()
    half: str = "destination"


@dataclass(frozen=True)
class Case:
    """A grant, who gets in and who doesn't.

    Attributes:
        what: What is tried; the case's name.
        grant: The grant, as the component's args have it.
        right: Who gets in, with the policy alone that the stack makes for it.
        met: What the right one's request comes with.
        wrong: Who doesn't, by the fact.
        also: Others who get in, each with what its request comes with instead.
    """

    what: str
    grant: dict[str, Any]
    right: Caller
    met: Context = field(default_factory=dict)
    wrong: dict[str, Wrong] = field(default_factory=dict)
    also: dict[str, tuple[Caller, Context]] = field(default_factory=dict)

    @property
    def model(self) -> GrantModel:
        """The grant, checked."""
        return read_model(GrantModel, self.grant)

    def trust(self) -> Policy:
        """The trust policy that the stack writes."""
        model = self.model
        text = build_trust_policy(model.principals, model.conditions, "aws", SOURCE)
        return Policy("trust policy", json.loads(text))

    def entitled(self, caller: Caller) -> Caller:
        """A caller whom its own account allows exactly what the stack's source policy does."""
        model = self.model
        actions = sorted(
            {
                action
                for p in model.principals
                for action in get_allowed_actions(p, model.conditions)
            }
        )
        document = json.loads(
            policies.build_assume_role_policy([policies.AssumableRole(ROLE, tuple(actions))])
        )
        return replace(caller, identity_policies=(Policy("managed policy access", document),))

    def context(self, wrong: Wrong) -> Context:
        """What a wrong one's request comes with."""
        return {
            key: value for key, value in (self.met | wrong.but).items() if key not in wrong.without
        }


def ask(trust: Policy, caller: Caller, context: Mapping[str, Any]) -> Decision:
    """AWS's answer: every action of the call must be allowed; the first that isn't is returned."""
    actions = [ASSUME_ROLE]
    if any(key.startswith("aws:RequestTag/") for key in context):
        actions.append(TAG_SESSION)
    if "sts:SourceIdentity" in context:
        actions.append(SET_SOURCE_IDENTITY)
    if "sts:RequestContextProviders" in context:
        actions.append(SET_CONTEXT)
    answers = [decide(caller, Request(action, ROLE, context), trust) for action in actions]
    return next((answer for answer in answers if not answer.allowed), answers[0])
