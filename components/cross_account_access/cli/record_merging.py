"""One record of a grant and destination from those of the stacks that make its parts. Pure."""

from collections.abc import Mapping
from typing import Any

from cross_account_access.grants.documents import Document, GrantDocuments, SourceHalf
from cross_account_access.iam.policy_document import list_statements


def merge_records(one: GrantDocuments, other: GrantDocuments) -> GrantDocuments | None:
    """Make one record of two of the same grant and destination among many accounts.

    Each part is taken as the stack has it that makes it.

    Returns:
        The record; None where the two contradict each other, since one stack isn't up to date.
    """
    if one.made is None or other.made is None or _strip(one) != _strip(other):
        return None
    twice = {*one.made} & {*other.made}
    if any(_get_made(one, account) != _get_made(other, account) for account in twice):
        return None
    made = sorted({*one.made, *other.made})
    destination = one.destination_account_id
    by_role = other if destination in other.made else one
    principals = [
        _choose_half(one, first, other, second)
        for first, second in zip(one.principals, other.principals, strict=True)
    ]
    with_role = "both" if {*made} - {destination} else "destination"
    side = with_role if destination in made else "source"
    return by_role.model_copy(update={"side": side, "made": made, "principals": principals})


def _get_made(record: GrantDocuments, account: str) -> list[object]:
    """What only the stack knows that makes an account's part."""
    role = record.role.unique_id if account == record.destination_account_id else None
    return [
        role,
        *(
            (half.unique_id, half.policy_arn, half.policy)
            for half in record.principals
            if record.get_account(half) == account
        ),
    ]


def _choose_half(
    one: GrantDocuments, first: SourceHalf, other: GrantDocuments, second: SourceHalf
) -> SourceHalf:
    """Choose a principal as the stack has it that makes its account's part."""
    makes = other.makes_part_of(other.get_account(second))
    made, looked_up = (second, first) if makes else (first, second)
    if makes or one.makes_part_of(one.get_account(first)):
        return made
    # A stack that makes no part of the account may have looked the principal up.
    return first if first.unique_id else looked_up


def _strip(record: GrantDocuments) -> dict[str, Any]:
    """What every stack has alike: without what only the one knows that makes the part."""
    document = record.model_dump(exclude={"side": True, "made": True})
    document["role"] |= {
        "unique_id": None,
        "trust_policy": _drop_ids(document["role"]["trust_policy"]),
    }
    for half in document["principals"]:
        half |= {"unique_id": None, "policy_arn": None, "policy": None}
    return document


def _drop_ids(policy: Mapping[str, Any]) -> list[Document]:
    """A trust policy's statements without their Sids, which have a digest of unique IDs."""
    return [
        {key: value for key, value in statement.items() if key != "Sid"}
        for statement in list_statements(policy)
    ]
