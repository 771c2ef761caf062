"""Under which conditions a role's trust policy lets a principal in."""

from cross_account_access.cli.trust_requirements import find_extra_conditions, find_statements
from cross_account_access.grants.documents import GrantDocuments, SourceHalf

from . import words

NOT_TRUSTED = "not trusted by the role"


def trusted_under(documents: GrantDocuments, half: SourceHalf) -> list[tuple[str, ...]]:
    """The conditions of each statement that trusts a principal, in words, without what names the principal itself."""
    by_name = half.kind in ("user", "role") and half.arn != half.trusted_as
    more = ["whoever has that name"] if by_name else []
    found = [
        (*words.conditions(find_extra_conditions(one, half)), *more)
        for one in find_statements(documents, half)
    ]
    return found or [(NOT_TRUSTED,)]
