"""Every page and JSON route, over a full database: how long a person waits.

Asked in this process, without Airflow's login (about a millisecond) and without a network.
"""

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from datetime import date, timedelta
from math import ceil
from statistics import median, quantiles
from typing import Any, Final

import psycopg

from nem12 import settings
from nem12.local import embedded
from tools.bench.database import Database
from tools.bench.measure import Measure
from tools.bench.place import Place
from tools.bench.sql import statement
from tools.generate.bulk import Bulk

MOST_MS: Final = 300
AIM_MS: Final = 100

_MONTHS: Final = tuple(date(2024, month, 1) for month in range(1, 13))
_BYTES: Final = {5: 6.3, 30: 7.6}
"""Of a generated file for each reading, by interval length."""

_CHANNELS: Final = 8
"""Different ones that are asked for in turn, so that not all is warm."""


def measures(place: Place) -> Iterator[Measure]:
    """Ask each route many times; the figure is the 95th percentile."""
    database = place.database("page")
    readings = _fill(place, database)
    paths = _paths(database)
    for name, times in asyncio.run(_ask(place, database, paths)):
        yield Measure(
            "page",
            name,
            "",
            quantiles(times, n=20)[-1],
            "ms",
            least=MOST_MS,
            aim=AIM_MS,
            spread=(max(times) - min(times)) / median(times),
            runs=len(times),
            ours=median(times),
            rate_unit="ms median",
            lower_is_better=True,
            note=f"over {readings:,} readings" if name == paths[0][0] else "",
        )


def _fill(place: Place, database: Database) -> int:
    """A year of months, half of the readings in five minutes, half in thirty."""
    share = place.sizes.shown / 2 / len(_MONTHS)
    for first in _MONTHS:
        days = ((first + timedelta(days=31)).replace(day=1) - first).days
        for minutes, size in _BYTES.items():
            bulk = Bulk(ceil(share * size), minutes, first, days, ("E1", "B1"), seed=minutes)
            path = place.file(f"{first:%Y-%m}-{minutes}", bulk)
            batches = place.staged(path)
            database.apply(batches)
            path.unlink()
    with psycopg.connect(database.loader) as connection:
        connection.execute(statement("ledger"))
    uri = database.server.uri(embedded.SUPERUSER, database.name)
    with psycopg.connect(uri, autocommit=True) as connection:
        # What autovacuum has done by the time that somebody looks.
        connection.execute("VACUUM (ANALYZE)")
    return database.row(b"SELECT count(*) FROM meter_readings")[0]


def _paths(database: Database) -> list[tuple[str, list[str]]]:
    """Each route with examples of it, spread over channels and files."""
    with psycopg.connect(database.loader) as connection:
        channels = connection.execute(statement("some_channels"), {"most": _CHANNELS}).fetchall()
        hashes = connection.execute(statement("some_files")).fetchone()
    big, faulty = hashes or ("", "")
    day = date(2024, 7, 15)
    span = "from=2024-06-01&to=2024-06-30"
    year = "from=2024-01-01&to=2024-12-31"

    def each(path: str) -> list[str]:
        return [path.format(nmi=nmi, nmi_suffix=nmi_suffix) for nmi, nmi_suffix in channels]

    channel = "/channels/{nmi}/{nmi_suffix}"
    json_channel = f"/api/v1{channel}"
    return [
        ("overview", ["/"]),
        ("files", ["/files", "/files?status=partial"]),
        ("files, sorted", ["/files?sort=-size", "/files?dates=holds&from=2024-06-01"]),
        ("problems", ["/problems", "/problems?sort=code"]),
        ("senders", ["/senders"]),
        ("runs", ["/runs", "/runs?sort=-drops"]),
        ("drops", ["/drops", "/drops?sort=-size"]),
        ("file of a month", [f"/files/{big}"]),
        ("file with refusals", [f"/files/{faulty}"]),
        ("find an NMI", ["/channels", "/channels?nmi=4"]),
        ("NMIs, sorted", ["/channels?sort=-newest"]),
        ("NMI", each("/channels/{nmi}")),
        ("channel, a year", each(channel)),
        ("channel, a day", each(f"{channel}/{day}")),
        ("coverage, a month", [f"/coverage?{span}", f"/coverage?{span}&all=true"]),
        ("coverage, a year", [f"/coverage?{year}&all=true"]),
        ("coverage by NMI", [f"/coverage?{span}&sort=nmi", f"/coverage?{year}&sort=nmi&all=true"]),
        ("missing days", each("/coverage/{nmi}/{nmi_suffix}?" + year)),
        ("expected NMIs", ["/expected"]),
        ("api page", ["/api"]),
        ("style", ["/static/page.css"]),
        ("JSON overview", ["/api/v1/overview"]),
        ("JSON files", ["/api/v1/files?limit=1000"]),
        ("JSON drops", ["/api/v1/drops"]),
        ("JSON file", [f"/api/v1/files/{big}"]),
        ("JSON findings", [f"/api/v1/files/{faulty}/findings"]),
        ("JSON file days", [f"/api/v1/files/{big}/days?limit=1000"]),
        ("JSON parts", [f"/api/v1/files/{big}/parts"]),
        ("JSON NMIs", ["/api/v1/nmis?limit=1000"]),
        ("JSON NMI", each("/api/v1/nmis/{nmi}")),
        ("JSON channel", each(json_channel)),
        ("JSON days, a year", each(f"{json_channel}/days?{year}")),
        ("JSON readings, a week", each(f"{json_channel}/readings?from=2024-06-01&to=2024-06-07"
                                       "&limit=10000")),
        ("JSON readings, a month", each(f"{json_channel}/readings?{span}&limit=10000")),
        ("JSON versions", each(f"{json_channel}/versions/{day}")),
        ("JSON coverage, a month", [f"/api/v1/coverage?{span}"]),
    ]  # fmt: skip


async def _ask(
    place: Place, database: Database, paths: list[tuple[str, list[str]]]
) -> list[tuple[str, list[float]]]:
    """Milliseconds of each request, route by route."""
    client = _client(place, database)
    found = []
    async with client:
        for name, examples in paths:
            times = []
            for number in range(place.sizes.asked):
                begin = time.perf_counter()
                answer = await client.get(examples[number % len(examples)])
                times.append(1000 * (time.perf_counter() - begin))
                answer.raise_for_status()
            found.append((name, times))
    return found


def _client(place: Place, database: Database) -> Any:
    """Airflow reads its environment when it is imported, which is only now."""
    os.environ["AIRFLOW_HOME"] = str(place.folder / "airflow")
    for conn_id, role in (
        (settings.CONNECTION_ID, settings.LOADER_ROLE),
        (settings.READER_CONNECTION_ID, settings.READER_ROLE),
    ):
        os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = database.server.airflow_connection(
            role, database.name
        )
    import httpx

    from nem12.web import security
    from nem12.web.app import build

    # There is no Airflow database here, which the overview would say again and again: Airflow's log
    # goes to standard output, where the figures go.
    logging.getLogger("nem12.web.works").setLevel(logging.ERROR)
    app = build()
    app.dependency_overrides = {
        security.MAY_READ.dependency: lambda: None,
        security.may_load: lambda: True,
    }
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page", timeout=60)
