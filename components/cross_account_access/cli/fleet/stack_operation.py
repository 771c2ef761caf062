"""One operation of the Pulumi CLI on one stack, and what has to be put right before it."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pulumi import automation

from cross_account_access.cli.terminal import Failure, as_failure
from cross_account_access.text_format import format_count

from .detached_pulumi import DetachedPulumi, NotStartedError
from .engine_events import EngineEvents, describe_output
from .error_remedies import find_remedy
from .pending_creates import adopt_pending_creates, find_strangers, has_unrecorded, list_unconfirmed
from .run_lock import open_private
from .run_record import RunRecord, StackRecord
from .stack_files import name_stack_file, read_stack_settings
from .stack_locks import find_lock

Verb = Literal["preview", "up", "destroy"]
Outcome = Literal["done", "failed", "interrupted", "not started", "absent"]

_ARGUMENTS: Mapping[Verb, tuple[str, ...]] = {
    "preview": ("preview",),
    "up": ("up", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
_REFRESH = ("refresh", "--yes", "--skip-preview")
_COMMON = ("--color", "never", "--suppress-outputs")
_WAIT_SECONDS = 0.5
PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


@dataclass(frozen=True)
class StackResult:
    """What became of one stack.

    Attributes:
        stack: Its name.
        outcome: What became of it.
        changes: How many resources were changed in each way.
        seconds: How long it took.
        message: What went wrong, or is worth knowing, in one line.
        remedy: What to do about it.
        log: The file with all that the Pulumi CLI printed.
    """

    stack: str
    outcome: Outcome
    changes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0
    message: str = ""
    remedy: str = ""
    log: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """The result for `--json`."""
        return {
            "stack": self.stack,
            "result": self.outcome,
            "changes": dict(self.changes),
            "seconds": round(self.seconds, 1),
            "message": self.message,
            "remedy": self.remedy,
            "log": str(self.log) if self.log else None,
        }


@dataclass(frozen=True)
class RunContext:
    """What the operations of a run share.

    Attributes:
        pulumi: The Pulumi CLI.
        folder: The project's folder.
        run_folder: The folder for logs.
        deployed: The stacks that the backend has.
        record: Keeps what becomes of each stack; None for a preview, which changes none.
        account_ids: Each stack's account, as far as the access file has it.
    """

    pulumi: DetachedPulumi
    folder: Path
    run_folder: Path
    deployed: Collection[str]
    record: RunRecord | None
    account_ids: Mapping[str, str | None]


class StackOperation:
    """One operation on one stack.

    Attributes:
        stack: The stack's name.
        status: What is being done, in words, for a progress line.
        result: What became of it; None until it has ended.
    """

    def __init__(self, context: RunContext, verb: Verb, stack: str) -> None:
        self.stack = stack
        self.status = ""
        self.result: StackResult | None = None
        self._context = context
        self._verb = verb
        self._log = context.run_folder / f"{stack}.{verb}.log"
        # Absolute, for Pulumi runs in the project's folder.
        self._events = EngineEvents((context.run_folder / f".{stack}.{verb}.events").absolute())
        self._is_new = stack not in context.deployed
        self._left: StackRecord | None = None  # by a killed run

    def run(self) -> StackResult:
        """Do it; every failure is a result."""
        began = time.monotonic()
        try:
            result = self._run()
        except automation.CommandError as error:
            result = self._fail(describe_output(str(error)))
        except NotStartedError:
            result = StackResult(self.stack, "interrupted")
        except Exception as error:  # noqa: BLE001 - no fault at one stack ends the others
            failure = as_failure(error)
            result = self._fail(failure.message, getattr(failure, "remedy", ""))
        finally:
            with suppress(OSError):
                self._events.path.unlink(missing_ok=True)
        self.result = replace(result, seconds=time.monotonic() - began)
        if self._context.record and result.outcome != "not started":
            self._context.record.finish(self.stack, done=result.outcome in ("done", "absent"))
        return self.result

    def _run(self) -> StackResult:
        self._wait_for_earlier()
        if self._context.pulumi.interrupted.is_set():
            return StackResult(self.stack, "not started")
        if self._is_new and self._verb == "destroy":
            return StackResult(self.stack, "absent", message="there is nothing to destroy")
        if self._is_new and self._verb == "preview":
            return self._preview_new()
        if self._is_new:
            self.status = "creating the stack"
            self._create(self._context.folder, {})
        elif self._verb != "preview":
            self._repair()
        return self._conclude(self._run_engine(_ARGUMENTS[self._verb]))

    def _wait_for_earlier(self) -> None:
        """Wait for a process that an earlier run left, for it outlives the tool."""
        record = self._context.record.get(self.stack) if self._context.record else None
        while record and record.is_alive and not self._context.pulumi.interrupted.is_set():
            self.status = f"waiting for process {record.pid} of an earlier run"
            time.sleep(_WAIT_SECONDS)
        self._left = record

    def _create(self, folder: Path, variables: Mapping[str, str]) -> None:
        """Create the stack in the backend; it stays unselected."""
        provider = read_stack_settings(folder, self.stack).get("secretsprovider")
        secrets = ("--secrets-provider", str(provider)) if provider else ()
        arguments = ["stack", "init", self.stack, "--no-select", *secrets]
        self._context.pulumi.run(arguments, str(folder), variables)

    def _preview_new(self) -> StackResult:
        """Preview a stack that doesn't exist, in a backend that is thrown away."""
        project, config = self._context.folder / "Pulumi.yaml", name_stack_file(self.stack)
        with tempfile.TemporaryDirectory() as folder:
            copy, state = Path(folder), Path(folder, "state")
            state.mkdir()
            shutil.copy(project, copy)
            shutil.copy(self._context.folder / config, copy)
            variables = {"PULUMI_BACKEND_URL": state.as_uri()}
            if not any(name in os.environ for name in PASSPHRASES):
                variables["PULUMI_CONFIG_PASSPHRASE"] = ""
            self._create(copy, variables)
            arguments = (*_ARGUMENTS["preview"], "--config-file", str(copy / config))
            result = self._conclude(self._run_engine(arguments, variables))
        if result.outcome == "done":
            return replace(result, message="new stack")
        return result

    # --- The engine -------------------------------------------------------------------------------

    def _run_engine(self, verb: Sequence[str], variables: Mapping[str, str] | None = None) -> int:
        """Run a long command, again if it met a lock that a killed run of ours has left."""
        code = self._run_once(verb, variables or {})
        if code and self._lift_lock(self._read_log()):
            code = self._run_once(verb, variables or {})
        return code

    def _run_once(self, verb: Sequence[str], variables: Mapping[str, str]) -> int:
        self.status = verb[0]
        self._events = EngineEvents(self._events.path)
        open_private(self._events.path).close()
        code = self._context.pulumi.run_to_log(
            [*verb, *_COMMON, "--stack", self.stack, "--event-log", str(self._events.path)],
            self._context.folder,
            variables,
            self._log,
            on_start=self._keep_start,
            on_poll=self._follow,
        )
        self._events.read()
        return code

    def _keep_start(self, pid: int) -> None:
        if self._context.record:
            self._context.record.start(self.stack, pid)

    def _follow(self) -> None:
        self._events.read()
        steps = self._events.steps
        self.status = self._verb + (f", {format_count(steps, 'change')}" if steps else "")

    def _read_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _conclude(self, code: int) -> StackResult:
        changes = self._events.count_changes()
        if code == 0:
            return StackResult(self.stack, "done", changes, log=self._log)
        if self._context.pulumi.interrupted.is_set():
            return StackResult(self.stack, "interrupted", changes, log=self._log)
        output = self._read_log()
        lock = find_lock(output)
        message = lock.describe() if lock else self._events.describe_error()
        message = message or describe_output(output)
        if not message:
            message = f"pulumi ended with exit code {code}"
            if code < 0:
                message = f"pulumi was killed by signal {-code}"
        return replace(self._fail(message), changes=changes, log=self._log)

    def _fail(self, message: str, remedy: str = "") -> StackResult:
        remedy = remedy or find_remedy(message, self.stack, self._verb)
        log = self._log if self._log.exists() else None
        # A short command that was interrupted ends as one that failed does.
        outcome: Outcome = "interrupted" if self._context.pulumi.interrupted.is_set() else "failed"
        return StackResult(self.stack, outcome, message=message, remedy=remedy, log=log)

    # --- What a killed run has left ---------------------------------------------------------------

    def _lift_lock(self, output: str) -> bool:
        """Lift a lock that a killed run of ours has left; whether there was one."""
        lock = find_lock(output)
        if lock is None or not lock.is_left_by(self._left):
            return False
        self.status = "lifting the lock of a killed run"
        self._context.pulumi.run(
            ["cancel", "--yes", "--stack", self.stack], str(self._context.folder), {}
        )
        return True

    def _repair(self) -> None:
        """Find out what a killed update made, so that it isn't made twice."""
        state = self._export()
        if not has_unrecorded(state["deployment"]):
            return
        self.status = "asking AWS what a killed update made"
        adopt_pending_creates(state["deployment"], self._context.account_ids.get(self.stack))
        self._import(state)
        unconfirmed = list_unconfirmed(self._export("--show-secrets")["deployment"])
        if not unconfirmed:
            return
        targets = [part for one in unconfirmed for part in ("--target", one["urn"])]
        if code := self._run_engine([*_REFRESH, *targets]):
            message = self._conclude(code).message
            raise Failure(f"AWS can't be asked what a killed update made: {message}")
        # Interrupted here, somebody else's role would stay in the state.
        refreshed = self._export("--show-secrets", whole=True)["deployment"]
        for urn in find_strangers(unconfirmed, refreshed):
            self._call("state", "delete", urn, "--yes", whole=True)

    def _export(self, *options: str, whole: bool = False) -> dict[str, Any]:
        text = self._call("stack", "export", *options, whole=whole)
        state: dict[str, Any] = json.loads(text)
        return {**state, "deployment": state.get("deployment") or {}}

    def _import(self, state: Mapping[str, Any]) -> None:
        file = self._context.run_folder / f".{self.stack}.state"
        try:
            with open_private(file) as new:
                json.dump(state, new)
            self._call("stack", "import", "--file", str(file.absolute()))
        finally:
            file.unlink(missing_ok=True)

    def _call(self, *arguments: str, whole: bool = False) -> str:
        """Run a short command on the stack, again if it met a lock of a killed run of ours."""
        command = [*arguments, "--stack", self.stack]
        folder = str(self._context.folder)
        try:
            return self._context.pulumi.run(command, folder, {}, whole=whole).stdout
        except automation.CommandError as error:
            if not self._lift_lock(str(error)):
                raise
        return self._context.pulumi.run(command, folder, {}, whole=whole).stdout
