"""The main job with a real scheduler and triggerer: a file is dropped while they run."""

import json
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.installation import SAMPLES, Running, installed
from tests.together import expected, in_force

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with installed() as everything:
        yield everything


def test_a_dropped_file_is_in_the_table_and_then_in_the_archive(running: Running) -> None:
    since = datetime.now(UTC)
    dropped = running.drop("household_30min.csv")
    row = running.settled(dropped, since)
    assert (row["file_outcome"], row["readings"]) == ("loaded", 336)
    assert not dropped.exists()
    kept = sorted(path.name for path in running.home.archive.rglob("*.csv"))
    assert [name.partition("-")[2] for name in kept] == ["household_30min.csv"]
    count = running.connection.execute("SELECT count(*) FROM meter_readings").fetchone()
    assert count == (336,)
    assert running.load_run(dropped)["state"] == "success"


def test_a_truncated_file_lies_in_rejected_with_its_report_and_the_run_is_red(
    running: Running,
) -> None:
    since = datetime.now(UTC)
    dropped = running.drop("truncated.csv")
    row = running.settled(dropped, since)
    assert row["file_outcome"] == "refused"
    kept, report = sorted(running.home.rejected.iterdir())
    assert kept.read_bytes() == (SAMPLES / "truncated.csv").read_bytes()
    assert "line 8: FILE no-end" in report.read_text()
    assert running.load_run(dropped)["state"] == "failed"


def test_the_asset_event_tells_what_was_loaded(running: Running) -> None:
    since = datetime.now(UTC)
    dropped = running.drop("business_15min.csv")
    running.settled(dropped, since)
    claim = running.of(dropped, "claim")
    running.load_run(dropped)
    events = running.airflow.api("GET", "/api/v2/assets/events?limit=100")["asset_events"]
    extras = [event["extra"] for event in events if event["extra"].get("claim") == claim]
    loaded = next(extra for extra in extras if "readings" in extra)
    assert loaded["readings"] == 1344
    assert loaded["files"] == {"loaded": 1}
    assert (loaded["first_day"], loaded["last_day"]) != (None, None)
    assert len(loaded["nmis"]) == 1


def test_a_drop_is_not_lost_when_the_triggerer_is_killed(running: Running) -> None:
    triggerer = next(c for c in running.airflow.components if c.name == "triggerer")
    assert triggerer.process is not None
    triggerer.process.send_signal(signal.SIGKILL)
    triggerer.process.wait()
    since = datetime.now(UTC)
    row = running.settled(running.drop("solar_home_5min.csv"), since)
    assert (row["file_outcome"], row["readings"]) == ("loaded", 1728)


def test_many_files_dropped_at_once_become_one_run(running: Running) -> None:
    since = datetime.now(UTC)
    dropped = [
        running.drop(name)
        for name in ("household_correction.csv", "substitutions.csv", "two_sites.zip")
    ]
    for one in dropped:
        running.settled(one, since)
    assert len({running.of(one, "claim") for one in dropped}) == 1


def test_all_real_files_dropped_at_once_give_the_expected_tables(
    running: Running, corpus: Path
) -> None:
    want = expected(corpus)
    since = datetime.now(UTC)
    dropped = [
        Path(shutil.copyfile(path, running.home.landing / path.name))
        for path in sorted(corpus.glob("*_*"))
    ]
    for one in dropped:
        running.settled(one, since)
    assert in_force(running.connection, list(want.channels)) == want
    again = Path(
        shutil.copyfile(next(corpus.glob("*SCENARIO03*")), running.home.landing / "again.csv")
    )
    assert running.settled(again, since)["file_outcome"] == "duplicate"
    assert in_force(running.connection, list(want.channels)) == want


def test_logs_hold_neither_statements_nor_secrets(running: Running) -> None:
    password = json.loads(running.airflow.password_file.read_text())[running.airflow.user]
    for log in running.home.airflow.rglob("*.log*"):
        text = log.read_text(errors="replace")
        assert "INSERT INTO meter_day_versions" not in text, log
        assert password not in text, log
