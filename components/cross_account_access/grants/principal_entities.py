"""IAM's users, roles and groups, and the account that they must be in."""

from dataclasses import dataclass
from typing import Literal

from cross_account_access.errors import Refusal
from cross_account_access.iam import arns

Attachable = Literal["user", "role", "group"]


@dataclass(frozen=True)
class Entity:
    """A user, role or group.

    Attributes:
        kind: Which of the three it is.
        path: Its path, with both slashes.
        name: Its name without the path.
        account: Its account's ID, where an ARN named it.
        partition: Its account's partition, likewise.
    """

    kind: Attachable
    path: str
    name: str
    account: str | None = None
    partition: str | None = None

    @property
    def fully_named(self) -> bool:
        """Whether its path is known; its name alone finds it, being unique in an account."""
        return self.account is not None or self.path != "/"

    def build_arn(self, partition: str, account: str) -> str:
        """Build its ARN in the source account.

        Raises:
            Refusal: If its own ARN names another account or partition.
        """
        check_source_partition(self.partition, partition)
        check_source_account(self.account, account)
        return str(arns.IamArn(partition, account, self.kind, self.path, self.name))


def check_source_account(account: str | None, source: str | None) -> None:
    """Check that a principal's account is the source account, where both are known.

    Raises:
        Refusal: If it is another one.
    """
    if source is not None and account not in (None, source):
        raise Refusal(
            "a principal must be in the source account",
            code="principal-in-other-account",
            value=account,
            remedy=f"The source account is {source}. Use another stack, or another "
            "CrossAccountAccess, for another source account; among many accounts, name the "
            "principal's own as its source",
        )


def check_source_partition(partition: str | None, source: str | None) -> None:
    """Check that a principal's partition is the source account's, where both are known.

    Raises:
        Refusal: If it is another one.
    """
    if source is not None and partition not in (None, source):
        raise Refusal(
            "a principal must be in the source account's partition",
            code="principal-in-other-partition",
            value=partition,
            remedy=f"The source account's ARNs start with arn:{source}:",
        )
