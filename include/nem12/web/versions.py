"""What changed between two versions of a day."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nem12.warehouse.sql import Row


@dataclass(frozen=True)
class Change:
    """One interval whose value or quality differs; `start` and `end` as HH:MM of NEM time."""

    start: str
    end: str
    before: Decimal
    after: Decimal
    quality_before: str
    quality_after: str


@dataclass(frozen=True)
class Difference:
    """From an older version to the newer.

    Attributes:
        comparable: Whether they have the same interval length and unit; else only sums differ.
        changes: The intervals that differ.
        sum: By how much the sum of the day changed.
    """

    comparable: bool
    changes: list[Change]
    sum: Decimal


def difference(older: Row, newer: Row) -> Difference:
    """Compare two rows of `day_versions`."""
    added = sum(newer["consumption"], Decimal(0)) - sum(older["consumption"], Decimal(0))
    minutes = newer["interval_minutes"]
    if (older["interval_minutes"], older["uom"]) != (minutes, newer["uom"]):
        return Difference(comparable=False, changes=[], sum=added)
    pairs = zip(
        older["consumption"],
        newer["consumption"],
        older["qualities"],
        newer["qualities"],
        strict=True,
    )
    changes = [
        Change(clock(number * minutes), clock((number + 1) * minutes), *pair)
        for number, pair in enumerate(pairs)
        if pair[0] != pair[1] or pair[2] != pair[3]
    ]
    return Difference(comparable=True, changes=changes, sum=added)


def clock(minute: int) -> str:
    """Minute of the day as HH:MM; the end of the day is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def with_differences(versions: list[Row]) -> list[dict[str, Any]]:
    """Each version with its differences from the one that it supersedes."""
    # The oldest version supersedes nothing: None.
    older: list[Row | None] = [*versions[1:], None][: len(versions)]
    return [
        {
            **version,
            "sum": sum(version["consumption"], Decimal(0)),
            "difference": difference(before, version) if before else None,
        }
        for version, before in zip(versions, older, strict=True)
    ]
