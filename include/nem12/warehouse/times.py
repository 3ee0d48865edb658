"""Dates and times as Python reads them, whatever the database contains.

PostgreSQL has `infinity`, years before Christ and after 9999; Python does not, and its dates at
either end cannot be moved to another time zone. None of these is ever stored by this package, but a
value that was changed by hand must not make a reader fail.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from psycopg import DataError
from psycopg.abc import Buffer
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader

FIRST_DAY: Final = date(1, 1, 2)
LAST_DAY: Final = date(9999, 12, 30)
"""Stand for all times before or after them."""

_FIRST: Final = datetime.combine(FIRST_DAY, datetime.min.time())
_LAST: Final = datetime.combine(LAST_DAY, datetime.min.time())


def _is_early(data: Buffer) -> bool:
    text = bytes(data)
    return text.startswith(b"-") or text.endswith(b"BC")


class _Date(DateLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return min(max(super().load(data), FIRST_DAY), LAST_DAY)
        except (DataError, OverflowError):
            return FIRST_DAY if _is_early(data) else LAST_DAY


class _Timestamp(TimestampLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return min(max(super().load(data), _FIRST), _LAST)
        except (DataError, OverflowError):
            return _FIRST if _is_early(data) else _LAST


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Buffer) -> Any:
        try:
            loaded = super().load(data)
        except (DataError, OverflowError):
            return (_FIRST if _is_early(data) else _LAST).replace(tzinfo=UTC)
        # Compare local times, as they are shown: comparing instants fails at either end.
        bounded = min(max(loaded.replace(tzinfo=None), _FIRST), _LAST)
        return bounded.replace(tzinfo=loaded.tzinfo)


LOADERS: Final[Mapping[str, type[_Date | _Timestamp | _Timestamptz]]] = {
    "date": _Date,
    "timestamp": _Timestamp,
    "timestamptz": _Timestamptz,
}
"""By the name of their type."""
