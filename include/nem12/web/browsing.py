"""Problems, runs and senders as lists, as pages and as JSON."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from nem12.warehouse.connect import Connection
from nem12.web import models, questions, sorting
from nem12.web.answers import ExactJson, html
from nem12.web.database import reading
from nem12.web.openapi import errors
from nem12.web.paging import Rows
from nem12.web.parameters import After, AnyNmi, First, Last, Limit, Sort, Text, Word

ROWS: Final = 50
"""Of a list on a page."""

_LEVELS: Final = ("FILE", "BLOCK", "RECORD")


@dataclass(frozen=True)
class _ProblemsAsked:
    """The query for problems; `from` and `to` are NEM days of arrival."""

    text: Text = ""
    nmi: AnyNmi = ""
    code: Annotated[Word, Query(description="Code of the refusal")] = ""
    level: Annotated[Word, Query(description="FILE, BLOCK or RECORD")] = ""
    first: First = None
    last: Last = None
    sort: Sort = None

    @property
    def order(self) -> sorting.Order:
        """As it is asked for, else the newest first."""
        return sorting.order(self.sort, sorting.PROBLEM_SORTS, "-arrived")

    def rows(self, connection: Connection, after: str | None, limit: int) -> Rows:
        """A page of them."""
        if self.level:
            questions.one_of(self.level, _LEVELS, "level")
        return sorting.problems(
            connection,
            self.order,
            after,
            limit,
            text=self.text,
            nmi=self.nmi,
            code=self.code,
            level=self.level,
            span=sorting.bounds(self.first, self.last),
        )

    @property
    def search(self) -> dict[str, object]:
        """As the page shows it."""
        given = {"text": self.text, "nmi": self.nmi, "code": self.code, "level": self.level}
        return {**given, "from": self.first, "to": self.last}


@dataclass(frozen=True)
class _RunsAsked:
    """The query for runs; `from` and `to` are NEM days on which they began."""

    text: Annotated[Text, Query(description="A part of the run's id")] = ""
    outcome: Annotated[Word, Query(description="Runs with a drop that is so")] = ""
    first: First = None
    last: Last = None
    sort: Sort = None

    @property
    def order(self) -> sorting.Order:
        """As it is asked for, else the newest first."""
        return sorting.order(self.sort, sorting.RUN_SORTS, "-began")

    def rows(self, connection: Connection, after: str | None, limit: int) -> Rows:
        """A page of them."""
        if self.outcome:
            questions.one_of(self.outcome, sorting.RUN_OUTCOMES, "outcome")
        return sorting.runs(
            connection,
            self.order,
            after,
            limit,
            text=self.text,
            outcome=self.outcome,
            span=sorting.bounds(self.first, self.last),
        )

    @property
    def search(self) -> dict[str, object]:
        """As the page shows it."""
        return {"text": self.text, "outcome": self.outcome, "from": self.first, "to": self.last}


@dataclass(frozen=True)
class _SendersAsked:
    """The query for senders; `from` and `to` are NEM days of arrival."""

    text: Annotated[Text, Query(description="A part of FromParticipant")] = ""
    first: First = None
    last: Last = None
    sort: Sort = None

    @property
    def order(self) -> sorting.Order:
        """As it is asked for, else those with most refused files first."""
        return sorting.order(self.sort, sorting.SENDER_SORTS, "-refused")

    def rows(self, connection: Connection, after: str | None, limit: int) -> Rows:
        """A page of them."""
        span = sorting.bounds(self.first, self.last)
        return sorting.senders(connection, self.order, after, limit, text=self.text, span=span)

    @property
    def search(self) -> dict[str, object]:
        """As the page shows it."""
        return {"text": self.text, "from": self.first, "to": self.last}


SendersAsked = Annotated[_SendersAsked, Depends()]
ProblemsAsked = Annotated[_ProblemsAsked, Depends()]
RunsAsked = Annotated[_RunsAsked, Depends()]

api: Final = APIRouter(
    prefix="/api/v1", default_response_class=ExactJson, responses=errors(400, 401, 403, 404, 503)
)
pages: Final = APIRouter(default_response_class=HTMLResponse)


@api.get("/problems", response_model=models.Page[models.ListedProblem])
def problems(asked: ProblemsAsked, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """Refusals of the newest 2,000 files that have any, up to 200 of one file.

    `sort`: arrived, file, sender, nmi, day or code; with a minus the other way round.
    """
    with reading() as connection:
        return asked.rows(connection, after, limit).as_json()


@api.get("/runs", response_model=models.Page[models.LoadRun])
def runs(asked: RunsAsked, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """Load runs of the newest 50,000 drops, with what became of their drops.

    `sort`: began, run, drops, refused or failed; with a minus the other way round.
    """
    with reading() as connection:
        return asked.rows(connection, after, limit).as_json()


@api.get("/senders", response_model=models.Page[models.Sender])
def senders(asked: SendersAsked, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """What each sender delivered: files, how much was refused, how late it came.

    `sort`: sender, files, refused, readings (refused ones), late or newest; with a minus the other
    way round.
    """
    with reading() as connection:
        return asked.rows(connection, after, limit).as_json()


@pages.get("/senders")
def senders_page(request: Request, asked: SendersAsked, after: After = None) -> HTMLResponse:
    """What each sender delivered."""
    return _listed(request, "senders.html", asked, after)


@pages.get("/problems")
def problems_page(request: Request, asked: ProblemsAsked, after: After = None) -> HTMLResponse:
    """What was refused lately, by sender, NMI, code or day of arrival."""
    return _listed(request, "problems.html", asked, after)


@pages.get("/runs")
def runs_page(request: Request, asked: RunsAsked, after: After = None) -> HTMLResponse:
    """Load runs, and what became of their drops."""
    return _listed(request, "runs.html", asked, after, outcomes=sorting.RUN_OUTCOMES)


def _listed(
    request: Request,
    template: str,
    asked: _ProblemsAsked | _RunsAsked | _SendersAsked,
    after: str | None,
    **more: Any,
) -> HTMLResponse:
    """A page of a list with its search."""
    with reading() as connection:
        rows = asked.rows(connection, after, ROWS)
    search, sort = asked.search, asked.order.name
    return html(request, template, rows=rows, search=search, sort=sort, after=after, **more)
