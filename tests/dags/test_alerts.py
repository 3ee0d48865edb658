"""People are told what went wrong: real notifiers, a real mail server, whole DAG runs."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from nem12 import settings
from nem12.load.claim import claim_by_glob
from nem12.local.embedded import Server
from nem12.mdff.wording import shown
from nem12.settings import FolderHome
from nem12.warehouse.connect import connect
from tests.dags.conftest import Run, airflow_environment, put
from tests.support.deliveries import Day, delivery
from tests.support.mail import body, mailbox

SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
HOSTILE = "<b onclick=x>&{{ 7 * 7 }}\r\nBcc: all@example.org\n\n\u202e.csv"


TWICE = """
import sys
from nem12.airflow import alerts
from nem12.tell.alert import Alert

class Store(dict):
    def set(self, key, value):
        self[key] = value

context = {"task_state_store": Store()}
alerts.get_current_context = lambda: context
for run in ("first", "first", "second"):
    alerts._tell(lambda: [Alert("failed", "lost", run=run)])
"""


def told(record: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record.read_text().splitlines()]


def test_a_refused_file_is_told_of_by_mail_and_by_others_whatever_its_name_and_who_fails(
    run_dag: Run, home: FolderHome, tmp_path: Path
) -> None:
    put(home.landing / HOSTILE, delivery(Day(date(2021, 1, 1))).rpartition(b"900")[0])
    record = tmp_path / "told.jsonl"
    notifiers = [
        {"classpath": "recording.Broken"},
        {"classpath": "recording.Missing"},
        {"classpath": SMTP, "kwargs": {"to": "crew@example.org"}},
        {"classpath": "recording.Recorder", "kwargs": {"path": str(record)}},
        {"classpath": "recording.Recorder", "kwargs": {"path": str(record)}, "on": ["silent"]},
    ]
    with mailbox() as box:
        result = run_dag(
            "nem12_load",
            {"files": ["*"]},
            METER_NOTIFIERS=json.dumps(notifiers),
            AIRFLOW_CONN_SMTP_DEFAULT=json.dumps(box.connection),
            AIRFLOW__API__BASE_URL="https://air.example.org/base/",
        )
        mail = box.next()
        assert box.rest() == []
    assert result["xcoms"]["settle_drops.return_value"]["files"] == {"refused": 1}
    assert result["tasks"]["verdict"] == "failed"
    assert "nobody at home" in result["log"]
    assert "recording.Missing cannot be imported" in result["log"]

    assert (mail["to"], mail["from"]) == ("crew@example.org", "meter@example.org")
    assert mail["subject"] == "NEM12: 1 file refused, whole or in part"
    html = body(mail)
    assert mail["bcc"] is None
    assert "&lt;b onclick=x&gt;&amp;{{ 7 * 7 }}" in html
    assert "\n\n\u202e" not in html
    assert "<b " not in html
    assert ": no-end: the file ends without a 900 record" in html
    assert 'href="https://air.example.org/base/nem12/files/' in html
    assert 'href="https://air.example.org/base/dags/nem12_load/runs/manual__' in html

    (line,) = told(record)
    assert (line["kind"], line["files"]) == ("refused", 1)
    assert shown(HOSTILE, 200) in line["words"]
    assert "records refused" in line["words"]


def test_a_run_that_died_and_a_silent_folder_are_told_of_by_the_sweep(
    run_dag: Run, home: FolderHome, server: Server, tmp_path: Path
) -> None:
    put(home.landing / "gone.csv", delivery(Day(date(2021, 1, 2))))
    record = tmp_path / "told.jsonl"
    notifiers = [{"classpath": "recording.AsyncRecorder", "kwargs": {"path": str(record)}}]
    with connect(server.uri(settings.LOADER_ROLE)) as connection:
        claim_by_glob(connection, home, ["*"], None)
        (home.landing / "gone.csv").unlink()
        connection.execute(
            "UPDATE meter_drops SET checked_at = now() - interval '30 hours',"
            " claimed_at = now() - interval '30 hours' WHERE starts_with(uri, %s)",
            (home.landing.as_uri(),),
        )
    result = run_dag(
        "nem12_load",
        {"files": ["*"]},
        METER_NOTIFIERS=json.dumps(notifiers),
        METER_SILENT_HOURS="26",
    )
    assert result["state"] == "success", result["log"]
    died, silence = told(record)
    assert died["kind"] == "failed"
    assert "gone.csv: waiting: attempt 1 failed: its run" in died["words"]
    assert silence["kind"] == "silent"
    assert "for 30 hours, since" in silence["words"]


def test_a_task_that_is_tried_again_tells_nobody_twice(migrated: Path, tmp_path: Path) -> None:
    record = tmp_path / "told.jsonl"
    notifiers = [{"classpath": "recording.Recorder", "kwargs": {"path": str(record)}}]
    environment = airflow_environment(migrated) | {"METER_NOTIFIERS": json.dumps(notifiers)}
    folder = Path(__file__).parent
    subprocess.run([sys.executable, "-c", TWICE], env=environment, check=True, cwd=folder)
    assert [line["words"] for line in told(record)] == ["lost\nrun first", "lost\nrun second"]
