"""The schema that every other Pulumi language's SDK is made from."""

from __future__ import annotations

import difflib
import json
import os
import re
import warnings
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

import cross_account_access
from cross_account_access.access import Side
from cross_account_access.args import TrustBy
from cross_account_access.provider import AccessProvider
from tests.distribution import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "components" / "schema.json"
AWS_REFERENCE = re.compile(r"/aws/v[^/]+/")
PACKAGE = "cross-account-access"
COMPONENTS = ("AssumeRoleGrant", "CrossAccountAccess", "MultiAccountAccess", "TrustedRole")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    with warnings.catch_warnings():
        # Pulumi's analyzer leaves pulumi_aws's pulumi-plugin.json to be closed by the garbage
        # collector.
        warnings.simplefilter("ignore", ResourceWarning)
        generated: dict[str, Any] = json.loads(AccessProvider().schema or "")
    return generated


def described(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that a person reads about, by its path in the schema."""
    for token, resource in schema["resources"].items():
        yield token, resource
        for kind in ("inputProperties", "properties"):
            for name, spec in resource[kind].items():
                yield f"{token} {kind} {name}", spec
    for token, definition in schema["types"].items():
        yield token, definition
        for name, spec in definition.get("properties", {}).items():
            yield f"{token} {name}", spec
        for value in definition.get("enum", []):
            yield f"{token} {value['value']}", value


def read_lines(text: str) -> list[str]:
    """A schema's lines, for whatever version of pulumi-aws it was made with."""
    return AWS_REFERENCE.sub("/aws/vVERSION/", text).splitlines(keepends=True)


def test_the_schema_is_the_committed_one(schema: dict[str, Any]) -> None:
    now = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        COMMITTED.write_text(now, encoding="utf-8")
    committed = read_lines(COMMITTED.read_text(encoding="utf-8"))
    changes = "".join(difflib.unified_diff(committed, read_lines(now), "committed", "now", n=2))
    assert not changes, (
        f"the schema changed; if that is meant, UPDATE_SNAPSHOTS=1 pytest {Path(__file__).name}\n"
        f"{changes}"
    )


def test_the_committed_schema_refers_to_the_aws_package_that_is_tested_daily() -> None:
    pinned = re.search(
        r"^pulumi-aws==(.+)$", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert pinned
    references = AWS_REFERENCE.findall(COMMITTED.read_text(encoding="utf-8"))
    assert set(references) == {f"/aws/v{pinned[1]}/"}


def test_a_registry_is_told_what_the_distribution_is(schema: dict[str, Any]) -> None:
    (author,) = PROJECT["authors"]
    assert {key: schema[key] for key in ("description", "license", "publisher")} == {
        "description": PROJECT["description"],
        "license": PROJECT["license"],
        "publisher": author["name"],
    }
    assert schema["homepage"] == PROJECT["urls"]["Homepage"]
    assert schema["repository"] == PROJECT["urls"]["Repository"]
    assert set(PROJECT["keywords"]) | {"category/cloud", "kind/component"} == set(
        schema["keywords"]
    )
    assert schema["displayName"] == "Cross-Account Access"
    address = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    assert schema["pluginDownloadURL"] == f"github://api.github.com/{address}"


@pytest.mark.parametrize(
    "distribution",
    [None, "Name: cross-account-access\nVersion: 0.0.1\n"],
    ids=["none", "an older version's"],
)
def test_the_package_needs_no_metadata_to_run_from_its_folder(
    distribution: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment may have only its requirements, or what an older version left."""

    if distribution:
        (tmp_path / "METADATA").write_text(distribution, encoding="utf-8")
    found = [metadata.PathDistribution(tmp_path)] if distribution else []
    monkeypatch.setattr(metadata.Distribution, "discover", lambda **_: iter(found))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        resources = json.loads(AccessProvider().schema or "")["resources"]
    assert sorted(resources) == [f"{PACKAGE}:index:{name}" for name in COMPONENTS]


def test_the_logo_is_the_drawing_in_the_repository_at_the_versions_tag(
    schema: dict[str, Any],
) -> None:
    repository = schema["repository"].removeprefix("https://github.com/")
    raw = f"https://raw.githubusercontent.com/{repository}/v{schema['version']}/"
    assert schema["logoUrl"].startswith(raw)
    file = ROOT / schema["logoUrl"].removeprefix(raw)
    drawing = ET.parse(file).getroot()  # noqa: S314 - our own file
    assert drawing.tag.endswith("svg")
    box = [int(number) for number in drawing.attrib["viewBox"].split()]
    assert box[2] == box[3], "a registry shows it in a square"
    assert not any("href" in name for element in drawing.iter() for name in element.attrib)


def test_no_language_advertises_a_package_that_is_not_published(schema: dict[str, Any]) -> None:
    assert not any(
        {"packageName", "importBasePath"} & section.keys()
        for section in schema["language"].values()
    )
    assert "namespace" not in schema, "it would name the SDKs"


def test_every_sdk_takes_the_programs_own_aws_package(schema: dict[str, Any]) -> None:
    language = schema["language"]
    assert language["nodejs"]["peerDependencies"] == {"@pulumi/aws": "^7.0.0"}
    assert language["python"]["requires"] == {"pulumi-aws": ">=7.0.0,<8"}
    assert language["csharp"]["packageReferences"] == {"Pulumi.Aws": "[7.0.0,8)"}
    assert language["java"]["dependencies"] == {"com.pulumi:aws": "[7.0.0,8)"}
    # Without these, an SDK from a git URL names a provider of a package that isn't there.
    assert language["csharp"]["rootNamespace"] == "Pulumi"
    assert language["java"]["basePackage"] == "com.pulumi"


def test_everything_is_described(schema: dict[str, Any]) -> None:
    everything = dict(described(schema))
    assert len(everything) > 80
    assert [
        path for path, spec in everything.items() if not spec.get("description", "").strip()
    ] == []


def test_descriptions_are_text_without_the_sources_line_ends(schema: dict[str, Any]) -> None:
    broken = [
        path
        for path, spec in described(schema)
        if any(
            "\n" in paragraph or "  " in paragraph
            for paragraph in spec["description"].split("\n\n")
        )
    ]
    assert broken == []


def test_all_components_are_exported(schema: dict[str, Any]) -> None:
    assert sorted(schema["resources"]) == [f"{PACKAGE}:index:{name}" for name in COMPONENTS]
    assert all(resource["isComponent"] for resource in schema["resources"].values())
    assert all(name in cross_account_access.__all__ for name in COMPONENTS)


def test_name_and_version_are_the_packages(schema: dict[str, Any]) -> None:
    assert (schema["name"], schema["version"]) == (PACKAGE, cross_account_access.__version__)


def test_providers_are_aws_providers(schema: dict[str, Any]) -> None:
    inputs = schema["resources"][f"{PACKAGE}:index:CrossAccountAccess"]["inputProperties"]
    kinds = {
        inputs[key]["$ref"].partition("#")[2] for key in ("sourceProvider", "destinationProvider")
    }
    assert kinds == {"/resources/pulumi:providers:aws"}


@pytest.mark.parametrize(("token", "kind"), [("Side", Side), ("TrustBy", TrustBy)])
def test_closed_values_are_enums(
    schema: dict[str, Any], token: str, kind: type[Side | TrustBy]
) -> None:
    values = [value["value"] for value in schema["types"][f"{PACKAGE}:index:{token}"]["enum"]]
    assert values == [member.value for member in kind]


@pytest.mark.parametrize(
    ("component", "inputs"),
    [
        ("AssumeRoleGrant", ["principal", "roleArns"]),
        ("CrossAccountAccess", ["grants"]),
        ("MultiAccountAccess", ["accounts", "grants"]),
        ("TrustedRole", ["principals", "sourceAccountId"]),
    ],
)
def test_required_inputs_are_required(
    schema: dict[str, Any], component: str, inputs: list[str]
) -> None:
    assert schema["resources"][f"{PACKAGE}:index:{component}"]["requiredInputs"] == inputs


def test_a_grant_needs_principals(schema: dict[str, Any]) -> None:
    assert schema["types"][f"{PACKAGE}:index:Grant"]["required"] == ["principals"]


def test_whatever_decides_which_resources_there_are_is_plain(schema: dict[str, Any]) -> None:
    """A map of grants that is an Output would be unknown in a preview."""
    grants = schema["resources"][f"{PACKAGE}:index:CrossAccountAccess"]["inputProperties"]["grants"]
    assert grants["plain"]
    assert grants["additionalProperties"]["plain"]
    conditions = schema["types"][f"{PACKAGE}:index:Conditions"]["properties"]
    assert conditions["mfa"]["plain"]
    assert "plain" not in conditions["externalId"]
