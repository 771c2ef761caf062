"""The quotas of an account that AWS raises on request, their defaults and maxima.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from dataclasses import dataclass, replace

from cross_account_access.text_format import to_camel

from .limits import IntRange


@dataclass(frozen=True)
class Quota:
    """A quota of an account, which AWS raises on request.

    Attributes:
        key: Its key in `args.Limits`.
        default: AWS's default.
        allowed: What it may be set to, up to AWS's maximum.
        given: What it is set to; None where it isn't.
    """

    key: str
    default: int
    allowed: IntRange
    given: int | None = None

    @property
    def most(self) -> int:
        """The limit that holds."""
        return min(self.default if self.given is None else self.given, self.allowed.most)

    @property
    def at_maximum(self) -> "Quota":
        """The same, raised as far as AWS raises it."""
        return replace(self, given=self.allowed.most)

    @property
    def origin(self) -> str:
        """Where the limit comes from, in words."""
        if self.most == self.allowed.most:
            return "AWS's maximum"
        return "AWS's default" if self.given is None else f"the value of {self._name}"

    @property
    def remedy(self) -> str:
        """How the limit is raised; empty where AWS raises it no further."""
        if self.most == self.allowed.most:
            return ""
        lowered = self.most < self.default
        start = "Raise" if lowered else "If AWS has raised the account's quota, set"
        return f"{start} {self._name}, at most {self.allowed.most:,}"

    @property
    def _name(self) -> str:
        # Some refusals come when it is no longer known whose spelling is wanted.
        return f"limits.{to_camel(self.key)} ({self.key} in Python)"


TRUST_POLICY_CHARACTERS = Quota(
    "trust_policy_characters", 2048, IntRange("a trust policy's quota", 2048, 8192, "characters")
)
POLICIES_PER_USER = Quota(
    "policies_per_user", 10, IntRange("a user's quota of policies", 1, 20, "managed policies")
)
POLICIES_PER_ROLE = Quota(
    "policies_per_role", 10, IntRange("a role's quota of policies", 1, 25, "managed policies")
)
# AWS doesn't raise a group's. Where less is left of a user's, it is so of a group's too.
POLICIES_PER_GROUP = Quota(
    "policies_per_user", 10, IntRange("a group's quota of policies", 1, 10, "managed policies")
)
