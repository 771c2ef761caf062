"""What grants cost: the component against the same resources written flat, as ratios measured in
one run.

    python benchmarks/grants.py                      in the program, under Pulumi's mocks python
    benchmarks/grants.py --engine             on the real engine and an emulator, where the Pulumi
    CLI is

Ratios alone mean something: both sides ran on the same machine, in turns. There are no timed tests.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "components")]

import pulumi_aws as aws  # noqa: E402
from pulumi import automation  # noqa: E402

from benchmarks import programs  # noqa: E402
from benchmarks.programs import DESTINATION, SOURCE, Flat  # noqa: E402
from sandbox.aws.server import client, is_sandbox  # noqa: E402
from sandbox.deploy.pulumi_engine import NoEngineError, find  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PORT = 4599
_MOST_SECONDS_OF_REPEATS = 20.0
_MOST_SECONDS_OF_ENGINE_REPEATS = 120.0


def in_the_program(sizes: list[int], repeats: int) -> None:
    """Time in the program, under mocks, and what is asked of the engine and of AWS."""
    print("## In the program\n")
    print("Processor time under Pulumi's mocks, the minimum of the repeats.\n")
    print(
        "| grants | flat, ms a grant | in empty components | component | component : flat "
        "| component : empty components |"
    )
    print("|---:|---:|---:|---:|---:|---:|")
    counted = {}
    for size in sizes:
        programs_of_size = _programs(size)
        flat, nested, component = _least_times(programs_of_size, repeats)
        each = [1000 * run.seconds / size for run in (flat, nested, component)]
        print(
            f"| {size} | {each[0]:.1f} | {each[1]:.1f} | {each[2]:.1f} "
            f"| {each[2] / each[0]:.2f} | {each[2] / each[1]:.2f} |",
            flush=True,
        )
        counted[size] = [programs.run(way, count_outputs=True) for way in programs_of_size]
    _print_counts(counted)


def _programs(size: int) -> list[programs.Program]:
    """The flat program, the same in empty components, and the component."""
    flat = Flat.of(size, source=SOURCE, destination=DESTINATION)
    nested = Flat.of(size, source=SOURCE, destination=DESTINATION, nested=True)
    flats = [one.program(programs.mocked) for one in (flat, nested)]
    return [*flats, programs.component(size, programs.mocked)]


def _least_times(ways: list[programs.Program], repeats: int) -> list[programs.Run]:
    """Each program's quickest run, all of them run in turns."""
    runs: list[list[programs.Run]] = [[] for _ in ways]
    began = time.monotonic()
    for _ in range(repeats):
        for way, own in zip(ways, runs, strict=True):
            own.append(programs.run(way))
        if time.monotonic() - began > _MOST_SECONDS_OF_REPEATS:
            break
    return [min(own, key=lambda run: run.seconds) for own in runs]


