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

from nem12.settings import LOAD_DAG_ID

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


def from_this_site(
    request: Request,
    content_type: Annotated[str, Header()] = "",
    origin: Annotated[str, Header()] = "",
    host: Annotated[str, Header()] = "",
    sec_fetch_site: Annotated[str, Header()] = "",
    authorization: Annotated[str, Header()] = "",
) -> None:
    """Refuse requests that another site could make a logged-in browser send.

    A page of another site can send neither a JSON body nor our `Origin`; a request with its own
    token does not depend on the browser's cookie.

    Raises:
        HTTPException: 415 or 403.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "send a JSON body: application/json"
        )
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
