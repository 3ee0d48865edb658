"""The fast way: one regular expression over a whole 300 record.

It accepts only records that the careful way would accept without a finding; any other record goes
to the careful way. Fields that repeat from record to record are checked by the functions of the
careful way, once for each spelling. The pattern is the only guard of the values: PostgreSQL 16 and
newer read `1_000`, `0x10` and `NaN` as numeric.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Final, Generic, TypeVar

from nem12.mdff.channel import Channel
from nem12.mdff.day import Day, Event, check_date, check_event_quality
from nem12.mdff.header import Header
from nem12.mdff.profiles import Profile
from nem12.mdff.quality import Quality, check_quality
from nem12.mdff.record import Record
from nem12.mdff.spec import (
    FIRST_STAMP_YEAR,
    FIRST_YEAR,
    LAST_YEAR,
    MAX_DESCRIPTION,
    MAX_WHOLE_DIGITS,
)
from nem12.mdff.stamps import parse_date
from nem12.mdff.versions import Stamps

T = TypeVar("T")

_REMEMBERED: Final = 4096
"""Spellings kept of each kind of field; a file has some hundred dates and stamps."""

_FREE: Final = rf'[^,"\r\n]{{0,{MAX_DESCRIPTION}}}+'
_EARLIEST: Final = b"%d" % FIRST_YEAR
_EARLIEST_LOADED: Final = b"%d" % FIRST_STAMP_YEAR
_AFTER: Final = b"%d" % (LAST_YEAR + 1)
_STAMP: Final = "[0-9]{8}(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
_EVENT: Final = re.compile(
    rf'400,([0-9]{{1,4}}+),([0-9]{{1,4}}+),([^,\r\n"]{{0,3}}+,[0-9]{{0,3}}+,{_FREE})\r?\n?'.encode()
)


@lru_cache(maxsize=64)
def _day_pattern(intervals: int, decimals: int) -> re.Pattern[bytes]:
    """A 300 record with so many values; possessive, hence linear on any input."""
    value = (
        rf"(?:[0-9]{{1,{MAX_WHOLE_DIGITS}}}+(?:\.[0-9]{{0,{decimals}}}+)?+"
        rf"|\.[0-9]{{1,{decimals}}}+)"
    )
    return re.compile(
        rf"300,([0-9]{{8}}),({value}(?:,{value}){{{intervals - 1}}}),"
        rf'([^,\r\n"]{{0,3}}+,[0-9]{{0,3}}+,{_FREE}),({_STAMP}),({_STAMP})?\r?\n?'.encode()
    )


class _Judged(Generic[T]):
    """Verdicts on spellings, remembered: the value if it has no finding, else None."""

    def __init__(self, judge: Callable[[str], T | None]) -> None:
        self._judge = judge
        self._known: dict[bytes, T | None] = {}

    def __call__(self, spelling: bytes) -> T | None:
        try:
            return self._known[spelling]
        except KeyError:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            verdict = self._known[spelling] = self._judge_new(spelling)
            return verdict

    def _judge_new(self, spelling: bytes) -> T | None:
        try:
            return self._judge(spelling.decode())
        except UnicodeDecodeError:
            return None


class _Judges:
    """The careful way's verdicts on the fields that repeat, under one header."""

    def __init__(self, header: Header, profile: Profile) -> None:
        def silent(judge: Callable[[Record], T | None]) -> _Judged[T]:
            def judged(spelling: str) -> T | None:
                record = Record(0, spelling.encode(), profile)
                verdict = judge(record)
                return None if record.findings else verdict

            return _Judged(judged)

        self.date: _Judged[date] = silent(lambda r: check_date(r, 0, header))
        self.quality: _Judged[Quality] = silent(lambda r: check_quality(r, 0, header))
        self.event: _Judged[Quality] = silent(lambda r: check_event_quality(r, 0, header))
        self.latest = header.latest.encode()


class FastWay:
    """Reads 300 and 400 records about which there is nothing to say.

    Args:
        header: Of the file; stamps and dates are judged against it.
        profile: Decides what the careful way would say.
    """

    def __init__(self, header: Header, profile: Profile) -> None:
        self._judges = _Judges(header, profile)
        self._without_date = _Judges(replace(header, known=False), profile)
        """For records that contradict the header, where the profile lets them."""
        self._last_day, self._latest_tolerated = b"9" * 8, b"9" * 14
        if "header-date" in profile.tolerated:
            self._last_day = f"{header.last_day:%Y%m%d}".encode()
            self._latest_tolerated = header.latest_tolerated.encode()
        self._real_date: _Judged[date] = _Judged(parse_date)
        self._header = header
        self._pattern: re.Pattern[bytes] | None = None
        self._channel: Channel | None = None

    def follow(self, channel: Channel) -> None:
        """The days that follow belong to this channel."""
        self._channel = channel
        self._pattern = _day_pattern(channel.intervals, channel.uom.decimals)

    def day(self, line: int, raw: bytes) -> Day | None:
        """The day of a 300 record, or None if the careful way has to decide."""
        if self._pattern is None or self._channel is None:
            return None
        match = self._pattern.fullmatch(raw)
        if match is None:
            return None
        day_text, values, quality_text, update_date_time, msats_load_date_time = match.groups()
        judges = self._judges
        if self._last_day < day_text or self._latest_tolerated < update_date_time:
            judges = self._without_date
        day = judges.date(day_text)
        quality = judges.quality(quality_text)
        if (
            day is None
            or quality is None
            or not self._is_plain(update_date_time, msats_load_date_time, judges.latest)
        ):
            return None
        stamps = Stamps(
            update_date_time.decode(),
            0,
            msats_load_date_time.decode() if msats_load_date_time else "",
        )
        return Day(self._channel, line, day, values.decode(), quality, stamps, self._header, line)

    def _is_plain(
        self, update_date_time: bytes, msats_load_date_time: bytes | None, latest: bytes
    ) -> bool:
        """Whether stamps have no finding; the pattern has checked their times."""
        if (
            not _EARLIEST <= update_date_time <= latest
            or self._real_date(update_date_time[:8]) is None
        ):
            return False
        if msats_load_date_time is None:
            return True
        return (
            _EARLIEST_LOADED <= msats_load_date_time < _AFTER
            and self._real_date(msats_load_date_time[:8]) is not None
        )

    def event(self, raw: bytes, intervals: int) -> Event | None:
        """The event of a 400 record, or None if the careful way has to decide."""
        match = _EVENT.fullmatch(raw)
        if match is None:
            return None
        quality = self._judges.event(match[3])
        start, end = int(match[1]), int(match[2])
        if quality is None or not 1 <= start <= end <= intervals:
            return None
        return Event(start, end, quality)
