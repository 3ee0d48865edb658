"""Who may do what, and how a browser may use an answer."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class FromThisSite:
    """Refuses requests that another site could make a logged-in browser send.

    A page of another site can send neither our `Origin` nor a body of these types, which no form
    has; a request with its own token does not depend on the browser's cookie.

    Attributes:
        body: Type of the body.
        remedy: What to send.
    """

    body: str
    remedy: str

    def __call__(
        self,
        request: Request,
        content_type: Annotated[str, Header()] = "",
        origin: Annotated[str, Header()] = "",
        host: Annotated[str, Header()] = "",
        sec_fetch_site: Annotated[str, Header()] = "",
        authorization: Annotated[str, Header()] = "",
    ) -> None:
        """Check a request.

        Raises:
            HTTPException: 415 or 403.
        """
        if content_type.partition(";")[0].strip().lower() != self.body:
            raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, self.remedy)
        ours = {f"{request.url.scheme}://{host}", _origin(conf.get("api", "base_url", fallback=""))}
        if origin:
            trusted = origin in ours
        elif sec_fetch_site:
            trusted = sec_fetch_site == "same-origin"
        else:
            trusted = authorization.lower().startswith("bearer ")
        if not trusted:
            raise HTTPException(status.HTTP_403_FORBIDDEN, "cross-site request refused")


from_this_site: Final = FromThisSite("application/json", "send a JSON body: application/json")

file_from_this_site: Final = FromThisSite(
    "application/octet-stream",
    "send the bytes of the file as the body: application/octet-stream",
)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


ACTING: Final = (MAY_LOAD, Depends(from_this_site))
"""What every route that changes something depends on. The right is asked first: nobody without it
learns what else is wrong."""

UPLOADING: Final = (MAY_LOAD, Depends(file_from_this_site))
"""The same of a route whose body is a file."""
