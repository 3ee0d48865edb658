"""Dates and times of the format (S 3.3.2): digits only, NEM time, UTC+10 all year."""

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from nem12.mdff.spec import DAYS_AHEAD, FIRST_YEAR, LAST_YEAR

NEM_TIME: Final = timezone(timedelta(hours=10))
"""The market's clock; it knows no daylight saving."""


def parse_date(text: str) -> date | None:
    """`CCYYMMDD` as a date, or None."""
    return _date(text) if len(text) == 8 and _are_digits(text) else None


def parse_datetime(text: str) -> datetime | None:
    """`CCYYMMDD`, `CCYYMMDDhhmm` or `CCYYMMDDhhmmss` in NEM time (naive), or None."""
    return _datetime(text) if len(text) in (8, 12, 14) and _are_digits(text) else None


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


# Cached, since a file has few dates and many records; only texts of a fixed length get here, so
# that the caches cannot be filled with long lines.
@lru_cache(maxsize=4096)
def _date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _datetime(text: str) -> datetime | None:
    day = _date(text[:8])
    if day is None:
        return None
    hour, minute, second = (int(text[i : i + 2] or 0) for i in (8, 10, 12))
    try:
        return datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001 - NEM time
    except ValueError:
        return None


def year_fault(year: int, first: int) -> str | None:
    """Why a year is not stored, or None."""
    if year < first:
        return f"is before {first}"
    return f"is after {LAST_YEAR}" if year > LAST_YEAR else None


def date_fault(day: date | None, created: datetime | None) -> str | None:
    """Why the date of a day or a read is refused, or None.

    Unbounded dates would make thousands of month partitions and overflow date arithmetic.

    Args:
        day: The date, if it is one.
        created: When the file was made (DateTime of the 100 record); None if that is unknown.
    """
    if day is None:
        return "is not a valid date (CCYYMMDD)"
    if fault := year_fault(day.year, FIRST_YEAR):
        return fault
    if created is not None and day - created.date() > timedelta(days=DAYS_AHEAD):
        return f"is more than {DAYS_AHEAD} days after the file's own date"
    return None
