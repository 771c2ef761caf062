"""Grants of every kind, and `explain` run on them."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from cross_account_access.cli.main import cli
from cross_account_access.cli.terminal import ExitCode
from cross_account_access.grants.documents import GrantDocuments, build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
EXTERNAL_ID = "partner-7f3a"
OTHER_ROLE = f"arn:aws:iam::{DESTINATION}:role/x"
OURS, THEIRS = "o-a1b2c3d4e5", "o-z9y8x7w6v5"
UNIT = f"{OURS}/r-ab12/ou-ab12-11111111/"
VPC, VPCE = "vpc-0a1b2c3d4e5f67890", "vpce-0a1b2c3d4e5f67890"

ALICE, CI = {"user": "people/alice"}, {"role": "team/ci"}
GRANTS: dict[str, dict[str, Any]] = {
    "user": {"principals": [ALICE], "role": {"max_session_duration": 7200}},
    "role": {"principals": [CI]},
    "both": {"principals": [ALICE, CI], "role": {"max_session_duration": 43200}},
    "by-name": {"principals": [{**ALICE, "trust_by": "name"}]},
    "group": {"principals": [{"group": "developers"}]},
    "account": {"principals": [{"account": SOURCE}]},
    "set": {"principals": [{"permission_set": "Operators"}]},
    "organization": {"principals": [{"organization": OURS}]},
    "unit": {"principals": [{"organizational_unit": UNIT}]},
    "session": {"principals": [{"session": "ci/release"}]},
    "external-id": {"principals": [ALICE], "conditions": {"external_id": EXTERNAL_ID}},
    "mfa": {"principals": [ALICE], "conditions": {"mfa": True}},
    "mfa-of-all": {"principals": [{"account": SOURCE}], "conditions": {"mfa": True}},
    "mfa-age": {"principals": [ALICE], "conditions": {"mfa_max_age": 3600}},
    "addresses": {
        "principals": [ALICE],
        "conditions": {"source_ips": ["203.0.113.0/24", "2001:db8::/48"]},
    },
    "vpc": {"principals": [CI], "conditions": {"source_vpcs": [VPC]}},
    "endpoint": {"principals": [CI], "conditions": {"source_vpc_endpoints": [VPCE]}},
    "member": {"principals": [ALICE], "conditions": {"organizations": [OURS]}},
    "named": {"principals": [CI], "conditions": {"session_names": ["deploy-*"]}},
    "own-name": {"principals": [ALICE], "conditions": {"session_names": ["${aws:username}"]}},
    "identity": {"principals": [CI], "conditions": {"source_identities": ["*@example.com"]}},
    "tags": {
        "principals": [CI],
        "conditions": {"session_tags": {"team": ["platform", "data"], "stage": ["live"]}},
    },
    "transitive": {
        "principals": [CI],
        "conditions": {
            "session_tags": {"team": ["platform"], "stage": ["live"]},
            "transitive_tag_keys": ["team"],
        },
    },
    "patterns": {
        "principals": [CI],
        "conditions": {"session_tags": {"team": ["app-*"]}, "allow_session_tags": ["stage"]},
    },
    "may-tag": {"principals": [CI], "conditions": {"allow_session_tags": ["team", "stage"]}},
    "may-tag-all": {"principals": [CI], "conditions": {"allow_session_tags": True}},
    "may-identify": {"principals": [CI], "conditions": {"allow_source_identity": True}},
    "may-pass-context": {"principals": [CI], "conditions": {"allow_identity_context": True}},
    "tagged": {"principals": [ALICE], "conditions": {"principal_tags": {"team": ["platform"]}}},
    "window": {
        "principals": [ALICE],
        "conditions": {"not_before": "2026-12-01T08:00:00Z", "not_after": "2026-12-31T18:00:00Z"},
    },
    "raw": {
        "principals": [ALICE],
        "conditions": {"raw": {"StringNotLike": {"aws:UserAgent": ["*curl*"]}}},
    },
}
_UNIQUE_IDS = {"people/alice": "AIDAALICE00000000000", "team/ci": "AROACI00000000000000"}


def documents(name: str, partition: str = "aws", side: Any = "both") -> GrantDocuments:
    """A grant's documents as a stack exports them, with its policies in the source account."""
    given = json.loads(json.dumps(GRANTS[name]))
    for principal in given["principals"]:
        identity = principal.get("user") or principal.get("role")
        if identity and "trust_by" not in principal:
            principal["unique_id"] = _UNIQUE_IDS[identity]
    meant = build_grant_documents(
        name,
        read_model(GrantModel, given),
        side=side,
        tags={},
        partition=partition,
        source=SOURCE,
        destination=DESTINATION,
    )
    if side == "destination":
        return meant
    made = [
        (f"arn:{partition}:iam::{SOURCE}:policy/{name}-{number}", json.dumps(half.needs))
        if half.attached_to
        else None
        for number, half in enumerate(meant.principals)
    ]
    return meant.with_made("AROAROLE000000000000", made)


def write_outputs(file: Path, *grants: GrantDocuments) -> Path:
    """A stack's outputs with these grants."""
    file.write_text(
        json.dumps({"grants": {grant.grant: {"documents": grant.as_json()} for grant in grants}}),
        "utf-8",
    )
    return file


def run(line: str, outputs: Path | None, *more: str) -> Result:
    """Run `explain` in this process."""
    stack = ["--outputs", str(outputs)] if outputs else []
    return CliRunner().invoke(
        cli, ["explain", *shlex.split(line), *stack, *more], standalone_mode=False
    )


def explain(line: str, outputs: Path) -> dict[str, Any]:
    """The answer as JSON; the exit code is the same."""
    result = run(line, outputs, "--json")
    if result.exception:
        raise result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    assert result.return_value == (ExitCode.DONE if answer["allowed"] else ExitCode.NO)
    return answer
