"""The JSON routes as an OpenAPI document, behind the same login as what they answer."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from nem12.web import models

VERSION: Final = "1"
"""Of the routes: the one in their path."""

_ABOUT: Final = (
    "Lists come in pages: pass `next` as `after`. Exact numbers are strings. Times carry the "
    "offset of NEM time, +10:00; days are NEM days."
)

_REASONS: Final = {
    400: "A parameter cannot be used",
    401: "Nobody is logged in",
    403: "The role does not allow it",
    404: "There is nothing of this name",
    408: "The upload stalls",
    409: "Its state does not allow it",
    413: "The upload is too large",
    415: "The body is of another type",
    422: "A parameter is not of its form",
    503: "The database does not answer in time, or something is not set up",
    507: "There is no room for the upload",
}

router = APIRouter(prefix="/api/v1")


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What routes may answer instead, for `responses` of a router; 422 too."""
    return {
        status: {"model": models.Error, "description": _REASONS[status]}
        for status in sorted({*statuses, 422})
    }


@router.get("/openapi.json")
def openapi(request: Request) -> JSONResponse:
    """These routes as an OpenAPI document."""
    return JSONResponse(document(request.app, request.scope["root_path"]))


@cache
def document(app: FastAPI, base: str) -> dict[str, Any]:
    """The OpenAPI document of the JSON routes, made once: that takes longer than an answer may.

    Args:
        app: The application.
        base: The path that it is mounted at.
    """
    return get_openapi(
        title="Meter data",
        version=VERSION,
        description=_ABOUT,
        routes=[route for route in app.routes if getattr(route, "path", "").startswith("/api/v1/")],
        servers=[{"url": base}],
    )


@dataclass(frozen=True)
class Route:
    """A JSON route in brief.

    Attributes:
        method: Such as GET.
        path: Below the page, with its parameters in braces.
        about: What it answers.
        query: Names of its query parameters.
        body: Names and types of the fields of its JSON body.
        answer: Names and types of the fields of its answer.
    """

    method: str
    path: str
    about: str
    query: list[str]
    body: dict[str, str]
    answer: dict[str, str]


def routes_of(document: dict[str, Any]) -> list[Route]:
    """The routes of a document that answer JSON or CSV, in its order."""
    schemas = document["components"]["schemas"]
    return [
        Route(
            method.upper(),
            path,
            operation["description"],
            [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"],
            _fields(schemas, _content(operation.get("requestBody"))),
            _fields(
                schemas,
                _content(operation["responses"].get("200") or operation["responses"]["202"]),
            ),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def fields_of(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Names and types of the fields of every object in an answer, by its name."""
    schemas = document["components"]["schemas"]
    return {
        name: _fields(schemas, schema)
        for name, schema in sorted(schemas.items())
        # Enums have no fields: their names stand with each field that takes them.
        if "properties" in schema and not name.startswith(("Body_", "Page_"))
    }


def _content(part: Any) -> dict[str, Any]:
    schema: dict[str, Any] = (
        (part or {}).get("content", {}).get("application/json", {}).get("schema", {})
    )
    return schema


def _fields(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, str]:
    if "$ref" in schema:
        return _fields(schemas, schemas[_name(schema)])
    return {name: _type(value) for name, value in schema.get("properties", {}).items()}


def _type(schema: dict[str, Any]) -> str:
    """A type in a word or two, such as `date or null` or `list of FileItem`."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f'"{value}"' for value in schema["enum"])
    if schema.get("type") == "array":
        parts = schema.get("prefixItems")
        inner = ", ".join(map(_type, parts)) if parts else _type(schema["items"])
        return f"[{inner}]" if parts else f"list of {inner}"
    return str(schema.get("format") or schema.get("type") or "any")


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
