"""How much an NMI uses and generates, and what has changed: as a page, as JSON and as CSV."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from nem12.analysis import totals
from nem12.analysis.changes import COLUMNS, changed_days
from nem12.exact_csv import csv_line
from nem12.mdff.stamps import NEM_TIME
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row
from nem12.web import models, questions
from nem12.web.answers import ExactJson, csv_answer, html, nem_now
from nem12.web.api import known_channel, no_readings
from nem12.web.database import reading
from nem12.web.openapi import errors
from nem12.web.parameters import FIRST_DAY, LAST_DAY, AnyNmi, First, Last, Nmi, Suffix

MONTHS: Final = 13
"""Of an NMI's page without a span: this month and the same one a year ago."""

MOST_DAYS_BY_DAY: Final = 366
"""Rows of a table by day."""

MOST_CHANGES: Final = 1_000
"""Days of a page or a JSON answer; the CSV has all."""

CHUNK_DAYS: Final = 31
"""Days of readings that one transaction of a CSV reads: at five minutes 8,928 rows."""

_ANY: Final = (LAST_DAY - FIRST_DAY).days + 1
"""Days of a CSV of one channel, which is read in chunks: as many as there are."""

By = Annotated[Literal["month", "day"], Query(description="The period of a row")]
Since = Annotated[date | None, Query(description="NEM day: files that arrived on it count as new")]


@dataclass(frozen=True)
class _ChangesAsked:
    """The query for changes: NEM days, all included; what is left out is filled in."""

    since: Since = None
    nmi: AnyNmi = ""
    first: First = None
    last: Last = None

    @cached_property
    def span(self) -> tuple[date, date]:
        """The days that are looked at."""
        today = nem_now().date()
        default = (today - timedelta(days=365), today)
        return questions.span(self.first, self.last, default, totals.MOST_DAYS)

    @cached_property
    def instant(self) -> datetime:
        """When what counts as new begins."""
        day = self.since or nem_now().date() - timedelta(days=30)
        return datetime.combine(day, time(), NEM_TIME)

    @property
    def query(self) -> dict[str, object]:
        """As the routes take it, nothing left out."""
        first, last = self.span
        return {"since": self.instant.date(), "nmi": self.nmi, "from": first, "to": last}

    def stream(self, connection: Connection, first: date, last: date) -> Generator[Row]:
        """All changes of some days."""
        return changed_days(connection, self.instant, first, last, self.nmi or None)

    def rows(self, connection: Connection) -> tuple[list[Row], bool]:
        """The first changes, and whether there are more."""
        with closing(self.stream(connection, *self.span)) as changes:
            rows = list(islice(changes, MOST_CHANGES + 1))
        return rows[:MOST_CHANGES], len(rows) > MOST_CHANGES


ChangesAsked = Annotated[_ChangesAsked, Depends()]

api: Final = APIRouter(
    prefix="/api/v1", default_response_class=ExactJson, responses=errors(400, 401, 403, 404, 503)
)
pages: Final = APIRouter(default_response_class=HTMLResponse)


@api.get("/nmis/{nmi}/totals", response_model=models.Totals)
def nmi_totals(nmi: Nmi, first: First = None, last: Last = None, by: By = "month") -> Row:
    """Totals by month or day, of each channel and net, then of the span (`total`).

    With the share of estimates and the maximum demand. Without a span the last 13 months.
    """
    with reading() as connection:
        return totals_of(connection, nmi, first, last, by)


@api.get("/nmis/{nmi}/totals.csv")
def nmi_totals_csv(
    nmi: Nmi, first: First = None, last: Last = None, by: By = "month"
) -> StreamingResponse:
    """The totals of each channel as CSV, of up to 20 years by month or 5 by day."""
    with reading() as connection:
        span = span_of(connection, nmi, first, last, by)

        rows = list(totals.channel_totals(connection, span))
    return _csv(f"totals_{nmi}_{span.first}_{span.last}_{by}", totals.COLUMNS, rows)


@api.get("/channels/{nmi}/{nmi_suffix}/readings.csv")
def readings_csv(
    nmi: Nmi, nmi_suffix: Suffix, first: First = None, last: Last = None
) -> StreamingResponse:
    """Every reading of a span as CSV, each with file and line; without a span all there are."""
    begin, end = _channel_span(nmi, nmi_suffix, first, last)

    def rows(connection: Connection, day: date, until: date) -> list[Row]:
        most = CHUNK_DAYS * 24 * 60
        return questions.readings(connection, nmi, nmi_suffix, day, until, None, most).items

    name = f"readings_{nmi}_{nmi_suffix}_{begin}_{end}"
    return _csv(name, tuple(models.Reading.model_fields), _chunks(begin, end, rows))


