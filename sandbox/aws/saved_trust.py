"""Trust policies as IAM saves them: whom they may name, and what becomes of a name when its bearer
goes.

IAM looks every user and role of a Principal up when the policy is saved and keeps the unique ID
(AIDA…, AROA…), which it shows as an ARN as long as that user or role exists. Here it is the other
way round, with the same outcome: the ARN is kept until its bearer is deleted, and then the unique
id takes its place.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cross_account_access.iam import limits
from cross_account_access.iam.policy_document import list_statements, to_list
from sandbox.aws import policy_parsing
from sandbox.aws.moto_accounts import Entity, MotoAccounts, get_age
from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACCOUNT = re.compile(r"\d{12}")
_ROOT = re.compile(r"arn:[a-z-]+:iam::\d{12}:root")
_USER_OR_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:(user|role)/.+")
_ROLE_SESSION = re.compile(
    r"arn:[a-z-]+:sts::(\d{12}):assumed-role/([^/]+)/([\w+=,.@-]{2,64})", re.ASCII
)
_FEDERATED_USER = re.compile(r"arn:[a-z-]+:sts::\d{12}:federated-user/[\w+=,.@-]{2,32}", re.ASCII)
_UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]+")


def check_trust_policy(text: str, accounts: MotoAccounts, hold: float, most: int) -> str:
    """A trust policy as IAM keeps it: bare account ids are the account's root ARN by then.

    Args:
        text: the document.
        accounts: where users and roles are looked up.
        hold: seconds during which a new user or role can't be named yet, for AWS's eventual
            consistency.
        most: the quota "Role trust policy length": characters, white space not counted.

    Raises:
        AwsError: MalformedPolicyDocument, or LimitExceeded.
    """
    document = policy_parsing.parse(text, "trust")

    def resolved(principal: str) -> str:
        kept = _resolve(principal, accounts, hold)
        if kept is None:
            policy_parsing.refuse(f'Invalid principal in policy: "AWS":"{principal}"')
        return kept

    changed = _map_principals(document, resolved)
    # The quota counts what was sent: AWS's own growth of the document isn't the sender's.
    if limits.count_characters(text) > most:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {most}")
    return json.dumps(document) if changed else text


def _resolve(principal: str, accounts: MotoAccounts, hold: float) -> str | None:
    """The principal as it is kept; None if AWS would refuse it."""
    if principal.startswith("arn:") and principal.split(":")[1] != accounts.partition:
        return None
    if principal == "*" or _ROOT.fullmatch(principal) or _FEDERATED_USER.fullmatch(principal):
        return principal
    if _ACCOUNT.fullmatch(principal):
        return f"arn:{accounts.partition}:iam::{principal}:root"
    if session := _ROLE_SESSION.fullmatch(principal):
        role = accounts.find_role(session[1], session[2])
        return principal if role is not None and get_age(role) >= hold else None
    bearer: Entity | None = None
    if kind := _USER_OR_ROLE.fullmatch(principal):
        find = accounts.find_user_by_arn if kind[1] == "user" else accounts.find_role_by_arn
        bearer = find(principal)
    elif _UNIQUE_ID.fullmatch(principal):
        bearer = accounts.find_principal_by_id(principal)
    if bearer is None or get_age(bearer) < hold:
        return None
    arn: str = bearer.arn
    return arn


def _map_principals(document: Mapping[str, Any], change: Callable[[str], str]) -> bool:
    """Put `change` to every AWS principal of a document; whether one became another."""
    changed = False
    for statement in list_statements(document):
        principal = statement["Principal"]
        if "AWS" not in principal:
            continue
        before = to_list(principal["AWS"])
        after = [change(name) for name in before]
        if after != before:
            principal["AWS"] = after if isinstance(principal["AWS"], list) else after[0]
            changed = True
    return changed


def forget_principal(bearer: Entity, accounts: MotoAccounts) -> None:
    """Replace the ARN of a deleted user or role by its unique ID in every trust policy."""
    # A name is unique in its account, so that a role's sessions are known by it.
    sessions = f"arn:{accounts.partition}:sts::{bearer.account_id}:assumed-role/{bearer.name}/"
    is_role = bearer.id.startswith("AROA")

    def change(name: str) -> str:
        if name == bearer.arn:
            return str(bearer.id)
        if is_role and name.startswith(sessions):
            return f"{bearer.id}:{name.removeprefix(sessions)}"
        return name

    _rewrite(accounts, change)


def rename_principal(before: str, after: str, accounts: MotoAccounts) -> None:
    """Let every trust policy name a renamed or moved user by the new ARN."""
    _rewrite(accounts, lambda name: after if name == before else name)


def _rewrite(accounts: MotoAccounts, change: Callable[[str], str]) -> None:
    for role in accounts.list_roles():
        document = json.loads(role.assume_role_policy_document)
        if _map_principals(document, change):
            role.assume_role_policy_document = json.dumps(document)
