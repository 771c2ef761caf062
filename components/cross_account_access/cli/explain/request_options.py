"""The request that is explained, checked as STS checks a call."""

from dataclasses import replace
from datetime import UTC, datetime

from cross_account_access.cli.assume_role_call import OWN_EXTERNAL_ID
from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import Refusal
from cross_account_access.grants.request_check import check_request
from cross_account_access.grants.request_context import RequestContext
from cross_account_access.text_format import split_pair

_OPTIONS = {"inherited_identity": "--inherited-source-identity", "organization_path": "--org-path"}


def check_options(request: RequestContext) -> None:
    """Check what STS refuses whatever the policies say.

    Raises:
        InputError: With the option and the rule; an external ID isn't shown.
    """
    own_id = request.external_id == OWN_EXTERNAL_ID
    try:
        check_request(replace(request, external_id=None) if own_id else request)
    except Refusal as refusal:
        name, *key = map(str, refusal.where)
        option = _OPTIONS.get(name, f"--{name.removesuffix('s').replace('_', '-')}")
        value = getattr(request, name)
        shown = f" {value}" if isinstance(value, str | int) else "".join(f" {one}" for one in key)
        if name == "external_id":
            shown = ""
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
    """Parse condition keys, each KEY=VALUE; one that is repeated, in any case, has several values.

    Raises:
        InputError: If one has another form.
    """
    keys: dict[str, tuple[str, ...]] = {}
    spellings: dict[str, str] = {}
    for pair in pairs:
        key, value = split_pair(pair) or ("", "")
        if ":" not in key:
            # The message has no value, which may be an external ID.
            shown = pair.partition("=")[0]
            raise InputError(f"{option} {shown}: must be KEY=VALUE, such as aws:UserAgent=curl/8")
        key = spellings.setdefault(key.lower(), key)
        keys[key] = (*keys.get(key, ()), value)
    return keys