@api.get("/channels/{nmi}/{nmi_suffix}/days.csv")
def days_csv(
    nmi: Nmi, nmi_suffix: Suffix, first: First = None, last: Last = None
) -> StreamingResponse:
    """The daily values of a span as CSV; without a span all there are."""
    begin, end = _channel_span(nmi, nmi_suffix, first, last)

    def rows(connection: Connection, day: date, until: date) -> list[Row]:
        return questions.channel_days(connection, nmi, nmi_suffix, day, until)

    name = f"days_{nmi}_{nmi_suffix}_{begin}_{end}"
    return _csv(name, tuple(models.ChannelDay.model_fields), _chunks(begin, end, rows))


@api.get("/changes", response_model=models.Changes)
def changes(asked: ChangesAsked) -> dict[str, Any]:
    """Days of a span that have changed since a day, with the sums before and after.

    The first 1,000; without a span the last 366 days, without `since` the last 30.
    """
    first, last = asked.span
    with reading() as connection:
        rows, more = asked.rows(connection)
    return {"from": first, "to": last, "since": asked.instant, "items": rows, "more": more}


@api.get("/changes.csv")
def changes_csv(asked: ChangesAsked) -> StreamingResponse:
    """All of them as CSV."""
    first, last = asked.span
    name = f"changes_{first}_{last}_since_{asked.instant.date()}"
    days = CHUNK_DAYS if asked.nmi else 1
    return _csv(name, COLUMNS, _chunks(first, last, asked.stream, days))


@pages.get("/changes")
def changes_page(request: Request, asked: ChangesAsked) -> HTMLResponse:
    """What has changed since a day, such as that of a bill."""
    with reading() as connection:
        rows, more = asked.rows(connection)
    return html(request, "changes.html", asked=asked.query, rows=rows, more=more)


def span_of(
    connection: Connection, nmi: str, first: date | None, last: date | None, by: str
) -> totals.Span:
    """The span asked for, or the last 13 months that there is something of.

    Raises:
        HTTPException: 404, nothing is known of the NMI.
        UsageError: The span is too long.
    """
    known = totals.known_days(connection, nmi)
    if known is None:
        raise no_readings(f"NMI {nmi}")
    months = known[1].year * 12 + known[1].month - MONTHS
    begin = max(known[0], date(months // 12, months % 12 + 1, 1))
    begin, end = questions.span(first, last, (begin, known[1]), totals.MOST_DAYS)
    return totals.Span(nmi, begin, end, by)


def totals_of(
    connection: Connection, nmi: str, first: date | None, last: date | None, by: str
) -> Row:
    """As the JSON route answers; by day the newest 366 days of a longer span."""
    span = span_of(connection, nmi, first, last, by)
    if by == "day" and (span.last - span.first).days >= MOST_DAYS_BY_DAY:
        begin = span.last - timedelta(days=MOST_DAYS_BY_DAY - 1)
        span = totals.Span(nmi, begin, span.last, by)
    return {
        "nmi": nmi, "by": by, "from": span.first, "to": span.last,
        "channels": list(totals.channel_totals(connection, span)),
        "net": list(totals.net_totals(connection, span)),
    }  # fmt: skip


def side_by_side(found: Row) -> list[dict[str, Any]]:
    """The net totals of each unit, each row with the totals of the unit's channels beside it."""
    of_channel: dict[str, dict[tuple[str, str], Any]] = {}
    for row in found["channels"]:
        of_unit = of_channel.setdefault(row["uom"], {})
        of_unit[row["period"], row["nmi_suffix"]] = row["total"]
    units = []
    for uom, nets in groupby(found["net"], key=itemgetter("uom")):
        of_unit = of_channel.get(uom, {})
        suffixes = sorted({nmi_suffix for _, nmi_suffix in of_unit})
        rows = [
            {**net, "channels": [of_unit.get((net["period"], suffix)) for suffix in suffixes]}
            for net in nets
        ]
        units.append({"uom": uom, "suffixes": suffixes, "rows": rows})
    return units


def _channel_span(
    nmi: str, nmi_suffix: str, first: date | None, last: date | None
) -> tuple[date, date]:
    """The days of a channel that are asked for; the last is before the first if there are none."""
    with reading() as connection:
        channel = known_channel(connection, nmi, nmi_suffix)
    known = channel["first_day"], channel["last_day"]
    first, last = questions.span(first or FIRST_DAY, last or LAST_DAY, known, _ANY)
    return max(first, known[0]), min(last, known[1])


def _chunks(
    begin: date,
    end: date,
    rows_of: Callable[[Connection, date, date], Iterable[Row]],
    days: int = CHUNK_DAYS,
) -> Iterator[Row]:
    """The rows of a span, so many days at a time."""
    while begin <= end:
        until = min(begin + timedelta(days=days - 1), end)
        # A transaction of its own: a client that reads slowly holds nothing.
        with reading() as connection:
            rows = list(rows_of(connection, begin, until))
        yield from rows
        begin = until + timedelta(days=1)


def _csv(name: str, columns: tuple[str, ...], rows: Iterable[Row]) -> StreamingResponse:
    def lines() -> Iterator[str]:
        yield csv_line(*columns)
        for row in rows:
            yield csv_line(*(row[column] for column in columns))

    return csv_answer(name, lines())
