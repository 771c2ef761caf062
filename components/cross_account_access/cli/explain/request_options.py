"""The request that is explained, checked as STS checks a call."""

from collections.abc import Callable
from datetime import UTC, datetime

from cross_account_access.cli.assume_role_call import OWN_EXTERNAL_ID, SOURCE_IDENTITY
from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import Refusal
from cross_account_access.grants.request_context import RequestContext
from cross_account_access.iam import limits
from cross_account_access.iam.networks import check_address

# An account may be directly under the root.
_ACCOUNT_PATH = limits.StringRule(
    "an account's path in its organization",
    18,
    512,
    r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}(/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})*/?",
    "o-…/r-…/ and then ou-…/ for each unit down to its own",
)


def check_request(request: RequestContext) -> None:
    """Check what STS refuses whatever the policies say.

    Raises:
        InputError: With the option and the rule; an external ID isn't shown.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    external_id = None if request.external_id == OWN_EXTERNAL_ID else request.external_id
    for option, value, check in (
        ("--external-id", external_id, limits.EXTERNAL_ID),
        ("--session-name", request.session_name, limits.SESSION_NAME),
        ("--source-identity", request.source_identity, SOURCE_IDENTITY),
        ("--inherited-source-identity", request.inherited_identity, SOURCE_IDENTITY),
        ("--source-ip", request.source_ip, check_address),
        ("--source-vpc", request.source_vpc, limits.VPC),
        ("--source-vpce", request.source_vpce, limits.VPC_ENDPOINT),
        ("--organization", request.organization, limits.ORGANIZATION),
        ("--org-path", request.organization_path, _ACCOUNT_PATH),
        ("--session-tag", dict(request.session_tags), limits.check_tags),
        ("--principal-tag", dict(request.principal_tags), limits.check_tags),
        ("--inherited-tag", dict(request.inherited_tags), limits.check_tags),
    ):
        if value is not None:
            _check_option(option, value, check)
    if request.mfa_age is not None and request.mfa_age < 0:
        raise InputError("--mfa-age must be 0 or more, in seconds since the MFA code")
    _check_tag_keys(request)


def _check_tag_keys(request: RequestContext) -> None:
    keys = {key.lower() for key in request.session_tags}
    for key in request.transitive_tag_keys:
        if key.lower() not in keys:
            raise InputError(
                f"--transitive-tag-key {key}: must be the key of a session tag",
                f"Pass --session-tag {key}=VALUE too, or leave it out.",
            )
    for key in request.inherited_tags:
        if key.lower() in keys:
            raise InputError(
                f"--session-tag {key}: must not be a tag that the calling session inherited",
                "Leave it out of the call.",
            )


def _check_option(option: str, value: object, check: Callable[[object], object]) -> None:
    try:
        check(value)
    except Refusal as refusal:
        shown = "" if option == "--external-id" or isinstance(value, dict) else f" {value}"
        raise InputError(f"{option}{shown}: {refusal.rule}", refusal.remedy) from None


def parse_moment(text: str | None) -> datetime:
    """Parse ISO 8601, in UTC where it names no zone; now for None.

    Raises:
        InputError: If it has another form.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--at {text}: must be in ISO 8601, such as 2026-12-31T18:00:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_condition_keys(option: str, pairs: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Parse condition keys, each KEY=VALUE; a repeated key has several values.

    Raises:
        InputError: If one has another form.
    """
    keys: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if ":" not in key or not equals:
            # The message has no value, which may be an external ID.
            raise InputError(f"{option} {key}: must be KEY=VALUE, such as aws:UserAgent=curl/8")
        keys[key] = (*keys.get(key, ()), value)
    return keys
