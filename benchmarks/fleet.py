"""What `fleet up` costs: the stacks of many accounts together, against one `pulumi up` after
another, as ratios measured in one run.

    python benchmarks/fleet.py                    on the real engine and emulated accounts
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "components")]

from benchmarks.grants import emulate_accounts  # noqa: E402
from sandbox.aws.server import client  # noqa: E402
from sandbox.deploy.pulumi_engine import NoEngineError, find  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PROGRAM = ("__main__.py", "stack_config.py")
_SAMPLE_SECONDS = 0.2
_GIB = 2**30


@dataclass(frozen=True)
class Cost:
    """What a way of deploying cost.

    Attributes:
        seconds: From its start to its end.
        peak: The most memory that its processes took at one time, in bytes; shared memory counts
            once.
    """

    seconds: float
    peak: int


class FleetBench:
    """A project of accounts of its own: people, and spokes with the roles of all grants."""

    def __init__(self, folder: Path, endpoint: str, accounts: int, grants: int, first: int) -> None:
        self.project = folder / "project"
        self.project.mkdir(parents=True)
        (folder / "state").mkdir()
        self._state = (folder / "state").as_uri()
        spokes = [f"spoke-{number}" for number in range(accounts - 1)]
        self.stacks = [*spokes, "people"]
        ids = {name: str(first + number) for number, name in enumerate(self.stacks)}
        client("iam", endpoint, account=ids["people"]).create_user(UserName="alice")
        content = {
            "accounts": {
                name: {
                    "accountId": account,
                    "region": "us-east-1",
                    "accessKey": account,
                    "secretKey": "sandbox",
                    "endpoint": endpoint,
                    "groups": ["spokes"] if name in spokes else [],
                }
                for name, account in ids.items()
            },
            "grants": {
                f"grant-{number}": {
                    "source": "people",
                    "destinations": ["spokes"],
                    "principals": [{"user": "alice"}],
                    "role": {"managedPolicies": ["ReadOnlyAccess"]},
                }
                for number in range(grants)
            },
        }
        for file in _PROGRAM:
            shutil.copy(ROOT / file, self.project)
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
        project["runtime"]["options"]["virtualenv"] = sys.prefix
        self._write("Pulumi.yaml", project)
        self._write("access.yaml", content)

    def deploy(self, commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> Cost:
        """Run these commands one after another."""
        variables = {
            **os.environ,
            **environment,
            "PULUMI_BACKEND_URL": self._state,
            "PULUMI_CONFIG_PASSPHRASE": "benchmark",
        }
        began = time.monotonic()
        peak = 0
        for command in commands:
            with (
                (self.project.parent / "log").open("a", encoding="utf-8") as log,
                subprocess.Popen(  # noqa: S603
                    command, cwd=self.project, env=variables, stdout=log, stderr=log
                ) as process,
            ):
                watch = MemoryWatch(process)
                if process.wait():
                    text = (self.project.parent / "log").read_text(encoding="utf-8")
                    raise click.ClickException(f"{' '.join(command)} failed:\n{text[-2000:]}")
                peak = max(peak, watch.finish())
        return Cost(time.monotonic() - began, peak)

    def _write(self, name: str, content: Any) -> None:
        (self.project / name).write_text(yaml.safe_dump(content), encoding="utf-8")


class MemoryWatch:
    """Watches how much memory a process takes with all that it starts."""

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        self._process = process
        self._peak = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def finish(self) -> int:
        """The peak, in bytes."""
        self._thread.join()
        return self._peak

    def _run(self) -> None:
        while self._process.poll() is None:
            memory = sum(_read_memory(pid) for pid in _list_tree(self._process.pid))
            self._peak = max(self._peak, memory)
            time.sleep(_SAMPLE_SECONDS)


def _list_tree(root: int) -> Iterator[int]:
    yield root
    with suppress(OSError):
        for thread in Path(f"/proc/{root}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield from _list_tree(int(child))


def _read_memory(pid: int) -> int:
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024
    return 0


@click.command()
@click.option("--accounts", default=20, show_default=True, help="How many, with that of people.")
@click.option("--grants", default=10, show_default=True, help="How many, each to all accounts.")
@click.option("--parallel", type=int, help="Of `fleet up`; its own choice by default.")
def main(accounts: int, grants: int, parallel: int | None) -> None:
    """Print what `fleet up` costs, as a table of Markdown."""
    try:
        environment = find(ROOT, install=False, tell=print)
    except NoEngineError as missing:
        raise click.ClickException(f"the Pulumi CLI is needed for this: {missing}") from None
    tool = [sys.executable, "-m", "cross_account_access.cli", "fleet"]
    costs = []
    with emulate_accounts() as endpoint, tempfile.TemporaryDirectory() as folder:
        for number, together in enumerate((True, False)):
            first = (number + 1) * 10**11
            bench = FleetBench(Path(folder, str(number)), endpoint, accounts, grants, first)
            bench.deploy([[*tool, "init"]], environment)
            up = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack"]
            init = ["pulumi", "stack", "init", "--no-select"]
            commands = [command for one in bench.stacks for command in ([*init, one], [*up, one])]
            if together:
                chosen = ["--parallel", str(parallel)] if parallel else []
                commands = [[*tool, "up", "--yes", *chosen]]
            costs.append(bench.deploy(commands, environment))
    fleet, single = costs
    print("| accounts | grants | one after another: s | GiB | fleet up: s | GiB | ratio of time |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    print(
        f"| {accounts} | {grants} | {single.seconds:.0f} | {single.peak / _GIB:.1f} "
        f"| {fleet.seconds:.0f} | {fleet.peak / _GIB:.1f} | {fleet.seconds / single.seconds:.2f} |"
    )


if __name__ == "__main__":
    main()
