"""Which days are missing and why, which NMIs are expected, and when channels end."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from nem12.coverage import channels, lists, said
from nem12.coverage.sql import run
from nem12.errors import UsageError
from nem12.exact_csv import csv_line
from nem12.warehouse.connect import Connection
from nem12.web import models, questions
from nem12.web.answers import ExactJson, csv_answer, html, nem_now
from nem12.web.database import reading, writing
from nem12.web.openapi import errors
from nem12.web.paging import Rows, after, integer, page, word
from nem12.web.parameters import After, First, Last, Limit, Nmi, Prefix, Suffix
from nem12.web.security import ACTING, Caller, MayLoad

ROWS: Final = 50
"""Of a list on a page."""

CURVE_DAYS: Final = 34
"""Of a channel's page, to which the list links."""

_DAYS: Final = 31
"""Of the span, if none is asked for: up to the newest day."""

WHY: Final = ("all", "refused", "not delivered")
"""Which missing days a list shows."""


@dataclass(frozen=True)
class _CoverageAsked:
    """The query for coverage."""

    first: First = None
    last: Last = None
    nmi: Prefix = ""
    standing: Annotated[str, Query(max_length=20, description="Only channels of this one")] = ""
    everything: Annotated[
        bool, Query(alias="all", description="Also channels that are complete and actual")
    ] = False
    sort: Annotated[str, Query(max_length=20, description="nmi, or missing: most first")] = ""

    def of(self, connection: Connection, sort: str) -> channels.Query:
        """As the room takes it; `sort` counts where none is asked for."""
        begin, end = _span(connection, self.first, self.last)
        return channels.Query(
            begin, end, self.nmi, self.standing, self.everything, self.sort or sort
        )


CoverageAsked = Annotated[_CoverageAsked, Depends()]

api: Final = APIRouter(
    prefix="/api/v1", default_response_class=ExactJson, responses=errors(400, 401, 403, 404, 503)
)
saying: Final = APIRouter(
    prefix="/api/v1",
    default_response_class=ExactJson,
    dependencies=list(ACTING),
    responses=errors(400, 401, 403, 404, 415, 503),
)
pages: Final = APIRouter(default_response_class=HTMLResponse)

Csv = Annotated[
    str, Body(embed=True, max_length=lists.MOST_BYTES, description="A line for each, as CSV")
]
Replace = Annotated[bool, Body(embed=True, description="Forget what the list does not name")]


@api.get("/coverage", response_model=models.Coverage)
def coverage(asked: CoverageAsked, after: After = None) -> dict[str, Any]:
    """Missing days and quality of the next channels; complete and actual ones only if `all`.

    By NMI, or by missing days: channels that still deliver first, the first 5,000 of those that
    match; a page may be short, or empty, before the last one.
    """
    with reading() as connection:
        query = asked.of(connection, "nmi")
        looked = channels.next_channels(connection, query, _place(after, query))
    return {
        "from": query.first,
        "to": query.last,
        "channels_looked_at": looked.looked_at,
        "more_channels": looked.more,
        "items": [channel.as_json() for channel in looked.channels],
        "next": _cursor(looked.next, query),
    }


@api.get("/coverage.csv")
def coverage_csv(asked: CoverageAsked) -> StreamingResponse:
    """The coverage of all channels as CSV, by NMI, as it is found."""
    with reading() as connection:
        query = replace(asked.of(connection, "nmi"), sort="nmi")

    def lines() -> Iterator[str]:
        yield csv_line(*channels.HEADING)
        place: channels.Place | None = channels.Place()
        while place is not None:
            # Each page in a transaction of its own: a client that reads slowly holds nothing.
            with reading() as connection:
                looked = channels.next_channels(connection, query, place)
            yield from channels.as_csv(looked.channels)
            place = looked.next

    return csv_answer(f"coverage_{query.first}_{query.last}", lines())


