"""The stack deployed by the real Pulumi CLI, driven by Pulumi's Automation API."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation

from cross_account_access.config.settings import NAMESPACE
from sandbox.deploy import private_files
from sandbox.deploy.deployment import (
    SECRET,
    STACK_TYPE,
    UNKNOWN,
    Deployment,
    DeploymentError,
    RefusedError,
    Resource,
    parse_urn,
)
from sandbox.deploy.stack import Stack

_PLUGIN = "pulumi-resource-aws"
_DOWNLOADS = "https://get.pulumi.com"
_ENCRYPTION_KEYS = ("encryptedkey", "encryptionsalt", "secretsprovider")
_PROGRAM = ("__main__.py", "stack_config.py")
_SECRET_KEY = "4dabf18193072939515e22adb298388d"  # noqa: S105 - Pulumi's mark of a secret
_UNKNOWN_VALUE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_COLOR = re.compile(r"<\{%[^%]*%\}>")  # a mark of the engine's, where a color begins or ends
# How a diff names a resource; of its URN only the name is the person's.
_URN_LINE = re.compile(r"\[urn=[^\]]*::([^:\]]+)\]")


class NoEngineError(Exception):
    """The Pulumi CLI or its AWS plugin isn't here; the message says which, in one line."""


def find(folder: Path, *, install: bool, tell: Callable[[str], None]) -> Mapping[str, str]:
    """Find the Pulumi CLI and its AWS plugin.

    Args:
        folder: The project's folder.
        install: Whether to install what is missing into the project's folder.
        tell: Called with a line for a person when something is installed.

    Returns:
        The environment variables that they need.

    Raises:
        NoEngineError: If they aren't here and weren't installed.
    """
    home = folder / private_files.FOLDER / "home"
    environment = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    if (home / "bin" / "pulumi").is_file():
        return environment | _build_environment(home)
    missing = _describe_missing()
    if missing is None:
        return environment
    if not install:
        raise NoEngineError(missing)
    try:
        urllib.request.urlopen(urllib.request.Request(_DOWNLOADS, method="HEAD"), timeout=3).close()
    except OSError:
        raise NoEngineError(f"{missing} and {_DOWNLOADS} can't be reached") from None
    tell(f"{missing}: installing it into {home.relative_to(folder)}")
    environment |= _build_environment(home)
    private_files.make_folder(folder)
    try:
        _install(home, environment)
    except (OSError, subprocess.SubprocessError, automation.CommandError) as error:
        shutil.rmtree(home, ignore_errors=True)
        reason = str(error).splitlines()[0]
        raise NoEngineError(f"{missing} and installing it failed ({reason})") from None
    return environment


def _install(home: Path, environment: Mapping[str, str]) -> None:
    automation.PulumiCommand.install(root=str(home))
    plugin = ["plugin", "install", "resource", "aws", version("pulumi-aws")]
    command: list[str | Path] = [home / "bin" / "pulumi", *plugin]
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=environment)  # noqa: S603


def _describe_missing() -> str | None:
    """What of the engine isn't on PATH; None where all is."""
    if not shutil.which("pulumi"):
        return "the Pulumi CLI isn't installed"
    try:
        automation.PulumiCommand()
    except (automation.InvalidVersionError, OSError, subprocess.SubprocessError):
        return "the Pulumi CLI on PATH is too old or doesn't run"
    if not shutil.which(_PLUGIN) and not _has_plugin():
        return "Pulumi's AWS plugin isn't installed"
    return None


