"""Withdraws a file, after showing what it would change; and the list of all acts."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, HTTPException, Request, status
from fastapi.responses import HTMLResponse

from nem12.airflow import buckets
from nem12.errors import TransientError, sentence
from nem12.mdff.wording import shown
from nem12.operate.withdrawal import withdraw_file
from nem12.states import FileStatus
from nem12.warehouse.connect import Connection, explained
from nem12.warehouse.sql import Row
from nem12.web import questions
from nem12.web.acting import models
from nem12.web.acting.acts import Act, acts, note_act
from nem12.web.answers import ExactJson, html
from nem12.web.database import reading, withdrawing
from nem12.web.landing import unseen
from nem12.web.models import Page
from nem12.web.openapi import errors
from nem12.web.paging import Rows, integer, page
from nem12.web.paging import after as key_after
from nem12.web.parameters import After, Limit, Sha256
from nem12.web.security import ACTING, Caller, MayLoad
from nem12.web.sql import run

api = APIRouter(
    prefix="/api/v1", default_response_class=ExactJson, responses=errors(400, 401, 403, 404, 503)
)
pages = APIRouter(default_response_class=HTMLResponse)

_ROWS: Final = 50
"""Days or acts on a page."""


@api.get("/files/{sha256}/withdrawal", response_model=models.Withdrawal)
def withdrawal(sha256: Sha256, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """What withdrawing a file would change; nothing is changed.

    Days in force from the file, each with the version that comes back, and the sums of both.
    """
    with reading() as connection:
        file = _known(connection, sha256)
        rows = _days(connection, file["file_id"], after, limit)
        return {**rows.as_json(), **_sums(connection, file["file_id"])}


@api.post(
    "/files/{sha256}/withdraw",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=models.WithdrawnFile,
    dependencies=list(ACTING),
    responses=errors(409, 415),
)
def withdraw(sha256: Sha256, by: Caller, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:  # noqa: ARG001 - a JSON body has to be there
    """Withdraw a file, as if it had never been delivered; done when this answers."""
    with reading() as connection:
        file = _known(connection, sha256)
    if file["status"] == FileStatus.LOADING:
        raise HTTPException(
            status.HTTP_409_CONFLICT, "the file is being loaded: withdraw it when it is settled"
        )
    with buckets.folders() as home, withdrawing() as connection:
        trouble = unseen(home)
        if trouble:
            raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, trouble)
        try:
            with explained(), connection.transaction():
                note_act(connection, Act.WITHDRAW, by, file["name"], sha256=sha256)
                days = withdraw_file(connection, home, file["file_id"], f"withdrawn by {by}")
                if days is None:
                    raise _unknown()
        except TransientError as error:
            raise TransientError(
                f"{error}: nothing is withdrawn; withdraw a large file by the command line"
            ) from None
        except OSError as error:
            raise HTTPException(
                status.HTTP_503_SERVICE_UNAVAILABLE,
                "nothing is withdrawn: the api-server cannot write to the index of the archive:"
                f" {shown(sentence(error), 500)}",
            ) from None
    return {"name": file["name"], "days": days}


@api.get("/acts", response_model=Page[models.ActItem])
def all_acts(after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """What users did on the page, the newest first."""
    with reading() as connection:
        return acts(connection, after, limit).as_json()


@pages.get("/files/{sha256}/withdraw")
def withdraw_page(
    request: Request, sha256: Sha256, may_load: MayLoad, after: After = None
) -> HTMLResponse:
    """What withdrawing a file would change, and the button that does it."""
    with reading() as connection:
        file = _known(connection, sha256)
        rows = _days(connection, file["file_id"], after, _ROWS)
        return html(
            request,
            "withdraw.html",
            file=file,
            rows=rows,
            after=after,
            may_load=may_load,
            **_sums(connection, file["file_id"]),
        )


@pages.get("/acts")
def acts_page(request: Request, after: After = None) -> HTMLResponse:
    """What users did on the page."""
    with reading() as connection:
        rows = acts(connection, after, _ROWS)
    return html(request, "acts.html", rows=rows, after=after)


def _known(connection: Connection, sha256: str) -> Row:
    found = questions.file_row(connection, sha256)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> HTTPException:
    return HTTPException(status.HTTP_404_NOT_FOUND, "no file of this SHA-256 was loaded")


def _days(connection: Connection, file_id: int, cursor: str | None, limit: int) -> Rows:
    (line,) = key_after(cursor, (integer,), (0,))
    rows = run(connection, "withdrawal_days", file_id=file_id, line=line, most=limit + 1)
    return page(rows, limit, ("line",))


def _sums(connection: Connection, file_id: int) -> dict[str, Any]:
    most = questions.COUNTED_DAYS
    sums = run(connection, "withdrawal_sums", file_id=file_id, line=0, most=most)
    counted = sum(row["days"] for row in sums)
    return {"sums": sums, "days_counted_to": most if counted == most else None}
