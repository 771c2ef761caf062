"""What an attacker writes into a stack's outputs reaches neither the terminal nor the browser."""

from __future__ import annotations

import json
import re
from itertools import product
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cross_account_access.cli.terminal import ExitCode
from cross_account_access.grants.documents import GrantDocuments, build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from tests.cli.offline import COMMANDS, GRANT, Ran, offline, outputs, run, write
from tests.hostile_outputs import HOSTILE_VALUES, find_strings, replace_string
from tests.sandbox.commands import DESTINATION, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTS = {
    "aws": "signin.aws.amazon.com",
    "aws-cn": "signin.amazonaws.cn",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
    "aws-eusc": "eusc-de-east-1.signin.amazonaws-eusc.eu",
}
INLINE = {"Statement": {"Sid": "x", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
# Every place that holds free text, beside those that every grant has.
MODEL = read_model(
    GrantModel,
    {
        "principals": [{"user": "alice"}, {"role": "ci", "conditions": {"mfa": False}}],
        "role": {
            "path": "/x/",
            "description": "x",
            "tags": {"owner": "x"},
            "managed_policies": ["ReadOnlyAccess"],
            "inline_policies": {"x": INLINE},
        },
        "conditions": {"mfa": True, "raw": {"StringNotLike": {"aws:UserAgent": ["x"]}}},
    },
)


def record(partition: str = "aws") -> GrantDocuments:
    accounts = {"partition": partition, "source": SOURCE, "destination": DESTINATION}
    return build_grant_documents(GRANT, MODEL, side="source", tags=MODEL.role.tags, **accounts)


GRANTS = outputs(record())
RECORD = json.loads(GRANTS[GRANT]["documents"])
Place = tuple[str | int, ...]
# Those of the outputs, and after `documents` those in the record.
PLACES: list[Place] = [
    *find_strings(GRANTS[GRANT]),
    *(("documents", *place) for place in find_strings(RECORD)),
]
PAIRS = list(product(PLACES, HOSTILE_VALUES))
STRIDE = 101  # prime, so that each command sees every place, and all of them every value
FREE: list[Place] = [
    *(("documents", "role", "description"), ("documents", "role", "tags", "owner")),
    *(place for place in PLACES if "StringNotLike" in place),
    ("documents", "role", "inlinePolicies", "x", "Statement", "Resource"),
]
# What a terminal obeys, or shows as something else than it is.
OBEYED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with offline(tmp_path):
        yield tmp_path


def tamper(place: Place, value: str) -> Any:
    """The stack's grants with a value in one place."""
    match place:
        case ("documents", *inner) if inner:
            changed = replace_string(RECORD, tuple(inner), value)
            documents = json.dumps(changed, separators=(",", ":"))
            return {GRANT: GRANTS[GRANT] | {"documents": documents}}
        case _:
            return {GRANT: replace_string(GRANTS[GRANT], place, value)}


def check_text(ran: Ran) -> None:
    """Nothing that a terminal obeys, and an exit code that is an answer or a refusal."""
    assert not OBEYED.search(ran.out + ran.err), ran
    assert ran.code in set(ExitCode) - {ExitCode.CRASHED}, ran


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_what_a_terminal_obeys(folder: Path, command: str) -> None:
    seen = set()
    for place, value in PAIRS[[*COMMANDS].index(command) :: STRIDE]:
        write(folder, tamper(place, value))
        check_text(run(*COMMANDS[command], terminal=True, NO_COLOR="1"))
        seen.add(place)
    assert seen == set(PLACES)


def join(place: Place) -> str:
    return "/".join(map(str, place))


@pytest.mark.parametrize("place", FREE, ids=join)
def test_free_text_is_printed_without_what_a_terminal_obeys(folder: Path, place: Place) -> None:
    printed = 0
    for number, value in enumerate(HOSTILE_VALUES):
        write(folder, tamper(place, value))
        args = (COMMANDS["map"], COMMANDS["explain"], (*COMMANDS["map"], "--json"))[number % 3]
        ran = run(*args, terminal=True, NO_COLOR="1")
        check_text(ran)
        printed += ran.code != ExitCode.WRONG_INPUT
        if "--json" in args:
            json.loads(ran.out)
    assert printed


@pytest.mark.parametrize("place", ["command", "file", "folder", "grant", "key"])
def test_names_are_printed_without_what_a_terminal_obeys(folder: Path, place: str) -> None:
    write(folder, GRANTS)
    for value in HOSTILE_VALUES:
        text = value.replace("\x00", "\x01").replace("\ud800", "\udc80").replace("\udfff", "\udcff")
        match place:
            case "command":
                ran = run(text, "--outputs", "x")
            case "file":
                ran = run("map", "--outputs", f"none/{text}")
            case "folder":
                ran = run("map", "--cwd", f"none/{text}")
            case "grant":
                ran = run("open", f"x{text}", "--json")
                assert not ran.out or f"x{text}" in json.loads(ran.out)["error"]["message"]
            case _:
                write(folder, {value: {"documents": '{"format":'}, value[::-1]: "[secret]"})
                ran = run("map")
        check_text(ran)
        assert ran.code == ExitCode.WRONG_INPUT, ran


# --- The URL --------------------------------------------------------------------------------------


def check_url(ran: Ran, partition: str, name: str) -> None:
    """Whatever is opened is AWS's own page, for the record's role in its account."""
    for url in ran.opened:
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc, parts.path) == (
            "https",
            HOSTS[partition],
            "/switchrole",
        )
        assert parse_qs(parts.query, strict_parsing=True) == {
            "account": [DESTINATION],
            "roleName": [name],
            "displayName": [GRANT],
        }
        assert url.isascii()
        assert url.isprintable()
        assert ran.out == f"{url}\n"
    assert bool(ran.opened) == (ran.code == ExitCode.DONE), ran


@pytest.mark.parametrize(
    "place",
    [
        *(("switchRoleUrl",), ("roleArn",), ("roleName",), ("destinationAccountId",)),
        *(("documents", "grant"), ("documents", "partition")),
        ("documents", "destinationAccountId"),
        *(("documents", "role", key) for key in ("arn", "name", "path")),
    ],
    ids=join,
)
def test_no_outputs_lead_the_browser_elsewhere(folder: Path, place: Place) -> None:
    for value in HOSTILE_VALUES:
        write(folder, tamper(place, value))
        ran = run("open", "--browser")
        assert ran.code in (ExitCode.DONE, ExitCode.WRONG_INPUT)
        assert ran.code == ExitCode.WRONG_INPUT or "role" not in place, value
        check_url(ran, "aws", f"x/{GRANT}")


@pytest.mark.parametrize("partition", HOSTS)
def test_each_partition_has_its_own_page(folder: Path, partition: str) -> None:
    write(folder, outputs(record(partition)))
    ran = run("open", "--browser")
    assert ran.opened
    check_url(ran, partition, f"x/{GRANT}")


def test_another_partition_has_none(folder: Path) -> None:
    write(folder, outputs(record("aws-iso")))
    ran = run("open", "--browser")
    assert (ran.code, ran.opened) == (ExitCode.NO, ())


@pytest.mark.parametrize(
    "path", ["/a&b=c/", "/a#b/", "/a?b/", "/%0a/", "/a b/", "/é/", "/../", "/@evil.example/"]
)
def test_a_path_stays_a_part_of_the_roles_name(folder: Path, path: str) -> None:
    text = json.dumps(RECORD, ensure_ascii=False, separators=(",", ":"))
    text = text.replace(":role/x/", f":role{path}").replace('"path":"/x/"', f'"path":"{path}"')
    write(folder, {GRANT: {"documents": text}})
    check_url(run("open", "--browser"), "aws", f"{path.lstrip('/')}{GRANT}")
