"""How answers are made: JSON without loss, HTML from templates, errors as either."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import takewhile
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from markupsafe import Markup, escape

from nem12.exact_json import to_json
from nem12.mdff import spec
from nem12.mdff.findings import ask_again, in_force, left_of, said, subject
from nem12.mdff.meanings import METHODS, method_words, reason_words
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import MARKS
from nem12.settings import LOAD_DAG_ID
from nem12.web.arriving import Arriving
from nem12.web.paging import cursor
from nem12.web.parameters import FIRST_DAY, LAST_DAY

_PACKAGE: Final = "nem12.web"

_NONE: Final = "\u2013"
"""An en dash: there is no value."""

STATIC: Final = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "upload.js": "text/javascript; charset=utf-8",
    "chart.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/uPlot.iife.min.js": "text/javascript; charset=utf-8",
    "vendor/uPlot.min.css": "text/css; charset=utf-8",
}
"""Static files that may be fetched, with their content types."""


class ExactJson(JSONResponse):
    """JSON whose exact numbers are strings."""

    def render(self, content: Any) -> bytes:
        """As UTF-8."""
        return to_json(content).encode()


@cache
def static(name: str) -> bytes:
    """The bytes of a file of `STATIC`."""
    return (files(_PACKAGE) / "static" / name).read_bytes()


@cache
def _version(name: str) -> str:
    """A version for the file's address, so that browsers fetch a changed file again."""
    return sha256(static(name)).hexdigest()[:12]


def html(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """An answer made of a template; all values are escaped."""
    root = request.scope["root_path"]
    arriving = Arriving.in_passing()
    text = (
        _templates()
        .get_template(template)
        .render(
            base=root,
            airflow=request.scope.get("app_root_path", "").rstrip("/"),
            now=nem_now(),
            path=request.url.path.removeprefix(root),
            trouble=arriving.faults(nem_now()) if arriving else [],
            **values,
        )
    )
    return HTMLResponse(text, status)


def csv_answer(name: str, lines: Iterator[str]) -> StreamingResponse:
    """An answer that a browser saves as `name`.csv, sent as its lines come."""
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def nem_now() -> datetime:
    """Now, in NEM time."""
    return datetime.now(NEM_TIME)


def task_link(part: Mapping[str, Any]) -> str | None:
    """The path in Airflow of the task instance that applied a part of a file; None if none did.

    Args:
        part: Row of `file_parts`.
    """
    if part["run_id"] is None:
        return None
    path = f"{run_link(part['run_id'])}/tasks/{quote(part['task_id'], safe='')}"
    return path if part["map_index"] < 0 else f"{path}/mapped/{part['map_index']}"


def run_link(run: str) -> str:
    """The path in Airflow of a load run."""
    return f"/dags/{LOAD_DAG_ID}/runs/{quote(run, safe='')}"


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": _count,
        "exact": _exact,
        "size": _size,
        "share": _share,
        "nem": _nem,
        "ago": _ago,
        "name": _name,
        "ask_again": ask_again,
        "task_link": task_link,
        "run_link": run_link,
        "query": _query,
        "marked": marked,
        "quality": quality,
        "reason": reason,
        "said": said,
        "in_force": in_force,
        "left_of": left_of,
        "subject": subject,
        "subject_link": subject_link,
        "first_of_line": _first_of_line,
    }
    made.globals["asset"] = lambda name: f"static/{name}?v={_version(name)}"
    made.globals["flags"] = {flag.letter: flag for flag in spec.INTERVAL_FLAGS}
    made.globals["actual"] = spec.ACTUAL
    made.globals["methods"] = METHODS
    return made


def _count(number: int | None) -> str:
    """1234567 as 1 234 567, with narrow spaces that do not break."""
    return _NONE if number is None else f"{number:,}".replace(",", "\u202f")


def _exact(number: Decimal | None) -> str:
    """All digits that were delivered, without an exponent."""
    if number is None:
        return _NONE
    text = f"{number:,f}".replace(",", "\u202f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _size(number: int) -> str:
    value = float(number)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def _share(part: float) -> str:
    """A part of one in per cent; only exactly nothing or all is shown as 0 or 100."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    if 0.999 < part < 1:
        return "> 99.9 %"
    return f"{100 * part:.1f}".removesuffix(".0") + " %"


def _nem(instant: datetime | date | None, form: str = "%Y-%m-%d %H:%M") -> str:
    if instant is None:
        return _NONE
    if not isinstance(instant, datetime):
        return f"{instant:%Y-%m-%d}"
    return f"{instant.astimezone(NEM_TIME):{form}}"


def _ago(instant: datetime, now: datetime) -> str:
    seconds = max(0, int((now - instant).total_seconds()))
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def _name(uri: str) -> str:
    """The last part of a URI, to be read by people."""
    return unquote(uri.rpartition("/")[2])


def marked(found: Mapping[str, Any]) -> Markup:
    """The excerpt of a finding, the field at fault marked."""
    begin, end = MARKS
    if not found["field"]:
        return escape(found["excerpt"])
    before, _, rest = found["excerpt"].partition(begin)
    field, _, after = rest.partition(end)
    return Markup("{}<mark>{}</mark>{}").format(before, field, after)


def quality(quality_method: str) -> Markup:
    """A QualityMethod and, quietly, what it means: `S14 substituted: like day, retrospective`."""
    flag = spec.FLAGS.get(quality_method[:1])
    words = [flag.word if flag else "", method_words(quality_method)]
    return Markup('{} <span class="quiet">{}</span>').format(
        quality_method, ": ".join(filter(None, words))
    )


def reason(code: int) -> str:
    """A ReasonCode and what it means: `79, power outage alarm`."""
    return ", ".join(filter(None, (str(code), reason_words(code))))


def subject_link(found: Mapping[str, Any]) -> str:
    """The path below channels/ of whose data a finding is about; empty where it is not known."""
    day = found["day"]
    # A day outside the calendar was refused for that, and has no page.
    if day and not FIRST_DAY <= day <= LAST_DAY:
        day = None
    return "/".join(map(str, takewhile(bool, (found["nmi"], found["nmi_suffix"], day))))


def _first_of_line(found: Mapping[str, Any]) -> str:
    """Where the findings of this line begin, in the list of its file."""
    return cursor({"line": found["line"], "code": "", "level": ""}, ("line", "code", "level"))


def _query(values: Mapping[str, object]) -> str:
    """A query string of the values that are given."""
    given = {name: value for name, value in values.items() if value not in (None, "", False)}
    return f"?{urlencode(given)}" if given else "?"
