"""Pages of rows by keyset: the last row's key finds the next page in the index."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from nem12.errors import UsageError
from nem12.warehouse.sql import Row

_SEPARATOR: Final = "~"
"""In none of the keys: they are numbers, times, NMIs and codes of findings."""


@dataclass(frozen=True)
class Rows:
    """One page.

    Attributes:
        items: The rows.
        next: The value of `after` for the next page; None at the end.
    """

    items: list[Row]
    next: str | None

    def as_json(self) -> dict[str, Any]:
        """As the JSON routes answer."""
        return {"items": self.items, "next": self.next}


def page(rows: list[Row], limit: int, key: Sequence[str]) -> Rows:
    """Make a page from one row more than fits, which shows whether there is a next page.

    Args:
        rows: At most `limit` + 1.
        limit: Rows of a page.
        key: Columns of the key, in its order.
    """
    items = rows[:limit]
    return Rows(items, cursor(items[-1], key) if len(rows) > limit else None)


def cursor(row: Row, key: Sequence[str]) -> str:
    """The key of a row as `after` takes it; an address takes it as it is."""
    return _SEPARATOR.join(_as_text(row[name]) for name in key)


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        # Not with an offset, whose plus means a blank in an address.
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def after(
    text: str | None, kinds: Sequence[Callable[[str], Any]], first: Sequence[Any]
) -> tuple[Any, ...]:
    """The values of a key.

    Args:
        text: As `cursor` made it; None for the first page.
        kinds: The function that reads each value.
        first: Values that sort before every key.

    Raises:
        UsageError: It is not such a key.
    """
    if not text:
        return tuple(first)
    try:
        return tuple(kind(value) for kind, value in zip(kinds, text.split(_SEPARATOR), strict=True))
    except ValueError:
        raise UsageError(
            "after: invalid cursor; pass the `next` value of the previous page"
        ) from None


def integer(text: str) -> int:
    """A bigint of PostgreSQL.

    Raises:
        ValueError: It is not an integer.
    """
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return number


def word(text: str) -> str:
    """Text that PostgreSQL takes.

    Raises:
        ValueError: It holds NUL.
    """
    if "\0" in text:
        raise ValueError(text)
    return text
