"""The command `handoff`."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from cross_account_access.cli.options import only_grant_argument, quota_option
from cross_account_access.cli.stacks import (
    StackSource,
    add_stack_options,
    choose_grant,
    load_grants,
)
from cross_account_access.cli.terminal import Command, emit, make_console
from cross_account_access.grants.account_limits import LimitsModel
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.grants.model import read_model
from cross_account_access.iam.findings import AccountSide
from cross_account_access.iam.quotas import POLICIES_PER_ROLE, POLICIES_PER_USER

from .aws_cli_script import render_script
from .cloudformation_template import render_template
from .handoff_folder import MANIFEST, Changes, check_folder, make_parent, write_folder
from .handoff_half import HandoffHalf
from .handoff_parts import list_folders
from .handoff_readme import render_readme
from .terraform_configuration import render_configuration


@click.command(cls=Command)
@only_grant_argument
@add_stack_options
@click.option(
    "--for",
    "half",
    type=click.Choice(["source", "destination"]),
    help="The half to hand over. Default: the one that the stack doesn't make.",
)
@click.option(
    "--to",
    "to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The folder to write: new, empty, or of an earlier handoff, which is replaced.",
)
@quota_option(POLICIES_PER_USER, "How many policies may attach to a user of the other account.")
@quota_option(POLICIES_PER_ROLE, "How many policies may attach to a role of the other account.")
def handoff(
    name: str | None,
    where: StackSource,
    half: AccountSide | None,
    to: Path,
    *,
    as_json: bool,
    **quotas: int,
) -> None:
    """Write a folder from which the other account's owner can deploy their half of a grant.

    Among many accounts that is each part of the grant that the stack doesn't make, in all its
    destinations, or in one as GRANT@ACCOUNT. Several parts are in FOLDER in a folder each.

    The folder explains what is requested, and has the exact policies and three ways to deploy
    them: AWS CLI commands, a CloudFormation template and a Terraform configuration. By its checksum
    `verify` can tell later whether the half was deployed as handed over.

    AWS is never called, and a folder that this command didn't write is never overwritten. Only you
    can read the folder; it holds the external ID if the trust policy has one.

    \b
    Examples:
      cross-account-access handoff audit --stack production --to audit-for-partner
      cross-account-access handoff --outputs outputs.json --for source --to for-the-people-account
    """  # noqa: D301 - \b is click's
    halves = list_folders(_load_records(where, name), half, to, read_model(LimitsModel, quotas))
    folders = [_render(one, folder) for folder, one in halves.items()]
    for one in folders:  # before any is written
        check_folder(one.folder, one.files, one.about)
    if len(folders) > 1:
        make_parent(to)
    handed = [_write(one) for one in folders]
    if not as_json:
        for one in handed:
            _show(one)
    elif len(handed) == 1:
        emit(handed[0].as_json())
    else:
        emit({"handoffs": [one.as_json() for one in handed]})


def _load_records(where: StackSource, name: str | None) -> list[GrantDocuments]:
    """Load one grant's records: between a pair of accounts, or in each of its destinations."""
    grants = load_grants(where, [name] if name else [])
    one_grant = len({one.documents.grant for one in grants}) == 1
    each_once = len({one.documents.account or "" for one in grants} - {""}) == len(grants)
    if not one_grant or not each_once:
        grants = [choose_grant(grants)]
    return [one.documents for one in grants]


@dataclass(frozen=True)
class _Handoff:
    """A half that is handed over.

    Attributes:
        about: What identifies it.
        files: Its files' texts by their names.
        changes: What differs from the earlier handoff; None if there was none.
    """

    half: HandoffHalf
    folder: Path
    about: dict[str, str]
    files: dict[str, str]
    changes: Changes | None = None

    @property
    def file_names(self) -> list[str]:
        return sorted([*self.files, MANIFEST])

    def as_json(self) -> dict[str, Any]:
        return {
            **self.about,
            "folder": str(self.folder),
            "files": self.file_names,
            "holdsExternalId": self.half.has_external_id,
            "changes": None if self.changes is None else asdict(self.changes),
            "notes": _list_notes(self.half),
        }


def _render(half: HandoffHalf, folder: Path) -> _Handoff:
    about = {"grant": half.documents.label, "for": half.side, "account": half.account}
    about["checksum"] = half.checksum
    return _Handoff(half, folder, about, render_files(half))


def _write(handed: _Handoff) -> _Handoff:
    return replace(handed, changes=write_folder(handed.folder, handed.files, handed.about))


def render_files(half: HandoffHalf) -> dict[str, str]:
    """Render the folder's files, except the manifest, by their names."""
    files = {
        name: json.dumps(document, indent=2) + "\n" for name, document in half.policy_files.items()
    }
    if half.can_be_applied:
        files |= {
            "commands.sh": render_script(half),
            "template.yaml": render_template(half),
            "main.tf": render_configuration(half),
        }
    return files | {"README.md": render_readme(half), "checksum": f"{half.checksum}\n"}


def _list_notes(half: HandoffHalf) -> list[str]:
    """List what the person who hands it over must know."""
    notes = []
    if half.has_external_id:
        notes.append(
            "The folder holds the external ID: send it to the owner of account "
            f"{half.account} only, over a confidential channel."
        )
    if half.documents.makes_part_of(half.account):
        notes.append(
            f"The stack makes the {half.side} half itself: deploy this folder only in an account "
            "where it doesn't, or the two will conflict."
        )
    if needed := half.needed_quotas:
        notes.append(
            f"AWS must have raised the quotas of account {half.account}: {', '.join(needed)}."
        )
    if names := [
        f"{policy.principal.kind.replace('_', ' ')} {policy.principal.name}"
        for policy in half.unattached
    ]:
        notes.append(f"Policies to attach by hand, as README.md describes: {', '.join(names)}.")
    return notes


def _show(handed: _Handoff) -> None:
    out, half, changes = make_console(), handed.half, handed.changes
    grant = half.documents.label
    out.print(f"{handed.folder}: the {half.side} half of grant {grant}, for account {half.account}")
    if changes is None:
        for name in handed.file_names:
            out.print(f"  {name}")
    else:
        for kind, names in asdict(changes).items():
            if names:
                out.print(f"  {kind}: {', '.join(names)}")
        if not changes:
            out.print("  unchanged since the earlier handoff")
    out.print(f"Checksum: {half.checksum}")
    for note in _list_notes(half):
        out.print(note)
