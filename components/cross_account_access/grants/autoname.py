"""Names that Pulumi makes of a resource's, where the user gave none."""

from cross_account_access.errors import Refusal
from cross_account_access.iam import limits


def check_autoname(name: str, rule: limits.StringRule) -> None:
    """Check the name that Pulumi makes of a resource's: with a hyphen and seven digits.

    Raises:
        Refusal: If AWS doesn't take it.
    """
    try:
        rule(f"{name}-0000000")
    except Refusal as refusal:
        refusal.remedy = (
            f"Pulumi adds eight characters to {name}: choose another name for the component, or a "
            "label in it"
        )
        raise
