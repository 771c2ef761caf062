"""A call of sts:AssumeRole, checked as STS checks it whatever the policies say."""

from cross_account_access.errors import Refusal, locate
from cross_account_access.iam import limits
from cross_account_access.iam.networks import check_address

from .request_context import RequestContext

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
        Refusal: With the attribute of the request first in its path; an external ID isn't shown.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    for name, check in (
        ("external_id", limits.EXTERNAL_ID),
        ("session_name", limits.SESSION_NAME),
        ("source_identity", limits.SOURCE_IDENTITY),
        ("inherited_identity", limits.SOURCE_IDENTITY),
        ("source_ip", check_address),
        ("source_vpc", limits.VPC),
        ("source_vpce", limits.VPC_ENDPOINT),
        ("organization", limits.ORGANIZATION),
        ("organization_path", _ACCOUNT_PATH),
        ("session_tags", limits.check_tags),
        ("principal_tags", limits.check_tags),
        ("inherited_tags", limits.check_tags),
    ):
        if (value := getattr(request, name)) is not None:
            with locate(name):
                check(value)
    if request.mfa_age is not None and request.mfa_age < 0:
        rule = "must be 0 or more, in seconds since the MFA code"
        raise Refusal(rule, code="invalid-mfa-age", where=("mfa_age",))
    _check_tag_keys(request)


def _check_tag_keys(request: RequestContext) -> None:
    keys = {key.lower() for key in request.session_tags}
    for key in request.transitive_tag_keys:
        if key.lower() not in keys:
            raise Refusal(
                "must be the key of a session tag",
                code="transitive-tag-missing",
                where=("transitive_tag_keys", key),
                remedy="Pass the session tag too, or leave the key out.",
            )
    for key in request.inherited_tags:
        if key.lower() in keys:
            raise Refusal(
                "must not be a tag that the calling session inherited",
                code="inherited-tag-passed",
                where=("session_tags", key),
                remedy="Leave it out of the call.",
            )
