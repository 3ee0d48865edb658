"""Whether files are being loaded and can be read: for people, for programs, for probes."""

from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from nem12.errors import MeterError
from nem12.warehouse import feed
from nem12.web import models
from nem12.web.answers import ExactJson, nem_now
from nem12.web.arriving import Arriving
from nem12.web.database import reading
from nem12.web.glance import Glance
from nem12.web.openapi import errors

router = APIRouter(prefix="/api/v1", default_response_class=ExactJson, responses=errors(401, 403))


def _ask() -> str:
    """Why the warehouse cannot be read; empty if it can."""
    try:
        with reading() as connection:
            connection.execute("SELECT")
    except MeterError as error:
        return str(error)
    return ""


_database: Final = Glance(_ask)


def _follow() -> dict[str, Any]:
    """How far the consumers of changes are, and for whom they wait."""
    try:
        with reading() as connection:
            lags = feed.lags(connection)
            holders = feed.holders(connection) if any(one.held_changes for one in lags) else []
    except MeterError:
        return {"consumers": None, "changes_wait_for": None}
    return {
        "consumers": [asdict(one) for one in lags],
        "changes_wait_for": [asdict(one) for one in holders],
    }


_consumers: Final = Glance(_follow)


@router.get("/health", response_model=models.Health)
def health() -> dict[str, Any]:
    """Whether the database answers, why nothing is being loaded, who is behind; always 200."""
    database = _database()
    arriving = Arriving.now().as_json(nem_now())
    trouble = "the database does not answer in time" if database is None else database or None
    return {
        "healthy": trouble is None and arriving["faults"] == [],
        "database": trouble,
        **{name: arriving[name] for name in ("faults", "last_look_at", "files", "oldest_at")},
        **(_consumers() or {"consumers": None, "changes_wait_for": None}),
    }


def probe(request: Request) -> PlainTextResponse:  # noqa: ARG001 - Starlette gives it
    """200 or 503, for probes without a login: it says nothing else."""
    healthy = health()["healthy"]
    return PlainTextResponse("ok\n" if healthy else "not ok\n", 200 if healthy else 503)


PROBE: Final = Route("/health", probe)
"""Outside of FastAPI's routes, which all ask for the login."""
