"""The workflows are valid and safe, and run nothing that `make` doesn't have."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import check_jsonschema  # type: ignore[import-untyped] # it has no types
import pytest
import yaml
from click.testing import CliRunner

from tests.distribution import PROJECT
from tests.doc_pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GITHUB = ROOT / ".github"
SCHEMAS = {
    "workflows/*.yml": ("vendor.github-workflows", "custom.github-workflows-require-timeout"),
    "dependabot.yml": ("vendor.dependabot",),
    "ISSUE_TEMPLATE/[!c]*.yml": ("vendor.github-issue-forms",),
    "ISSUE_TEMPLATE/config.yml": ("vendor.github-issue-config",),
}
PINNED = re.compile(r"uses: (?P<action>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+")
MAKE = re.compile(r"make (?P<target>[a-z-]+)( [A-Z]+=[a-z]+)*")
WRITES = {
    ("codeql.yml", "analyze"): {"security-events"},
    ("release.yml", "attest"): {"id-token", "attestations"},
    ("release.yml", "pypi"): {"id-token"},
    ("release.yml", "github"): {"contents"},
    ("release.yml", "site"): {"id-token", "pages"},
}
"""What a job may write; no other job may write anything."""
PUSHES: dict[str, Any] = {"push": {"branches": ["main"]}, "pull_request": None}
TRIGGERS: dict[str, Any] = {
    "codeql.yml": {**PUSHES, "schedule": [{"cron": "41 4 * * 1"}]},
    "nightly.yml": {"schedule": [{"cron": "17 3 * * *"}], "workflow_dispatch": None},
    "release.yml": {"push": {"tags": ["v*"]}},
    "test.yml": {**PUSHES, "workflow_call": None},
}
"""What starts a workflow: nothing but a tag publishes."""
JOB_KEYS = {"name", "needs", "uses", "runs-on", "timeout-minutes", "permissions", "strategy"}
JOB_KEYS |= {"environment", "steps"}
STEP_KEYS = {"id", "name", "uses", "with", "run", "env"}
"""No `if`, `continue-on-error`, `shell` or the like: a failure stops what comes after it."""


def list_targets() -> set[str]:
    """The targets of the Makefile that say what they do."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    lines = re.findall(r"^([a-z][a-z %-]*):.* ## ", text, re.MULTILINE)
    return {target for line in lines for target in line.split()}


