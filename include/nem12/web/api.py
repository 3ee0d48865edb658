"""JSON routes: everything that the pages show."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Query, status

from nem12.coverage.refused import refusals_of
from nem12.states import FILE_OUTCOMES
from nem12.warehouse.connect import Connection
from nem12.web import models, questions, sorting
from nem12.web.answers import ExactJson, nem_now
from nem12.web.arriving import Arriving
from nem12.web.database import reading
from nem12.web.openapi import errors
from nem12.web.paging import Rows
from nem12.web.parameters import (
    After,
    AnyNmi,
    Day,
    First,
    Last,
    Limit,
    Nmi,
    Prefix,
    Run,
    Sha256,
    Sort,
    Suffix,
    Text,
    Word,
)
from nem12.web.versions import with_differences


@dataclass(frozen=True)
class _FilesAsked:
    """The query of the list of files."""

    status: str | None = None
    run: Run = ""
    text: Text = ""
    nmi: AnyNmi = ""
    first: First = None
    last: Last = None
    asked_again: Annotated[
        bool, Query(description="Only files of which something is asked for again")
    ] = False
    dates: Annotated[
        Word, Query(description="What `from` and `to` are of: arrived, created, holds")
    ] = ""
    sort: Sort = None

    @property
    def order(self) -> sorting.Order:
        """As it is asked for, else the newest first."""
        return sorting.order(self.sort, sorting.FILE_SORTS, "-arrived")

    def rows(self, connection: Connection, after: str | None, limit: int) -> Rows:
        """A page of the files that the search finds, or of a run and an outcome."""
        if self.run:
            outcomes = questions.one_of(self.status, FILE_OUTCOMES, "status")
            return questions.run_files(connection, self.run, outcomes, after, limit)
        statuses = questions.one_of(self.status, questions.STATUSES, "status")
        dates = sorting.DATES[0]
        if self.dates:
            (dates,) = questions.one_of(self.dates, sorting.DATES, "dates")
        if self.order.name != "-arrived" or dates != sorting.DATES[0]:
            return sorting.files(
                connection,
                self.order,
                after,
                limit,
                statuses=statuses,
                text=self.text,
                nmi=self.nmi,
                dates=dates,
                asked_again=self.asked_again,
                span=sorting.bounds(self.first, self.last),
            )
        search = questions.FileSearch(
            statuses, self.text, self.nmi, self.first, self.last, self.asked_again
        )
        return questions.files(connection, search, after, limit)


FilesAsked = Annotated[_FilesAsked, Depends()]

router = APIRouter(
    prefix="/api/v1", default_response_class=ExactJson, responses=errors(400, 401, 403, 404, 503)
)

MOST_DAYS_OF_READINGS: Final = 366
MOST_READINGS: Final = 10_000
"""A month of five minutes has 8,928."""


@router.get("/overview", response_model=models.Overview)
def overview() -> dict[str, Any]:
    """Counts of drops and files, what is loading, the last 30 days, the newest problems.

    `landing`: what lies in the landing folder, when the watch looked, and why nothing is loaded.
    """
    now = nem_now()
    with reading() as connection:
        found = questions.overview(connection, now)
    return {**found, "landing": Arriving.now().as_json(now)}


@router.get("/drops", response_model=models.Page[models.Drop])
def drops(
    state: str | None = None,
    run: Run = "",
    text: Text = "",
    sort: Sort = None,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Drops that are not settled, all or of one run: claimed, running, waiting, failed.

    In the order of arrival, or by `sort`: landed, name, state, size; `text` is a part of the name.
    """
    with reading() as connection:
        return open_drops(connection, state, run, text, sort, after, limit).as_json()