def _build_environment(home: Path) -> dict[str, str]:

    return {
        "PULUMI_HOME": str(home),
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def _has_plugin() -> bool:
    command = ["pulumi", "plugin", "ls", "--json"]
    listed = subprocess.run(command, capture_output=True, check=False, timeout=30)  # noqa: S603 - our own command
    try:
        plugins = json.loads(listed.stdout)
    except ValueError:
        return False
    return any(
        plugin.get("name") == "aws" and plugin.get("kind") == "resource" for plugin in plugins
    )


def deploy(
    stack: Stack,
    environment: Mapping[str, str],
    *,
    fresh: bool,
    preview: bool,
    tell: Callable[[str], None],
) -> Deployment:
    """Bring the stack up, or preview it, with its state in a folder that git ignores.

    Args:
        stack: The stack.
        environment: What `find` returned.
        fresh: Whether the accounts are empty, so that what the state remembers is gone.
        preview: Whether to create nothing, and only report what would be created.
        tell: Called with each line of the engine's output.

    Raises:
        DeploymentError: With the engine's diagnostics; a `RefusedError` if a component refuses.
    """
    run: dict[str, Any] = {"refresh": not fresh, "color": "never"}
    events: list[automation.EngineEvent] = []
    try:
        workspace = _select_stack(stack, environment, _prepare_workspace(stack, fresh=fresh))
        run["on_event"] = events.append
        if preview:
            run |= {"diff": True, "suppress_progress": True}
            workspace.preview(on_output=lambda line: _tell_diff(line, tell), **run)
            return Deployment("pulumi", {}, _list_planned(events, stack))
        workspace.up(on_output=tell, suppress_outputs=True, **run)
        state = (workspace.export_stack().deployment or {})["resources"]
        revealed = {key: output.value for key, output in workspace.outputs().items()}
    except automation.CommandError as error:
        raise _make_error(_list_errors(events) or str(error)) from None
    # The outputs in the state: those that the Automation API returns show a secret inside a value.
    (outputs,) = (made.get("outputs") or {} for made in state if made["type"] == STACK_TYPE)
    shown = _render_value(outputs)
    return Deployment("pulumi", shown, _list_made(state, stack), revealed=revealed)


def _select_stack(stack: Stack, environment: Mapping[str, str], work: Path) -> automation.Stack:
    command = automation.PulumiCommand(environment.get("PULUMI_HOME"))
    state_url = (work.parent / "state").as_uri()
    own = {"PULUMI_BACKEND_URL": state_url, "PULUMI_CONFIG_PASSPHRASE": "sandbox"}
    variables = {**environment, **own}
    options = automation.LocalWorkspaceOptions(pulumi_command=command, env_vars=variables)
    return automation.create_or_select_stack(stack.name, work_dir=str(work), opts=options)


def _prepare_workspace(stack: Stack, *, fresh: bool) -> Path:
    """Copy the project: Pulumi writes its salt beside the stack's config."""
    base = private_files.make_folder(stack.folder) / stack.name
    if fresh:
        shutil.rmtree(base, ignore_errors=True)
    work = base / "project"
    work.mkdir(parents=True, exist_ok=True)
    (base / "state").mkdir(exist_ok=True)
    project = yaml.safe_load((stack.folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    project.pop("main", None)
    for name in _PROGRAM:
        shutil.copy(stack.program / name, work)
    project["runtime"]["options"]["virtualenv"] = sys.prefix
    (work / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    settings = work / f"Pulumi.{stack.name}.yaml"
    salt = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    content = yaml.safe_load(stack.file.read_text(encoding="utf-8"))
    for key in _ENCRYPTION_KEYS:  # which go with the person's own passphrase or key
        content.pop(key, None)
    if stack.access_file:
        config = content.setdefault("config", {})
        config.pop("file", None)
        config[f"{NAMESPACE}:file"] = os.path.relpath(stack.folder / stack.access_file, work)
    if "encryptionsalt" in salt:
        content["encryptionsalt"] = salt["encryptionsalt"]
    settings.write_text(yaml.safe_dump(content), encoding="utf-8")
    return work


def _tell_diff(line: str, tell: Callable[[str], None]) -> None:
    """Tell a line of a diff, without the parts of URNs that say nothing of this stack."""
    if not line.lstrip().startswith("[provider="):
        tell(_URN_LINE.sub(r"[\1]", line))


def _list_made(resources: list[dict[str, Any]], stack: Stack) -> list[Resource]:
    return [
        _build_resource(made["urn"], made.get("parent", ""), made.get("provider", ""), made, stack)
        for made in resources
        if made["type"] != STACK_TYPE
    ]


def _list_planned(events: list[automation.EngineEvent], stack: Stack) -> list[Resource]:
    planned = {}
    for event in events:
        if event.resource_pre_event is None:
            continue
        metadata = event.resource_pre_event.metadata
        # What is read again isn't planned yet; what is to be replaced comes in several steps.
        if (
            metadata.new is None
            or metadata.type == STACK_TYPE
            or metadata.op is automation.OpType.REFRESH
        ):
            continue
        state = {"inputs": metadata.new.inputs, "outputs": metadata.new.outputs}
        planned[metadata.urn] = _build_resource(
            metadata.urn, metadata.new.parent, metadata.provider or "", state, stack
        )
    return list(planned.values())


def _build_resource(
    urn: str, parent: str, provider: str, state: Mapping[str, Any], stack: Stack
) -> Resource:
    kind, name = parse_urn(urn)
    parent_kind, parent_name = parse_urn(parent) if parent else (STACK_TYPE, "")
    owner = name if kind == "pulumi:providers:aws" else parse_urn(provider.rpartition("::")[0])[1]
    return Resource(
        kind,
        name,
        None if parent_kind == STACK_TYPE else f"{parent_kind}::{parent_name}",
        stack.settings.account_ids.get(owner),
        _render_value(state.get("inputs") or {}),
        _render_value(state.get("outputs") or {}),
    )


def _render_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        if _SECRET_KEY in value:
            return SECRET
        return {
            key: _render_value(inner) for key, inner in value.items() if not key.startswith("__")
        }
    if isinstance(value, list):
        return [_render_value(inner) for inner in value]
    return UNKNOWN if value == _UNKNOWN_VALUE else value


def _list_errors(events: list[automation.EngineEvent]) -> str:
    """What the engine says went wrong, each with the resource that it went wrong with."""
    errors: dict[str, None] = {}
    for event in events:
        told = event.diagnostic_event
        if told is None or told.severity != "error":
            continue
        kind, name = parse_urn(told.urn or "")
        where = f"{kind} {name}: " if kind not in ("", STACK_TYPE) else ""
        errors[f"{where}{_COLOR.sub('', told.message).strip()}"] = None
    return "\n".join(errors)


def _make_error(diagnostics: str) -> DeploymentError:
    refused = re.search(r"^\w+ \S+ was refused:$", diagnostics, re.MULTILINE)
    return RefusedError(diagnostics) if refused else DeploymentError(diagnostics)
