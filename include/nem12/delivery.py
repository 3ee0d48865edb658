"""When a file was delivered: it decides between deliveries that have no date in them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from nem12.mdff.stamps import NEM_TIME
from nem12.settings import CLOCK_DOUBT_SECONDS
from nem12.survey import MeterFile

_FIRST: Final = datetime(1990, 1, 1, tzinfo=NEM_TIME)
"""Earlier times are not real: archives begin at 1980, file systems at 1970."""


def dated(file: MeterFile, mtime_ns: int, claimed_at: datetime) -> MeterFile:
    """A file with its time of delivery: its own, or else that of its container.

    Args:
        file: As unpacked, with the time that an archive or a message gives it.
        mtime_ns: Modification time of its container.
        claimed_at: When the drop was claimed; replaces an impossible time.
    """
    stated = file.delivered_at or _instant(mtime_ns // 10**9)
    return replace(file, delivered_at=_possible(stated, claimed_at))


def delivery_of(mtime_ns: int, claimed_at: datetime) -> datetime:
    """The time of delivery of a drop that was changed last at this time."""
    return _possible(_instant(mtime_ns // 10**9), claimed_at)


def _possible(given: datetime | None, claimed_at: datetime) -> datetime:
    doubt = timedelta(seconds=CLOCK_DOUBT_SECONDS)
    possible = given is not None and _FIRST <= given <= claimed_at + doubt
    counts = given if given is not None and possible else claimed_at
    return counts.astimezone(UTC).replace(microsecond=0)


def _instant(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
