"""The main job with a real scheduler and triggerer: a file is dropped while they run."""

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from psycopg import sql

from nem12 import settings, stack
from nem12.settings import CHECKOUT, Home
from nem12.warehouse import embedded, ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.migrate import migrate
from tests.mail import Mailbox, body, mailbox
from tests.together import expected, in_force

pytestmark = pytest.mark.e2e

SAMPLES = CHECKOUT / "samples"
PATIENCE_SECONDS = 120
"""On a busy machine; on a quiet one a small file takes less than ten."""


class Running:
    """A whole installation, and what a user does with it."""

    def __init__(
        self, home: Home, airflow: stack.Airflow, connection: Connection, mails: Mailbox
    ) -> None:
        self.home = home
        self.mails = mails
        self.airflow = airflow
        self.connection = connection

    def drop(self, sample: str) -> Path:
        """Copy a sample into the landing folder, as `cp` does."""
        return Path(shutil.copyfile(SAMPLES / sample, self.home.landing / sample))

    def until(self, done: Callable[[], Any]) -> Any:
        """Wait until something is the case; ledger changes wake us up."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (result := done()):
            assert time.monotonic() < deadline, "waited too long"
            self.airflow.check()
            ledger.wait_for_change(self.connection, seconds=1)
        return result

    def settled(self, dropped: Path, since: datetime) -> dict[str, Any]:
        """The drop's row once it is settled."""

        def row() -> dict[str, Any] | None:
            rows = ledger.drops_since(self.connection, [dropped.as_uri()], since)
            return next((row for row in rows if row["state"] != "running"), None)

        found: dict[str, Any] = self.until(
            lambda: (found := row()) and found["state"] == "settled" and found
        )
        return found

    def load_run(self, dropped: Path) -> dict[str, Any]:
        """The load run that took a drop, once it has ended."""
        path = f"/api/v2/dags/{settings.LOAD_DAG_ID}/dagRuns/{quote(self.of(dropped, 'run'))}"

        def run() -> dict[str, Any] | None:
            found: dict[str, Any] = self.airflow.api("GET", path)
            return found if found["state"] in ("success", "failed") else None

        ended: dict[str, Any] = self.until(run)
        return ended

    def of(self, dropped: Path, column: str) -> str:
        """What the ledger says of a drop."""
        query = sql.SQL("SELECT {} FROM meter_drops WHERE uri = %s").format(sql.Identifier(column))
        row = self.connection.execute(query, (dropped.as_uri(),)).fetchone()
        assert row is not None
        return str(row[0])


@contextmanager
def told_by_mail(mails: Mailbox) -> Iterator[None]:
    """The environment in which people are told of refused files by mail."""
    notifier = {
        "classpath": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
        "kwargs": {"to": "crew@example.org"},
        "on": ["refused"],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METER_NOTIFIERS", json.dumps([notifier]))
        patch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(mails.connection))
        yield


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A whole installation in a folder of its own."""
    root = Path(tempfile.mkdtemp(prefix="nem12-test-"))
    root.chmod(0o755)  # so that the server's account reaches its data
    home = Home(
        root, root / "landing", root / "staging", root / "archive", root / "rejected"
    ).make()
    with embedded.server(home) as server:
        migrate(server.uri(settings.OWNER_ROLE))
        with (
            mailbox() as mails,
            told_by_mail(mails),
            stack.running(home, server) as airflow,
            connect(server.uri(settings.READER_ROLE)) as connection,
        ):
            ledger.listen(connection)
            yield Running(home, airflow, connection, mails)
    shutil.rmtree(root)


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


def test_a_refused_file_is_told_of_once_by_mail_also_when_the_task_runs_again(
    running: Running,
) -> None:
    mail = running.mails.next()
    assert mail["subject"] == "NEM12: 1 file refused, whole or in part"
    run = quote(running.of(running.home.landing / "truncated.csv", "run"))
    assert f'href="{running.airflow.url}/dags/{settings.LOAD_DAG_ID}/runs/{run}"' in body(mail)
    cleared = {"dry_run": False, "dag_run_id": unquote(run), "task_ids": ["verdict"]}
    path = f"/api/v2/dags/{settings.LOAD_DAG_ID}/clearTaskInstances"
    running.airflow.api("POST", path, cleared)
    verdict = f"/api/v2/dags/{settings.LOAD_DAG_ID}/dagRuns/{run}/taskInstances/verdict"

    def tried_again() -> bool:
        seen = running.airflow.api("GET", verdict)
        return (seen["try_number"], seen["state"]) == (2, "failed")

    running.until(tried_again)
    log = json.dumps(running.airflow.api("GET", f"{verdict}/logs/2"))
    assert "SmtpNotifier was told before" in log
    assert running.mails.is_empty


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
    path = f"/api/v2/dags/{settings.DAILY_DAG_ID}"
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


def test_logs_hold_neither_statements_nor_secrets(running: Running) -> None:
    password = json.loads(running.airflow.password_file.read_text())[running.airflow.user]
    for log in running.home.airflow.rglob("*.log*"):
        text = log.read_text(errors="replace")
        assert "INSERT INTO meter_day_versions" not in text, log
        assert password not in text, log
