"""The pages that a Pulumi registry fetches from a release's tag, and renders by Hugo elsewhere."""

from __future__ import annotations

import itertools
import json
import re
from functools import cache
from typing import Any

import pytest
import semver
import yaml

from tests.distribution import PROJECT
from tests.doc_pages import ROOT, read_blocks

INDEX, INSTALLATION = PAGES = ("docs/_index.md", "docs/installation-configuration.md")
FENCES = {
    "typescript": "typescript",
    "python": "python",
    "go": "go",
    "csharp": "csharp",
    "java": "java",
    "yaml": "yaml",
}
"""The fence of a program by its name among the registry's languages, in the registry's order."""
REPOSITORY = PROJECT["urls"]["Repository"]
OWNER, NAME = REPOSITORY.removeprefix("https://github.com/").split("/")


@cache
def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def read_text(page: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", read(page), flags=re.MULTILINE | re.DOTALL)


def read_chosen(page: str) -> dict[str, str]:
    """What a page shows for each language, in its order."""
    return dict(
        re.findall(
            r"^\{\{% choosable language (\w+) %\}\}\n\n(.*?)\n\n\{\{% /choosable %\}\}$",
            read(page),
            re.MULTILINE | re.DOTALL,
        )
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_page_starts_with_a_title_a_description_and_the_packages_layout(page: str) -> None:
    opening, front, _ = read(page).split("---\n", 2)
    assert opening == ""
    matter = yaml.safe_load(front)
    assert matter.keys() == {"title", "meta_desc", "layout"}
    assert matter["layout"] == "package"
    assert matter["title"].startswith("Cross-Account Access")
    assert len(matter["title"]) <= 60
    assert 50 <= len(matter["meta_desc"]) <= 160


@pytest.mark.parametrize("page", PAGES)
def test_a_page_links_only_to_whole_addresses_and_shows_no_image(page: str) -> None:
    text = read_text(page)
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert links
    assert [link for link in links if not link.startswith("https://")] == []
    assert not re.search(r"!\[|<(a|img)\b", text)


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_shortcodes_are_those_that_the_registry_has_each_closed(page: str) -> None:
    languages = ",".join(FENCES)
    chosen = [
        line
        for language in FENCES
        for line in (f"{{{{% choosable language {language} %}}}}", "{{% /choosable %}}")
    ]
    opening, closing = f'{{{{< chooser language "{languages}" >}}}}', "{{< /chooser >}}"
    shortcodes = [line for line in read(page).splitlines() if line.startswith("{{")]
    assert shortcodes == [opening, *chosen, closing]
    assert len(re.findall(r"\{\{\s*[<%]", read(page))) == len(shortcodes)


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_headings_go_down_one_level_at_a_time_below_its_title(page: str) -> None:
    levels = [len(marks) for marks in re.findall(r"^(#+) ", read_text(page), re.MULTILINE)]
    assert levels[0] == 2
    assert all(below <= above + 1 and below > 1 for above, below in itertools.pairwise(levels))
    assert all(block.language for block in read_blocks(page))


def test_the_overview_has_one_program_in_each_language() -> None:
    chosen = read_chosen(INDEX)
    assert list(chosen) == list(FENCES)
    for language, fence in FENCES.items():
        assert chosen[language].startswith(f"```{fence}\n")
        assert chosen[language].endswith("\n```")
        assert chosen[language].count("```") == 2
        for part in ("read-only", "alice", "ReadOnlyAccess", "team", "people", "production"):
            assert part in chosen[language], f"{language} says the same as the others"


def test_every_language_is_told_how_the_package_is_added() -> None:
    chosen = read_chosen(INSTALLATION)
    assert list(chosen) == list(FENCES)
    add = f"```sh\npulumi package add {REPOSITORY}.git/components\n```"
    for language, text in chosen.items():
        expected = f"```sh\npip install {PROJECT['name']}\n```" if language == "python" else add
        assert text.startswith(expected)


@pytest.mark.parametrize("page", PAGES)
def test_the_public_addresses_are_the_packages(page: str) -> None:
    ours = {PROJECT["urls"]["Documentation"], REPOSITORY + ".git/components"}
    hosts = r"https://(?:github\.com|[\w-]+\.github\.io)/[^\s)`]*"
    assert set(re.findall(hosts, read(page))) <= ours


def test_the_names_of_the_sdks_are_those_that_pulumi_makes_of_the_address() -> None:
    go = f"{REPOSITORY.removeprefix('https://')}/sdk/go/{NAME.replace('-', '')}"
    for page in PAGES:
        assert f"@{OWNER}/{NAME}" in read_chosen(page)["typescript"]
        assert go in read_chosen(page)["go"]
    assert f'"{go}"' in (ROOT / "examples" / "go" / "main.go").read_text(encoding="utf-8")


def test_the_schema_has_what_the_registry_requires_of_an_entry() -> None:
    schema: dict[str, Any] = json.loads(read("components/schema.json"))
    assert schema["name"] == NAME.removeprefix("pulumi-")
    assert semver.Version.parse(schema["version"])
    assert schema["publisher"].strip()
    assert [word for word in schema["keywords"] if word.startswith("category/")] == [
        "category/cloud"
    ]
