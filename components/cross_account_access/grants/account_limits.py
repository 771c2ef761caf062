"""The quotas of accounts that AWS raises on request, as far as they are raised."""

from dataclasses import replace
from operator import attrgetter
from typing import Annotated

from cross_account_access.errors import Key, Refusal
from cross_account_access.iam import quotas
from cross_account_access.iam.quotas import Quota

from .model import Model, plain


class LimitsModel(Model):
    """Checked `args.Limits`."""

    trust_policy_characters: Annotated[
        int | None, plain(quotas.TRUST_POLICY_CHARACTERS.allowed)
    ] = None
    policies_per_user: Annotated[int | None, plain(quotas.POLICIES_PER_USER.allowed)] = None
    policies_per_role: Annotated[int | None, plain(quotas.POLICIES_PER_ROLE.allowed)] = None

    @property
    def trust_policy(self) -> Quota:
        """How long a role's trust policy may be."""
        return replace(quotas.TRUST_POLICY_CHARACTERS, given=self.trust_policy_characters)

    @property
    def of_user(self) -> Quota:
        """How many managed policies may attach to a user."""
        return replace(quotas.POLICIES_PER_USER, given=self.policies_per_user)

    @property
    def of_role(self) -> Quota:
        """How many managed policies may attach to a role."""
        return replace(quotas.POLICIES_PER_ROLE, given=self.policies_per_role)

    def get_policies(self, kind: str | None) -> Quota:
        """How many managed policies may attach to a principal of a kind.

        Args:
            kind: `user`, `role` or `group`; None where an ARN isn't known, so that the principal
                may be a user or a role.
        """
        match kind:
            case "user":
                return self.of_user
            case "role":
                return self.of_role
            case "group":
                return replace(quotas.POLICIES_PER_GROUP, given=self.policies_per_user)
            case _:
                return min(self.of_user, self.of_role, key=attrgetter("most"))


NOT_RAISED = LimitsModel()
"""The limits where nothing is set: AWS's defaults."""


def check_policies_of_role(attached: int, quota: Quota) -> None:
    """Check the number of a role's managed policies against a quota that is set.

    Raises:
        Refusal: If they are more.
    """
    if quota.given is not None and attached > quota.most:
        raise Refusal(
            f"a role must have at most {quota.most} managed policies, {quota.origin}",
            code="too-many-managed-policies",
            remedy=quota.remedy,
            where=(Key("managed_policies"),),
            value=attached,
        )


def find_warning_of_policies(attached: int, quota: Quota) -> str | None:
    """Find what is to be said of a role's managed policies where they may be too many."""
    if attached <= quota.most:
        return None
    return (
        f"AWS attaches {quota.most} managed policies to a role by default; for {attached} the "
        f"account's quota must be raised first. {quota.remedy}"
    )
