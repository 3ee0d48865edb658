"""The main job with a real scheduler and triggerer: a file is dropped while they run."""

import json
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from nem12 import settings
from tests.support.installation import RUNS, SAMPLES, Running
from tests.support.loading import kept_in
from tests.support.mail import body
from tests.support.together import expected, in_force

pytestmark = pytest.mark.e2e


def test_a_dropped_file_is_in_the_table_and_then_in_the_archive(running: Running) -> None:
    since = datetime.now(UTC)
    dropped = running.drop("household_30min.csv")
    row = running.settled(dropped, since)
    assert (row["file_outcome"], row["readings"]) == ("loaded", 336)
    assert not dropped.exists()
    (kept,) = running.home.archive.rglob("*household_30min.csv")
    assert kept.read_bytes() == (SAMPLES / "household_30min.csv").read_bytes()
    readings = "SELECT count(*) FROM meter_reading_sources WHERE file = %s"
    count = running.connection.execute(readings, (dropped.name,)).fetchone()
    assert count == (336,)
    assert running.load_run(dropped)["state"] == "success"


def test_a_truncated_file_lies_in_rejected_with_its_report_and_the_run_is_red(
    running: Running,
) -> None:
    since = datetime.now(UTC)
    dropped = running.drop("truncated.csv")
    row = running.settled(dropped, since)
    assert row["file_outcome"] == "refused"
    kept, report = kept_in(running.home.rejected)
    assert kept.read_bytes() == (SAMPLES / "truncated.csv").read_bytes()
    assert "line 8: FILE: no-end" in report.read_text()
    assert running.load_run(dropped)["state"] == "failed"


def test_a_refused_file_is_told_of_once_by_mail_also_when_the_task_runs_again(
    running: Running,
) -> None:
    run_id = running.of(running.home.landing / "truncated.csv", "run")
    run = f"{RUNS}/{quote(run_id)}"
    page = f"/dags/{settings.LOAD_DAG_ID}/runs/{quote(run_id)}"
    mail = running.mails.about(f'href="{running.airflow.url}{page}"')
    assert mail["subject"] == "NEM12: 1 file refused, whole or in part"
    cleared = {"dry_run": False, "dag_run_id": run_id, "task_ids": ["verdict"]}
    path = f"/api/v2/dags/{settings.LOAD_DAG_ID}/clearTaskInstances"
    running.airflow.api("POST", path, cleared)

    def tried_again() -> bool:
        verdict = running.airflow.api("GET", f"{run}/taskInstances/verdict")
        return (verdict["try_number"], verdict["state"]) == (2, "failed")

    running.until(tried_again)
    log = json.dumps(running.airflow.api("GET", f"{run}/taskInstances/verdict/logs/2"))
    assert "SmtpNotifier: the alert was sent before" in log
    assert not any(page in body(other) for other in running.mails.rest())


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
    landed = next(extra for extra in extras if "readings" not in extra)
    assert landed == {"claim": claim, "drops": 1}


def test_a_dag_that_follows_the_table_is_started_and_keeps_its_daily_totals(
    running: Running,
) -> None:
    path = "/api/v2/dags/nem12_daily_totals"
    assert running.airflow.api("GET", path)["is_paused"]
    running.airflow.api("PATCH", path, {"is_paused": False})
    since = datetime.now(UTC)
    running.settled(running.drop("month_30min.csv.gz"), since)
    stale = (
        "SELECT count(*) FROM meter_daily LEFT JOIN meter_daily_totals t"
        " USING (nmi, nmi_suffix, day, total_consumption, readings) WHERE t.nmi IS NULL"
    )
    running.until(lambda: running.connection.execute(stale).fetchone() == (0,))
    running.airflow.api("PATCH", path, {"is_paused": True})


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
