"""CSV without loss: exact numbers in plain digits, times in ISO 8601, nothing for null."""

import csv
import datetime as dt
import decimal
import io
from typing import Final

from nem12.exact_json import to_json

_FORMULA: Final = frozenset("=+-@\t\r\n")
"""First characters of a cell that a spreadsheet runs as a formula."""


def csv_line(*cells: object, end: str = "\r\n") -> str:
    """One line; text that a spreadsheet would run as a formula is marked as text.

    Args:
        cells: Of any type that the database gives.
        end: Of the line: as RFC 4180 has it, or a line feed alone for programs of Unix.
    """
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerow(map(_cell, cells))
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value[:1] in _FORMULA else value
    if isinstance(value, bool | list | dict):
        return to_json(value)
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value
