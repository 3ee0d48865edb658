"""Whole DAG runs without a scheduler: `dag.test()` on a real database."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from nem12 import settings
from nem12.load.claim import claim_by_glob
from nem12.local.embedded import Server
from nem12.settings import CHECKOUT, FolderHome
from nem12.warehouse.connect import connect
from nem12.warehouse.migrate import migrate_schema
from tests.dags.conftest import Run, put
from tests.support import loading
from tests.unit.test_untrusted import swapping

SAMPLES = CHECKOUT / "samples"
SECRET = b"TOP-SECRET of root\r\n"


def land(home: FolderHome, *names: str) -> None:
    """Put samples into the landing folder, as files that have been there for a while."""
    for name in names:
        put(home.landing / name, (SAMPLES / name).read_bytes())


def said_by(result: dict[str, Any], task: str) -> str:
    """What a task has logged."""
    log: str = result["log"]
    _, _, after = log.partition(f".{task} {result['run_id']}")
    return after.partition(f"end task task_id={task} ")[0]


def test_a_load_run_fills_the_table_and_archives_the_files(
    run_dag: Run, home: FolderHome, server: Server
) -> None:
    land(home, "household_30min.csv", "two_sites.zip")
    result = run_dag("nem12_load", {"files": ["*"]})
    assert result["state"] == "success", result["log"]
    settled = result["xcoms"]["settle_drops.return_value"]
    assert settled["files"] == {"loaded": 3}
    assert settled["readings"] == 336 + 336 + 672
    sent = result["sent"]["meter_readings"]
    assert sent == settled
    assert (len(settled["nmis"]), settled["nmis_left_out"]) == (3, 0)
    label = "household_30min.csv and 2 more"
    assert result["labels"] == [label, label]
    assert not [path for path in home.landing.iterdir() if path.is_file()]
    assert len(loading.kept_in(home.archive)) == 2
    with connect(server.uri()) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT id) FROM meter_reading_sources"
            " WHERE file LIKE 'household%' OR file LIKE 'two_sites%'"
        ).fetchone()
        applied = connection.execute(
            "SELECT task_id, map_index >= 0, try_number, run_id FROM meter_batches"
            " ORDER BY applied_at DESC LIMIT 1"
        ).fetchone()
    assert row == (1344, 1344)
    assert applied is not None
    assert applied[:3] == ("load.apply", True, 1)


@pytest.mark.timeout(300)
def test_a_run_moves_and_reads_nothing_behind_a_link(
    run_dag: Run, home: FolderHome, server: Server, tmp_path: Path
) -> None:
    """Links to what only we may read; two of them another user puts and takes all the time."""
    outside = tmp_path / "precious"
    outside.mkdir(mode=0o700)
    precious = outside / "a.csv"
    put(precious, SECRET)
    for folder in (home.landing, home.landing / "lenient"):
        folder.chmod(0o777)
    put(home.landing / "b.csv", SECRET.replace(b"SECRET", b"THEIRS"))
    (home.landing / ".file").symlink_to(precious)
    (home.landing / ".folder").symlink_to(outside)
    (home.landing / "c.csv").symlink_to(precious)
    (home.landing / "strict").rmdir()
    (home.landing / "strict").symlink_to(outside)
    land(home, "household_30min.csv")
    with (
        swapping(home.landing / "lenient", home.landing / ".folder"),
        swapping(home.landing / "b.csv", home.landing / ".file"),
    ):
        result = run_dag("nem12_load", {"files": ["*", "lenient/*", "strict/*"]})
    assert [path.name for path in outside.iterdir()] == ["a.csv"]
    assert precious.read_bytes() == SECRET
    assert "SECRET" not in json.dumps(result)
    kept = [path for path in home.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in kept if b"SECRET" in path.read_bytes()] == []
    with connect(server.uri(settings.OWNER_ROLE)) as connection:
        said = connection.execute("SELECT message || excerpt FROM meter_refusals").fetchall()
        loaded = "SELECT FROM meter_drops WHERE uri LIKE '%household%' AND outcome IS NOT NULL"
        assert connection.execute(loaded).fetchall()
    assert "SECRET" not in repr(said)


def test_a_run_with_a_refused_file_is_red_and_has_loaded_the_others(
    run_dag: Run, home: FolderHome
) -> None:
    land(home, "truncated.csv", "solar_home_5min.csv")
    faulty = (SAMPLES / "faulty_records.csv").read_bytes()
    put(home.landing / "faulty.csv", faulty.replace(b"\r\n", b"\n"))
    result = run_dag("nem12_load", {"files": ["*"]})
    assert result["state"] == "failed"
    assert result["tasks"]["settle_drops"] == "success"
    assert result["tasks"]["verdict"] == "failed"
    settled = result["xcoms"]["settle_drops.return_value"]
    assert settled["files"] == {"loaded": 1, "partial": 1, "refused": 1}
    log = said_by(result, "verdict")
    assert re.search(
        r"- truncated\.csv: refused: .*; line 8: no-end: .*\n.*  /nem12/files/[0-9a-f]{64} ", log
    )
    assert re.search(r"\berror\b.*- truncated\.csv: refused", log)
    assert re.search(r"\bwarning\b.*- faulty\.csv: partial", log)
    assert re.search(r"\binfo\b.*1 refused, 1 partial, 1 loaded; 1968 readings", log)
    # Nothing of what was delivered is told to those who may see XComs and events.
    assert "no-end" not in json.dumps([result["xcoms"], result["sent"]])
    page = f"/nem12/files?run={quote(result['run_id'], safe='')}"
    assert page in log
    for task in ("settle_drops", "verdict"):
        assert result["xcoms"][f"{task}.nem12_files_of_run"] == page
    names = sorted(path.name.partition("-")[2] for path in loading.kept_in(home.rejected))
    assert names == ["truncated.csv", "truncated.csv.report.txt"]


def test_a_run_may_be_told_not_to_fail_on_refusals(run_dag: Run, home: FolderHome) -> None:
    land(home, "faulty_records.csv")
    result = run_dag("nem12_load", {"files": ["*.csv"], "fail_on_refusals": False})
    assert result["state"] == "success", result["log"]
    assert result["xcoms"]["verdict.return_value"].startswith("1 partial; 240 readings of 5 days")


def test_a_run_of_all_that_waits_is_skipped_in_words_where_nothing_does_and_wakes_nobody(
    run_dag: Run, home: FolderHome
) -> None:
    result = run_dag("nem12_load", {"files": ["*"]})
    assert result["state"] == "success", result["log"]
    assert result["tasks"]["claim_and_plan"] == "skipped"
    assert result["xcoms"]["verdict.return_value"].startswith("no files")
    assert f"no file is waiting in {home.landing}" in said_by(result, "verdict")
    assert result["sent"] == {}


@pytest.mark.parametrize(
    ("conf", "line"),
    [
        ({"files": ["/etc/*"]}, "'/etc/*' leads outside the landing folder"),
        ({"files": ["["]}, "'[' is not a valid pattern: a [ needs a ]"),
        ({"files": ["archive/typo*"]}, "no file matches archive/typo* in "),
        ({"file": ["x.csv"]}, 'has the unknown key "file"; did you mean "files"?'),
        ({"claim": "x", "files": ["a"]}, 'the key "claim" is for runs that nem12_watch starts'),
    ],
)
def test_what_was_asked_wrongly_fails_at_once_with_one_sentence_which_is_told(
    run_dag: Run, tmp_path: Path, conf: dict[str, object], line: str
) -> None:
    record = tmp_path / "told.jsonl"
    notifiers = [{"classpath": "recording.Recorder", "kwargs": {"path": str(record)}}]
    result = run_dag("nem12_load", conf, METER_NOTIFIERS=json.dumps(notifiers))
    assert result["state"] == "failed"
    failed = {task for task, state in result["tasks"].items() if state == "failed"}
    assert failed == {"claim_and_plan", "verdict"}
    assert result["tasks"]["settle_drops"] in {"skipped", "success"}
    for task in failed:
        assert line in said_by(result, task)
    assert "Traceback" not in result["log"].partition("creating dag run")[2]
    (told,) = map(json.loads, record.read_text().splitlines())
    assert told["kind"] == "failed"
    assert "a load run failed: claim_and_plan," in told["words"]
    assert line in told["words"]


def test_a_watch_that_finds_another_schema_fails_at_once_and_says_what_to_do(
    run_dag: Run, server: Server
) -> None:
    with connect(server.uri(settings.OWNER_ROLE)) as connection:
        connection.execute("UPDATE meter_schema SET fingerprint = 'another'")
        connection.commit()
        try:
            result = run_dag("nem12_watch")
        finally:
            migrate_schema(server.uri(settings.OWNER_ROLE))
    assert result["tasks"]["wait_for_drops"] == "failed"
    assert "the database has schema" in said_by(result, "wait_for_drops")
    assert "Traceback" not in result["log"].partition("creating dag run")[2]


def test_without_a_connection_a_run_and_the_watch_fail_at_once_and_say_what_to_add(
    run_dag: Run,
) -> None:
    for dag_id, first in (("nem12_load", "claim_and_plan"), ("nem12_watch", "wait_for_drops")):
        result = run_dag(dag_id, AIRFLOW_CONN_METER_DB="")
        assert result["state"] == "failed"
        assert result["tasks"][first] == "failed"
        assert "Airflow has no connection 'meter_db': add it" in said_by(result, first)
        assert "Traceback" not in result["log"].partition("creating dag run")[2]


def test_neither_sql_nor_secrets_reach_the_log_and_a_faulty_setting_breaks_no_load(
    run_dag: Run, home: FolderHome
) -> None:
    land(home, "business_15min.csv")
    result = run_dag("nem12_load", {"files": ["*"]}, METER_NOTIFIERS='[{"class": "t0p-secret"}]')
    assert result["state"] == "success", result["log"]
    assert "INSERT INTO" not in result["log"]
    assert "no alert was sent: METER_NOTIFIERS, entry 1: unknown key 'class'" in result["log"]
    assert "t0p-secret" not in result["log"]


def test_the_watch_claims_what_landed_and_starts_one_load_run_for_it(
    run_dag: Run, home: FolderHome, tmp_path: Path
) -> None:
    land(home, "substitutions.csv", "month_30min.csv.gz")
    result = run_dag("nem12_watch")
    assert result["state"] == "success", result["log"]
    claim = result["xcoms"]["wait_for_drops.trigger_run_id"].removeprefix("nem12__")
    assert result["other_runs"] == {f"nem12__{claim}": {"claim": claim}}
    assert result["sent"] == {"nem12_drops": {"claim": claim, "drops": 2}}
    record = tmp_path / "told.jsonl"
    notifiers = [{"classpath": "recording.Recorder", "kwargs": {"path": str(record)}}]
    loaded = run_dag(
        "nem12_load",
        {"claim": claim},
        METER_NOTIFIERS=json.dumps(notifiers),
        METER_SILENT_HOURS="0.000001",
    )
    assert loaded["xcoms"]["settle_drops.return_value"]["files"] == {"loaded": 2}
    assert not record.exists(), "a run that has a file tells of no silence"


def test_the_example_keeps_the_totals_of_days_that_were_loaded(
    run_dag: Run, home: FolderHome, server: Server
) -> None:
    land(home, "household_30min.csv")
    with connect(server.uri(settings.LOADER_ROLE)) as connection:
        loading.Run(connection, home).run()
    result = run_dag("nem12_daily_totals")
    assert result["state"] == "success", result["log"]
    assert result["xcoms"]["refresh_totals.return_value"]["channel_days"] > 0
    with connect(server.uri()) as connection:
        row = connection.execute(
            "SELECT count(*), sum(t.readings) FROM meter_daily_totals t JOIN meter_daily d"
            " USING (nmi, nmi_suffix, day, total_consumption, readings)"
        ).fetchone()
        whole = connection.execute(
            "SELECT (SELECT count(*) FROM meter_days), (SELECT count(*) FROM meter_readings)"
        ).fetchone()
    assert row == whole


def test_a_file_of_the_archive_is_loaded_again_on_request(run_dag: Run, home: FolderHome) -> None:
    land(home, "household_correction.csv")
    run_dag("nem12_load", {"files": ["*"]})
    again = {"files": ["archive/*"], "reprocess": True, "profile": "strict"}
    result = run_dag("nem12_load", again)
    assert result["state"] == "success", result["log"]
    assert result["xcoms"]["settle_drops.return_value"]["files"] == {"loaded": 1}
    (kept,) = home.archive.rglob("*household_correction.csv")
    assert kept.is_file()
    assert all(label.startswith("household_correction.csv") for label in result["labels"])


def test_the_watch_leaves_claims_whose_run_waits_or_works(
    run_dag: Run, home: FolderHome, server: Server, tmp_path: Path
) -> None:
    land(home, "business_15min.csv")
    started = run_dag("nem12_watch")["xcoms"]["wait_for_drops.trigger_run_id"]
    claim = started.removeprefix("nem12__")
    with connect(server.uri(settings.LOADER_ROLE)) as connection:
        for state in ("queued", "running"):
            with (
                closing(sqlite3.connect(tmp_path / "airflow" / "airflow.db")) as metadata,
                metadata,
            ):
                run = (state, f"nem12__{claim}")
                changed = metadata.execute("UPDATE dag_run SET state = ? WHERE run_id = ?", run)
                assert changed.rowcount == 1
            aged = "UPDATE meter_drops SET checked_at = now() - interval '1 hour' WHERE claim = %s"
            connection.execute(aged, (claim,))
            connection.commit()
            result = run_dag("nem12_watch")
            assert result["tasks"]["wait_for_drops"] == "skipped", result["log"]
            looked = (
                "SELECT state, checked_at > now() - interval '30 minutes' FROM meter_drops"
                " WHERE claim = %s"
            )
            assert connection.execute(looked, (claim,)).fetchall() == [("claimed", True)]
        connection.execute("DELETE FROM meter_drops WHERE claim = %s", (claim,))


def test_the_watch_frees_claims_whose_run_is_gone(
    run_dag: Run, home: FolderHome, server: Server
) -> None:
    land(home, "household_30min.csv")
    with connect(server.uri(settings.LOADER_ROLE)) as connection:
        claim, _ = claim_by_glob(connection, home, ["*"], None)
        aged = "UPDATE meter_drops SET checked_at = now() - interval '1 hour' WHERE claim = %s"
        connection.execute(aged, (claim,))
        connection.commit()
        result = run_dag("nem12_watch")
        assert result["tasks"]["wait_for_drops"] == "skipped", result["log"]
        state = "SELECT state, message FROM meter_drops WHERE claim = %s"
        row = connection.execute(state, (claim,)).fetchone()
    assert row == ("waiting", f"its run nem12__{claim} is gone")
