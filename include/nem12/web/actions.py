"""The actions of the page: load a file again, release a failed drop."""

import re
from typing import Annotated, Any, Final
from urllib.parse import quote, unquote

import httpx
from fastapi import APIRouter, Body, HTTPException, Request, status
from fastapi.concurrency import run_in_threadpool
from pydantic import AfterValidator, WithJsonSchema

from nem12.load.kept import kept_below, pattern_of
from nem12.mdff.profiles import PROFILES, profile_named
from nem12.mdff.wording import shown
from nem12.operate.redrive import try_again
from nem12.settings import LOAD_DAG_ID
from nem12.states import DropState
from nem12.warehouse import ledger
from nem12.warehouse.connect import explained
from nem12.web import models
from nem12.web.acting.acts import Act, note_act
from nem12.web.answers import ExactJson, nem_now, run_link
from nem12.web.api import known_file
from nem12.web.database import reading, writing
from nem12.web.openapi import errors
from nem12.web.parameters import Sha256
from nem12.web.questions import MOST_NAME
from nem12.web.security import ACTING, Caller
from nem12.web.sql import run

router = APIRouter(
    prefix="/api/v1",
    default_response_class=ExactJson,
    dependencies=list(ACTING),
    responses=errors(400, 401, 403, 404, 409, 415, 503),
)

Profile = Annotated[
    str,
    AfterValidator(lambda name: profile_named(name).name.value),
    WithJsonSchema({"type": "string", "enum": list(PROFILES)}),
]

_PASSED_ON: Final = ("authorization", "cookie")
"""The caller's own credentials: Airflow decides what they allow."""

_NOT_IN_RUN_IDS: Final = re.compile("[^A-Za-z0-9_.-]")
"""By Airflow's `allowed_run_id_pattern`."""


@router.post(
    "/files/{sha256}/reprocess",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=models.StartedRun,
)
async def reprocess(
    request: Request,
    sha256: Sha256,
    by: Caller,
    profile: Annotated[Profile | None, Body(embed=True)] = None,
) -> dict[str, Any]:
    """Start a load run that loads the file again, refused ones too; by its profile or another.

    A file that came in an archive is loaded with all of that archive.
    """
    pattern, before = await run_in_threadpool(_kept, sha256)
    conf = {"files": [pattern], "reprocess": True, "profile": profile or before}
    name = _NOT_IN_RUN_IDS.sub("_", pattern.rpartition("/")[2])[:100]
    run_id = await _trigger(request, f"again__{name}__{nem_now():%Y-%m-%dT%H:%M:%S.%f}", conf)
    detail = f"{conf['profile']} profile, run {run_id}"
    await run_in_threadpool(_note, Act.REPROCESS, by, name, sha256=sha256, detail=detail)
    return {"dag_run_id": run_id, "path": run_link(run_id)}


@router.post(
    "/drops/{drop_id}/redrive",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=models.FreedDrop,
)
def redrive(drop_id: int, by: Caller, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:  # noqa: ARG001 - a JSON body has to be there
    """Let a failed drop be claimed again at once; the watch takes it from the landing folder."""
    with reading() as connection:
        found = run(connection, "drop_state", drop_id=min(drop_id, 2**63 - 1))
    if not found:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "this drop does not exist")
    if found[0]["state"] != DropState.FAILED:
        raise HTTPException(
            status.HTTP_409_CONFLICT, f"the drop is {found[0]['state']}, not failed"
        )
    with writing() as connection:
        one = ledger.failed_drop(connection, drop_id)
        if one is not None:
            name = shown(unquote(one.drop.uri.rpartition("/")[2]), MOST_NAME)
            with explained(), connection.transaction():
                note_act(connection, Act.REDRIVE, by, name, sha256=one.sha256)
                try_again(connection, one)
    return {"drop_id": drop_id, "state": "waiting"}


def _kept(sha256: str) -> tuple[str, str]:
    """The pattern that names a file, and the profile it was judged by."""
    with reading() as connection:
        file = known_file(connection, sha256)
    kept = next(filter(None, map(kept_below, file["drops"])), None)
    if kept is None:
        raise HTTPException(status.HTTP_409_CONFLICT, "no delivery of this file was kept")
    return pattern_of(kept), file["profile"]


def _note(act: Act, by: str, name: str, *, sha256: str, detail: str) -> None:
    with writing() as connection, explained(), connection.transaction():
        note_act(connection, act, by, name, sha256=sha256, detail=detail)


async def _trigger(request: Request, run_id: str, conf: dict[str, Any]) -> str:
    """Start a load run through Airflow's own API, as the caller; its id."""
    transport = httpx.ASGITransport(request.scope["nem12.airflow"])
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow") as client:
        answer = await client.post(
            f"/api/v2/dags/{quote(LOAD_DAG_ID)}/dagRuns",
            headers=headers,
            json={"dag_run_id": run_id, "logical_date": None, "conf": conf},
        )
    if answer.is_error:
        raise HTTPException(answer.status_code, _detail(answer))
    given: str = answer.json()["dag_run_id"]
    return given


def _detail(answer: httpx.Response) -> str:
    try:
        said = answer.json()["detail"]
    except (ValueError, KeyError):
        return f"Airflow answered {answer.status_code}"
    return said if isinstance(said, str) else str(said)
