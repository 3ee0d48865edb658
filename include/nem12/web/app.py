"""The application that Airflow's api-server mounts: routes, headers, errors."""

from typing import Any, Final

from fastapi import FastAPI, Request, Response, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from nem12.errors import MeterError, SetupError, TransientError, UsageError
from nem12.web import (
    actions,
    amounts,
    answers,
    api,
    browsing,
    gaps,
    health,
    openapi,
    originals,
    pages,
    security,
)
from nem12.web.acting import notes, uploads, withdrawal

_WORDS: Final = {
    status.HTTP_401_UNAUTHORIZED: "Log in to Airflow first",
    status.HTTP_403_FORBIDDEN: "Your role does not allow this",
    status.HTTP_404_NOT_FOUND: "Not found",
    status.HTTP_503_SERVICE_UNAVAILABLE: "The database does not answer in time",
}

_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class PageApp(FastAPI):
    """Knows the application that it is mounted in, and sets the headers of every answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in _headers().items()
                        if name.encode() not in names
                    ),
                ]
            await send(message)

        # FastAPI puts this application in the place of the one around it.
        scope["nem12.airflow"] = scope.get("app")
        await super().__call__(scope, receive, send_guarded)


def _headers() -> dict[str, str]:
    return {**security.HEADERS, "cache-control": "private, no-store"}


def build() -> FastAPI:
    """The whole page. Every route asks for Airflow's login, also static files."""
    app = PageApp(
        title="Meter data",
        dependencies=[security.MAY_READ],
        # These would answer anybody; `openapi.router` asks for the login.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(actions.router)
    app.include_router(api.router)
    app.include_router(uploads.api)
    app.include_router(uploads.pages)
    app.include_router(withdrawal.api)
    app.include_router(withdrawal.pages)
    app.include_router(notes.api)
    app.include_router(notes.pages)
    app.include_router(openapi.router)
    app.include_router(health.router)
    app.include_router(originals.router)
    app.router.routes.append(health.PROBE)
    # Before the pages: /channels/{nmi} would match these paths too.
    app.include_router(amounts.api)
    app.include_router(amounts.pages)
    app.include_router(browsing.api)
    app.include_router(browsing.pages)
    app.include_router(gaps.api)
    app.include_router(gaps.saying)
    app.include_router(gaps.pages)
    app.include_router(pages.router)
    # Last, for paths without a route too: without a login nobody learns which paths exist.
    app.add_api_route("/{path:path}", _nothing_here, methods=_METHODS)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(MeterError, _meter_error)
    return app


def _nothing_here() -> None:
    raise HTTPException(status.HTTP_404_NOT_FOUND)


def _http_error(request: Request, error: Any) -> Response:
    return _error(request, error.status_code, str(error.detail), error.headers)


def _not_understood(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    where = first["loc"][-1]
    return _error(request, status.HTTP_422_UNPROCESSABLE_CONTENT, f"{where}: {first['msg']}")


def _meter_error(request: Request, error: Any) -> Response:
    if isinstance(error, UsageError):
        code = status.HTTP_400_BAD_REQUEST
    elif isinstance(error, SetupError | TransientError):
        code = status.HTTP_503_SERVICE_UNAVAILABLE
    else:
        code = status.HTTP_500_INTERNAL_SERVER_ERROR
    missing = "The set-up is incomplete" if isinstance(error, SetupError) else ""
    return _error(request, code, str(error), title=missing)


def _error(
    request: Request, code: int, detail: str, headers: Any = None, title: str = ""
) -> Response:
    wants_page = "text/html" in request.headers.get("accept", "")
    if not wants_page or request.method != "GET":
        return JSONResponse({"detail": detail}, code, headers)
    title = title or _WORDS.get(code, "This cannot be shown")
    return answers.html(request, "error.html", code, title=title, detail=detail, code=code)
