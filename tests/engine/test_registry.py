"""The programs that a registry shows, with the package from a git URL, as a registry has it."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from pulumi import automation

import cross_account_access
from docs import schema_pages
from examples.__main__ import EXAMPLES, PROFILES, build_environment
from release import pack_plugin
from sandbox.aws.server import client
from tests.doc_pages import read_blocks
from tests.engine.conftest import ROOT
from tests.engine.git_server import HOST, make_repository, serve_repositories
from tests.engine.test_languages import missing, planned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.aws.server import Sandbox

pytestmark = pytest.mark.engine

NAME = "cross-account-access"
REPOSITORY = f"{NAME}/{NAME}.git"
VERSION = f"v{cross_account_access.__version__}"
PACKAGE = f"{HOST}/{REPOSITORY}/components"
PROGRAMS = {block.language: block.text for block in read_blocks("docs/_index.md")}
CHECKED = {
    "typescript": ("index.ts", ["package.json", "tsconfig.json"], ["npx", "tsc", "--noEmit"]),
    "go": ("main.go", ["go.mod"], ["go", "vet", "./..."]),
}
"""The file of a language's program, the files beside it, and what checks its types."""
BUILT = {
    "nodejs": ("typescript", ["bin/index.js", "bin/index.d.ts", "bin/multiAccountAccess.js"]),
    "python": ("python", [f"dist/pulumi_cross_account_access-{VERSION[1:]}-py3-none-any.whl"]),
    "go": ("go", ["go.mod", "go.sum"]),
}
"""By the language of an SDK: the programs that it is for, and files that its build leaves."""

PAGES = {"nodejs": ("TypeScript", "ts", "{}?: {}"), "go": ("Go", "go", "{} {}")}
"""By an SDK's language: its tab in the schema's pages, its files, an optional input in them."""


def read_fields(folder: Path, language: str) -> set[str]:
    """The lines of an SDK's files, as far as the schema's pages say what is in them."""
    files = folder.rglob(f"*.{PAGES[language][1]}")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    text = re.sub(r" `pulumi:.*|inputs\.|enums\.|;$", "", text, flags=re.MULTILINE)
    text = text.replace("pulumiAws", "aws").replace("declare public /*out*/ readonly ", "")
    return {" ".join(line.replace(" | undefined>", ">").split()) for line in text.splitlines()}


def list_pages_fields(language: str) -> set[str]:
    """The inputs and types' keys of the schema's pages, as an SDK writes them."""
    title, _, optional = PAGES[language]
    (spelt,) = [found for found in schema_pages.LANGUAGES if found.title == title]
    types = [(spec, "properties", "required") for spec in schema_pages.read_types().values()]
    components = schema_pages.read_components().values()
    types += [(spec, "inputProperties", "requiredInputs") for spec in components]
    fields = set()
    for spec, properties, required in types:
        for key, value in spec.get(properties, {}).items():
            needed = key in spec.get(required, ())
            form = optional.replace("?", "" if needed else "?")
            kind = spelt.spell_input(value, required=needed)
            fields.add(form.format(spelt.spell_key(key), kind))
    return fields


