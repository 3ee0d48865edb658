"""Notes about refusals: what somebody found out, and what was asked for again."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, HTTPException, Query, Request, status
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator

from nem12.errors import UsageError
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row
from nem12.web import questions
from nem12.web.acting import models
from nem12.web.acting.acts import LAST
from nem12.web.answers import ExactJson, html
from nem12.web.database import reading, writing
from nem12.web.models import Page
from nem12.web.openapi import errors
from nem12.web.paging import Rows, integer, page, word
from nem12.web.paging import after as key_after
from nem12.web.parameters import After, Limit, Sha256
from nem12.web.security import ACTING, Caller
from nem12.web.sql import run

api = APIRouter(
    prefix="/api/v1", default_response_class=ExactJson, responses=errors(400, 401, 403, 404, 503)
)
pages = APIRouter(default_response_class=HTMLResponse)

Noted = dict[tuple[str, int, str], list[Row]]
"""Notes by hash of the file, line and code; the newest first."""

_ROWS: Final = 50
"""Refusals on a page."""

_MOST_SHOWN: Final = 500
"""Notes that are shown beside the refusals of a page."""

_LINE: Final = "Of the refusal; 0 for the file as a whole"
_CODE: Final = "Of the refusal; empty for the file as a whole"

Text = Annotated[str, Body(max_length=4000), AfterValidator(word), AfterValidator(str.strip)]
Line = Annotated[int, Body(ge=0, le=LAST, description=_LINE)]
Code = Annotated[str, Body(max_length=100, description=_CODE), AfterValidator(word)]
AskedAgain = Annotated[bool, Body(description="Whether its sender was asked to send it again")]


@api.get("/files/{sha256}/notes", response_model=Page[models.Note])
def notes(sha256: Sha256, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """Notes about a file and its refusals, the newest first."""
    (before,) = key_after(after, (integer,), (LAST,))
    with reading() as connection:
        _known(connection, sha256)
        rows = run(connection, "notes_of_file", sha256=sha256, before=before, most=limit + 1)
    return page(rows, limit, ("note_id",)).as_json()


@api.post(
    "/files/{sha256}/notes",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=models.Note,
    dependencies=list(ACTING),
    responses=errors(415),
)
def add_note(
    sha256: Sha256,
    by: Caller,
    line: Line = 0,
    code: Code = "",
    note: Text = "",
    asked_again: AskedAgain = False,
) -> Row:
    """Write a note about a refusal of a file, or about the file; notes are not changed later.

    The newest note about a refusal says whether it is asked for again.
    """
    with reading() as connection:
        file = _known(connection, sha256)
        if (line or code) and not run(
            connection, "finding_known", file_id=file["file_id"], line=line, code=code
        ):
            raise HTTPException(
                status.HTTP_404_NOT_FOUND, "the file has no finding of this line and code"
            )
        before = notes_about(connection, [(sha256, line)]).get((sha256, line, code))
    if not note and asked_again == bool(before and before[0]["asked_again"]):
        raise UsageError("note: write a note, or change whether it was asked for again")
    with writing() as connection:
        return run(
            connection,
            "add_note",
            sha256=sha256,
            line=line,
            code=code,
            note=note,
            asked_again=asked_again,
            by=by,
        )[0]


@api.get("/notes", response_model=Page[models.NotedRefusal])
def noted(
    asked_again: Annotated[bool, Query(description="Only what is asked for again")] = False,
    after: After = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Refusals that have notes, each with its newest one; the newest first."""
    with reading() as connection:
        return _noted(connection, after, limit, asked_again=asked_again).as_json()


@pages.get("/notes")
def notes_page(request: Request, asked_again: bool = False, after: After = None) -> HTMLResponse:
    """Refusals that have notes."""
    with reading() as connection:
        rows = _noted(connection, after, _ROWS, asked_again=asked_again)
    return html(request, "notes.html", rows=rows, after=after, asked_again=asked_again)


def notes_about(connection: Connection, lines: Iterable[tuple[str, int]]) -> Noted:
    """Notes about lines of files; line 0 is the file as a whole.

    Args:
        connection: A reading one.
        lines: Hash of the file, and line.
    """
    asked = list(lines)
    rows = run(
        connection,
        "notes_about",
        hashes=[sha256 for sha256, _ in asked],
        lines=[line for _, line in asked],
        most=_MOST_SHOWN,
    )
    found: Noted = {}
    for row in rows:
        found.setdefault((row["sha256"], row["line"], row["code"]), []).append(row)
    return found


def _noted(connection: Connection, cursor: str | None, limit: int, *, asked_again: bool) -> Rows:
    (before,) = key_after(cursor, (integer,), (LAST,))
    rows = run(connection, "noted", before=before, asked_again=asked_again, most=limit + 1)
    return page(rows, limit, ("note_id",))


def _known(connection: Connection, sha256: str) -> Row:
    found = questions.file_row(connection, sha256)
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no file of this SHA-256 was loaded")
    return found
