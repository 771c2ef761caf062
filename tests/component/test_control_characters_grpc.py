"""A control character in another language's program is refused, and no message holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cross_account_access.errors import escape_invisible
from tests.component.provider_host import (
    DESTINATION,
    SOURCE,
    Engine,
    Host,
    Refusal,
    output,
    provider_urn,
    started,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLICY = {"Statement": [{"Effect": "Allow", "Action": "s3:x", "Resource": "*"}]}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with started() as running:
        yield running


@pytest.mark.parametrize(
    "character", ["\n", "\x00", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e"], ids=ascii
)
@pytest.mark.parametrize(
    ("change", "path"),
    [
        (
            lambda text: {"conditions": {"raw": {"StringLike": {"aws:UserAgent": [text]}}}},
            "conditions.raw.StringLike.aws:UserAgent[0]",
        ),
        (lambda text: {"imports": {"Role/reader": text}}, "imports.Role/reader"),
        (lambda text: {"role": {"tags": {"owner": text}}}, "role.tags.owner"),
        (lambda text: {"role": {"tags": {text: "me"}}}, "role.tags.{}"),
        (lambda text: {text: "x"}, "{}"),
        (
            lambda text: {"conditions": {"sourceIps": [output(f"2001:db8::%{text}")]}},
            "conditions.sourceIps[0]",
        ),
        (
            lambda text: {"role": {"inlinePolicies": {"x": output({**POLICY, "Id": text})}}},
            "role.inlinePolicies.x.Id",
        ),
    ],
    ids=["raw", "import", "tag", "tag's key", "unknown key", "late address", "late policy"],
)
def test_a_control_character_is_refused_and_not_told(
    host: Host, character: str, change: Callable[[str], Any], path: str
) -> None:
    text = f"a{character}b"
    given = {"principals": [{"user": "alice"}], "sourceAccountId": SOURCE, **change(text)}
    reference = {"aws": f"{provider_urn('destination')}::destination-id"}
    engine = Engine({"destination": DESTINATION})
    with pytest.raises(Refusal) as caught:
        host.construct(engine, "TrustedRole", given, providers=reference)
    assert list(caught.value.properties) == [path.format(escape_invisible(text))]
    reasons = "".join(caught.value.properties.values())
    assert character not in reasons + caught.value.message.replace("\n  ", "")
