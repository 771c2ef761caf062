"""Handoffs of a grant in whose record an attacker wrote, each text in its own place.

The records are made unchecked: each writer must be safe by itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cross_account_access.cli.handoff.handoff_half import HandoffHalf
from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import escape_invisible
from cross_account_access.grants.documents import DestinationHalf, GrantDocuments, SourceHalf
from tests.hostile_outputs import HOSTILE_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cross_account_access.iam.findings import AccountSide

# Not among the listed ones.
MORE = (
    "=ls",
    "esac",
    "~/x",
    "$HOME",
    "{a,b}",
    "a\\nb\\c",
    "file:///etc/passwd",
    "fileb://x",
    "https://evil.example/x",
    "http://x",
    "{{ Resolve : ssm:x }}",
    "x {{resolve:ssm-secure:y}} z",
    "`` ` ```",
    "` x",
    "x `",
    " both ",
    "[x](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<https://evil.example>",
    "www.evil.example",
    "&amp;\\*",
    "```",
    "~~~",
    "\n```\n<b>x</b>\n",
    "e\u0301",
    "\u212b",
    "\ufffe",
    "\U000e0001tag",
    "\U0001f600",
    "%%{x}",
    "\\${x}",
    "\\u0041",
    "Ref",
    "Fn::ImportValue",
    "<<EOT",
)
VALUES = tuple(dict.fromkeys([*HOSTILE_VALUES, *MORE]))
ROLE_PLACES = (
    "grant",
    "source",
    "destination",
    "arn",
    "name",
    "path",
    "description",
    "boundary",
    "managed",
    "inline",
    "resource",
    "tag key",
    "tag value",
    "condition",
    "trusted",
    "principal",
)
POLICY_PLACES = ("partition", "source", "destination", "name", "arn", "holder")


def is_loaded(text: str) -> bool:
    return re.match("(file|fileb|https?)://", text) is not None


def is_invisible(text: str) -> bool:
    return escape_invisible(text) != text


def is_surrogate(text: str) -> bool:
    return any(unicodedata.category(char) == "Cs" for char in text)


def is_dynamic(text: str) -> bool:
    return re.search(r"(?i)\{\{ ?resolve ?:", text) is not None


@dataclass
class Texts:
    """What stands in each place, which is harmless unless it is given."""

    given: dict[str, str]

    def __getitem__(self, place: str) -> str:
        return self.given.get(place, f"some {place}")


def build_half(texts: Texts, side: AccountSide) -> HandoffHalf:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": [texts["trusted"]]},
        "Action": "sts:AssumeRole",
        "Condition": {"StringNotLike": {"aws:UserAgent": [texts["condition"]]}},
    }
    inline = {"Effect": "Allow", "Action": "s3:*", "Resource": texts["resource"]}
    role = DestinationHalf.model_construct(
        arn=texts["arn"],
        name=texts["name"],
        path=texts["path"],
        trust_policy={"Version": "2012-10-17", "Statement": [trust]},
        description=texts["description"],
        max_session_duration=7200,
        permissions_boundary=texts["boundary"],
        managed_policies=[texts["managed"]],
        inline_policies={texts["inline"]: {"Version": "2012-10-17", "Statement": [inline]}},
        tags={texts["tag key"]: texts["tag value"]},
    )
    principal = SourceHalf.model_construct(
        kind="user",
        name=texts["principal"],
        arn=None,
        unique_id=None,
        trusted_as=texts["trusted"],
        scoping_conditions={},
        attached_to=("user", texts["holder"]),
        needs={"Version": "2012-10-17", "Statement": [{"Resource": [texts["arn"]]}]},
    )
    documents = GrantDocuments.model_construct(
        grant=texts["grant"],
        side="both",
        partition=texts["partition"],
        source_account_id=texts["source"],
        destination_account_id=texts["destination"],
        role=role,
        principals=[principal],
    )
    return HandoffHalf(documents, side)


def rotate(values: tuple[str, ...], places: tuple[str, ...]) -> Iterator[Texts]:
    """Records in which at last each value has stood in each place."""
    for start in range(len(values)):
        given = {place: values[(start + step) % len(values)] for step, place in enumerate(places)}
        yield Texts(given)


def list_accepted(
    write: Callable[[HandoffHalf], str],
    side: AccountSide,
    places: tuple[str, ...],
    refused: Callable[[str], bool],
) -> list[tuple[str, str]]:
    """The places and values that a writer takes though it must refuse them."""
    accepted: list[tuple[str, str]] = []
    for value in filter(refused, VALUES):
        for place in places:
            try:
                write(build_half(Texts({place: value}), side))
            except InputError:
                continue
            accepted.append((place, value))
    return accepted


def select(taken: Callable[[str], Any]) -> tuple[str, ...]:
    """The values that a writer takes; most of them."""
    values = tuple(value for value in VALUES if taken(value))
    assert len(values) > len(VALUES) // 3
    return values