@api.get("/expected", response_model=models.Page[models.ExpectedNmi])
def expected(nmi: Prefix = "", after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """NMIs that are expected to deliver, each with the newest day that has come."""
    with reading() as connection:
        return _expected_nmis(connection, nmi, after, limit).as_json()


@api.get("/ends", response_model=models.Page[models.ChannelEnd])
def ends(nmi: Prefix = "", after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """The last days of channels, as people have said them."""
    with reading() as connection:
        return _channel_ends(connection, nmi, after, limit).as_json()


@saying.post("/expected", response_model=models.TakenList)
def expect(csv: Csv, by: Caller, replace: Replace = False) -> dict[str, Any]:
    """Take a list of expected NMIs: `nmi`, and if wanted `label` and `first_day`.

    One bad line refuses all of it; the answer names each with its reason.
    """
    items = lists.expected_nmis(csv.encode())
    with writing() as connection:
        taken = said.expect(connection, items, by, replace=replace)
    return vars(taken)


@saying.post("/ends", response_model=models.TakenList)
def end(csv: Csv, by: Caller, replace: Replace = False) -> dict[str, Any]:
    """Take a list of ends: `nmi`, `nmi_suffix` (empty: all), `last_day` (empty: goes on)."""
    items = lists.channel_ends(csv.encode())
    with writing() as connection:
        taken = said.end(connection, items, by, replace=replace)
    return vars(taken)


@saying.post("/channels/{nmi}/{nmi_suffix}/end", response_model=models.SaidEnd)
def end_channel(
    nmi: Nmi,
    nmi_suffix: Suffix,
    by: Caller,
    says: Annotated[Literal["ended", "goes on", "nothing"], Body(embed=True)],
    last_day: Annotated[str, Body(embed=True, max_length=20, description="Of `ended`")] = "",
) -> dict[str, Any]:
    """Say that a channel has ended, or goes on whatever the data say; or let the data decide."""
    day = None
    if says == "ended":
        try:
            day = lists.day_of(last_day)
        except ValueError as error:
            raise UsageError(f"last_day: {error}") from None
    with writing() as connection:
        if says == "nothing":
            said.unsay(connection, nmi, nmi_suffix)
        else:
            item = lists.ChannelEnd(nmi, nmi_suffix, day)
            said.end(connection, [item], by)
    return {"said": says, "last_day": day}


@pages.get("/coverage")
def coverage_page(request: Request, asked: CoverageAsked, after: After = None) -> HTMLResponse:
    """Which channels miss which days, and how much of the rest is not actual."""
    with reading() as connection:
        query = asked.of(connection, "missing")
        looked = channels.next_channels(connection, query, _place(after, query))
        counts = said.count(connection)
    return html(
        request,
        "coverage.html",
        found=looked,
        pager=Rows([], _cursor(looked.next, query)),
        query=query,
        begin=query.first,
        end=query.last,
        width=query.days,
        near=max(query.first, query.last - timedelta(days=CURVE_DAYS - 1)),
        standings=channels.STANDINGS,
        counts=counts,
        after=after,
    )


@pages.get("/coverage/{nmi}/{nmi_suffix}")
def missing_page(
    request: Request,
    nmi: Nmi,
    nmi_suffix: Suffix,
    first: First = None,
    last: Last = None,
    why: str | None = None,
    sort: str | None = None,
) -> HTMLResponse:
    """The missing days of a channel, each with why."""
    (why,) = questions.one_of(why or WHY[0], WHY, "why")
    (sort,) = questions.one_of(sort or "oldest", ("oldest", "newest"), "sort")
    with reading() as connection:
        begin, end = _span(connection, first, last)
        channel = channels.channel_in(connection, nmi, nmi_suffix, begin, end)
        failed = channels.failed_drops(connection)
    days = channel.reasons() if channel else []
    if why != "all":
        days = [(day, refusal) for day, refusal in days if bool(refusal) == (why == "refused")]
    return html(
        request,
        "missing.html",
        nmi=nmi,
        nmi_suffix=nmi_suffix,
        channel=channel,
        begin=begin,
        end=end,
        days=days if sort == "oldest" else days[::-1],
        why=why,
        sort=sort,
        reasons=WHY,
        failed=failed,
    )


@pages.get("/expected")
def expected_page(
    request: Request,
    may_load: MayLoad,
    nmi: Prefix = "",
    nmis: After = None,
    ends: After = None,
) -> HTMLResponse:
    """The lists of expected NMIs and of ends of channels, and where new ones are given."""
    with reading() as connection:
        return html(
            request,
            "expected.html",
            nmi=nmi,
            expected=_expected_nmis(connection, nmi, nmis, ROWS),
            ends=_channel_ends(connection, nmi, ends, ROWS),
            counts=said.count(connection),
            at={"nmis": nmis, "ends": ends},
            may_load=may_load,
        )


def _expected_nmis(connection: Connection, prefix: str, cursor: str | None, limit: int) -> Rows:
    (nmi,) = after(cursor, (word,), ("",))
    rows = run(connection, "expected_nmis", prefix=prefix, after=nmi, most=limit + 1)
    return page(rows, limit, ("nmi",))


def _channel_ends(connection: Connection, prefix: str, cursor: str | None, limit: int) -> Rows:
    nmi, nmi_suffix = after(cursor, (word, word), ("", ""))
    rows = run(
        connection,
        "channel_ends",
        prefix=prefix,
        nmi=nmi,
        nmi_suffix=nmi_suffix,
        most=limit + 1,
    )
    return page(rows, limit, ("nmi", "nmi_suffix"))


def _span(connection: Connection, first: date | None, last: date | None) -> tuple[date, date]:
    """The span asked for, or the 31 days up to the newest one."""
    today = nem_now().date()
    newest = questions.newest_day(connection) or today
    default = (newest - timedelta(days=_DAYS - 1), newest)
    begin, end = questions.span(first, last, default, channels.MOST_DAYS)
    # What is still to come is not missing.
    end = min(end, max(newest, today))
    return min(begin, end), end


def _place(cursor: str | None, query: channels.Query) -> channels.Place:
    if query.sort == "nmi":
        return channels.Place(*after(cursor, (word, word), ("", "")))
    (number,) = after(cursor, (integer,), (0,))
    return channels.Place(number=number)


def _cursor(place: channels.Place | None, query: channels.Query) -> str | None:
    if place is None:
        return None
    return f"{place.nmi}~{place.nmi_suffix}" if query.sort == "nmi" else str(place.number)