def list_jobs(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every job with its file and name."""
    for file in sorted((folder / "workflows").glob("*.yml")):
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        for name, job in workflow["jobs"].items():
            yield file.name, name, job


def find_faults(folder: Path) -> Iterator[str]:
    """Every breach of the rules below in the workflows of a `.github`."""
    pins: dict[str, str] = {}
    for file in sorted((folder / "workflows").glob("*.yml")):
        text = file.read_text(encoding="utf-8")
        workflow = yaml.safe_load(text)
        if workflow["permissions"] != {}:
            yield f"{file.name}: permissions"
        if workflow[True] != TRIGGERS.get(file.name):  # YAML 1.1 reads the key `on` as true
            yield f"{file.name}: on"
        if workflow.keys() != {"name", True, "permissions", "concurrency", "jobs"}:
            yield f"{file.name}: keys"
        for line in re.findall(r"uses: .*", text):
            pinned = PINNED.fullmatch(line)
            if pinned is None and line != "uses: $/.github/workflows/test.yml":
                yield f"{file.name}: {line}"
            elif pinned and pins.setdefault(pinned["action"], pinned["commit"]) != pinned["commit"]:
                yield f"{file.name}: another commit of {pinned['action']}"
    for name, job, spec in list_jobs(folder):
        yield from (f"{name}: {job}: {fault}" for fault in find_job_faults(name, job, spec))


def find_job_faults(file: str, name: str, job: dict[str, Any]) -> Iterator[str]:
    granted = job.get("permissions", {"everything": "write"})
    writes = {scope for scope, right in granted.items() if right != "read"}
    if writes != WRITES.get((file, name), set()):
        yield f"writes {sorted(writes)}"
    if job.keys() - JOB_KEYS:
        yield f"has {sorted(job.keys() - JOB_KEYS)}"
    for step in job.get("steps", []):
        if step.keys() - STEP_KEYS:
            yield f"a step has {sorted(step.keys() - STEP_KEYS)}"
        command = MAKE.fullmatch(step.get("run", "make test"))
        if command is None or command["target"] not in list_targets():
            yield f"run: {step['run']}"
        if any("cache" in key for key in step.get("with", {})):
            yield "caches"
        if "checkout" in step.get("uses", "") and step["with"] != {"persist-credentials": False}:
            yield "checks out another commit, or keeps credentials"


def check_schema(schema: str, *files: Path) -> int:
    """The exit code of check-jsonschema with a schema that it carries."""
    arguments = ["--builtin-schema", schema, *map(str, files)]
    return CliRunner().invoke(check_jsonschema.main, arguments).exit_code


def audit(folder: Path) -> subprocess.CompletedProcess[str]:
    """Zizmor, with all of its rules that need no network."""
    tool = shutil.which("zizmor", path=ROOT / ".venv" / "bin") or "zizmor"
    command: list[str | Path] = [
        tool,
        "--offline",
        "--persona=auditor",
        "--strict-collection",
        "--quiet",
    ]
    return subprocess.run([*command, folder], check=False, capture_output=True, text=True)  # noqa: S603


@pytest.mark.parametrize(
    ("pattern", "schema"), [(name, schema) for name, of in SCHEMAS.items() for schema in of]
)
def test_a_file_has_the_form_that_github_requires(pattern: str, schema: str) -> None:
    files = sorted(GITHUB.glob(pattern))
    assert files
    assert check_schema(schema, *files) == 0


def test_every_file_has_a_schema() -> None:
    checked = {path for pattern in SCHEMAS for path in GITHUB.glob(pattern)}
    assert checked == set(GITHUB.rglob("*.yml"))


@pytest.mark.parametrize(
    ("name", "schema", "old", "new"),
    [
        ("workflows/test.yml", "vendor.github-workflows", "runs-on:", "runs_on:"),
        (
            "workflows/test.yml",
            "custom.github-workflows-require-timeout",
            "timeout-minutes: 30",
            "continue-on-error: true",
        ),
        ("dependabot.yml", "vendor.dependabot", "interval: weekly", "interval: often"),
        ("ISSUE_TEMPLATE/bug.yml", "vendor.github-issue-forms", "type: textarea", "type: area"),
        ("ISSUE_TEMPLATE/config.yml", "vendor.github-issue-config", "url:", "link:"),
    ],
)
def test_a_wrong_form_is_found(tmp_path: Path, name: str, schema: str, old: str, new: str) -> None:
    text = (GITHUB / name).read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert check_schema(schema, wrong) == 1


def test_zizmor_finds_nothing() -> None:
    done = audit(ROOT / ".github")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_rules_hold() -> None:
    assert list(find_faults(GITHUB)) == []


TEST = (GITHUB / "workflows" / "test.yml").read_text(encoding="utf-8")
CHECKOUT, COMMIT = re.findall(r"(uses: actions/checkout@(\w+) # .*)", TEST)[0]
MUTANTS = {
    "a tag": (CHECKOUT, "uses: actions/checkout@v7"),
    "a pin without its version": (CHECKOUT, CHECKOUT.partition(" #")[0]),
    "a short commit": (COMMIT, COMMIT[:7]),
    "two pins of one action": (COMMIT, COMMIT[::-1]),
    "a command that make has not": ("run: make test", "run: pytest"),
    "a target that the Makefile has not": ("run: make test", "run: make tests"),
    "a second command": ("run: make test", "run: make test; id"),
    "an expression in a command": ("make test", "make test X=${{ github.ref }}"),
    "rights for all jobs": ("permissions: {}", "permissions: { contents: read }"),
    "a right too many": ("      contents: read", "      contents: write"),
    "a job without its rights": ("    permissions:\n      contents: read\n", ""),
    "credentials that stay": ("persist-credentials: false", "persist-credentials: true"),
    "a cache": ("python-version: ${{", "cache: pip\n          python-version: ${{"),
    "runs without a group": ("concurrency:", "defaults:"),
    "another trigger": ("  workflow_call:", "  workflow_dispatch:"),
    "a fork's code with rights": ("  pull_request:", "  pull_request_target:"),
    "another commit": (
        "persist-credentials: false",
        "persist-credentials: false\n          ref: main",
    ),
    "a job that may fail": ("    timeout-minutes: 60", "    continue-on-error: true"),
    "a job that doesn't run": ("    timeout-minutes: 60", "    if: false"),
    "a step that may fail": ("        run: make test", "        run: make test\n        if: false"),
    "another shell": ("        run: make test", "        run: make test\n        shell: id {0}"),
}


@pytest.mark.parametrize("case", MUTANTS)
def test_a_breach_of_a_rule_is_found(tmp_path: Path, case: str) -> None:
    shutil.copytree(GITHUB / "workflows", tmp_path / "workflows")
    old, new = MUTANTS[case]
    file = tmp_path / "workflows" / "test.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    (fault,) = set(find_faults(tmp_path)) - set(find_faults(GITHUB))
    assert fault.startswith("test.yml: ")


def test_every_pinned_action_is_updated_and_has_one_commit() -> None:
    pins: dict[str, set[str]] = {}
    folders = set()
    tops = (GITHUB, ROOT / "examples", ROOT / "templates")
    for file in (file for top in tops for file in top.rglob("*.yml")):
        found = PINNED.findall(file.read_text(encoding="utf-8"))
        folders |= {f"/{file.parent.relative_to(ROOT).as_posix()}"} if found else set()
        for action, commit in found:
            pins.setdefault(action, set()).add(commit)
    assert [action for action, commits in pins.items() if len(commits) > 1] == []
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    (actions,) = [of for of in updates if of["package-ecosystem"] == "github-actions"]
    workflows = "/.github/workflows"  # what "/" stands for
    assert folders == {workflows if of == "/" else of for of in actions["directories"]}


def test_zizmor_finds_a_command_that_runs_a_title(tmp_path: Path) -> None:
    shutil.copytree(GITHUB, tmp_path / ".github")
    file = tmp_path / ".github" / "workflows" / "test.yml"
    text = file.read_text(encoding="utf-8")
    wrong = text.replace("make test", "echo ${{ github.event.pull_request.title }}", 1)
    file.write_text(wrong, encoding="utf-8")
    assert "template-injection" in audit(tmp_path).stdout


def find_steps(file: str, job: str) -> list[dict[str, Any]]:
    workflow = yaml.safe_load((GITHUB / "workflows" / file).read_text(encoding="utf-8"))
    return workflow["jobs"][job]["steps"]  # type: ignore[no-any-return]


def test_every_python_version_that_the_package_claims_is_tested_and_no_other() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text(encoding="utf-8"))["jobs"]
    tested = jobs["test"]["strategy"]["matrix"]["python"]
    found = [re.fullmatch(r".* :: (3\.\d+)", name) for name in PROJECT["classifiers"]]
    assert tested == [match[1] for match in found if match]
    assert PROJECT["requires-python"] == f">={tested[0]}"
    ends = [find_steps("nightly.yml", name)[1]["with"] for name in ("lowest", "newest")]
    assert [end["python-version"] for end in ends] == [tested[0], tested[-1]]


def test_the_engines_tests_run_with_the_version_of_the_requirements_and_cant_be_skipped() -> None:
    steps = find_steps("test.yml", "engine")
    (version,) = [found for step in steps if (found := step.get("with", {}).get("pulumi-version"))]
    assert f"\npulumi=={version}\n" in (ROOT / "requirements.txt").read_text(encoding="utf-8")
    commands = [step["run"] for step in steps if "run" in step]
    assert commands == ["make sdks", "make up ENGINE=pulumi", "make engine"]


def test_the_forms_and_pages_lead_to_private_reports_of_this_repository() -> None:
    address = f"{PROJECT['urls']['Repository']}/security/advisories/new"
    forms = [*(GITHUB / "ISSUE_TEMPLATE").glob("[bc]*.yml")]
    for page in (*forms, ROOT / "SECURITY.md", ROOT / "CODE_OF_CONDUCT.md"):
        found = re.findall(r"https://github\.com/[^)\s]*/advisories/\w+", page.read_text("utf-8"))
        assert found == [address], page


def test_every_folder_with_pinned_actions_gets_their_updates() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    (actions,) = [one for one in updates if one["package-ecosystem"] == "github-actions"]
    # "/" stands for .github/workflows (https://docs.github.com/code-security/dependabot).
    watched = {folder.removeprefix("/") or ".github/workflows" for folder in actions["directories"]}
    pattern = ["git", "grep", "-lE", "uses: .+@[0-9a-f]{40}", "--", "*.yml"]
    found = subprocess.run(pattern, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    assert watched == {file.rpartition("/")[0] for file in found.stdout.splitlines()}


def test_make_sdks_refuses_a_language_that_it_cant_build() -> None:
    command = ["make", "-s", "-C", str(ROOT), "-o", ".venv/.ready", "sdks", "SDKS=java"]
    told = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert told.returncode == 2
    assert "SDKS: java must be one of nodejs, python, go" in told.stderr
