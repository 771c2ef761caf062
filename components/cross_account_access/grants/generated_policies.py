"""The inline policies that a role's own settings put on it, beside those that the user names."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING
from typing import Annotated, Any

from cross_account_access.errors import FieldPath, Key, Refusal
from cross_account_access.iam import limits
from cross_account_access.iam.identity_policy import VERSION, render_document
from cross_account_access.iam.policy_dates import parse_date
from cross_account_access.iam.policy_document import list_conditions, list_statements
from cross_account_access.iam.policy_normalization import normalize_policy
from cross_account_access.text_format import to_camel

from .condition_values import check_boolean, check_time
from .conditions import ASSUME_ROLE
from .model import Model, Unresolved, plain, when_known
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


class RoleWithGenerated(Model):
    """A role's settings that put inline policies on it; `args.RoleSettings` says what they mean."""

    name: Annotated[str | None, plain(limits.ROLE_NAME)] = None
    path: Annotated[str, plain(limits.check_path)] = "/"
    self_assuming: Annotated[bool, plain(check_boolean)] = False
    sessions_issued_after: Annotated[str | Unresolved | None, when_known(check_time)] = None
    inline_policies: dict[str, Any] = {}

    @property
    def inline_policy_names(self) -> list[str]:
        """The names of all its inline policies, sorted: the user's, and the generated ones."""
        return sorted([*self.inline_policies, *self._generated_names])

    @property
    def _generated_names(self) -> dict[str, str]:
        """The names of the generated policies, each with its setting."""
        settings = {
            REVOKES_SESSIONS: ("sessions_issued_after", self.sessions_issued_after is not None),
            ASSUMES_ITSELF: ("self_assuming", self.self_assuming),
        }
        return {name: setting for name, (setting, is_set) in settings.items() if is_set}

    def check_inline_names(self) -> None:
        """Check that no inline policy of the user's has the name of a generated one.

        Raises:
            Refusal: If one has.
        """
        settings = {name.lower(): setting for name, setting in self._generated_names.items()}
        for name in self.inline_policies:
            if setting := settings.get(name.lower()):
                raise Refusal(
                    "must not be the name of the policy that the role has for another setting, "
                    f"{setting} ({to_camel(setting)} in config)",
                    code="generated-policy-name",
                    remedy="Give the policy another name, or remove that setting",
                    where=(Key("inline_policies"), name),
                )

    def build_generated_policies(
        self, role_arn: str | None = None, actions: tuple[str, ...] = (ASSUME_ROLE,)
    ) -> dict[str, str | Unresolved]:
        """Build the generated policies by their names, as far as they are known.

        Args:
            role_arn: The role's ARN; by default one of its length, as far as that is known.
            actions: What the role is allowed on itself, if it assumes itself.
        """
        policies: dict[str, str | Unresolved] = {}
        if (issued_after := self.sessions_issued_after) is not None:
            known = issued_after if isinstance(issued_after, str) else None
            policies[REVOKES_SESSIONS] = build_revocation(known) if known else issued_after
        if self.self_assuming:
            expected = f"arn:aws:iam::{'0' * 12}:role{self.path}{self.name or ''}"
            policies[ASSUMES_ITSELF] = build_own_policy(role_arn or expected, actions)
        return policies

    def find_time_warnings(self) -> Iterator[tuple[FieldPath, str]]:
        """Find what is seldom meant by the time before which sessions are denied, with its path."""
        moment = self.sessions_issued_after
        if isinstance(moment, str) and moment > format_time(datetime.now(UTC)):
            warning = "is in the future: until then every session is denied, new ones too"
            yield (Key("sessions_issued_after"),), warning
