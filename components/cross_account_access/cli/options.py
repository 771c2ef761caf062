"""Arguments and options that several commands have, so that each is called the same and says the same."""

from collections.abc import Callable
from typing import Any, TypeAlias

import click

from .terminal import ExitCode, Failure

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

_ASKED = "one that the grant asks for"

grant_argument: Decorator = click.argument("name", metavar="GRANT")
only_grant_argument: Decorator = click.argument("name", metavar="[GRANT]", required=False)
grants_argument: Decorator = click.argument("names", metavar="[GRANT]...", nargs=-1)

mfa_serial_option: Decorator = click.option(
    "--mfa-serial",
    metavar="ARN",
    help="Your MFA device; by default your only one, which IAM is asked for.",
)


def external_id_option(default: str = "the grant's") -> Decorator:
    """The parameter `external_id`.

    Args:
        default: What is taken without the option, for the help; so is the others'.
    """
    return click.option(
        "--external-id", metavar="ID", help=f"The external ID, never shown; by default {default}."
    )


def session_name_option(default: str = _ASKED) -> Decorator:
    """The parameter `session_name`."""
    return click.option(
        "--session-name", metavar="NAME", help=f"The session's name; by default {default}."
    )


def source_identity_option(default: str = _ASKED) -> Decorator:
    """The parameter `source_identity`."""
    return click.option(
        "--source-identity", metavar="NAME", help=f"The source identity; by default {default}."
    )


def session_tag_option(default: str = "those that the grant asks for") -> Decorator:
    """The parameter `session_tags`, which `pairs` reads."""
    told = f"A session tag; by default {default}. May be given again."
    return click.option(
        "--session-tag", "session_tags", multiple=True, metavar="KEY=VALUE", help=told
    )


def duration_option(default: str) -> Decorator:
    """The parameter `duration`, in seconds, as STS takes it.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    told = f"How long the session is to last; by default {default}."
    return click.option("--duration", type=click.IntRange(900, 43200), metavar="SECONDS", help=told)


def parse_pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """Tags from KEY=VALUE.

    Raises:
        Failure: If one isn't of that form, or a key stands twice, in whatever case.
    """
    found: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise Failure(f"{option} {text}: a tag is KEY=VALUE", ExitCode.WRONG_INPUT)
        if key.lower() in {known.lower() for known in found}:
            raise Failure(
                f"{option} {key}: a key stands once, in whatever case", ExitCode.WRONG_INPUT
            )
        found[key] = value
    return found
