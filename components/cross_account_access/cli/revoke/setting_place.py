"""Where the settings of a stack's grant stand: in its config, in an access file, in a program."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.config.yaml_file import read_yaml

_NAMESPACE = "cross-account-access"
_KEY = "sessionsIssuedAfter"


@dataclass(frozen=True)
class SettingPlace:
    """Where a grant's role has its settings, and how one is set there.

    Attributes:
        kind: The stack's config, an access file, or a program of one's own.
        grant: The grant's name.
        options: The options that select the stack, as `pulumi` takes them.
        file: The access file, as the stack's config names it.
    """

    kind: Literal["config", "file", "program"]
    grant: str
    options: tuple[str, ...]
    file: str = ""

    def build_command(self, moment: str) -> str | None:
        """Build the command that sets the time; None where a file or program is to be edited."""
        if self.kind != "config":
            return None
        # A dot in a name would be a step of the path.
        name = f'["{self.grant}"]' if "." in self.grant else f".{self.grant}"
        path = f"{_NAMESPACE}:grants{name}.role.{_KEY}"
        return shlex.join(["pulumi", "config", "set", *self.options, "--path", path, moment])

    def describe_edit(self, moment: str) -> str:
        """Describe what to write where there is no command."""
        if self.kind == "file":
            return (
                f"In {self.file}, which stacks share, write into `role` of grant {self.grant}: "
                f'{_KEY}: "{moment}"'
            )
        return (
            f"In your program, add to the `role` of grant {self.grant}: "
            f'"sessions_issued_after": "{moment}" in Python, {_KEY}: "{moment}" in other languages'
        )

    @property
    def deploy_command(self) -> str:
        """The command that deploys it."""
        return shlex.join(["pulumi", "up", *self.options])


def find_place(grant: DeployedGrant) -> SettingPlace:
    """Find where a grant's settings stand, as far as its stack's folder tells.

    Of a file with outputs nothing is known of the stack: the program of this package is assumed.

    Raises:
        InvalidInput: If the stack's config can't be read.
    """
    pairs = list(zip(grant.options[::2], grant.options[1::2], strict=True))
    selected = tuple(text for pair in pairs if pair[0] != "--outputs" for text in pair)
    own, name = dict(pairs), grant.documents.grant
    if "--stack" not in own:
        return SettingPlace("config", name, selected)
    stack = own["--stack"].rpartition("/")[2]
    config = _read_config(Path(own.get("--cwd", ".")) / f"Pulumi.{stack}.yaml")
    if file := config.get(f"{_NAMESPACE}:file"):
        return SettingPlace("file", name, selected, str(file))
    is_config = f"{_NAMESPACE}:grants" in config
    return SettingPlace("config" if is_config else "program", name, selected)


def _read_config(file: Path) -> dict[str, Any]:
    content = read_yaml(file, file.name) if file.is_file() else None
    config = content.get("config") if isinstance(content, dict) else None
    return config if isinstance(config, dict) else {}
