"""The config file's new text, or why a profile can't be written, for a person."""

from collections.abc import Callable, Sequence

from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import escape_invisible

from .aws_config import Profile, UnreadableValueError, add_profile, check_readable, write_profile


def check_config(old: str, new: str, profiles: Sequence[Profile]) -> None:
    """Check profiles that were added at once, for there may be hundreds; refuse the one at fault.

    Raises:
        InputError: If the AWS CLI would read something else.
    """
    try:
        check_readable(old, new, profiles)
    except UnreadableValueError:
        for profile in profiles:
            old = add_to_config(old, profile, write_profile)
        raise InputError("the AWS CLI would not read the profiles as they are meant") from None


def add_to_config(
    text: str, profile: Profile, add: Callable[[str, Profile], str] = add_profile
) -> str:
    """Add or update a profile in the config file's text.

    Args:
        text: The text.
        profile: The profile.
        add: How; by default without reading the whole text again.

    Raises:
        InputError: If the AWS CLI would read something else.
    """
    try:
        return add(text, profile)
    except UnreadableValueError as error:
        value = escape_invisible(profile.keys.get(error.key or "", ""))
        shown = "" if error.key in (None, "external_id") else f" {value}"
        raise InputError(
            f"the AWS CLI would not read {error.key or 'the file'}{shown} of the profile "
            f"{profile.name} as it is meant: nothing was written",
            "Values must be one line of visible characters, without # and ; after a space."
            if error.key
            else "Look for its options under [DEFAULT] in the file, and remove them.",
        ) from None
