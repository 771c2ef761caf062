"""Every date that IAM saves is one that the evaluator reads."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cross_account_access.iam.operators import Operator
from cross_account_access.iam.policy_dates import is_date, parse_date

NEW_YEAR = 1767225600  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026", 0),
        ("2026T", 0),
        ("2026-1-1", 0),
        ("2026-01-01", 0),
        ("2026-01-01T00:00:00Z", 0),
        ("2026-01-01t00:00:00z", 0),
        ("2026-01-01T00:00:00", 0),
        ("2026-01-01T01", 3600),
        ("2026-1-1T1:1:1", 3661),
        ("2026-01-01T01Z", 3600),
        ("2026-01-01T01:00+01:00", 0),
        ("2026-01-01T01:00+01", 0),
        ("2026-01-01T00:00-00:30", 1800),
        ("2025-12-31T24:00:00Z", None),
        ("2026-02-30", None),
        ("2026-01-01 00:00", None),
        ("20260101", None),
        ("-2026", None),
    ],
)
def test_a_date_is_read_as_seconds(text: str, seconds: int | None) -> None:
    read = parse_date(text)
    assert (None if read is None else read - NEW_YEAR) == seconds


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("-2026-01-01", "0001-01-02"),
        ("2026-01-01T00:00:00.5", "2026-01-01T00:00:00.500000001Z"),
        ("9999-12-31", "123456789-12-31T23:59"),
    ],
)
def test_a_date_of_any_year_has_its_order(earlier: str, later: str) -> None:
    assert Operator.parse("DateLessThan").holds(earlier, [later], {})


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), st.data())  # noqa: DTZ001 - drawn without a zone, which means UTC
def test_what_is_saved_is_read(date: datetime, data: st.DataObject) -> None:
    day = data.draw(st.sampled_from(["{0:%Y}-{0.month}-{0.day}", "{0:%Y}-{0:%m}-{0:%d}"]))
    times = ["", "T", "T{0.hour}", "t{0:%H}:{0.minute}", "T{0:%H:%M:%S}", "T{0:%H:%M:%S.%f}"]
    time = data.draw(st.sampled_from(times))
    zones = ["", "Z", "z", "+00", "-00:00", "+23:59", "-05"]
    zone = data.draw(st.sampled_from(zones)) if time[2:] else ""
    text = f"{day}{time}{zone}".format(date)
    assert is_date(text)
    assert parse_date(text) is not None
