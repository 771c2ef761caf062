"""What a checked config says: which parts are made, which accounts are contacted."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import stack_config
from cross_account_access import InvalidInput
from cross_account_access.config.config_check import check_access_file
from cross_account_access.config.encrypted_config import EncryptedLeaves
from cross_account_access.config.merged_config import DEFAULTS, display_path
from cross_account_access.config.settings import FleetSettings, PairSettings
from cross_account_access.errors import SECRET
from tests.hostile_outputs import find_leaves
from tests.unit.config.bad_config import GOOD, GOOD_FLEET

if TYPE_CHECKING:
    from cross_account_access.errors import FieldPath

FLEET = deepcopy(GOOD_FLEET)
FLEET["grants"]["read"]["conditions"]["externalId"] = "${config:partner}"
FLEET["accounts"]["ci"]["assumeRole"] = {
    "roleArn": "arn:aws:iam::333333333333:role/pulumi",
    "externalId": "${config:ours}",
}


def check(config: dict[str, Any]) -> PairSettings | FleetSettings:
    return stack_config.check(config)


@pytest.mark.parametrize(
    ("only", "made", "looked_up", "grants"),
    [
        (None, ("ci", "people", "production", "staging"), (), ("deploy", "read")),
        (["*"], ("ci", "people", "production", "staging"), (), ("deploy", "read")),
        (["people"], ("people",), (), ("read",)),
        (["ci"], ("ci",), (), ("deploy", "read")),
        (["production"], ("production",), ("ci",), ("read",)),
        (["staging", "people"], ("people", "staging"), ("ci",), ("deploy", "read")),
    ],
)
def test_only_names_the_parts_that_are_made(
    only: list[str] | None, made: tuple[str], looked_up: tuple[str], grants: tuple[str]
) -> None:
    settings = check(GOOD_FLEET | ({} if only is None else {"only": only}))
    assert (settings.made, settings.looked_up, settings.made_grants) == (made, looked_up, grants)


@pytest.mark.parametrize(
    ("side", "made"),
    [
        ("both", ("destination", "source")),
        ("source", ("source",)),
        ("destination", ("destination",)),
    ],
)
def test_a_pairs_side_names_the_parts_that_are_made(side: str, made: tuple[str]) -> None:
    settings = check(GOOD | {"side": side})
    assert (settings.made, settings.looked_up) == (made, ())
    assert settings.made_grants == ("audit", "deploy", "read")
    assert [*settings.connections] == ["source", "destination"]


@pytest.mark.parametrize("config", [GOOD, GOOD_FLEET], ids=["pair", "many accounts"])
def test_the_defaults_of_the_project_are_as_if_they_were_not_set(config: dict[str, Any]) -> None:
    assert check(DEFAULTS | config).model_dump() == check(config).model_dump()


def test_the_projects_defaults_are_those_that_mean_not_set() -> None:
    text = (Path(stack_config.__file__).parent / "Pulumi.yaml").read_text()
    declared = yaml.safe_load(text)["config"]
    assert {key: schema["default"] for key, schema in declared.items()} == DEFAULTS


def write(folder: Path, access: dict[str, Any], name: str = "access.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(access), encoding="utf-8")
    return file


def test_an_access_file_is_checked_without_the_secrets_that_it_refers_to(tmp_path: Path) -> None:
    settings = check_access_file(write(tmp_path, FLEET))
    assert settings.made == ("ci", "people", "production", "staging")
    places = {
        ("grants", "read", "conditions", "externalId"),
        ("accounts", "ci", "assumeRole", "externalId"),
    }
    assert settings.encrypted.exact == places


@pytest.mark.parametrize("access", [{}, {"grants": FLEET["grants"]}], ids=["empty", "only grants"])
def test_an_access_file_by_itself_has_accounts(access: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_access_file(write(tmp_path, access))
    assert {problem.path.partition(":")[0] for problem in caught.value.problems} == {"access.yaml"}


def test_a_value_that_a_file_refers_to_stands_in_no_other_place(tmp_path: Path) -> None:
    write(tmp_path, FLEET)
    given = {"file": "access.yaml", "partner": "partner-7f3a", "ours": "ours-1", "only": ["people"]}
    settings = stack_config.check(given, folder=tmp_path)
    assert set(settings.given) == {"accounts", "grants", "only"}
    assert settings.given["grants"]["read"]["conditions"] == {"externalId": "partner-7f3a"}
    assert not settings.encrypted


@pytest.mark.parametrize("exact", [True, False])
def test_what_refers_to_an_encrypted_value_is_encrypted(tmp_path: Path, *, exact: bool) -> None:
    write(tmp_path, FLEET)
    given = {"file": "access.yaml", "partner": "partner-7f3a", "ours": "ours-1"}
    leaves: frozenset[FieldPath] = frozenset([("partner",)])
    encrypted = EncryptedLeaves(exact=leaves) if exact else EncryptedLeaves(covered=leaves)
    settings = stack_config.check(given, encrypted, folder=tmp_path)
    assert settings.encrypted.exact == {("grants", "read", "conditions", "externalId")}
    assert settings.encrypted.covered == frozenset()


def test_an_external_id_that_is_not_needed_cannot_be_guessed(tmp_path: Path) -> None:
    write(tmp_path, FLEET)
    found = {
        check_access_file(tmp_path / "access.yaml").given["grants"]["read"]["conditions"][
            "externalId"
        ]
        for _ in range(3)
    }
    assert len(found) == 3


@pytest.mark.parametrize("name", ["access.yaml", "shared/access.yaml", "../access.yaml"])
def test_a_file_is_found_from_the_projects_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    write(tmp_path / "project", GOOD_FLEET, name)
    settings = stack_config.check({"file": name, "only": ["ci"]}, folder=tmp_path / "project")
    assert settings.made == ("ci",)


def test_a_pair_may_have_its_grants_from_a_file(tmp_path: Path) -> None:
    write(tmp_path, {"grants": GOOD["grants"], "tags": {"a": "b"}})
    own = {key: GOOD[key] for key in ("source", "destination")}
    settings = stack_config.check({"file": "access.yaml", "side": "source", **own}, folder=tmp_path)
    assert isinstance(settings, PairSettings)
    assert settings.made_grants == ("audit", "deploy", "read")


@pytest.mark.parametrize(
    ("key", "hidden"),
    [
        ("accounts", {"region", "profile", "accessKey", "secretKey", "roleArn", "externalId"}),
        ("only", set()),
    ],
    ids=["accounts", "only"],
)
def test_exactly_what_a_provider_has_may_be_encrypted(key: str, hidden: set[str]) -> None:
    config = deepcopy(GOOD_FLEET) | {"only": ["people"]}
    config["accounts"]["ci"] |= {
        "region": "us-east-1",
        "assumeRole": {"roleArn": "arn:aws:iam::333333333333:role/x", "externalId": "ours-1"},
    }
    everywhere = [place for place in find_leaves({key: config[key]}) if place[-1] != "lookUp"]
    with pytest.raises(InvalidInput) as caught:
        stack_config.check(config, EncryptedLeaves(frozenset(everywhere)))
    assert {(one.code, one.value) for one in caught.value.problems} == {("must-be-plain", SECRET)}
    shown = {display_path(place) for place in everywhere if place[-1] in hidden}
    refused = {problem.path for problem in caught.value.problems}
    assert refused == {display_path(place) for place in everywhere} - shown


def test_a_file_whose_name_is_encrypted_is_refused_without_it(tmp_path: Path) -> None:
    place: FieldPath = ("file",)
    for encrypted in (
        EncryptedLeaves(frozenset([place])),
        EncryptedLeaves(covered=frozenset([place])),
    ):
        with pytest.raises(InvalidInput) as caught:
            stack_config.check({"file": "swordfish.yaml"}, encrypted, folder=tmp_path)
        (problem,) = caught.value.problems
        assert (problem.code, problem.value) == ("must-be-plain", SECRET)
        assert "swordfish" not in problem.message


def test_the_file_in_the_docs_is_right(tmp_path: Path) -> None:
    page = Path(stack_config.__file__).parent / "docs" / "accounts.md"
    first, stack = re.findall(r"```yaml\n(.+?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "access.yaml"
    file.write_text(first, encoding="utf-8")
    assert check_access_file(file).looked_up == ()
    own = {key.partition(":")[2]: value for key, value in yaml.safe_load(stack)["config"].items()}
    settings = stack_config.check(own | {"reports": "reports-7f3a"}, folder=tmp_path)
    assert (settings.made, settings.looked_up) == (("production",), ("people",))
    assert settings.made_grants == ("read-only",)


@pytest.mark.parametrize(
    ("in_file", "own", "expected"),
    [
        ({}, {}, {}),
        ({"policiesPerUser": 12}, {}, {"policies_per_user": 12}),
        ({}, {"trustPolicyCharacters": 4096}, {"trust_policy_characters": 4096}),
    ],
    ids=str,
)
def test_limits_are_the_files_or_the_stacks_own(
    in_file: dict[str, int], own: dict[str, int], expected: dict[str, int], tmp_path: Path
) -> None:
    content = GOOD_FLEET | ({"limits": in_file} if in_file else {})
    file = tmp_path / "access.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    config = {**DEFAULTS, "file": "access.yaml", "limits": own}
    settings = stack_config.check(config, folder=tmp_path)
    assert settings.limits.model_dump(exclude_none=True) == expected
    alone = check_access_file(file).limits.model_dump(exclude_none=True)
    assert alone == (expected if in_file else {})