@pytest.fixture(scope="module")
def variables(
    tmp_path_factory: pytest.TempPathFactory, engine: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """The environment of a CLI that reaches the package's repository, which has one tag."""
    root = tmp_path_factory.mktemp("git") / "repositories"
    make_repository(root, REPOSITORY, ROOT / "components", VERSION)
    try:
        with serve_repositories(root) as trusted:
            yield {**engine, "SSL_CERT_FILE": str(trusted)}
    except PermissionError:
        pytest.skip("port 443, which a git URL means, isn't for this user")
    home = Path(engine.get("PULUMI_HOME") or Path.home() / ".pulumi")
    for plugin in (home / "plugins").glob(f"resource-{HOST}_*"):
        shutil.rmtree(plugin) if plugin.is_dir() else plugin.unlink()


def pulumi(work: Path, variables: Mapping[str, str], *arguments: str) -> None:
    command = automation.PulumiCommand(variables.get("PULUMI_HOME"))
    command.run(list(arguments), str(work), dict(variables))


def test_the_yaml_program_is_deployed_after_pulumi_install(
    tmp_path: Path, variables: Mapping[str, str], sandbox: Sandbox
) -> None:
    sandbox.reset()
    people = client("iam", sandbox.endpoint, account=PROFILES["people"])
    people.create_user(UserName="alice")
    environment = {**variables, **build_environment(tmp_path, sandbox.endpoint)}
    work = tmp_path / "access"
    work.mkdir()
    program = PROGRAMS["yaml"].replace("https://github.com/", f"https://{HOST}/")
    assert PACKAGE in program
    (work / "Pulumi.yaml").write_text(program, encoding="utf-8")
    pulumi(work, environment, "install")

    options = automation.LocalWorkspaceOptions(
        pulumi_command=automation.PulumiCommand(environment.get("PULUMI_HOME")),
        env_vars=environment,
    )
    stack = automation.create_stack("dev", work_dir=str(work), opts=options)
    assert planned(stack.preview(color="never")) == {"create"}
    production = PROFILES["production"]
    role_arn = stack.up(color="never").outputs["roleArn"].value
    assert role_arn == f"arn:aws:iam::{production}:role/read-only"
    stack.destroy(color="never")


@pytest.mark.parametrize("language", CHECKED)
def test_a_programs_types_are_right_in_a_fresh_clone_after_pulumi_install(
    language: str, tmp_path: Path, variables: Mapping[str, str]
) -> None:
    if reason := missing(language, tmp_path):
        pytest.skip(reason)
    file, beside, check = CHECKED[language]
    work, clone = tmp_path / "work", tmp_path / "clone"
    for folder in (work, clone):
        folder.mkdir()
    (work / file).write_text(PROGRAMS[language], encoding="utf-8")
    for name in (*beside, "Pulumi.yaml"):
        shutil.copy(EXAMPLES / language / name, work)
    settings = yaml.safe_load((work / "Pulumi.yaml").read_text(encoding="utf-8"))
    del settings["packages"]
    (work / "Pulumi.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    pulumi(work, variables, "package", "add", f"https://{PACKAGE}@{VERSION}")
    added = yaml.safe_load((work / "Pulumi.yaml").read_text(encoding="utf-8"))
    # The "v" is left out if the CLI has that version already.
    package, _, version = added.pop("packages").pop(NAME).partition("@")
    assert (package, version.removeprefix("v")) == (PACKAGE, cross_account_access.__version__)
    assert added == settings

    for name in (*beside, file, "Pulumi.yaml"):
        shutil.copy(work / name, clone)
    pulumi(clone, variables, "install", "--no-plugins")
    done = subprocess.run(  # noqa: S603
        check, cwd=clone, check=False, capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("language", BUILT)
def test_make_sdks_generates_and_builds_an_sdk(
    language: str, tmp_path: Path, engine: Mapping[str, str]
) -> None:
    program, built = BUILT[language]
    if reason := missing(program, tmp_path):
        pytest.skip(reason)
    command = ["make", "-o", ".venv/.ready", "sdks", f"SDKS={language}", f"SDK_FOLDER={tmp_path}"]
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, check=False, capture_output=True, text=True, env={**os.environ, **engine}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [file for file in built if not (tmp_path / language / file).is_file()] == []


def test_the_plugin_that_a_release_has_is_installed_by_the_cli_and_serves_the_schema(
    tmp_path: Path, engine: Mapping[str, str]
) -> None:
    archives = tmp_path / "plugin"
    pack_plugin.main(archives)
    variables = {**engine, "PULUMI_HOME": str(tmp_path / "home")}
    cli = automation.PulumiCommand(engine.get("PULUMI_HOME"))
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(archives))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        install = ["plugin", "install", "resource", NAME, VERSION, "--server", address]
        cli.run(install, str(tmp_path), variables)
        server.shutdown()
    served = cli.run(["package", "get-schema", NAME], str(tmp_path), variables)
    schema = json.loads(served.stdout)
    committed = json.loads((ROOT / "components" / "schema.json").read_text(encoding="utf-8"))
    assert (schema["name"], schema["version"]) == (NAME, VERSION[1:])
    assert schema["pluginDownloadURL"] == committed["pluginDownloadURL"]
    assert schema["resources"].keys() == committed["resources"].keys()


@pytest.mark.parametrize("language", PAGES)
def test_the_schemas_pages_say_what_a_generated_sdk_has(
    language: str, tmp_path: Path, engine: Mapping[str, str]
) -> None:
    schema = str(ROOT / "components" / "schema.json")
    generate = ("package", "gen-sdk", schema, "--language", language, "--out", str(tmp_path))
    pulumi(tmp_path, engine, *generate)
    fields = list_pages_fields(language)
    assert len(fields) > 50
    assert fields - read_fields(tmp_path / language, language) == set()
