"""`airflow backfill create` over a week of deliveries, as a person types it."""

import subprocess
import sys
from datetime import date, timedelta

import pytest

from nem12 import settings
from nem12.operate.verify import differences
from tests.support.deliveries import Day, delivery
from tests.support.installation import ENDED, Running

pytestmark = pytest.mark.e2e

NMI = "4103088888"
MONDAY = date(2023, 4, 3)
"""Its Sunday is one at whose night other clocks than NEM time are set back."""

TABLES = {
    "meter_readings": "SELECT md5(string_agg(r::text, ';' ORDER BY r::text)) FROM"
    " meter_readings r WHERE nmi = %s",
    "meter_day_versions": "SELECT md5(string_agg(v::text, ';' ORDER BY v::text)) FROM"
    " meter_day_versions v WHERE nmi = %s",
    "meter_days": "SELECT md5(string_agg(d::text, ';' ORDER BY d::text)) FROM"
    " meter_days d WHERE nmi = %s",
}


def week() -> dict[str, bytes]:
    """A file a day at the edge of its day; each corrects a day that the others deliver too."""
    made = {}
    for number in range(7):
        day = MONDAY + timedelta(days=number)
        stamp = f"{day:%Y%m%d}000000"
        shared = Day(date(2023, 3, 1), value=str(number), nmi=NMI, updated=stamp)
        finer = Day(date(2023, 3, 2 + number), nmi=NMI, minutes=5, updated=stamp)
        at = "0000" if number % 2 else "2359"
        made[f"week-{number}.csv"] = delivery(shared, finer, created=f"{day:%Y%m%d}{at}")
    return made


def digests(running: Running) -> dict[str, object]:
    return {
        table: running.connection.execute(query, (NMI,)).fetchone()
        for table, query in TABLES.items()
    }


def backfill(running: Running, *options: str, days: int = 8, refused: bool = False) -> str:
    dates = ("--from-date", f"{MONDAY}", "--to-date", f"{MONDAY + timedelta(days=days - 1)}")
    command = ("backfill", "create", "--dag-id", settings.LOAD_DAG_ID, *dates, *options)
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *command],
        check=False,
        env=running.airflow.env,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert bool(done.returncode) == refused, said
    return said


def backfilled(running: Running) -> dict[str, str]:
    return {run: state for run, state in running.runs().items() if run.startswith("backfill__2023")}


def none_under_way(running: Running) -> bool:
    """Whether Airflow takes another backfill: it closes one some time after its last run."""
    found = running.airflow.api("GET", f"/api/v2/backfills?dag_id={settings.LOAD_DAG_ID}")
    return all(backfill["completed_at"] for backfill in found["backfills"])


def reloaded(running: Running) -> bool:
    """Whether the whole week was loaded again from the archive, and all runs have ended."""
    rows = running.connection.execute(
        "SELECT count(DISTINCT uri), count(*) FILTER (WHERE run LIKE 'backfill__2023%%')"
        " FROM meter_drops WHERE kept_at LIKE '%%-week-_.csv' AND state = 'settled'"
    ).fetchone()
    states = backfilled(running).values()
    return rows == (14, 7) and len(states) == 8 and set(states) <= set(ENDED)


def test_a_week_is_loaded_again_day_by_day_into_the_same_tables(running: Running) -> None:
    paths = [running.home.landing / name for name in week()]
    for path, data in zip(paths, week().values(), strict=True):
        beside = path.with_name(f".{path.name}")
        beside.write_bytes(data)
        beside.replace(path)
    running.until(lambda: {running.of(path, "state") for path in paths} == {"settled"})
    before = digests(running)

    assert f"{MONDAY}" in backfill(running, "--dry-run")
    loose = ("--dag-run-conf", '{"profile": "loose"}')
    assert "profile" in backfill(running, *loose, refused=True)
    assert backfilled(running) == {}, "neither has made a run"

    backfill(running)
    running.until(lambda: reloaded(running))
    assert set(backfilled(running).values()) == {"success"}, "the eighth day has no files"
    assert digests(running) == before

    running.until(lambda: none_under_way(running))
    strict = ("--reprocess-behavior", "completed", "--dag-run-conf", '{"profile": "strict"}')
    backfill(running, *strict, days=2)
    profiles = (
        "SELECT count(*) FROM meter_files WHERE name LIKE '%%week-_.csv' AND profile = 'strict'"
    )
    running.until(lambda: running.connection.execute(profiles).fetchone() == (2,))
    running.until(lambda: set(backfilled(running).values()) == {"success"})
    assert digests(running) == before
    assert [words for words, difference in differences(running.connection) if difference] == []
