"""The formats of an export, and how days become files of each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from nem12.export import csv_files, parquet_files
from nem12.export.content import Content
from nem12.export.days import ExportedDay, Selection, exported_days, months
from nem12.export.nem12_files import Naming, write_nem12
from nem12.export.targets import Target, Written
from nem12.warehouse.connect import Connection

Watch = Callable[[Iterable[ExportedDay]], Iterator[ExportedDay]]
"""Passes all days on."""

FORMATS: Final = ("nem12", "csv", "parquet")


def write(
    connection: Connection,
    selection: Selection,
    form: str,
    target: Target,
    naming: Naming,
    watch: Watch = iter,
) -> Iterator[Written]:
    """Write the days of a selection; each file is checked before it gets its name.

    Args:
        connection: A reading one, in a transaction that sees one state.
        selection: Which days.
        form: One of `FORMATS`.
        target: Where the files go.
        naming: Of the names, and of the headers of NEM12.
        watch: Sees all days on their way.

    Raises:
        MeterError: What is read back is not what was written, or a value does not fit.
    """
    if form == "nem12":
        yield from write_nem12(watch(exported_days(connection, selection)), target, naming)
    elif form == "csv":
        yield from _csv(watch(exported_days(connection, selection)), target, naming)
    else:
        parquet_files.require()
        for month in months(connection, selection):
            days = watch(exported_days(connection, _within(selection, month)))
            made = target.scratch / f"readings-{naming.created:%Y%m%d%H%M%S}.parquet"
            content = parquet_files.write_parquet(made, days)
            if not content.days:
                continue
            content.check(parquet_files.read_parquet(made), made.name)
            yield target.put(made, content, f"month={month:%Y-%m}")


def _csv(days: Iterable[ExportedDay], target: Target, naming: Naming) -> Iterator[Written]:
    stamp = f"{naming.created:%Y%m%d%H%M%S}"
    summary = csv_files.Summary()
    made = target.scratch / f"readings-{stamp}.csv"
    content = csv_files.write_csv(made, summary.passing(days))
    if not content.days:
        made.unlink()
        return
    content.check(csv_files.read_csv(made), made.name)
    yield target.put(made, content)
    months_made = target.scratch / f"months-{stamp}.csv"
    _write_lines(months_made, summary.lines())
    yield target.put(months_made, Content())


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(lines)


def _within(selection: Selection, month: date) -> Selection:
    """The part of a selection that lies in a month."""
    last = (month + timedelta(31)).replace(day=1) - timedelta(1)
    return replace(
        selection,
        first=max(selection.first or month, month),
        last=min(selection.last or last, last),
    )
