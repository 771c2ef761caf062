"""Every command that README and the pages show is run by a test, or listed here with a reason."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.doc_pages import PAGES, ROOT, list_headings, read_blocks

if TYPE_CHECKING:
    from pathlib import Path

DAY = (
    "tests/engine/test_day_pages.py::"
    "test_a_stack_is_made_changed_rotated_repaired_and_destroyed_as_the_pages_say"
)
CONFIG = "tests/engine/test_day_pages.py::test_the_config_that_pages_set_is_taken"
MANY_ACCOUNTS = (
    "tests/engine/test_many_accounts_docs.py::test_the_pages_fleet_is_deployed_as_it_shows"
)
EXPLAIN = (
    "tests/cli/explain/test_explain_deployed.py::"
    "test_the_transcripts_in_the_documentation_are_the_real_output"
)
LANGUAGES = (
    "The path is the reader's own; tests/engine/test_languages.py adds the package to a program of "
    "each language"
)
FLEET = "tests/engine/test_fleet.py runs each, on accounts of its own"
LIFECYCLE = "The role is the reader's own; tests/engine/test_lifecycle.py gives one back"
OWN_STACK = (
    "tests/engine/test_own_stack.py::test_own_grants_are_tried_with_an_mfa_code_as_the_page_says"
)
RUN_BY = {
    ("README.md", "Two commands"): "make: what it runs is tested in tests/sandbox/test_command.py",
    ("README.md", "On your accounts"): DAY,
    ("components/README.md", "In other languages"): LANGUAGES,
    ("examples/README.md", "Examples"): "tests/engine/test_examples.py deploys every example",
    ("docs/accounts.md", "One side only"): CONFIG,
    ("docs/accounts.md", "Many accounts"): CONFIG,
    ("docs/accounts.md", "External IDs"): CONFIG,
    ("docs/accounts.md", "Using a role"): "It calls AWS with the profile that "
    "tests/cli/profile/test_profile.py writes",
    ("docs/adopting.md", "Before you adopt a role"): LIFECYCLE,
    ("docs/adopting.md", "Giving a role back"): LIFECYCLE,
    ("docs/adopting.md", "Moving to one component for all accounts"): "The URN is the reader's "
    "own; tests/engine/test_many_accounts.py edits the state in the same way",
    ("docs/changing.md", "Add a grant"): DAY,
    ("docs/changing.md", "Remove a grant"): DAY,
    ("docs/ci.md", "Two accounts from one job"): "tests/engine/test_ci_docs.py::"
    "test_a_job_deploys_with_an_instances_role_and_again_with_a_web_identity",
    ("docs/commands.md", "The command-line tool"): "tests/external/test_distribution.py installs "
    "the package with and without its extra",
    ("docs/conditions.md", "Secrets"): CONFIG,
    ("docs/drift.md", "An example"): DAY,
    ("docs/drift.md", "In a scheduled job"): DAY,
    ("docs/embedding.md", "In your own Pulumi program"): "tests/external/test_distribution.py "
    "installs the package",
    ("docs/ending-sessions.md", "Ending sessions"): "tests/cli/revoke/test_revoke.py::"
    "test_the_page_shows_what_is_printed",
    ("docs/explain.md", "`cross-account-access explain`"): EXPLAIN,
    ("docs/explain.md", "Which policies are evaluated"): EXPLAIN,
    ("docs/fleet.md", "`cross-account-access fleet`"): FLEET,
    ("docs/fleet.md", "Stacks and waves"): "tests/cli/fleet/test_fleet_docs.py::"
    "test_the_pages_list_of_stacks_is_what_the_tool_prints",
    ("docs/fleet.md", "`preview` and `up`"): FLEET,
    ("docs/handoff.md", "`cross-account-access handoff`"): "tests/cli/handoff/test_handoff.py::"
    "test_the_transcript_in_the_docs_is_the_real_output",
    ("docs/many-accounts.md", "An example"): MANY_ACCOUNTS,
    ("docs/many-accounts.md", "State in an S3 bucket"): "The bucket is the reader's own; "
    "tests/engine/test_s3_state.py has one",
    ("docs/installation-configuration.md", "Installation"): "The address is the published one; "
    "tests/engine/test_registry.py has a repository of its own",
    ("docs/map.md", "`cross-account-access map`"): "tests/cli/map/test_map_command.py::"
    "test_the_pages_transcript_is_what_the_command_prints",
    ("docs/previews.md", "Rotate a secret external ID"): "tests/engine/test_previews.py::"
    "test_the_page_shows_what_the_preview_of_a_rotated_external_id_shows",
    ("docs/rotating.md", "1. Accept both"): DAY,
    ("docs/rotating.md", "2. Hand the new one over"): DAY,
    ("docs/rotating.md", "3. Accept only the new one"): DAY,
    ("docs/sandbox.md", "Your own stack"): OWN_STACK,
    ("docs/using.md", "Using a role: `profile`, `open`, `exec`"): "tests/cli/exec/"
    "test_using_docs.py::test_the_transcript_is_what_the_commands_print",
    ("docs/verify.md", "`cross-account-access verify`"): "tests/cli/verify/test_verify_docs.py::"
    "test_the_transcript_is_what_the_command_prints",
}
"""By page and heading: the test that reads the page and runs its commands, or why none does."""

_TEST = re.compile(r"tests/[\w/]+\.py(?:::\w+)?")


@cache
def list_tests(file: str) -> set[str]:
    """The names of a file's tests."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_command_is_in_the_table_and_nothing_else_is() -> None:
    shown = {
        (page, block.heading) for page in PAGES for block in read_blocks(page) if block.commands
    }
    assert shown == RUN_BY.keys()


