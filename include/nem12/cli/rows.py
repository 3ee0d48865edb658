"""Rows as a table for people, as CSV or as JSON for programs; printed as they come."""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from nem12.cli.output import err, out, table
from nem12.exact_csv import csv_line
from nem12.exact_json import to_json

MOST_ROWS: Final = 1000
"""Rows of a table for people; programs ask for CSV or JSON and get all."""


def print_rows(columns: Sequence[str], rows: Iterator[Sequence[Any]], form: str) -> None:
    """Print rows.

    Args:
        columns: Their names; none where nothing came, and there were no names to be had.
        rows: Taken one by one.
        form: "table", "csv" or "json". JSON is one array, a row a line.
    """
    if form == "json":
        _print_json(columns, rows)
    elif form == "csv":
        _print_csv(columns, rows)
    elif columns:
        _print_table(columns, rows)
    else:
        out.print("no rows")


def _print_json(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    separator = "["
    for row in rows:
        sys.stdout.write(f"{separator}{to_json(dict(zip(columns, row, strict=True)))}")
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[" else "]\n")


def _print_csv(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    if columns:
        sys.stdout.write(csv_line(*columns, end="\n"))
    for row in rows:
        sys.stdout.write(csv_line(*row, end="\n"))


def _print_table(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    table("", columns, list(islice(rows, MOST_ROWS)))
    if next(rows, None) is not None:
        err.print(f"the first {MOST_ROWS} rows; --format csv or json prints all")
