"""Uploads into the landing folder: the page, its routes, and what became of each."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from starlette.requests import ClientDisconnect

from nem12 import settings
from nem12.airflow import buckets
from nem12.mdff.profiles import PROFILES, ProfileName
from nem12.settings import MIB
from nem12.storage import Place
from nem12.warehouse.connect import Connection, explained
from nem12.web.acting import models
from nem12.web.acting.acts import LAST
from nem12.web.acting.receiving import Received, check_size, checked_name, receive
from nem12.web.actions import Profile
from nem12.web.answers import ExactJson, html
from nem12.web.database import reading, writing
from nem12.web.landing import unseen
from nem12.web.models import Page
from nem12.web.openapi import errors
from nem12.web.paging import Rows, integer, page
from nem12.web.paging import after as key_after
from nem12.web.parameters import After, Limit
from nem12.web.security import UPLOADING, Caller, MayLoad
from nem12.web.sql import run

api = APIRouter(
    prefix="/api/v1", default_response_class=ExactJson, responses=errors(400, 401, 403, 404, 503)
)
pages = APIRouter(default_response_class=HTMLResponse)

UploadId = Annotated[int, Path(ge=1, le=LAST)]

_ROWS: Final = 50
"""Uploads on a page."""

_MOST_FILES: Final = 100
"""Files of an upload that are listed."""

_slots: Final = BoundedSemaphore(settings.UPLOADS_AT_ONCE)

_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@api.post(
    "/uploads",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=models.Upload,
    dependencies=list(UPLOADING),
    responses=errors(408, 413, 415, 507),
    openapi_extra=_BODY,
)
async def upload(
    request: Request,
    by: Caller,
    name: Annotated[str, Query(max_length=1000, description="Of the file, without a path")],
    profile: Profile = ProfileName.STANDARD,
    content_length: Annotated[int, Header(ge=0, include_in_schema=False)] = 0,
) -> dict[str, Any]:
    """Upload a file into the landing folder; the body is its bytes, `profile` its folder.

    `name` is the name that it lands by; if it is in use, a number precedes it.
    """
    most = settings.upload_mb() * MIB
    if not most:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "uploads are switched off: METER_UPLOAD_MB")
    checked = checked_name(name)
    check_size(content_length, most)
    with _slot():
        folder = await run_in_threadpool(_folder, profile)
        try:
            received = await receive(request.stream(), folder, most)
        except ClientDisconnect:
            raise HTTPException(status.HTTP_400_BAD_REQUEST, "the connection broke off") from None
        try:
            return await run_in_threadpool(_landed, received, checked, by)
        finally:
            received.discard()


@api.get("/uploads", response_model=Page[models.UploadItem])
def uploads(after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """Uploads from the page, the newest first, each with what became of it."""
    with reading() as connection:
        return _uploads(connection, after, limit).as_json()


@api.get("/uploads/{upload_id}", response_model=models.Upload)
def one_upload(upload_id: UploadId) -> dict[str, Any]:
    """An upload, and the files that were found in it."""
    with reading() as connection:
        return _upload(connection, upload_id)


@pages.get("/uploads")
def uploads_page(request: Request, may_load: MayLoad, after: After = None) -> HTMLResponse:
    """The form, and the latest uploads."""
    with reading() as connection:
        rows = _uploads(connection, after, _ROWS)
    return html(
        request,
        "uploads.html",
        rows=rows,
        after=after,
        may_load=may_load,
        most=settings.upload_mb() * MIB,
        profiles=PROFILES.values(),
    )


@pages.get("/uploads/{upload_id}")
def upload_page(request: Request, upload_id: UploadId) -> HTMLResponse:
    """Where an upload is, and its outcome."""
    with reading() as connection:
        return html(request, "upload.html", upload=_upload(connection, upload_id))


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(blocking=False):
        raise HTTPException(
            status.HTTP_503_SERVICE_UNAVAILABLE,
            f"{settings.UPLOADS_AT_ONCE} uploads are under way: try again in a moment",
        )
    try:
        yield
    finally:
        _slots.release()


def _folder(profile: str) -> Place:
    """The folder to land in.

    Raises:
        HTTPException: Files are loaded from another folder than the one that is seen here.
    """
    with buckets.folders() as home:
        trouble = unseen(home)
        if trouble:
            raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, trouble)
        return home.landing if profile == ProfileName.STANDARD else home.landing / profile


def _landed(received: Received, name: str, by: str) -> dict[str, Any]:
    received.check(name)
    with writing() as connection, explained():
        upload_id = received.land(connection, name, by)
    with reading() as connection:
        return _upload(connection, upload_id)


def _uploads(connection: Connection, cursor: str | None, limit: int) -> Rows:
    (before,) = key_after(cursor, (integer,), (LAST,))
    rows = run(connection, "uploads", before=before, first=0, most=limit + 1)
    return page(rows, limit, ("upload_id",))


def _upload(connection: Connection, upload_id: int) -> dict[str, Any]:
    rows = run(connection, "uploads", before=upload_id + 1, first=upload_id, most=1)
    if not rows:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "there is no upload of this number")
    found = rows[0]
    files = run(connection, "drop_files", drop_id=found["drop_id"], most=_MOST_FILES)
    return {**found, "path": f"/uploads/{upload_id}", "files": files}
