"""Under which conditions a role may be assumed, as the condition block of its trust policy."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import model_validator

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import limits
from cross_account_access.iam.networks import check_source_ip, check_together
from cross_account_access.iam.operators import Operator

from .condition_values import (
    Block,
    check_allowed_tags,
    check_boolean,
    check_known_tag_patterns,
    check_raw_conditions,
    check_time,
    make_list_check,
    merge_blocks,
    plain_list,
    sort_values,
)
from .model import Model, Unresolved, plain, when_known

ASSUME_ROLE = "sts:AssumeRole"
SET_CONTEXT = "sts:SetContext"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"
TAG_SESSION = "sts:TagSession"
ACTIONS = (ASSUME_ROLE, SET_CONTEXT, SET_SOURCE_IDENTITY, TAG_SESSION)
"""All that a statement for a role may allow."""
IDENTITY_CENTER = "arn:*:iam::aws:contextProvider/IdentityCenter"
"""IAM Identity Center as a context provider, in whichever partition the role is."""
_EXTERNAL_ID = "sts:ExternalId"
# Operators by which a text equals a value, or a pattern.
_EQUAL = ("StringEquals", "StringEqualsIgnoreCase", "StringLike")

_Values = list[Any]  # of text, an Unresolved for what isn't known


class ConditionsModel(Model):
    """Conditions of a grant or of one of its principals; `args.Conditions` says what each means."""

    external_id: Annotated[str | Unresolved | None, when_known(limits.EXTERNAL_ID)] = None
    previous_external_id: Annotated[str | Unresolved | None, when_known(limits.EXTERNAL_ID)] = None
    mfa: Annotated[bool | None, plain(check_boolean)] = None
    mfa_max_age: Annotated[int | None, plain(limits.MFA_MAX_AGE)] = None
    source_ips: Annotated[
        list[str | Unresolved] | None, plain(make_list_check(check_source_ip))
    ] = None
    source_vpcs: Annotated[_Values | None, plain(make_list_check(limits.VPC))] = None
    source_vpc_endpoints: Annotated[_Values | None, plain(make_list_check(limits.VPC_ENDPOINT))] = (
        None
    )
    organizations: Annotated[_Values | None, plain(make_list_check(limits.ORGANIZATION))] = None
    session_names: Annotated[
        _Values | None, plain(make_list_check(limits.SESSION_NAME_PATTERN))
    ] = None
    source_identities: Annotated[
        _Values | None, plain(make_list_check(limits.SOURCE_IDENTITY_PATTERN))
    ] = None
    allow_source_identity: Annotated[bool | None, plain(check_boolean)] = None
    session_tags: Annotated[dict[str, _Values] | None, plain(check_known_tag_patterns)] = None
    allow_session_tags: Annotated[list[str] | bool | None, plain(check_allowed_tags)] = None
    transitive_tag_keys: Annotated[list[str] | None, plain_list(limits.check_tag_key)] = None
    allow_identity_context: Annotated[bool | None, plain(check_boolean)] = None
    principal_tags: Annotated[dict[str, _Values] | None, plain(check_known_tag_patterns)] = None
    not_before: Annotated[str | Unresolved | None, when_known(check_time)] = None
    not_after: Annotated[str | Unresolved | None, when_known(check_time)] = None
    raw: Annotated[Block | None, plain(check_raw_conditions)] = None

    @model_validator(mode="after")
    def _check_whole(self) -> "ConditionsModel":
        if not self.model_fields_set:
            raise Refusal(
                "must not be empty, because a condition may have got lost",
                code="empty-conditions",
                remedy="Name at least one condition or remove the key",
            )
        self.check()
        return self

    def check(self) -> None:
        """Check that the conditions can be met together.

        Raises:
            Refusal: If they can't.
        """
        self._check_mfa()
        self._check_external_ids()
        self._check_origin()
        self._check_times()
        self._check_source_identity()
        self._check_session_tags()
        self._check_transitive_tags()
        self.build_block()

    def _check_mfa(self) -> None:
        if self.mfa is False and self.mfa_max_age is not None:
            raise Refusal(
                "must not be false where mfa_max_age (mfaMaxAge in config) is set",
                code="mfa-age-without-mfa",
                remedy="Remove one of them",
                where=(Key("mfa"),),
                value=False,
            )

    def _check_external_ids(self) -> None:
        if self.previous_external_id is not None and self.external_id is None:
            raise Refusal(
                "a previous external ID needs a new one beside it",
                code="previous-external-id-alone",
                remedy="Add the key",
                where=(Key("external_id"),),
            )
        if isinstance(self.external_id, str) and self.external_id == self.previous_external_id:
            raise Refusal(
                "must differ from the external ID",
                code="previous-external-id-same",
                where=(Key("previous_external_id"),),
            )

    def _check_origin(self) -> None:
        if self.source_ips and (self.source_vpcs or self.source_vpc_endpoints):
            raise Refusal(
                "must not be combined with VPCs or VPC endpoints: a request through an endpoint "
                "has no source IP",
                code="source-ip-with-vpc",
                remedy="Make two grants, or give each principal conditions of its own",
                where=(Key("source_ips"),),
            )
        with locate(Key("source_ips")):
            check_together(ip for ip in self.source_ips or () if isinstance(ip, str))

    def _check_times(self) -> None:
        start, end = self.not_before, self.not_after
        if isinstance(start, str) and isinstance(end, str) and start >= end:
            raise Refusal(
                "must be later than the start",
                code="end-before-start",
                where=(Key("not_after"),),
                value=end,
            )

    def _check_source_identity(self) -> None:
        if self.source_identities and self.allow_source_identity:
            raise Refusal(
                "must not be true where source_identities (sourceIdentities in config) is set: the "
                "caller must set one of those",
                code="source-identity-required-and-allowed",
                remedy="Remove one of them",
                where=(Key("allow_source_identity"),),
                value=True,
            )

    def _check_session_tags(self) -> None:
        keys = dict.fromkeys([*(self.session_tags or ()), *self._allowed_tag_keys])
        # Tags of both spellings can't be in one call, and aws:TagKeys compares them by case.
        if repeated := limits.find_repeated(keys, key=str.lower):
            raise Refusal(
                "tag keys must be unique, ignoring case: session_tags (sessionTags in config) has "
                "this one in another case",
                code="repeated-tag-key",
                where=(Key("allow_session_tags"),),
                value=repeated,
            )

    def _check_transitive_tags(self) -> None:
        if self.allow_session_tags is True:
            return
        allowed = {*(self.session_tags or ()), *self._allowed_tag_keys}
        for position, key in enumerate(self.transitive_tag_keys or []):
            if key not in allowed:
                raise Refusal(
                    "must be a key of the session tags",
                    code="transitive-tag-not-in-session",
                    where=(Key("transitive_tag_keys"), position),
                    value=key,
                )

    @property
    def _allowed_tag_keys(self) -> list[str]:
        """Keys of session tags that the caller may set and need not."""
        return self.allow_session_tags if isinstance(self.allow_session_tags, list) else []

    @property
    def needs_mfa(self) -> bool:
        """Whether a caller must have signed in by MFA."""
        return bool(self.mfa) or self.mfa_max_age is not None

    @property
    def requires_external_id(self) -> bool:
        """Whether a caller without an external ID is refused."""
        return self.external_id is not None or any(
            not operator.holds(None, [value for value in values if isinstance(value, str)], {})
            for operator, values in self._list_raw(_EXTERNAL_ID)
        )

    @property
    def raw_external_ids(self) -> list[str | Unresolved]:
        """The external IDs that `raw` accepts; patterns too."""
        return [
            value
            for operator, values in self._list_raw(_EXTERNAL_ID)
            if operator.base in _EQUAL and not operator.negated
            for value in values
        ]

    @property
    def _requires_transitive_tags(self) -> bool:
        """Whether the caller must make a tag transitive: not if it need not set any of them."""
        return any(key in (self.session_tags or {}) for key in self.transitive_tag_keys or ())

    def _list_raw(self, key: str) -> Iterator[tuple[Operator, _Values]]:
        """The operators and values that `raw` has for a key, however that is spelt."""
        for operator, keys in (self.raw or {}).items():
            for spelling, values in keys.items():
                if spelling.lower() == key.lower():
                    yield Operator.parse(operator), values

    @property
    def actions(self) -> tuple[str, ...]:
        """What both sides allow: assuming the role, and to set what conditions require or allow."""
        more = {
            SET_CONTEXT: self.allow_identity_context,
            SET_SOURCE_IDENTITY: self.source_identities or self.allow_source_identity,
            TAG_SESSION: self.session_tags or self.allow_session_tags,
        }
        return (ASSUME_ROLE, *(action for action, is_set in more.items() if is_set))

    def merge(self, own: "ConditionsModel | None") -> "ConditionsModel":
        """Merge a principal's own conditions into these: what it names replaces the grant's.

        Raises:
            Refusal: If they can't be met together.
        """
        if own is None:
            return self
        fields = {name: getattr(own, name) for name in own.model_fields_set}
        # The previous external ID belongs to the grant's external ID, not to another one.
        if own.external_id is not None:
            fields.setdefault("previous_external_id", None)
        # Without MFA there is no age, and an age requires MFA.
        if own.mfa is False:
            fields["mfa_max_age"] = None
        elif own.mfa_max_age is not None:
            fields.setdefault("mfa", None)
        # Who must set one of these may set no other.
        if own.source_identities:
            fields.setdefault("allow_source_identity", None)
        merged = self.model_copy(update=fields)
        merged.check()
        return merged

    def without_mfa(self) -> "ConditionsModel":
        """The same without MFA, which no role session carries; nor do raw conditions have it."""
        raw = {
            operator: {
                key: values
                for key, values in keys.items()
                if not key.lower().startswith("aws:multifactorauth")
            }
            for operator, keys in (self.raw or {}).items()
        }
        changes = {"mfa": None, "mfa_max_age": None, "raw": raw or None}
        return self.model_copy(update=changes)

    def build_block(self) -> Block:
        """Build the condition block in one fixed order, with an `Unresolved` for an unknown value.

        `Bool`, never `BoolIfExists`: a request by long-term access keys lacks the key and must not
        get in. Session tags that aren't named can't be set, since other policies may trust them.
        Source:
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        block: Block = {}
        for operator, key, value in (
            ("Bool", "aws:MultiFactorAuthPresent", "true" if self.needs_mfa else None),
            (
                "NumericLessThan",
                "aws:MultiFactorAuthAge",
                str(self.mfa_max_age) if self.mfa_max_age else None,
            ),
            # A request without the key satisfies ForAllValues.
            ("Null", "sts:TransitiveTagKeys", "false" if self._requires_transitive_tags else None),
            ("DateGreaterThanEquals", "aws:CurrentTime", self.not_before),
            ("DateLessThan", "aws:CurrentTime", self.not_after),
            *((operator, key, _simplify_list(values)) for operator, key, values in self._lists()),
        ):
            if value is not None:
                block.setdefault(operator, {})[key] = value
        return merge_blocks(block, self.raw or {}, (Key("raw"),))

    def _lists(self) -> Iterator[tuple[str, str, Sequence[Any] | None]]:
        """The conditions that allow several values, each with its operator and key."""
        external_ids = [self.external_id, self.previous_external_id]
        yield "StringEquals", _EXTERNAL_ID, external_ids
        yield "IpAddress", "aws:SourceIp", self.source_ips
        yield "StringEquals", "aws:SourceVpc", self.source_vpcs
        yield "StringEquals", "aws:SourceVpce", self.source_vpc_endpoints
        yield "StringEquals", "aws:PrincipalOrgID", self.organizations
        yield "StringLike", "sts:RoleSessionName", self.session_names
        yield "StringLike", "sts:SourceIdentity", self.source_identities
        if self.allow_session_tags is not True:
            keys = dict.fromkeys([*(self.session_tags or ()), *self._allowed_tag_keys])
            yield "ForAllValues:StringEquals", "aws:TagKeys", [*keys]
        yield "ForAllValues:StringEquals", "sts:TransitiveTagKeys", self.transitive_tag_keys
        if self.allow_identity_context:
            yield "ForAllValues:ArnEquals", "sts:RequestContextProviders", [IDENTITY_CENTER]
        for prefix, tags in (
            ("aws:RequestTag", self.session_tags),
            ("aws:PrincipalTag", self.principal_tags),
        ):
            for key, values in (tags or {}).items():
                known = [value for value in values if isinstance(value, str)]
                operator = "StringLike" if any(map(limits.has_wildcard, known)) else "StringEquals"
                yield operator, f"{prefix}/{key}", values


def _simplify_list(values: Sequence[Any] | None) -> Any:
    """Sort the values; a single one reads better without its list, and AWS takes both."""
    present = [value for value in values or () if value is not None]
    if len(present) <= 1:
        return present[0] if present else None
    return sort_values(present)
