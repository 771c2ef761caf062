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

from .aws_cli_script import commands
from .cloudformation_template import template
from .handoff_folder import MANIFEST, Changes, place
from .handoff_half import Side
from .handoff_readme import readme
from .terraform_configuration import configuration


@click.command(cls=Command)
@only_grant_argument
@add_stack_options
@click.option(
    "--for",
    "half",
    type=click.Choice(["source", "destination"]),
    help="Whose side is handed over; by default the one that the stack does not make.",
)
@click.option(
    "--to",
    "to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The folder to write: a new or empty one, or that of an earlier handoff, which is replaced.",
)
def handoff(
    name: str | None, where: StackSource, half: AccountSide | None, to: Path, *, as_json: bool
) -> None:
    """Write a folder for the other account's owner, who is to make the other side of a grant.

    It explains what is asked, and has the exact policies and three ways to make them: AWS CLI commands, a
    CloudFormation template, a Terraform configuration. Its checksum tells `verify` later whether it was made so.

    It never calls AWS, and never overwrites a folder that it did not write itself. The folder is readable for you
    alone, and holds the external ID where the trust policy has one.

    \b
    Examples:
      cross-account-access handoff audit --stack production --to audit-for-partner
      cross-account-access handoff --outputs outputs.json --for source --to for-the-people-account
    """  # noqa: D301 - \b is click's
    grant = load_grant(where, name)
    side = Side(grant.documents, half or _other_side(grant.documents))
    files = contents(side)
    about = {
        "grant": grant.name,
        "for": side.half,
        "account": side.account,
        "checksum": side.checksum,
    }
    changes = place(to, files, about)
    written = sorted([*files, MANIFEST])
    told = {**about, "folder": str(to), "files": written, "holdsExternalId": side.has_external_id}
    if as_json:
        emit(
            {**told, "changes": None if changes is None else asdict(changes), "notes": _notes(side)}
        )
    else:
        _tell(side, to, written, changes)


def contents(side: Side) -> dict[str, str]:
    """The folder's files, but for the manifest."""
    files = {
        name: json.dumps(document, indent=2) + "\n" for name, document in side.policy_files.items()
    }
    if side.can_be_applied:
        files |= {
            "commands.sh": commands(side),
            "template.yaml": template(side),
            "main.tf": configuration(side),
        }
    return files | {"README.md": readme(side), "checksum": f"{side.checksum}\n"}


def _other_side(documents: GrantDocuments) -> AccountSide:
    match documents.side:
        case "source":
            return "destination"
        case "destination":
            return "source"
        case _:
            raise Failure(
                f"the stack makes both sides of grant {documents.grant}",
                ExitCode.WRONG_INPUT,
                remedy="Say which one is handed over: --for source or --for destination.",
            )


def _notes(side: Side) -> list[str]:
    """What whoever hands it over is to know."""
    found = []
    if side.has_external_id:
        found.append(
            f"The folder holds the external ID: send it to nobody but the owner of account {side.account}, and in a "
            "way that nobody else reads."
        )
    if side.documents.side in ("both", side.half):
        found.append(
            f"The stack makes the {side.half} side itself: what is here is for an account where it doesn't, and in the "
            "same account the two would be in each other's way."
        )
    if handed := [
        f"{one.principal.kind.replace('_', ' ')} {one.principal.name}" for one in side.handed_out
    ]:
        found.append(
            f"To be put in place by hand, as README.md says: the policy for {', '.join(handed)}."
        )
    return found


def _tell(side: Side, folder: Path, files: list[str], changes: Changes | None) -> None:
    out = make_console()
    out.print(
        f"{folder}: the {side.half} side of grant {side.documents.grant}, for the owner of account {side.account}"
    )
    if changes is None:
        for name in files:
            out.print(f"  {name}")
    else:
        for what, names in asdict(changes).items():
            if names:
                out.print(f"  {what}: {', '.join(names)}")
        if not changes:
            out.print("  nothing has changed since the earlier handoff")
    out.print(f"Checksum: {side.checksum}")
    for note in _notes(side):
        out.print(note)
