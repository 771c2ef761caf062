"""The command `handoff`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from cross_account_access.cli.options import only_grant_argument
from cross_account_access.cli.stacks import StackSource, add_stack_options, load_grant
from cross_account_access.cli.terminal import Command, ExitCode, Failure, emit, make_console
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.findings import AccountSide

from .aws_cli_script import render_script
from .cloudformation_template import render_template
from .handoff_folder import MANIFEST, Changes, write_folder
from .handoff_half import HandoffHalf
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
def handoff(
    name: str | None, where: StackSource, half: AccountSide | None, to: Path, *, as_json: bool
) -> None:
    """Write a folder from which the other account's owner can deploy their half of a grant.

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
    grant = load_grant(where, name)
    handed = HandoffHalf(grant.documents, half or _find_missing_side(grant.documents))
    files = render_files(handed)
    about = {"grant": grant.name, "for": handed.side, "account": handed.account}
    about["checksum"] = handed.checksum
    changes = write_folder(to, files, about)
    written = sorted([*files, MANIFEST])
    if as_json:
        emit(
            {
                **about,
                "folder": str(to),
                "files": written,
                "holdsExternalId": handed.has_external_id,
                "changes": None if changes is None else asdict(changes),
                "notes": _list_notes(handed),
            }
        )
    else:
        _show(handed, to, written, changes)


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


def _find_missing_side(documents: GrantDocuments) -> AccountSide:
    match documents.side:
        case "source":
            return "destination"
        case "destination":
            return "source"
        case _:
            raise Failure(
                f"the stack makes both halves of grant {documents.grant}",
                ExitCode.WRONG_INPUT,
                remedy="Choose the half to hand over: --for source or --for destination.",
            )


def _list_notes(half: HandoffHalf) -> list[str]:
    """List what the person who hands it over must know."""
    notes = []
    if half.has_external_id:
        notes.append(
            "The folder holds the external ID: send it to the owner of account "
            f"{half.account} only, over a confidential channel."
        )
    if half.documents.side in ("both", half.side):
        notes.append(
            f"The stack makes the {half.side} half itself: deploy this folder only in an account "
            "where it doesn't, or the two will conflict."
        )
    if names := [
        f"{policy.principal.kind.replace('_', ' ')} {policy.principal.name}"
        for policy in half.unattached
    ]:
        notes.append(f"Policies to attach by hand, as README.md describes: {', '.join(names)}.")
    return notes


def _show(half: HandoffHalf, folder: Path, files: list[str], changes: Changes | None) -> None:
    out = make_console()
    grant = half.documents.grant
    out.print(f"{folder}: the {half.side} half of grant {grant}, for account {half.account}")
    if changes is None:
        for name in files:
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