@router.get(
    "/files", response_model=models.Page[models.FileItem], response_model_exclude_unset=True
)
def files(asked: FilesAsked, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """Files, the newest first; of one status: loading, loaded, partial, refused.

    `from` and `to` are NEM days of arrival, or by `dates` days on which the file was created or
    which it holds. `sort`: arrived, name, sender, size, readings, days or refused, of the newest
    50,000 files; with a minus the other way round. A search by `text` looks at many files at a
    time: a page may be short, or empty, before the last one.

    Of one `run`, with what it made of them as `outcome`, refused ones first; `status` is then one
    of refused, partial, loaded, duplicate, and nothing else narrows them.
    """
    with reading() as connection:
        return asked.rows(connection, after, limit).as_json()


@router.get("/files/{sha256}", response_model=models.File)
def file(sha256: Sha256) -> dict[str, Any]:
    """One file: header, counts that balance, warnings, the drops that brought it."""
    with reading() as connection:
        return known_file(connection, sha256)


@router.get("/files/{sha256}/findings", response_model=models.Page[models.Finding])
def findings(sha256: Sha256, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """Its refusals and warnings by line, each with code, message, excerpt and explanation."""
    with reading() as connection:
        file_id = _file_id(connection, sha256)
        return questions.findings(connection, file_id, after, limit).as_json()


@router.get("/files/{sha256}/days", response_model=models.Page[models.FileDay])
def file_days(sha256: Sha256, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """The days it delivers, and which of them are in force."""
    with reading() as connection:
        file_id = _file_id(connection, sha256)
        return questions.file_days(connection, file_id, after, limit).as_json()


@router.get("/files/{sha256}/parts", response_model=models.Page[models.FilePart])
def parts(sha256: Sha256, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """Its parts, and the batches and tasks that applied them."""
    with reading() as connection:
        file_id = _file_id(connection, sha256)
        return questions.parts(connection, file_id, after, limit).as_json()


@router.get("/nmis", response_model=models.Page[models.Nmi], response_model_exclude_unset=True)
def nmis(
    prefix: Prefix = "", sort: Sort = None, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """NMIs that begin so; by `sort` (nmi, channels, first, newest) with channels and days."""
    with reading() as connection:
        if sort:
            by = sorting.order(sort, sorting.NMI_SORTS, "nmi")
            return sorting.nmis(connection, by, after, limit, prefix=prefix).as_json()
        return questions.nmis(connection, prefix, after, limit).as_json()


@router.get("/nmis/{nmi}", response_model=models.NmiChannels)
def nmi(nmi: Nmi) -> dict[str, Any]:
    """The channels of an NMI."""
    with reading() as connection:
        found = questions.channels(connection, nmi)
    if not found:
        raise no_readings(f"NMI {nmi}")
    return {"nmi": nmi, "channels": found}


@router.get("/channels/{nmi}/{nmi_suffix}", response_model=models.Channel)
def channel(nmi: Nmi, nmi_suffix: Suffix) -> dict[str, Any]:
    """One channel with its meters."""
    with reading() as connection:
        return {"nmi": nmi, **known_channel(connection, nmi, nmi_suffix)}


@router.get("/channels/{nmi}/{nmi_suffix}/days", response_model=models.ChannelDays)
def channel_days(
    nmi: Nmi, nmi_suffix: Suffix, first: First = None, last: Last = None
) -> dict[str, Any]:
    """Daily values of a channel, at most 366 days; without a span the newest 31."""
    with reading() as connection:
        begin, end = _channel_span(connection, nmi, nmi_suffix, first, last)
        days = questions.channel_days(connection, nmi, nmi_suffix, begin, end)
    return {"from": begin, "to": end, "items": days}


@router.get("/channels/{nmi}/{nmi_suffix}/readings", response_model=models.Readings)
def readings(
    nmi: Nmi,
    nmi_suffix: Suffix,
    first: First = None,
    last: Last = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=MOST_READINGS)] = 1000,
) -> dict[str, Any]:
    """Readings of a channel, each with file and line; without a span the newest 31 days."""
    with reading() as connection:
        begin, end = _channel_span(connection, nmi, nmi_suffix, first, last)
        found = questions.readings(connection, nmi, nmi_suffix, begin, end, after, limit)
    return {"from": begin, "to": end, **found.as_json()}


@router.get("/channels/{nmi}/{nmi_suffix}/versions/{day}", response_model=models.Versions)
def versions(nmi: Nmi, nmi_suffix: Suffix, day: Day) -> dict[str, Any]:
    """The versions of a day, the one in force first, with the sum that each has added; refusals."""
    with reading() as connection:
        found = with_differences(questions.day_versions(connection, nmi, nmi_suffix, day))
        refused = refusals_of(connection, nmi, nmi_suffix, day, day)
    for version in found:
        changed = version.pop("difference")
        version["sum_added"] = changed.sum if changed else None
        version["intervals_changed"] = (
            len(changed.changes) if changed and changed.comparable else None
        )
    return {"items": found, "refusals": refused}


def open_drops(
    connection: Connection,
    state: str | None,
    of_run: str,
    text: str,
    sort: str | None,
    after: str | None,
    limit: int,
) -> Rows:
    """Drops that are not settled: in the order of arrival, or as they are asked for."""
    states = questions.one_of(state, questions.OPEN_STATES, "state")
    if not text and not sort:
        return questions.drops(connection, states, after, limit, of_run)
    by = sorting.order(sort, sorting.DROP_SORTS, "landed")
    return sorting.drops(connection, by, after, limit, states=states, run=of_run, text=text)


def known_file(connection: Connection, sha256: str) -> dict[str, Any]:
    """A file, or the answer that there is none."""
    found = questions.file(connection, sha256)
    if found is None:
        raise _no_file()
    return found


def known_channel(connection: Connection, nmi: str, nmi_suffix: str) -> dict[str, Any]:
    """A channel, or the answer that there is none."""
    found = questions.channel(connection, nmi, nmi_suffix)
    if found is None:
        raise no_readings(f"{nmi} {nmi_suffix}")
    return found


def no_readings(what: str) -> HTTPException:
    """The answer that nothing is known of an NMI or channel."""
    return HTTPException(status.HTTP_404_NOT_FOUND, f"no readings of {what} are loaded")


def _file_id(connection: Connection, sha256: str) -> int:
    found = questions.file_row(connection, sha256)
    if found is None:
        raise _no_file()
    file_id: int = found["file_id"]
    return file_id


def _no_file() -> HTTPException:
    return HTTPException(status.HTTP_404_NOT_FOUND, "no file of this SHA-256 was loaded")


def _channel_span(
    connection: Connection, nmi: str, nmi_suffix: str, first: date | None, last: date | None
) -> tuple[date, date]:
    newest = known_channel(connection, nmi, nmi_suffix)["last_day"]
    default = (newest - timedelta(days=30), newest)
    return questions.span(first, last, default, MOST_DAYS_OF_READINGS)
