"""How a person uses a role: the console's switch-role URL, an AWS CLI profile, a command."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from cross_account_access.errors import Refusal
from cross_account_access.iam import limits
from cross_account_access.iam.arns import IamArn
from cross_account_access.iam.partitions import get_main_region

from .conditions import ConditionsModel
from .model import Unresolved
from .principal_kinds import TRAITS
from .principals import PrincipalModel
from .trust import get_effective_conditions

_SIGN_IN_HOSTS = {
    "aws": "signin.aws.amazon.com",
    "aws-cn": "signin.amazonaws.cn",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
    "aws-eusc": "eusc-de-east-1.signin.amazonaws-eusc.eu",
}

_Value = str | Unresolved


@dataclass(frozen=True)
class CallValues:
    """The values of a caller's conditions that profile and command hold.

    Attributes:
        external_ids: Of these the first is given that is no pattern.
        session_name: A pattern for the session's name; None where any name does.
        source_identity: None where there need be none.
        session_tags: A value of each key.
    """

    external_ids: Sequence[_Value] = ()
    session_name: _Value | None = None
    source_identity: _Value | None = None
    session_tags: Mapping[str, _Value] = field(default_factory=dict)

    @classmethod
    def choose(cls, conditions: ConditionsModel | None) -> "CallValues":
        """Choose values that meet the conditions."""
        if conditions is None:
            return cls()
        own = [] if conditions.external_id is None else [conditions.external_id]
        tags = sorted((conditions.session_tags or {}).items())
        return cls(
            own or conditions.raw_external_ids,
            next(iter(conditions.session_names or []), None),
            next(iter(conditions.source_identities or []), None),
            {key: values[0] for key, values in tags},
        )

    @property
    def unresolved(self) -> list[Unresolved]:
        """Those that aren't known yet."""
        values = [*self.external_ids, self.session_name, self.source_identity]
        return [
            value
            for value in (*values, *self.session_tags.values())
            if isinstance(value, Unresolved)
        ]

    @property
    def external_id(self) -> str | None:
        """The external ID; None where there need be none, or no exact one is known."""
        return next(filter(_is_external_id, map(_get_known, self.external_ids)), None)


def _is_external_id(text: str) -> bool:
    try:
        limits.EXTERNAL_ID(text)
    except Refusal:
        return False
    return True


def _get_known(value: _Value) -> str:
    if isinstance(value, Unresolved):
        raise TypeError("profile and command are written when their values are known")
    return value


def _fill_tag(pattern: _Value) -> str:
    return _get_known(pattern).replace("*", "VALUE").replace("?", "X")


