"""Under which conditions a role may be assumed, as the condition block of its trust policy."""

from typing import Annotated, Any

from pydantic import model_validator

from . import limits
from .errors import Key, Refusal
from .model import Later, Model, plain, when_known


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refusal("this must be true or false", remedy="Leave the quotes out" if value in ("true", "false") else "")
    return value


class ConditionsModel(Model):
    """The conditions of a grant; `args.Conditions` says what each means."""

    external_id: Annotated[str | Later | None, when_known(limits.EXTERNAL_ID)] = None
    mfa: Annotated[bool | None, plain(_switch)] = None
    mfa_max_age: Annotated[int | None, plain(limits.MFA_MAX_AGE)] = None

    @model_validator(mode="after")
    def _consistent(self) -> "ConditionsModel":
        if not self.model_fields_set:
            raise Refusal(
                "conditions must not be empty: what was meant to be in them may have got lost",
                remedy="Name at least one, or leave the key out",
            )
        if self.mfa is False and self.mfa_max_age is not None:
            raise Refusal(
                "an MFA's age can't be asked for where MFA is not",
                where=(Key("mfa"),),
                value=False,
                remedy="Leave one of them out",
            )
        return self

    @property
    def needs_mfa(self) -> bool:
        """Whether a caller must have signed in by MFA."""
        return bool(self.mfa) or self.mfa_max_age is not None

    def block(self) -> dict[str, dict[str, Any]]:
        """The condition block: operators, keys, values, in one fixed order.

        `Bool`, never `BoolIfExists`: the key is absent from a request by long-term access keys,
        and they must not get in.
        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        block: dict[str, dict[str, Any]] = {}
        if self.needs_mfa:
            block["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
        if self.mfa_max_age is not None:
            block["NumericLessThan"] = {"aws:MultiFactorAuthAge": str(self.mfa_max_age)}
        if self.external_id is not None:
            block["StringEquals"] = {"sts:ExternalId": self.external_id}
        return block