def _print_counts(counted: dict[int, list[programs.Run]]) -> None:
    print("\n## What is asked for\n")
    print(
        "| grants | AWS resources | minimum | component resources | lookups | minimum "
        "| Outputs a grant | in empty components | flat |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for size, (flat, nested, component) in counted.items():
        people = len(programs.users(size))
        # A role and its permission for each grant; a policy and its attachment for each user.
        least = 2 * size + 2 * people
        if flat.made["aws"] != least:
            made = flat.made["aws"]
            raise click.ClickException(f"the flat program makes {made} resources, not {least}")
        # Whose credentials each provider has, and each user's unique ID.
        outputs = [run.outputs / size for run in (component, nested, flat)]
        print(
            f"| {size} | {component.made['aws']} | {least} | {component.made['component']} "
            f"| {sum(component.calls.values())} | {2 + people} "
            f"| {outputs[0]:.0f} | {outputs[1]:.0f} | {outputs[2]:.0f} |"
        )
    print()


# --- On the engine --------------------------------------------------------------------------------


def on_the_engine(sizes: list[int], repeats: int) -> None:
    """Time of `pulumi up` and of a preview without changes, on the real engine and emulated
    accounts.
    """
    try:
        environment = find(ROOT, install=False, tell=print)
    except NoEngineError as missing:
        raise click.ClickException(f"the Pulumi CLI is needed for this: {missing}") from None
    print("## On the engine\n")
    print(
        "Seconds of `pulumi up` and of a preview without changes, the minimum of the repeats; flat "
        "has a policy for"
    )
    print("each grant.\n")
    print(
        "| grants | flat: up | component: up | ratio | flat: preview | component: preview | ratio |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|")
    with emulate_accounts() as endpoint:
        numbers = itertools.count()
        _run(1, endpoint, environment, next(numbers), flat=True)
        for size in sizes:

            def run(*, flat: bool, size: int = size) -> tuple[float, float]:
                return _run(size, endpoint, environment, next(numbers), flat=flat)

            flat, component = _least_engine_times(run, repeats)
            ratios = [ours / theirs for ours, theirs in zip(component, flat, strict=True)]
            print(
                f"| {size} | {flat[0]:.1f} | {component[0]:.1f} | {ratios[0]:.2f} "
                f"| {flat[1]:.1f} | {component[1]:.1f} | {ratios[1]:.2f} |",
                flush=True,
            )
    print()


def _least_engine_times(
    run: Callable[..., tuple[float, float]], repeats: int
) -> tuple[list[float], list[float]]:
    """The least seconds of up and preview, of the flat program and of the component, in turns."""
    runs: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    began = time.monotonic()
    while len(runs[True]) < repeats and (
        not runs[True] or time.monotonic() - began < _MOST_SECONDS_OF_ENGINE_REPEATS
    ):
        for flat, own in runs.items():
            own.append(run(flat=flat))
    flats, components = (
        [min(seconds) for seconds in zip(*own, strict=True)] for own in runs.values()
    )
    return flats, components


def _make_provider(side: str, account: str, endpoint: str) -> aws.Provider:
    return aws.Provider(
        side,
        region="us-east-1",
        access_key=account,
        secret_key="sandbox",  # noqa: S106 - an emulator's
        endpoints=[{"iam": endpoint, "sts": endpoint}],
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
    )


def _run(
    size: int, endpoint: str, environment: Mapping[str, str], number: int, *, flat: bool
) -> tuple[float, float]:
    """The seconds of an up and of the preview after it, in two accounts of its own."""
    source, destination = f"1{number:011}", f"2{number:011}"
    for user in programs.users(size):
        client("iam", endpoint, account=source).create_user(UserName=user)

    def provider(side: str) -> aws.Provider:
        return _make_provider(side, source if side == "source" else destination, endpoint)

    if flat:
        program = Flat.of(size, source=source, destination=destination, packed=False).program(
            provider
        )
    else:
        program = programs.component(size, provider)
    with tempfile.TemporaryDirectory() as state:
        options = automation.LocalWorkspaceOptions(
            env_vars={
                **environment,
                "PULUMI_BACKEND_URL": Path(state).as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "benchmark",
            }
        )
        stack: Any = automation.create_stack(
            "benchmark", "benchmark", program=program, opts=options
        )
        seconds = []
        for verb in (stack.up, stack.preview):
            began = time.monotonic()
            verb()
            seconds.append(time.monotonic() - began)
        stack.preview(expect_no_changes=True)
    return seconds[0], seconds[1]


def _wait_for(server: subprocess.Popen[bytes], endpoint: str) -> None:
    while not is_sandbox(endpoint):
        if server.poll() is not None:
            raise click.ClickException(f"the emulated accounts can't listen at {endpoint}")
        time.sleep(0.1)


@contextmanager
def emulate_accounts() -> Iterator[str]:
    """Emulated accounts in a process of their own."""
    endpoint = f"http://127.0.0.1:{_PORT}"
    line = [sys.executable, "-m", "sandbox", "serve", "--port", str(_PORT)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "components")])
    environment = os.environ | {"PYTHONPATH": paths}
    with subprocess.Popen(  # noqa: S603
        line, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for(server, endpoint)
            yield endpoint
        finally:
            server.terminate()


def _sizes(_context: click.Context, _option: click.Parameter, text: str | None) -> list[int] | None:
    return [int(size) for size in text.split(",")] if text else None


@click.command()
@click.option("--engine", is_flag=True, help="On the real engine, instead of under mocks.")
@click.option(
    "--sizes",
    callback=_sizes,
    help="Numbers of grants; 10,100,1000,5000, or 1,10,100 on the engine.",
)
@click.option("--repeats", default=3, show_default=True, help="How often each is run, at most.")
def main(sizes: list[int] | None, repeats: int, *, engine: bool) -> None:
    """Print what grants cost, as tables of Markdown."""
    if engine:
        on_the_engine(sizes or [1, 10, 100], repeats)
    else:
        in_the_program(sizes or [10, 100, 1000, 5000], repeats)


if __name__ == "__main__":
    main()
