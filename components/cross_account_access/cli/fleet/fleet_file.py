"""The access file of a fleet, read and checked as its stacks do."""

from dataclasses import dataclass
from pathlib import Path

from cross_account_access.cli.terminal import InputError
from cross_account_access.config.config_check import check_access_file
from cross_account_access.config.settings import FleetSettings

from .fleet_plan import FleetStack, plan_stacks
from .stack_files import list_orphans

_PROJECT = "Pulumi.yaml"


@dataclass(frozen=True)
class Fleet:
    """A project whose stacks share an access file.

    Attributes:
        folder: The project's folder.
        file: The access file, as the stacks' config names it.
        settings: What the file has.
        stacks: The stacks, by wave and name.
    """

    folder: Path
    file: str
    settings: FleetSettings
    stacks: list[FleetStack]

    def select(self, names: tuple[str, ...], *, orphans: bool = False) -> list[FleetStack]:
        """The stacks of these names; all of them where there is none.

        Args:
            names: The names.
            orphans: Whether stacks may be named whose account is no longer in the access file.

        Raises:
            InputError: If there is no such stack.
        """
        known = {stack.name for stack in self.stacks}
        left = list_orphans(self.folder, self.file, self.settings.accounts, ()) if orphans else {}
        for name in names:
            if name not in known and name not in left:
                raise InputError(
                    f"there is no stack {name} in {self.file}",
                    f"Stacks: {', '.join(sorted(known))}.",
                )
        others = [FleetStack(name, None, 0, 0, 1) for name in left if name in names]
        return others + [stack for stack in self.stacks if not names or stack.name in names]


def load_fleet(folder: Path, file: str) -> Fleet:
    """Read and check a project's access file.

    Raises:
        InputError: If there is no project, or the file is no fleet's.
        InvalidInput: With every problem of the file.
    """
    if not (folder / _PROJECT).is_file():
        raise InputError(
            f"there is no {_PROJECT} in {folder}", "Pass --cwd with the Pulumi project's folder."
        )
    settings = check_access_file(folder / file)
    return Fleet(folder, file, settings, plan_stacks(settings))
