"""HTML pages, made on the server; scripts on them ask the JSON routes."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse

from nem12.coverage.channels import channel_in, failed_drops
from nem12.coverage.refused import refusals_of
from nem12.mdff import spec
from nem12.mdff.findings import EXPLAIN
from nem12.mdff.meanings import REASONS, REASONS_OBSOLETE
from nem12.mdff.profiles import PROFILES
from nem12.mdff.remedies import remedy
from nem12.states import FILE_OUTCOMES
from nem12.warehouse.connect import Connection
from nem12.web import amounts, questions, sorting
from nem12.web.acting.notes import notes_about
from nem12.web.answers import STATIC, html, nem_now, static
from nem12.web.api import FilesAsked, known_file, no_readings, open_drops
from nem12.web.arriving import Arriving
from nem12.web.calendar import SHOWN, SORTS, days_in_list, heat_map
from nem12.web.database import reading
from nem12.web.openapi import document, fields_of, routes_of
from nem12.web.paging import Rows
from nem12.web.parameters import (
    After,
    Day,
    First,
    Last,
    Nmi,
    Run,
    Sha256,
    Sort,
    Suffix,
    Text,
)
from nem12.web.security import MayLoad
from nem12.web.versions import clock, with_differences

router = APIRouter(default_response_class=HTMLResponse)

ROWS: Final = 50
"""Of a table on a page."""

REFUSALS: Final = 10
"""Of a channel, on its page."""

CURVE_DAYS: Final = 34
"""Days whose every reading is drawn; at five minutes one page of the JSON route."""


@router.get("/")
def overview(request: Request, may_load: MayLoad) -> HTMLResponse:
    """The overview: waiting and loaded files, and problems."""
    with reading() as connection:
        found = questions.overview(connection, nem_now())
        drops = questions.drops(connection, list(questions.OPEN_STATES), None, 10)
    arriving = Arriving.now()
    return html(
        request,
        "overview.html",
        open_drops=drops,
        may_load=may_load,
        arriving=arriving,
        faults=arriving.faults(nem_now()),
        **found,
    )


@router.get("/drops")
def drops(
    request: Request,
    may_load: MayLoad,
    state: str | None = None,
    run: Run = "",
    text: Text = "",
    sort: Sort = None,
    after: After = None,
) -> HTMLResponse:
    """Drops that are not settled."""
    with reading() as connection:
        rows = open_drops(connection, state, run, text, sort, after, ROWS)
    return html(
        request,
        "drops.html",
        rows=rows,
        run=run,
        text=text,
        sort=sort or "landed",
        state=state or "",
        states=questions.OPEN_STATES,
        after=after,
        may_load=may_load,
    )


@router.get("/files")
def files(
    request: Request, may_load: MayLoad, asked: FilesAsked, after: After = None
) -> HTMLResponse:
    """Files by name, sender, NMI or arrival, the newest first; of one run, refused ones first."""
    at_work = Rows([], None)
    with reading() as connection:
        rows = asked.rows(connection, after, ROWS)
        if asked.run:
            states = list(questions.OPEN_STATES)
            at_work = questions.drops(connection, states, None, ROWS, asked.run)
        elif asked.text and not after:
            # What has landed and is not loaded yet has no sender and no days: its name has to do.
            at_work = open_drops(connection, None, "", asked.text, None, None, ROWS)
    return html(
        request,
        "files.html",
        rows=rows,
        run=asked.run,
        open_drops=at_work,
        wanted=asked.status or "",
        search={
            "text": asked.text,
            "nmi": asked.nmi,
            "from": asked.first,
            "to": asked.last,
            "asked_again": asked.asked_again and "true",
            "dates": asked.dates,
            "sort": asked.sort,
        },
        sort=asked.order.name,
        statuses=FILE_OUTCOMES if asked.run else questions.STATUSES,
        may_load=may_load,
        after=after,
    )


@router.get("/files/{sha256}")
def file(
    request: Request,
    sha256: Sha256,
    may_load: MayLoad,
    findings: After = None,
    parts: After = None,
    days: After = None,
) -> HTMLResponse:
    """One file: counts, findings, batches, days; each list has pages of its own."""
    with reading() as connection:
        found = known_file(connection, sha256)
        file_id = found["file_id"]
        kept = [drop["kept_below"] for drop in found["drops"] if drop["kept_below"]]
        listed = questions.findings(connection, file_id, findings, ROWS)
        lines = [(sha256, row["line"]) for row in listed.items]
        return html(
            request,
            "file.html",
            file=found,
            original=kept[0] if kept else None,
            findings=listed,
            noted=notes_about(connection, [(sha256, 0), *lines]),
            parts=questions.parts(connection, file_id, parts, ROWS),
            days=questions.file_days(connection, file_id, days, ROWS),
            may_load=may_load,
            profiles=list(PROFILES),
            at={"findings": findings, "parts": parts, "days": days},
        )


@router.get("/channels")
def channels(
    request: Request,
    nmi: Annotated[str, Query(max_length=20)] = "",
    sort: Sort = None,
    after: After = None,
) -> Response:
    """Find an NMI."""
    asked = "".join(nmi.split()).upper()
    verdict = check(asked)
    prefix = asked[: spec.NMI_LENGTH] if asked.isascii() and asked.isalnum() else ""
    with reading() as connection:
        by = sorting.order(sort, sorting.NMI_SORTS, "nmi")
        wanted = prefix or not asked
        rows = sorting.nmis(connection, by, after, ROWS, prefix=prefix) if wanted else None
    return html(
        request,
        "channels.html",
        asked=asked,
        verdict=verdict,
        rows=rows,
        sort=by.name,
        after=after,
        check_digit=spec.nmi_check_digit,
    )


@router.get("/channels/{nmi}")
def channels_of_nmi(
    request: Request,
    nmi: Nmi,
    first: First = None,
    last: Last = None,
    by: amounts.By = "month",
) -> HTMLResponse:
    """An NMI: its totals by month or day, its channels."""
    with reading() as connection:
        rows = questions.channels(connection, nmi)
        refused = questions.refused_channels(connection, nmi)
        if not rows and not refused:
            raise no_readings(f"NMI {nmi}")
        totals = amounts.totals_of(connection, nmi, first, last, by) if rows else None
    loaded = {channel["nmi_suffix"] for channel in rows}
    return html(
        request,
        "nmi.html",
        nmi=nmi,
        channels=rows,
        totals=totals,
        nets=amounts.side_by_side(totals) if totals else [],
        refused=[nmi_suffix for nmi_suffix in refused if nmi_suffix not in loaded],
        check_digit=spec.nmi_check_digit(nmi),
    )


@router.get("/channels/{nmi}/{nmi_suffix}")
def channel(
    request: Request,
    nmi: Nmi,
    nmi_suffix: Suffix,
    may_load: MayLoad,
    year: Annotated[int | None, Query(ge=spec.FIRST_YEAR, le=2200)] = None,
    first: First = None,
    last: Last = None,
    show: str | None = None,
    sort: str | None = None,
) -> HTMLResponse:
    """One channel: heat map of a year with the list of its days, load curve of a span."""
    (show,) = questions.one_of(show or SHOWN[0], SHOWN, "show")
    (sort,) = questions.one_of(sort or SORTS[0], SORTS, "sort")
    with reading() as connection:
        found = questions.channel(connection, nmi, nmi_suffix)
        if found is None:
            return _only_refused(request, connection, nmi, nmi_suffix)
        newest = found["last_day"]
        week_end = min(newest, date(year, 12, 31)) if year else newest
        week = (min(week_end, max(found["first_day"], week_end - timedelta(days=6))), week_end)
        begin, end = questions.span(first, last, week, CURVE_DAYS)
        shown = year or end.year
        of_year = questions.channel_days(
            connection, nmi, nmi_suffix, date(shown, 1, 1), date(shown, 12, 31)
        )
        days = questions.channel_days(connection, nmi, nmi_suffix, begin, end)
        refusals = refusals_of(connection, nmi, nmi_suffix, date(shown, 1, 1), date(shown, 12, 31))
        known = channel_in(connection, nmi, nmi_suffix, newest, newest + timedelta(days=1))
    heat = heat_map(shown, of_year, found["first_day"], newest)
    return html(
        request,
        "channel.html",
        refusals=refusals,
        known_end=known.end if known else None,
        may_load=may_load,
        most_refusals=REFUSALS,
        nmi=nmi,
        nmi_suffix=nmi_suffix,
        check_digit=spec.nmi_check_digit(nmi),
        channel=found,
        heat=heat,
        show=show,
        sort=sort,
        listed=days_in_list(of_year, heat, show, sort),
        years=range(found["first_day"].year, newest.year + 1),
        days_there=[(row["day"], row) for row in days],
        begin=begin,
        end=end,
        step=timedelta(days=(end - begin).days + 1),
        curve_days=CURVE_DAYS,
    )


@router.get("/channels/{nmi}/{nmi_suffix}/{day}")
def channel_day(
    request: Request, nmi: Nmi, nmi_suffix: Suffix, day: Day, may_load: MayLoad
) -> HTMLResponse:
    """One day of a channel: its curve, its versions and what changed, its readings."""
    with reading() as connection:
        found = questions.channel(connection, nmi, nmi_suffix)
        versions = with_differences(questions.day_versions(connection, nmi, nmi_suffix, day))
        refusals = refusals_of(connection, nmi, nmi_suffix, day, day)
        failed = failed_drops(connection)
        noted = notes_about(connection, [(row["sha256"], row["line"]) for row in refusals])
    if found is None and not refusals:
        raise no_readings(f"{nmi} {nmi_suffix}")
    in_force = next((version for version in versions if version["in_force"]), None)
    return html(
        request,
        "day.html",
        nmi=nmi,
        nmi_suffix=nmi_suffix,
        channel=found,
        day=day,
        before=day - timedelta(days=1),
        behind=day + timedelta(days=1),
        versions=versions,
        refusals=refusals,
        failed=failed,
        noted=noted,
        may_load=may_load,
        in_force=in_force,
        most_versions=questions.MOST_VERSIONS,
        readings=_intervals(in_force) if in_force else [],
    )


def _only_refused(
    request: Request, connection: Connection, nmi: str, nmi_suffix: str
) -> HTMLResponse:
    """A channel whose deliveries were all refused."""
    refusals = refusals_of(connection, nmi, nmi_suffix, date.min, date.max)
    if not refusals:
        raise no_readings(f"{nmi} {nmi_suffix}")
    return html(request, "refused.html", nmi=nmi, nmi_suffix=nmi_suffix, refusals=refusals)


def _intervals(version: dict[str, Any]) -> list[tuple[str, str, Any, str]]:
    """Start, end, value and quality of each interval of a day."""
    minutes = version["interval_minutes"]
    pairs = zip(version["consumption"], version["qualities"], strict=True)
    return [
        (clock(number * minutes), clock((number + 1) * minutes), value, quality)
        for number, (value, quality) in enumerate(pairs)
    ]


@router.get("/codes")
def codes(request: Request) -> HTMLResponse:
    """All codes of findings by level: what they mean, and what to do."""
    levels = [
        (level, meanings, {code: remedy(code) for code in meanings})
        for level, meanings in EXPLAIN.items()
    ]
    return html(
        request,
        "codes.html",
        levels=levels,
        words_of_flags={letter: flag.word for letter, flag in spec.FLAGS.items()},
        with_method=spec.WITH_METHOD,
        with_reason=spec.WITH_REASON,
        reasons=REASONS,
        obsolete=REASONS_OBSOLETE,
    )


@router.get("/api")
def documentation(request: Request) -> HTMLResponse:
    """The JSON routes, from their OpenAPI document."""
    described = document(request.app, request.scope["root_path"])
    return html(request, "api.html", routes=routes_of(described), objects=fields_of(described))


@router.get("/static/{name:path}")
def static_file(name: str) -> Response:
    """Styles, scripts and the icon."""
    if name not in STATIC:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    headers = {"cache-control": "private, max-age=31536000, immutable"}
    return Response(static(name), media_type=STATIC[name], headers=headers)


def check(asked: str) -> str | None:
    """Whether the check digit of a searched NMI is right or wrong; empty if it has none."""
    if len(asked) != spec.NMI_LENGTH + 1:
        return None
    right = spec.nmi_check_digit(asked[:-1]) == asked[-1]
    return "right" if right else "wrong"
