"""OpenLineage events of whole DAG runs, written by the real client to a file."""

import gzip
import hashlib
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

from nem12 import settings
from nem12.local.embedded import PORT, Server
from nem12.mdff.wording import shown
from nem12.settings import FolderHome
from nem12.warehouse.connect import connect
from tests.dags.conftest import Run, put
from tests.support.deliveries import Day, delivery

APPLY = "nem12_load.load.apply"
MOST_FILES = 50
NAME_CHARACTERS = 1000
"""Of `nem12.airflow.lineage`, which needs Airflow to be imported."""
PLAIN = 'it\'s "plain" {{ 7 * 7 }}\n%s ü\u202e.csv'


def switched_on(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """What switches lineage on, and the file that the events go to."""
    events = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    return {"AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport)}, events


def of_apply(events: Path, kind: str) -> list[dict[str, Any]]:
    """The events of one kind that the apply step sent."""
    sent = [json.loads(line) for line in events.read_text().splitlines()]
    return [e for e in sent if e["job"]["name"] == APPLY and e["eventType"] == kind]


def test_a_load_says_which_files_went_into_the_table(
    run_dag: Run, home: FolderHome, server: Server, tmp_path: Path
) -> None:
    plain = delivery(Day(date(2022, 1, 1)), Day(date(2022, 1, 2)))
    put(home.landing / PLAIN, plain)
    with zipfile.ZipFile(home.landing / "two.zip", "w") as archive:
        archive.writestr("a.csv", delivery(Day(date(2022, 1, 3))))
        archive.writestr("b/b.csv", delivery(Day(date(2022, 1, 4), minutes=5)))
    put(home.landing / "two.zip", (home.landing / "two.zip").read_bytes())
    env, events = switched_on(tmp_path)
    result = run_dag("nem12_load", {"files": ["*"]}, **env)
    assert result["state"] == "success", result["log"]
    (completed,) = of_apply(events, "COMPLETE")

    inputs = {one["name"].removeprefix(f"{home.landing}/"): one for one in completed["inputs"]}
    assert sorted(inputs) == [shown(PLAIN, NAME_CHARACTERS), "two.zip/a.csv", "two.zip/b/b.csv"]
    assert {one["namespace"] for one in completed["inputs"]} == {"file"}
    facets = inputs[shown(PLAIN, NAME_CHARACTERS)]["facets"]
    assert facets["nem12_file"]["size"] == len(plain)
    assert facets["nem12_file"]["sha256"] == hashlib.sha256(plain).hexdigest()
    assert facets["version"]["datasetVersion"] == facets["nem12_file"]["sha256"]
    statistics = inputs[shown(PLAIN, NAME_CHARACTERS)]["inputFacets"]["inputStatistics"]
    assert statistics["rowCount"] == len(plain.splitlines())
    assert completed["run"]["facets"]["nem12_batch"]["files"] == 3

    (output,) = completed["outputs"]
    assert output["namespace"] == f"postgres://localhost:{PORT}"
    assert output["name"] == f"{settings.DATABASE}.public.meter_readings"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3 * 48 + 288
    with connect(server.uri()) as connection:
        columns = connection.execute(
            "SELECT column_name, udt_name FROM information_schema.columns"
            " WHERE table_name = 'meter_readings' ORDER BY ordinal_position"
        ).fetchall()
    fields = output["facets"]["schema"]["fields"]
    assert [(field["name"], field["type"]) for field in fields] == columns
    lineage = output["facets"]["columnLineage"]["fields"]
    assert set(lineage) == {name for name, _ in columns}
    assert {one["name"] for one in lineage["consumption"]["inputFields"]} == {
        one["name"] for one in completed["inputs"]
    }
    assert "INSERT INTO" not in events.read_text()


def test_an_event_names_so_many_files_and_tells_how_many_there_were(
    run_dag: Run, home: FolderHome, tmp_path: Path
) -> None:
    with zipfile.ZipFile(home.landing / "many.zip", "w") as archive:
        archive.writestr(f"\x1b{'long' * 500}.csv", delivery(Day(date(2022, 2, 1))))
        for number in range(MOST_FILES):
            day = Day(date(2022, 2, 2), nmi=f"41030357{number:02d}")
            archive.writestr(f"{number}.csv", delivery(day))
    put(home.landing / "many.zip", (home.landing / "many.zip").read_bytes())
    env, events = switched_on(tmp_path)
    result = run_dag("nem12_load", {"files": ["*"]}, **env)
    assert result["state"] == "success", result["log"]
    (completed,) = of_apply(events, "COMPLETE")
    assert completed["run"]["facets"]["nem12_batch"]["files"] == MOST_FILES + 1
    names = [one["name"] for one in completed["inputs"]]
    assert len(names) == MOST_FILES
    assert all(name.isprintable() and len(name) <= NAME_CHARACTERS + len("…") for name in names)


def test_a_load_that_fails_says_so_of_the_same_datasets(
    run_dag: Run, home: FolderHome, server: Server, tmp_path: Path
) -> None:
    put(home.landing / "whole.csv.gz", gzip.compress(delivery(Day(date(2022, 1, 5)))))
    env, events = switched_on(tmp_path)
    with connect(server.uri()) as connection:
        refuse = "ALTER TABLE meter_day_versions ADD CONSTRAINT {} CHECK (false) NOT VALID"
        connection.execute(refuse.format("test_refuses"))
        connection.commit()
        try:
            result = run_dag(
                "nem12_load", {"files": ["*"]}, METER_LINEAGE_NAMESPACE="postgres://db:1", **env
            )
        finally:
            connection.execute("ALTER TABLE meter_day_versions DROP CONSTRAINT test_refuses")
            connection.commit()
    assert result["state"] == "failed"
    (failed,) = of_apply(events, "FAIL")
    (file,) = failed["inputs"]
    assert file["name"].startswith(str(home.landing / "whole.csv.gz"))
    (output,) = failed["outputs"]
    assert output["namespace"] == "postgres://db:1"
    assert "outputStatistics" not in output.get("outputFacets", {})
    assert "INSERT INTO" not in events.read_text()
