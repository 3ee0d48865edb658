"""The text about a file, for the report beside it, the log and the terminal."""

from collections.abc import Iterator, Sequence
from typing import Final

from nem12 import storage
from nem12.errors import MeterError, sentence
from nem12.mdff.findings import Level, in_force, left_of, said, subject
from nem12.mdff.remedies import explanation
from nem12.mdff.wording import shown
from nem12.states import Outcome
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import Contradiction, FileSummary, Refusal, RefusedFile, RefusedSpan

MOST_LINES: Final = 1000
"""Findings in a report: more than a person reads; the counts stay exact."""

_MOST_SPANS: Final = 3
"""Most spans of days in a line about a file that was refused as a whole."""


REPORT_SUFFIX: Final = ".report.txt"


def write_report(connection: Connection, file: FileSummary, place: Place, lies_in: str) -> None:
    """Write the report of a file, a text for people.

    Args:
        connection: To the warehouse.
        file: Of the ledger.
        place: Of the report.
        lies_in: Where the file is, below the folders of METER_HOME.
    """
    storage.write_text(
        place, "".join(f"{line}\n" for line in report_lines(connection, file, lies_in))
    )


def report_lines(connection: Connection, file: FileSummary, lies_in: str) -> Iterator[str]:
    """The lines of a report."""
    yield f"{shown(file.name, 500)}: {file.status} ({file.profile} profile)"
    yield f"file     {shown(lies_in, 500)}"
    yield f"SHA-256  {file.sha256}"
    yield f"records  {_balance(file.records, file.refused_records)}"
    yield f"readings {_balance(file.readings, file.refused_readings)}"
    if file.removed_days:
        yield not_kept(file)
    refusals, _ = ledger.refusals(connection, file.file_id, MOST_LINES + 1)
    if refusals:
        yield ""
        yield "Refused:"
    yield from _bounded(
        f"  line {one.line}: {one.level}: {said(one.row())}{_covers(one)}"
        f"{_left(one)}{_excerpt(one.excerpt)}"
        for one in refusals
    )
    days, spans = ledger.refused_days(connection, file.file_id, MOST_LINES)
    if days:
        yield ""
        yield "Days of the file, of which nothing is loaded:"
        yield from (f"  {subject(row)}: {left_of(row)}" for row in (one.row() for one in days))
        if spans > len(days):
            yield f"  and {spans - len(days)} more: see the table meter_refused_days"
        yield ""
    codes = {(one.level, one.code) for one in refusals}
    for level, code in sorted(codes):
        yield f"  {code}: {explanation(Level[level], code)}"
    if file.warnings:
        yield ""
        yield "Warnings:"
        for code, count in sorted(file.warnings.items()):
            yield f"  {code} ({count}): {explanation(Level.WARN, code)}"
        yield from _bounded(
            f"  line {row['line']}: {said(row)}{_excerpt(row['excerpt'])}"
            for row in ledger.warnings(connection, file.file_id, MOST_LINES + 1)
        )


def refusal(
    file: FileSummary | RefusedFile,
    first: Refusal | None,
    days: Sequence[RefusedSpan] = (),
    spans: int = 0,
) -> str:
    """A line: how much of a file was refused, the first reason, and what stays in force.

    Args:
        file: Of the ledger.
        first: Its first refusal, if it has one.
        days: Of `affected`, where it was refused as a whole.
        spans: How many of them there are.
    """
    counts = f"{file.refused_records} of {file.records} records refused"
    if not file.records:
        counts = "it holds no records"
    if first is None:
        return counts
    told = f"{counts}; line {first.line}: {said(first.row())}"
    left = f"Refused with it: {_refused_with_it(days, spans)}." if days else in_force(first.row())
    return f"{told}. {left}" if left else told


def affected(
    connection: Connection, file_id: int, outcome: Outcome
) -> tuple[list[RefusedSpan], int]:
    """The first days of a file that was refused as a whole, and how many spans there are."""
    if outcome is not Outcome.REFUSED:
        return [], 0
    return ledger.refused_days(connection, file_id, _MOST_SPANS)


def _refused_with_it(days: Sequence[RefusedSpan], spans: int) -> str:
    """A line: some days of a refused file, each with what is in force, and how many there are."""
    rows = [one.row() for one in days]
    named = [f"{subject(row)} ({_in_clause(left_of(row))})" for row in rows]
    more = spans - len(days)
    return "; ".join(named) + (f"; and {more} more" if more else "")


def _in_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].removesuffix(".")


def contradiction(day: Contradiction) -> str:
    """A line: which deliveries give different readings for a day, and why one is in force."""
    return (
        f"{day.nmi} {day.nmi_suffix} on {day.day}: {shown(day.file, 200)} line {day.line} is in"
        f" force, {shown(day.other_file, 200)} line {day.other_line} has the same stamps and other"
        f" readings; the {day.decided_by} decided"
    )


def why(error: Exception) -> str:
    """A line about an error; for an error of the system its text and the file."""
    if isinstance(error, MeterError):
        return str(error)
    if isinstance(error, OSError):
        return shown(sentence(error), 500)
    return shown(f"{type(error).__name__}: {error}", 300)


def not_kept(file: FileSummary) -> str:
    """A line about the days of a file that are not kept."""
    days = f"{file.removed_days} of {file.days} days are not kept"
    return f"{days}: their month was removed or their NMI purged"


def _balance(read: int, refused: int) -> str:
    return f"{read} read = {read - refused} accepted + {refused} refused"


def _covers(one: Refusal) -> str:
    if one.level == Level.FILE.name:
        return " (nothing of the file is loaded)"
    if one.first_line == one.last_line:
        return ""
    return f" (refuses lines {one.first_line} to {one.last_line})"


def _left(one: Refusal) -> str:
    left = in_force(one.row())
    return f"\n    {left}" if left else ""


def _excerpt(excerpt: str) -> str:
    return f"\n    {excerpt}" if excerpt else ""


def _bounded(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == MOST_LINES:
            yield "  … and more: see the tables meter_refusals and meter_warnings"
            return
        yield line
