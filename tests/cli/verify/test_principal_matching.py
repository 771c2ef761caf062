"""Which principal of a grant a role's session is, where the grant trusts roles by what they are."""

from __future__ import annotations

import pytest

from cross_account_access.cli.caller import CallerIdentity
from cross_account_access.cli.verify.principal_matching import match_principal
from cross_account_access.grants.documents import build_grant_documents
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model

SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
PATTERN, DEEP, PATH = "team-*", "team/ci-?", "/team/"


@pytest.mark.parametrize(
    ("role", "path", "expected"),
    [
        ("team-a", "/", PATTERN),
        ("team-a", None, PATTERN),
        ("anything", "/team-x/", PATTERN),
        ("team-a", "/other/", None),
        ("my-team-a", "/", None),
        ("my-team-a", None, PATH),  # which may be its role's
        ("ci-1", "/team/", DEEP),
        ("ci-1", None, DEEP),
        ("ci-1", "/", None),
        ("ci-10", "/team/", PATH),
        ("deep", "/team/blue/", PATH),
        ("team", "/", None),
        ("named", "/team/", "team/named"),
        ("named", None, "team/named"),
    ],
)
def test_a_session_is_the_principal_that_its_role_matches(
    role: str, path: str | None, expected: str | None
) -> None:
    patterns = [{"role_pattern": PATTERN}, {"role_pattern": DEEP}, {"path": PATH}]
    grant = read_model(GrantModel, {"principals": [*patterns, {"role": "team/named"}]})
    accounts = {"partition": "aws", "source": SOURCE, "destination": DESTINATION}
    record = build_grant_documents("deploy", grant, side="both", tags={}, **accounts)
    caller = CallerIdentity(f"arn:aws:sts::{SOURCE}:assumed-role/{role}/x1", "AROAX:x1")
    match = match_principal(caller, record, None, path)
    assert (match.name if match else None) == expected
    for stranger in (f"arn:aws:iam::{SOURCE}:user/{role}", caller.arn.replace(SOURCE, OTHER)):
        assert match_principal(CallerIdentity(stranger, "X"), record, None, path) is None
