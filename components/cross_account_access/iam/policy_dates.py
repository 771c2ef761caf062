"""The dates that IAM takes in a policy's conditions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date
"""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone
from decimal import Decimal

# As loose as IAM is: it takes a year alone, single digits and `01T`.
_DATE = re.compile(
    r"""(?P<year>-?\d{1,9}) (?: -(?P<month>0?[1-9]|1[0-2]) (?: -(?P<day>0?[1-9]|[12]\d|3[01]) )? )?
        (?: t (?: (?P<hour>[01]?\d|2[0-3])
            (?: :(?P<minute>[0-5]?\d) (?: :(?P<second>[0-5]?\d) )? )? (?: \.(?P<part>\d{1,9}) )?
            (?: z | (?P<sign>[+-])(?P<hours>[01]\d|2[0-3]) (?: :(?P<minutes>[0-5]\d) )? )? )? )?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_EPOCH_SECONDS = re.compile(r"\d{1,18}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_date(text: str) -> bool:
    """Whether IAM saves a text as a date: in ISO 8601, or seconds since 1970."""
    return bool(_EPOCH_SECONDS.fullmatch(text) or _DATE.fullmatch(text))


def parse_date(text: str) -> Decimal | None:
    """Read a date in ISO 8601 as seconds since 1970; None if it is none.

    Digits alone are a year if they are four. A date without a zone is in UTC.
    """
    parts = _DATE.fullmatch(text)
    if parts is None or (text.lstrip("-").isdecimal() and not _YEAR.fullmatch(text)):
        return None
    number = {name: int(digits) for name, digits in parts.groupdict("0").items() if name != "sign"}
    zone = timedelta(hours=number["hours"], minutes=number["minutes"])
    try:
        date = datetime(
            min(max(number["year"], MINYEAR), MAXYEAR),
            number["month"] or 1,
            number["day"] or 1,
            number["hour"],
            number["minute"],
            number["second"],
            tzinfo=timezone(-zone if parts["sign"] == "-" else zone),
        )
    except ValueError:  # such as the 30th of February
        return None
    return Decimal(int((date - _EPOCH).total_seconds())) + Decimal(f"0.{parts['part'] or 0}")
