"""The drop that a file came in, as it landed; and the report of a file."""

from collections.abc import Iterator
from typing import BinaryIO, Final
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Response, status
from fastapi.responses import PlainTextResponse, StreamingResponse

from nem12 import storage
from nem12.airflow import buckets
from nem12.drop import uri_path
from nem12.settings import Home
from nem12.storage import Place
from nem12.tell.report import REPORT_SUFFIX, report_lines
from nem12.warehouse import ledger
from nem12.web.api import known_file
from nem12.web.database import reading
from nem12.web.openapi import errors
from nem12.web.parameters import Sha256

router = APIRouter(prefix="/api/v1", responses=errors(400, 401, 403, 404, 409, 503))

_CHUNK: Final = 1 << 18
"""Bytes that are read at a time: many for each system call, few for memory."""


@router.get("/files/{sha256}/original")
def original(sha256: Sha256) -> StreamingResponse:
    """The file as it landed; of a file that came in an archive, that archive."""
    with reading() as connection:
        kept = [drop["kept_at"] for drop in known_file(connection, sha256)["drops"]]
    with buckets.folders() as home:
        for place in map(uri_path, filter(None, kept)):
            stream = _opened(home, place)
            if stream:
                name = quote(place.name, errors="surrogateescape")
                return StreamingResponse(
                    _chunks(stream),
                    media_type="application/octet-stream",
                    headers={"content-disposition": f"attachment; filename*=UTF-8''{name}"},
                )
    raise HTTPException(
        status.HTTP_409_CONFLICT,
        "no drop of this file is kept where the api-server can read it",
    )


@router.get("/files/{sha256}/report")
def report(sha256: Sha256) -> Response:
    """The report of a file as text: its counts, refusals and warnings, made of the ledger."""
    with reading() as connection:
        known = known_file(connection, sha256)
        file = ledger.files(connection, [known["file_id"]])[known["file_id"]]
        kept = [drop["kept_below"] for drop in known["drops"] if drop["kept_below"]]
        lines = list(report_lines(connection, file, kept[0] if kept else "not kept"))
    name = quote(f"{known['name'].rpartition('/')[2]}{REPORT_SUFFIX}", safe="")
    return PlainTextResponse(
        "".join(f"{line}\n" for line in lines),
        headers={"content-disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def _opened(home: Home, place: Place) -> BinaryIO | None:
    # The ledger may be another installation's: give out only files in our own folders.
    ours = (home.landing, home.archive, home.rejected)
    if not any(storage.relative(place, folder) for folder in ours):
        return None
    try:
        return storage.opened(place)
    except OSError:
        return None


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
