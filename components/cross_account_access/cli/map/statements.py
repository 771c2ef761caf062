"""Under which conditions a role's trust policy lets a principal in."""

from cross_account_access.cli.terms import asked_beside, statements_of
from cross_account_access.grants.documents import GrantDocuments, SourceHalf

from . import words

NOT_TRUSTED = "not trusted by the role"


def trusted_under(documents: GrantDocuments, half: SourceHalf) -> list[tuple[str, ...]]:
    """The conditions of each statement that trusts a principal, in words, without what names the principal itself."""
    by_name = half.kind in ("user", "role") and half.arn != half.trusted_as
    more = ["whoever has that name"] if by_name else []
    found = [
        (*words.conditions(asked_beside(one, half)), *more)
        for one in statements_of(documents, half)
    ]
    return found or [(NOT_TRUSTED,)]
