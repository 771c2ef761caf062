"""Arguments and options that several commands share, so that each has one name and one help."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias

import click

from cross_account_access.iam.quotas import Quota
from cross_account_access.text_format import split_pair

from .assume_role_call import CallOverrides
from .terminal import InputError

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

_REQUIRED = "one that the grant accepts"

grant_argument: Decorator = click.argument("name", metavar="GRANT")
only_grant_argument: Decorator = click.argument("name", metavar="[GRANT]", required=False)
grants_argument: Decorator = click.argument("names", metavar="[GRANT]...", nargs=-1)

mfa_serial_option: Decorator = click.option(
    "--mfa-serial", metavar="ARN", help="Your MFA device; by default the only one that IAM lists."
)


def external_id_option(default: str = "the grant's") -> Decorator:
    """The parameter `external_id`.

    Args:
        default: What applies without the option, for the help; so it is in the functions below.
    """
    return click.option(
        "--external-id", metavar="ID", help=f"The external ID, never shown; by default {default}."
    )


def session_name_option(default: str = _REQUIRED) -> Decorator:
    """The parameter `session_name`."""
    return click.option(
        "--session-name", metavar="NAME", help=f"The session's name; by default {default}."
    )


def source_identity_option(default: str = _REQUIRED) -> Decorator:
    """The parameter `source_identity`."""
    return click.option(
        "--source-identity", metavar="NAME", help=f"The source identity; by default {default}."
    )


def session_tag_option(default: str = "those that the grant requires") -> Decorator:
    """The parameter `session_tags`, which `parse_pairs` reads."""
    text = f"A session tag; by default {default}. May be repeated."
    return click.option(
        "--session-tag", "session_tags", multiple=True, metavar="KEY=VALUE", help=text
    )


def duration_option(default: str) -> Decorator:
    """The parameter `duration`, in seconds, within STS's limits.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    text = f"How long the session lasts; by default {default}."
    return click.option("--duration", type=click.IntRange(900, 43200), metavar="SECONDS", help=text)


def add_call_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that override a call's parameters, as the command's parameter `overrides`."""

    @mfa_serial_option
    @external_id_option()
    @session_name_option()
    @source_identity_option()
    @session_tag_option()
    @wraps(command)
    def with_overrides(
        *,
        mfa_serial: str | None,
        external_id: str | None,
        session_name: str | None,
        source_identity: str | None,
        session_tags: tuple[str, ...],
        **others: Any,
    ) -> Any:
        overrides = CallOverrides(
            mfa_serial=mfa_serial,
            session_name=session_name,
            source_identity=source_identity,
            tags=parse_pairs("--session-tag", session_tags),
            external_id=external_id,
        )
        return command(overrides=overrides, **others)

    return with_overrides


def parse_pairs(option: str, pairs: tuple[str, ...]) -> dict[str, str]:
    """Parse tags, each KEY=VALUE as `split_pair` reads it.

    Raises:
        InputError: If one has another form, or a key is repeated, ignoring case.
    """
    tags: dict[str, str] = {}
    for pair in pairs:
        if (split := split_pair(pair)) is None:
            raise InputError(f"{option} {pair}: must be KEY=VALUE")
        key, value = split
        if key.lower() in {other.lower() for other in tags}:
            raise InputError(f"{option} {key}: a key must not be repeated, ignoring case")
        tags[key] = value
    return tags


@dataclass(frozen=True)
class ReaderProfiles:
    """Profiles that read the accounts; none for the command's default."""

    source: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()


def add_reader_options(
    *, source_help: str, destination_help: str, several: bool = False
) -> Decorator:
    """Add --source-profile and --destination-profile, as the command's parameter `readers`.

    Args:
        source_help: The help.
        destination_help: The help.
        several: Whether each may be repeated.
    """

    def to_tuple(given: Any) -> tuple[str, ...]:
        return (given,) if isinstance(given, str) else given or ()

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--source-profile", metavar="NAME", multiple=several, help=source_help)
        @click.option(
            "--destination-profile", metavar="NAME", multiple=several, help=destination_help
        )
        @wraps(command)
        def with_readers(*, source_profile: Any, destination_profile: Any, **others: Any) -> Any:
            readers = ReaderProfiles(to_tuple(source_profile), to_tuple(destination_profile))
            return command(readers=readers, **others)

        return with_readers

    return add


def quota_option(quota: Quota, meaning: str) -> Decorator:
    """The parameter of a quota that AWS may have raised, named by the quota's key."""
    return click.option(
        f"--{quota.key.replace('_', '-')}",
        type=click.IntRange(quota.default, quota.allowed.most),
        default=quota.default,
        show_default=True,
        help=f"{meaning} AWS raises it on request.",
    )
