"""How a handoff's README tells of a principal that has two statements in the trust policy."""

from __future__ import annotations

from cross_account_access.cli.handoff.handoff_half import HandoffHalf
from cross_account_access.cli.handoff.handoff_readme import render_readme
from tests.unit.grants.test_record_reading import write


def test_the_readme_tells_what_only_goes_with_a_call_from_who_gets_in() -> None:
    conditions = {"external_id": "id-1", "allow_session_tags": True, "allow_source_identity": True}
    record = write({"principals": [{"role": "ci"}], "conditions": conditions})
    name = f"`arn:aws:iam::{record.source_account_id}:role/ci`"
    text = render_readme(HandoffHalf(record, "destination"))
    assert f"- {name}:\n  - the call must include an external ID\n" in text
    passes = "`sts:SetSourceIdentity` and `sts:TagSession`"
    assert f"- {name}, only for {passes} in such a call, without conditions\n" in text
