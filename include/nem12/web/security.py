"""Who may do what, and how a browser may use an answer."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import (
    AccessView,
    DagAccessEntity,
    DagDetails,
)
from airflow.api_fastapi.core_api.security import (
    GetUserDep,
    requires_access_dag,
    requires_access_view,
)
from airflow.configuration import conf
from fastapi import Depends, Header, HTTPException, Request, status

from nem12.mdff.wording import shown
from nem12.settings import LOAD_DAG_ID

_USER_NAME: Final = 200
"""Characters of a user's name that are kept: a mail address at most."""

MAY_READ: Final = Depends(requires_access_view(AccessView.PLUGINS))
"""Users who may see Airflow's plugins may see the readings."""

MAY_LOAD: Final = Depends(
    requires_access_dag("POST", DagAccessEntity.RUN, param_dag_id=LOAD_DAG_ID)
)
"""Users who may trigger the load may load files again."""


def may_load(user: GetUserDep) -> bool:
    """Whether the caller has the right of `MAY_LOAD`."""
    return get_auth_manager().is_authorized_dag(
        method="POST",
        access_entity=DagAccessEntity.RUN,
        details=DagDetails(id=LOAD_DAG_ID),
        user=user,
    )


MayLoad = Annotated[bool, Depends(may_load)]
"""Whether to show the caller the actions that need `MAY_LOAD`."""

HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Headers of every answer, errors too."""


def caller(user: GetUserDep) -> str:
    """The name of the user who asks, as it is recorded with what they do."""
    return shown(user.get_name(), _USER_NAME)


Caller = Annotated[str, Depends(caller)]


def json_body(content_type: Annotated[str, Header()] = "") -> None:
    """Refuse a body that is not JSON: a form of another site cannot send it.

    Raises:
        HTTPException: 415.
    """
    _check_body(content_type, "application/json", "send a JSON body: application/json")


def file_body(content_type: Annotated[str, Header()] = "") -> None:
    """Refuse a body that is not the bytes of a file: a form of another site cannot send it.

    Raises:
        HTTPException: 415.
    """
    sent = "send the bytes of the file as the body: application/octet-stream"
    _check_body(content_type, "application/octet-stream", sent)


def _check_body(content_type: str, expected: str, remedy: str) -> None:
    if content_type.partition(";")[0].strip().lower() != expected:
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, remedy)


def from_this_site(
    request: Request,
    origin: Annotated[str, Header()] = "",
    host: Annotated[str, Header()] = "",
    sec_fetch_site: Annotated[str, Header()] = "",
    authorization: Annotated[str, Header()] = "",
) -> None:
    """Refuse requests that another site could make a logged-in browser send.

    A page of another site can send neither our `Origin` nor a body of the types that `json_body`
    and `file_body` ask for; a request with its own token does not depend on the browser's cookie.

    Raises:
        HTTPException: 403.
    """
    ours = {f"{request.url.scheme}://{host}", _origin(conf.get("api", "base_url", fallback=""))}
    if origin:
        trusted = origin in ours
    elif sec_fetch_site:
        trusted = sec_fetch_site == "same-origin"
    else:
        trusted = authorization.lower().startswith("bearer ")
    if not trusted:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "cross-site request refused")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


ACTING: Final = (MAY_LOAD, Depends(json_body), Depends(from_this_site))
"""What every route that changes something depends on. The right is asked first: nobody without it
learns what else is wrong."""

UPLOADING: Final = (MAY_LOAD, Depends(file_body), Depends(from_this_site))
"""The same of a route whose body is a file."""
