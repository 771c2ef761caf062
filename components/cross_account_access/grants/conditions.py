"""Under which conditions a role may be assumed, as the condition block of its trust policy."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from pydantic import model_validator

from cross_account_access.errors import Key, Refusal
from cross_account_access.iam import limits
from cross_account_access.iam.networks import check_source_ip

from .model import Model, Unresolved, plain, when_known

Block = dict[str, dict[str, Any]]

ASSUME_ROLE = "sts:AssumeRole"
TAG_SESSION = "sts:TagSession"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"

# An absent key meets these.
_MET_BY_NO_KEY = re.compile("IfExists$|^ForAllValues:|Not")
_OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?"
    r"(String(Equals|Like)|StringNot(Equals|Like)|String(Not)?EqualsIgnoreCase"
    r"|(Numeric|Date)(Equals|NotEquals|LessThan|LessThanEquals|GreaterThan|GreaterThanEquals)"
    r"|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?|Null"
)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refusal(
            "this must be true or false",
            remedy="Leave the quotes out" if value in ("true", "false") else "",
        )
    return value


def _several(check: Callable[[object], str], what: str) -> Callable[[object], list[Any]]:
    """A check for a list with at least one, none of them twice."""

    def checked(value: object) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise Refusal(f"{what} are a list with at least one")
        found = [
            inner if isinstance(inner, Unresolved) else limits.check_part(number, inner, check)
            for number, inner in enumerate(value)
        ]
        if twice := limits.find_repeated([inner for inner in found if isinstance(inner, str)]):
            raise Refusal("the values of a list must be unique", value=twice)
        return found

    return checked


def _plain_several(check: Callable[[object], str], what: str) -> Any:
    def checked(value: object) -> list[Any]:
        for position, inner in enumerate(value if isinstance(value, list) else []):
            if isinstance(inner, Unresolved):
                raise Refusal(
                    f"{what} are plain: an Output is known too late for them",
                    where=(position,),
                    value=inner,
                )
        return _several(check, what)(value)

    return plain(checked)


def _moment(value: object) -> str:
    rule = "a moment is in ISO 8601 and in UTC, such as 2026-12-31T18:00:00Z"
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value, re.ASCII
    ):
        raise Refusal(rule)
    try:
        datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise Refusal(rule, remedy="There is no such date") from None
    return value


def _raw(value: object) -> Block:
    rule = "raw conditions are {OPERATOR: {KEY: [VALUES]}}, as in a policy"
    if not isinstance(value, Mapping) or not value:
        raise Refusal(rule)
    return {
        operator: limits.check_part(str(operator), keys, partial(_raw_keys, operator))
        for operator, keys in sorted(value.items(), key=lambda item: str(item[0]))
    }


def _raw_keys(operator: object, keys: object) -> dict[str, list[str]]:
    if not isinstance(operator, str) or not _OPERATOR.fullmatch(operator):
        raise Refusal("there is no such condition operator", value=operator)
    if not isinstance(keys, Mapping) or not keys:
        raise Refusal("an operator has a map from condition keys to lists of values")
    checked = {}
    for key, values in sorted(keys.items(), key=lambda item: str(item[0])):
        limits.check_part(str(key), key, limits.CONDITION_KEY)
        if key.lower().startswith("aws:multifactorauth") and _MET_BY_NO_KEY.search(operator):
            raise Refusal(
                "the MFA keys are absent from requests by access keys, so that this operator lets them in",
                where=(key,),
                value=operator,
                remedy="Use mfa: true",
            )
        rule = "a condition key's values are a list of texts"
        if not isinstance(values, list) or not values:
            raise Refusal(rule, where=(key,), value=values)
        for position, text in enumerate(values):
            if not isinstance(text, str):
                raise Refusal(rule, where=(key, position), value=text)
        checked[key] = sorted(set(values))
    return checked


class ConditionsModel(Model):
    """Conditions of a grant or of one of its principals; `args.Conditions` says what each means."""

    external_id: Annotated[str | Unresolved | None, when_known(limits.EXTERNAL_ID)] = None
    previous_external_id: Annotated[str | Unresolved | None, when_known(limits.EXTERNAL_ID)] = None
    mfa: Annotated[bool | None, plain(_switch)] = None
    mfa_max_age: Annotated[int | None, plain(limits.MFA_MAX_AGE)] = None
    source_ips: Annotated[
        list[str | Unresolved] | None, plain(_several(check_source_ip, "source IPs"))
    ] = None
    source_vpcs: Annotated[list[str] | None, _plain_several(limits.VPC, "source VPCs")] = None
    source_vpc_endpoints: Annotated[
        list[str] | None, _plain_several(limits.VPC_ENDPOINT, "VPC endpoints")
    ] = None
    organizations: Annotated[
        list[str] | None, _plain_several(limits.ORGANIZATION, "organizations")
    ] = None
    session_names: Annotated[
        list[str] | None, _plain_several(limits.SESSION_NAME_PATTERN, "session names")
    ] = None
    source_identities: Annotated[
        list[str] | None, _plain_several(limits.SOURCE_IDENTITY_PATTERN, "source identities")
    ] = None
    session_tags: Annotated[dict[str, list[str]] | None, plain(limits.check_tag_values)] = None
    transitive_tag_keys: Annotated[
        list[str] | None, _plain_several(limits.check_tag_key, "transitive tag keys")
    ] = None
    principal_tags: Annotated[dict[str, list[str]] | None, plain(limits.check_tag_values)] = None
    not_before: Annotated[str | None, plain(_moment)] = None
    not_after: Annotated[str | None, plain(_moment)] = None
    raw: Annotated[Block | None, plain(_raw)] = None

    @model_validator(mode="after")
    def _consistent(self) -> "ConditionsModel":
        if not self.model_fields_set:
            raise Refusal(
                "conditions must not be empty: what was meant to be in them may have got lost",
                remedy="Name at least one, or leave the key out",
            )
        self.check()
        return self

    def check(self) -> None:
        """Check that the conditions can be met together.

        Raises:
            Refusal: If they can't.
        """
        if self.mfa is False and self.mfa_max_age is not None:
            raise Refusal(
                "an MFA's age can't be asked for where MFA is not",
                where=(Key("mfa"),),
                value=False,
                remedy="Leave one of them out",
            )
        if self.previous_external_id is not None and self.external_id is None:
            raise Refusal(
                "a previous external ID stands beside the new one", where=(Key("external_id"),)
            )
        if isinstance(self.external_id, str) and self.external_id == self.previous_external_id:
            raise Refusal(
                "the previous external ID is another one", where=(Key("previous_external_id"),)
            )
        if self.source_ips and (self.source_vpcs or self.source_vpc_endpoints):
            raise Refusal(
                "a request through a VPC endpoint has no source IP, so that both together are never met",
                where=(Key("source_ips"),),
                remedy="Make two grants of it, or give each principal its own conditions",
            )
        if self.not_before and self.not_after and self.not_before >= self.not_after:
            raise Refusal(
                "the window closes after it opens", where=(Key("not_after"),), value=self.not_after
            )
        self._tags()
        self.block()

    def _tags(self) -> None:
        for position, key in enumerate(self.transitive_tag_keys or []):
            if key not in (self.session_tags or {}):
                raise Refusal(
                    "a transitive tag key is one of the session tags' keys",
                    where=(Key("transitive_tag_keys"), position),
                    value=key,
                )

    @property
    def needs_mfa(self) -> bool:
        """Whether a caller must have signed in by MFA."""
        return bool(self.mfa) or self.mfa_max_age is not None

    @property
    def actions(self) -> tuple[str, ...]:
        """What both sides must allow: to assume the role, and to set what the conditions ask for."""
        more = []
        if self.source_identities:
            more.append(SET_SOURCE_IDENTITY)
        if self.session_tags:
            more.append(TAG_SESSION)
        return (ASSUME_ROLE, *more)

    def merged(self, own: "ConditionsModel | None") -> "ConditionsModel":
        """These conditions with a principal's own: whatever it names itself stands in the place of the grant's.

        Raises:
            Refusal: If they can't be met together.
        """
        if own is None:
            return self
        fields = {name: getattr(own, name) for name in own.model_fields_set}
        # A former external ID is the former one of the grant's, not of another.
        if own.external_id is not None:
            fields.setdefault("previous_external_id", None)
        # Without MFA there is no age, and an age asks for MFA.
        if own.mfa is False:
            fields["mfa_max_age"] = None
        elif own.mfa_max_age is not None:
            fields.setdefault("mfa", None)
        merged = self.model_copy(update=fields)
        merged.check()
        return merged

    def block(self) -> Block:
        """The condition block: operators, keys, values, in one fixed order; `Unresolved` where a value isn't known.

        `Bool`, never `BoolIfExists`: the key is absent from a request by long-term access keys,
        and they must not get in. Session tags that aren't named can't be set, for a policy elsewhere may trust them.
        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        block: Block = {}
        for operator, key, value in (
            ("Bool", "aws:MultiFactorAuthPresent", "true" if self.needs_mfa else None),
            (
                "NumericLessThan",
                "aws:MultiFactorAuthAge",
                str(self.mfa_max_age) if self.mfa_max_age else None,
            ),
            (
                "StringEquals",
                "sts:ExternalId",
                _several_or_one([self.external_id, self.previous_external_id]),
            ),
            ("IpAddress", "aws:SourceIp", _several_or_one(self.source_ips)),
            ("StringEquals", "aws:SourceVpc", _several_or_one(self.source_vpcs)),
            ("StringEquals", "aws:SourceVpce", _several_or_one(self.source_vpc_endpoints)),
            ("StringEquals", "aws:PrincipalOrgID", _several_or_one(self.organizations)),
            ("StringLike", "sts:RoleSessionName", _several_or_one(self.session_names)),
            ("StringLike", "sts:SourceIdentity", _several_or_one(self.source_identities)),
            (
                "ForAllValues:StringEquals",
                "aws:TagKeys",
                _several_or_one([*(self.session_tags or ())]),
            ),
            (
                "ForAllValues:StringEquals",
                "sts:TransitiveTagKeys",
                _several_or_one(self.transitive_tag_keys),
            ),
            # ForAllValues is met by no key at all.
            ("Null", "sts:TransitiveTagKeys", "false" if self.transitive_tag_keys else None),
            ("DateGreaterThanEquals", "aws:CurrentTime", self.not_before),
            ("DateLessThan", "aws:CurrentTime", self.not_after),
            *self._tag_conditions("aws:RequestTag", self.session_tags),
            *self._tag_conditions("aws:PrincipalTag", self.principal_tags),
        ):
            if value is not None:
                _put(block, operator, key, value)
        return merge_blocks(block, self.raw or {}, (Key("raw"),))

    @staticmethod
    def _tag_conditions(
        prefix: str, tags: Mapping[str, list[str]] | None
    ) -> list[tuple[str, str, Any]]:
        return [
            ("StringEquals", f"{prefix}/{key}", _several_or_one(values))
            for key, values in sorted((tags or {}).items())
        ]


def merge_blocks(
    block: Block, more: Mapping[str, Mapping[str, Any]], where: tuple[str | int, ...] = ()
) -> Block:
    """Both blocks in one, which asks for all that either asks for.

    Raises:
        Refusal: If a key stands in both under the same operator, for one would then hide the other.
    """
    merged = {operator: dict(keys) for operator, keys in block.items()}
    for operator, keys in more.items():
        for key, value in keys.items():
            lower = {known.lower() for known in merged.get(operator, {})}
            if key.lower() in lower:
                raise Refusal(
                    f"{operator} of {key} stands there already, by another condition",
                    where=(*where, operator, key),
                    remedy="Put it in one place",
                )
            _put(merged, operator, key, value)
    return {operator: dict(sorted(keys.items())) for operator, keys in sorted(merged.items())}


def _put(block: Block, operator: str, key: str, value: Any) -> None:
    block.setdefault(operator, {})[key] = value


def _several_or_one(values: Sequence[Any] | None) -> Any:
    """The values in order; one alone reads better without its list, and AWS takes both."""
    given = [value for value in values or () if value is not None]
    if len(given) <= 1:
        return given[0] if given else None
    return sorted(given, key=lambda value: value if isinstance(value, str) else "")