@dataclass(frozen=True)
class Usage:
    """What a person must know to use a role.

    Attributes:
        role: The role's ARN.
        label: The console's display name and the profile's name.
        principals: Who is trusted, all of them known except for values of their conditions.
        conditions: The grant's conditions.
        account: The source account's ID, of a principal that has none as its `source`.
        max_session_duration: The role's, in seconds; None for AWS's default, an hour.
        lead: The position of the principal for whom profile and command are written.
    """

    role: IamArn
    label: str
    principals: Sequence[PrincipalModel]
    conditions: ConditionsModel | None
    account: str
    max_session_duration: int | None
    lead: int = 0

    @property
    def no_switch_role(self) -> str | None:
        """Why the console can't switch to the role; None where it can."""
        obstacle = find_console_obstacle(self.principals, self.conditions, self._name_with_path)
        if obstacle is None and self.role.partition not in _SIGN_IN_HOSTS:
            return f"the console of partition {self.role.partition} is not known"
        return obstacle

    @property
    def switch_role_url(self) -> str | None:
        """The console's switch-role URL; None where the console can't switch to the role."""
        if self.no_switch_role:
            return None
        query = urlencode(
            {
                "account": self.role.account,
                "roleName": self._name_with_path,
                "displayName": self.label,
            },
            safe="/",
        )
        return f"https://{_SIGN_IN_HOSTS[self.role.partition]}/switchrole?{query}"

    @property
    def cli_profile(self) -> str:
        """Write a profile for `~/.aws/config`, whose `source_profile` is the caller's own profile.

        Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
        """
        partition = self.role.partition
        lines = {
            "role_arn": str(self.role),
            "source_profile": "default",
            "external_id": self._call.external_id,
            "mfa_serial": self._mfa_serial,
            "role_session_name": self._session_name if self._session_name != self._label else None,
            "duration_seconds": self._duration,
            # Without one the AWS CLI asks the commercial partition.
            "region": None if partition == "aws" else get_main_region(partition),
        }
        text = "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)
        return f"[profile {self.label}]\n{text}"

    @property
    def assume_role_command(self) -> str:
        """Write the AWS CLI's command that assumes the role."""
        words = ["aws", "sts", "assume-role", "--role-arn", str(self.role)]
        words += ["--role-session-name", self._session_name]
        call = self._call
        if call.external_id is not None:
            words += ["--external-id", call.external_id]
        if self._mfa_serial:
            words += ["--serial-number", self._mfa_serial, "--token-code", "CODE"]
        if self._duration is not None:
            words += ["--duration-seconds", str(self._duration)]
        if call.source_identity is not None:
            words += ["--source-identity", _get_known(call.source_identity)]
        if call.session_tags:
            tags = call.session_tags.items()
            words += ["--tags", *(f"Key={key},Value={_fill_tag(tag)}" for key, tag in tags)]
        conditions = self._lead_conditions
        keys = (conditions.transitive_tag_keys or ()) if conditions else ()
        # Tags that are merely allowed aren't passed.
        if transitive := [key for key in keys if key in call.session_tags]:
            words += ["--transitive-tag-keys", *transitive]
        return shlex.join(words)

    @property
    def _call(self) -> CallValues:
        return CallValues.choose(self._lead_conditions)

    @property
    def _lead_conditions(self) -> ConditionsModel | None:
        return get_effective_conditions(self.principals[self.lead], self.conditions)

    @property
    def _name_with_path(self) -> str:
        return f"{self.role.path.lstrip('/')}{self.role.name}"

    @property
    def _label(self) -> str:
        """The label as a session's name, which must have 2–64 characters."""
        label = self.label[: limits.SESSION_NAME.most]
        return label if len(label) >= limits.SESSION_NAME.least else f"{label}-session"

    @property
    def _session_name(self) -> str:
        pattern = self._call.session_name
        name = self._label if pattern is None else _get_known(pattern)
        if "${" in name:
            return "YOUR_USER_NAME"
        wildcards = name.count("*")
        room = limits.SESSION_NAME.most - len(name) + wildcards
        return name.replace("*", self._label[: room // max(wildcards, 1)])

    @property
    def _duration(self) -> int | None:
        """The role's own, where no caller is sure to be a role session."""
        chained = any(p.kind and TRAITS[p.kind].chained == "yes" for p in self.principals)
        return None if chained else self.max_session_duration

    @property
    def _mfa_serial(self) -> str | None:
        """The user's MFA device under its default name, the user's; None where none is needed."""
        if self._lead_conditions is None or not self._lead_conditions.needs_mfa:
            return None
        user = self.principals[0].entity
        if len(self.principals) > 1 or user is None or user.kind != "user":
            return "YOUR_MFA_DEVICE_ARN"
        account = self.principals[0].source or self.account
        return f"arn:{self.role.partition}:iam::{account}:mfa/{user.name}"


def find_console_obstacle(
    principals: Sequence[PrincipalModel], conditions: ConditionsModel | None, role: str
) -> str | None:
    """Why the console can't switch to a role, whatever its partition; None where it can.

    Args:
        principals: Who is trusted.
        conditions: The grant's conditions.
        role: The role's name with its path.

    Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
    """
    able = [p for p in principals if p.kind and TRAITS[p.kind].console != "no"]
    if not able:
        return "only role sessions are trusted, and these can't switch roles in the console"
    effective = [get_effective_conditions(p, conditions) for p in able]
    if all(conditions and conditions.requires_external_id for conditions in effective):
        return "the trust policy requires an external ID, which the console can't send"
    if len(role) > limits.SWITCH_ROLE_NAME_LENGTH:
        longest = limits.SWITCH_ROLE_NAME_LENGTH
        return f"path and name of the role have more than {longest} characters"
    return None
