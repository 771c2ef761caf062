"""The inline policies that a role's own settings put on it, beside those that the user names."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING
from typing import Any

from cross_account_access.iam.identity_policy import VERSION, render_document
from cross_account_access.iam.policy_dates import parse_date
from cross_account_access.iam.policy_document import list_conditions, list_statements
from cross_account_access.iam.policy_normalization import normalize_policy

from .policies import AssumableRole, build_assume_role_policy

ASSUMES_ITSELF = "AssumeItself"
# As the console's "Revoke active sessions" calls and writes it. Source:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
REVOKES_SESSIONS = "AWSRevokeOlderSessions"

_ISSUED = "aws:TokenIssueTime"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build_own_policy(role_arn: str, actions: tuple[str, ...]) -> str:
    """Build the policy by which a role may assume itself.

    In a role's own account a trust policy that names the account lets in only whom an identity
    policy allows. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

    Args:
        role_arn: The role's ARN.
        actions: What its trust policy allows it.
    """
    return build_assume_role_policy([AssumableRole(role_arn, actions)])


def build_revocation(issued_after: str) -> str:
    """Build the policy that denies everything to sessions issued before a time, in AWS's form."""
    statement = {
        "Effect": "Deny",
        "Action": ["*"],
        "Resource": ["*"],
        "Condition": {"DateLessThan": {_ISSUED: issued_after}},
    }
    return render_document({"Version": VERSION, "Statement": [statement]})


def find_issued_after(policies: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Find the time before which issued sessions are denied by a role's inline policies.

    The console writes parts of a second; of these the next whole one is returned, which denies no
    session less. None where no such policy is there, or one of that name does something else.
    """
    document = policies.get(REVOKES_SESSIONS, {})
    times = [
        text
        for statement in list_statements(document)
        for condition in list_conditions(statement.get("Condition", {}))
        for text in condition.values
    ]
    if len(times) != 1 or (seconds := parse_date(times[0])) is None:
        return None
    if normalize_policy(document) != normalize_policy(build_revocation(times[0])):
        return None
    try:
        moment = _EPOCH + timedelta(seconds=int(seconds.to_integral_value(ROUND_CEILING)))
    except OverflowError:
        return None
    return format_time(moment)


def format_time(moment: datetime) -> str:
    """Format a time in UTC as the settings have it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def is_in_future(moment: str) -> bool:
    """Whether a time, as `args.RoleSettings` has it, is still to come."""
    return moment > format_time(datetime.now(UTC))