@pytest.mark.parametrize("place", RUN_BY, ids=" ".join)
def test_the_test_that_runs_a_pages_commands_reads_that_page(place: tuple[str, str]) -> None:
    page, _ = place
    by = RUN_BY[place]
    tests = _TEST.findall(by)
    assert tests, "no test is named"
    for test in tests:
        file, _, name = test.partition("::")
        assert not name or name in list_tests(file)
        reads_it = page.rpartition("/")[2].removesuffix(".md").upper()
        assert test != by or reads_it in (ROOT / file).read_text(encoding="utf-8").upper()


ONE_SIDE = "tests/engine/test_sides.py::test_two_stacks_of_one_side_each_give_access_together"
RENAME = (
    "tests/engine/test_lifecycle.py::test_a_renamed_grant_that_keeps_its_roles_name_changes_nothing"
)
ADOPT = (
    "tests/engine/test_lifecycle.py::"
    "test_what_was_made_by_hand_is_taken_over_and_then_nothing_changes"
)
PROGRAM = (
    "tests/component/test_docstring_examples.py::"
    "test_a_pages_programs_make_something_in_each_account"
)
OTHER_LANGUAGE = (
    "tests/engine/test_languages.py::test_a_program_deploys_each_component_in_the_two_accounts"
)
GIVE_BACK = (
    "tests/engine/test_lifecycle.py::"
    "test_an_adopted_role_is_told_of_whole_and_can_be_protected_and_given_back"
)
TASKS = {
    "up and preview": [("README.md#two-commands", "tests/engine/test_command.py")],
    "own stack": [
        ("README.md#on-your-accounts", DAY),
        ("docs/sandbox.md#your-own-stack", OWN_STACK),
    ],
    "a second grant, and a rename": [
        ("docs/changing.md#add-a-grant", DAY),
        ("docs/adopting.md#renaming-a-grant", RENAME),
    ],
    "rotation of an external ID": [("docs/rotating.md", DAY)],
    "one side, with a handoff": [
        ("docs/accounts.md#one-side-only", CONFIG),
        ("docs/accounts.md#one-side-only", ONE_SIDE),
        ("docs/handoff.md", RUN_BY["docs/handoff.md", "`cross-account-access handoff`"]),
    ],
    "adoption, and undoing it": [
        ("docs/adopting.md", ADOPT),
        ("docs/adopting.md#giving-a-role-back", GIVE_BACK),
    ],
    "a re-made user": [("docs/trust-healing.md", "tests/engine/test_healing.py")],
    "own Python program with a unit test": [
        ("docs/embedding.md", PROGRAM),
        ("docs/testing.md", "tests/component/test_testing_page.py::test_the_pages_tests_pass"),
    ],
    "TypeScript and YAML": [("components/README.md#in-other-languages", OTHER_LANGUAGE)],
    "mistakes": [("docs/troubleshooting.md", "tests/engine/test_refusals.py")],
    "the tool": [
        (page, RUN_BY[page, heading])
        for page, heading in RUN_BY
        if "`" in heading and page not in ("docs/fleet.md", "docs/handoff.md")
    ],
    "break and repair": [("docs/drift.md", DAY)],
}
"""What people do with the package: the page that says how, and the test that does it."""


def list_links(page: Path) -> set[Path]:
    """The files that a page links to."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    return {(page.parent / link).resolve() for link in links}


@cache
def list_reachable_pages() -> set[Path]:
    """README, what it links to, and what its index of tasks and of the tool's commands links to."""
    readme = ROOT / "README.md"
    indexes = {ROOT / "docs" / name for name in ("tasks.md", "commands.md")}
    assert indexes < list_links(readme)
    return {readme}.union(*map(list_links, (readme, *indexes)))


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_a_page_that_readme_leads_to_and_a_test(task: str) -> None:
    found = list_reachable_pages()
    for place, test in TASKS[task]:
        page, _, heading = place.partition("#")
        assert (ROOT / page).exists()
        assert not heading or heading in list_headings(ROOT / page)
        assert (ROOT / page) in found
        file, _, name = test.partition("::")
        assert not name or name in list_tests(file)
