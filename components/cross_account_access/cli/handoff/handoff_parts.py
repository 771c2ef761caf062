"""Which halves of a grant are handed over, and the folder of each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.grants.account_limits import LimitsModel
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.findings import AccountSide

from .handoff_folder import MANIFEST
from .handoff_half import HandoffHalf


def list_folders(
    records: Sequence[GrantDocuments], side: AccountSide | None, to: Path, limits: LimitsModel
) -> dict[Path, HandoffHalf]:
    """List the halves to hand over, by their folders: the only one's is `to` itself.

    Args:
        records: A grant between a pair of accounts, or in each of its destinations.
        side: Which halves; None for those that the stack doesn't make.
        to: The folder that the user names; several folders go into it.
        limits: The quotas of the accounts.

    Raises:
        Failure: If there is no such half, or an account's owner could not deploy all of them.
    """
    halves = [half for record in records for half in _list_halves(record, side)]
    if not halves:
        grant = records[0].label if len(records) == 1 else records[0].grant
        what = "every part" if records[0].account else "both halves"
        raise Failure(
            f"the stack makes {what} of grant {grant}",
            ExitCode.WRONG_INPUT,
            remedy="Choose the half to hand over: --for source or --for destination.",
        )
    if len(halves) == 1:
        return {to: halves[0]}
    _check_attachments(halves, limits)
    if (to / MANIFEST).exists():
        raise Failure(
            f"{to} holds the handoff of one half, and these are {len(halves)}",
            ExitCode.WRONG_INPUT,
            remedy="Nothing was written. Use another folder, or move this one away.",
        )
    folders = {to / _name_folder(half): half for half in halves}
    if len(folders) < len(halves):
        raise Failure(
            "two of the parts would have one folder, by the names of their accounts",
            ExitCode.WRONG_INPUT,
            remedy="Nothing was written. Hand over single destinations as GRANT@ACCOUNT.",
        )
    return folders


def _list_halves(record: GrantDocuments, side: AccountSide | None) -> Iterator[HandoffHalf]:
    for account in record.source_account_ids:
        if side == "source" or (side is None and not record.makes_part_of(account)):
            yield HandoffHalf(record.limit_to_source(account), "source")
    made = record.makes_part_of(record.destination_account_id)
    if side == "destination" or (side is None and not made):
        yield HandoffHalf(record, "destination")


def _name_folder(half: HandoffHalf) -> str:
    # A grant may be called "..", but no account is, and neither may have a slash.
    label = half.documents.label
    return label if half.side == "destination" else f"{label}-for-{half.account}"


def _check_attachments(halves: Sequence[HandoffHalf], limits: LimitsModel) -> None:
    """Check that no principal gets more policies than AWS attaches to it."""
    counts = Counter(
        (half.account, policy.kind, policy.holder) for half in halves for policy in half.attached
    )
    for (account, kind, holder), count in counts.most_common():
        quota = limits.get_policies(kind)
        if count > quota.most:
            raised = (
                f" If AWS has raised the account's quota, use --policies-per-{kind}, at most "
                f"{quota.allowed.most}."
                if quota.remedy
                else ""
            )
            raise Failure(
                f"{kind} {holder} of account {account} would get {count} policies, and at most "
                f"{quota.most} may attach",
                ExitCode.WRONG_INPUT,
                remedy=f"Deploy the part of account {account} by a stack, which packs the roles "
                f"into few policies, or hand over single destinations as GRANT@ACCOUNT.{raised}",
            )
