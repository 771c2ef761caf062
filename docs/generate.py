"""Write the pages of docs/ that come from the code, and the API reference into docs/api: `make docs`."""

import re
import warnings
from collections.abc import Iterator
from inspect import formatannotation
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pdoc
from click.testing import CliRunner

import cross_account_access
from cross_account_access.cli.main import cli
from cross_account_access.grants.principals import TRAITS, PrincipalKind

_FOLDER = Path(__file__).resolve().parent
_EXAMPLES: dict[PrincipalKind, str] = {
    "user": "{user: alice}",
    "role": "{role: team/ci}",
    "group": "{group: developers}",
    "account": '{account: "111111111111"}',
    "permission_set": "{permissionSet: Operators}",
    "organization": "{organization: o-a1b2c3d4e5}",
    "organizational_unit": "{organizationalUnit: o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/}",
    "session": "{session: ci/release}",
}
_HEADER = """\
# Principals

Who can be trusted, how the trust policy says so, and what works for whom. `arn` is a user or a role, by its ARN.
This page is made from the code: `make docs`.

| in config | who gets in | the trust policy names | console | CLI | role chaining | MFA | external ID | the source's policy |
|---|---|---|---|---|---|---|---|---|
"""
_FOOTER = """
- **console**: whether its callers can switch to the role in the AWS console. A trust policy that asks for an external ID
  closes the console to everybody.
- **role chaining**: its callers are role sessions themselves, so that a session lasts an hour at most, whatever
  `maxSessionDuration` says. An EC2 instance's role is the exception.
- **MFA**: whether its callers can carry it. Where they can't, a condition that asks for it is refused.
- **the source's policy**: what it is attached to. Where nothing can be attached from here, it is handed out in the output
  `unattachedPolicy`, to be put into the permission set, or wherever the account's owners give rights.

A user or role is trusted by its unique id: one that was deleted and made again under its name is another one, and stays
outside until the next `pulumi up` saves the trust anew. With `trustBy: name` its name counts instead: one that is made
again is let in at once, and one that isn't made yet can be trusted. Then whoever may make users and roles in the source
account decides who gets in.

A group, a whole account and an organization are trusted as accounts: the destination lets in everybody whom the source
account's own policies allow to assume the role. For a group that is its members, as long as nobody in the source account
writes another such policy.
"""


def principals() -> str:
    """The table of every kind of principal."""
    rows = [
        f"| `{_EXAMPLES[kind]}` | {traits.meaning} | {traits.trust} | {traits.console} | yes | {traits.chained} "
        f"| {traits.mfa} | CLI | {f'attached to the {traits.attached}' if traits.attached else 'handed out'} |"
        for kind, traits in TRAITS.items()
    ]
    return _HEADER + "\n".join(rows) + "\n" + _FOOTER


_COMMANDS = """\
# The command-line tool

What `cross-account-access --help` and each command's `--help` say. This page is made from the code: `make docs`.

```sh
pip install './components[cli]'
```
"""


def commands() -> str:
    """Each command's help, as a terminal of 100 characters shows it."""
    return _COMMANDS + "".join(f"\n## {name}\n\n```\n{text}```\n" for name, text in _helps())


def _helps() -> Iterator[tuple[str, str]]:
    for words in [[], *([name] for name in cli.commands)]:
        settings: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100}
        told = CliRunner().invoke(
            cli, [*words, "--help"], prog_name="cross-account-access", **settings
        )
        yield " ".join(["cross-account-access", *words]), told.output


PAGES = {"principals.md": principals, "commands.md": commands}

_INPUT = re.compile(r"Union\[(.+?), Awaitable\[\1\], ForwardRef\('Output\[T\]'\)\]")


def annotation(of: object) -> str:
    """A type as its author wrote it: `pulumi.Input` is a union with a forward reference that only pulumi resolves."""
    told = formatannotation(of).replace("typing.", "").replace("collections.abc.", "")
    return _INPUT.sub(r"pulumi.Input[\1]", told).replace("pulumi.output.Output", "pulumi.Output")


def api(folder: Path) -> None:
    """Write the API reference."""
    for name in cross_account_access.__all__:
        getattr(
            cross_account_access, name
        )  # it is loaded at its first use, and pdoc sees what is loaded
    pdoc.render.configure(docformat="google")
    with warnings.catch_warnings(), patch("pdoc.doc.formatannotation", annotation):
        warnings.filterwarnings("ignore", "Error parsing type annotation")
        pdoc.pdoc("cross_account_access", output_directory=folder)


if __name__ == "__main__":
    for name, page in PAGES.items():
        (_FOLDER / name).write_text(page(), encoding="utf-8")
    api(_FOLDER / "api")
