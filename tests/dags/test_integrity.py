"""The DAG files as Airflow sees them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from nem12.load.conf import KEYS
from nem12.settings import CHECKOUT
from tests.dags.conftest import airflow_environment

LOOK = """
import importlib, json, sys
from nem12.local.stack.component import HEAVY
for module in HEAVY["scheduler"]:
    importlib.import_module(module)
before = set(sys.modules)
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError
from nem12.airflow.plainly import SaidError
from nem12.errors import TransientError, UsageError

def taken(name, value):
    params = bag.dags["nem12_load"].params
    try:
        params[name] = value
    except ParamValidationError:
        return False
    return True

def after(task, error):
    return task.retry_policy and task.retry_policy.evaluate(error, 1, 3).action.value

bag = DagBag()
late = sorted(set(sys.modules) - before)
print()
print(json.dumps({
    "imported_by_dags": [
        name for name in late if name.startswith(("nem12.", "airflow.providers.", "psycopg"))
    ],
    "errors": bag.import_errors,
    "files": bag.dags["nem12_load"].params.get_param("files").schema,
    "keys": list(bag.dags["nem12_load"].params),
    "nothing": taken("files", []),
    "profiles": [name for name in ["by folder", "lenient", "loose"] if taken("profile", name)],
    "dags": {
        dag_id: {
            "file": dag.fileloc,
            "tags": sorted(dag.tags),
            "doc": dag.doc_md,
            "catchup": dag.catchup,
            "paused": dag.is_paused_upon_creation,
            "at_once": dag.max_active_runs,
            "ends": dag.dagrun_timeout is not None,
            "follows": [
                asset.name
                for asset in getattr(getattr(dag.timetable, "asset_condition", None), "objects", [])
            ],
            "tasks": {
                task.task_id: {
                    "owner": task.owner, "retries": task.retries, "pool": task.pool,
                    "rule": task.trigger_rule.value,
                    "timeout": task.execution_timeout is not None,
                    "sends": [asset.name for asset in task.outlets],
                    "mended": [after(task, e) for e in (UsageError("x"), SaidError())],
                    "passing": after(task, TransientError("x")),
                    "once": getattr(task, "skip_when_already_exists", None),
                }
                for task in dag.tasks
            },
        }
        for dag_id, dag in bag.dags.items()
    },
}))
"""

DAG_FILES = {
    "nem12_daily_totals.py": ["nem12_daily_totals"],
    "nem12_load.py": ["nem12_load"],
    "nem12_watch.py": ["nem12_watch"],
}


Bag: TypeAlias = dict[str, Any]
"""What LOOK says of a DagBag, as JSON."""


@pytest.fixture(scope="module")
def bag(migrated: Path) -> Bag:
    """What a DagBag of the project holds."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env=airflow_environment(migrated),
        check=True,
        capture_output=True,
        text=True,
    )
    seen: Bag = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_every_dag_file_is_listed_here_and_gives_its_dags(bag: Bag) -> None:
    assert bag["errors"] == {}
    files = {path.name for path in (CHECKOUT / "dags").glob("*.py")}
    assert files == set(DAG_FILES), "list new DAG files in DAG_FILES"
    found: dict[str, list[str]] = {name: [] for name in DAG_FILES}
    for dag_id, dag in bag["dags"].items():
        found[Path(dag["file"]).name].append(dag_id)
    assert found == DAG_FILES


def test_every_dag_explains_itself_and_is_tagged(bag: Bag) -> None:
    for dag_id, dag in bag["dags"].items():
        assert dag["tags"] == ["nem12"], dag_id
        assert dag["doc"].startswith("# "), dag_id
        assert not dag["catchup"], dag_id


def test_a_task_is_forked_from_a_process_that_has_imported_what_it_needs(bag: Bag) -> None:
    of_consumers = ("nem12.daily_totals",)
    assert [name for name in bag["imported_by_dags"] if not name.startswith(of_consumers)] == []


def test_nobody_gets_the_example_by_surprise(bag: Bag) -> None:
    paused = [dag_id for dag_id, dag in bag["dags"].items() if dag["paused"]]
    assert paused == ["nem12_daily_totals"]


def test_tasks_retry_except_the_verdict_which_only_tells(bag: Bag) -> None:
    for dag in bag["dags"].values():
        for name, one in dag["tasks"].items():
            assert one["owner"] == "nem12", name
            assert (one["retries"] == 0) == (name == "verdict"), name


def test_only_the_apply_step_takes_a_slot_of_the_writers_pool(bag: Bag) -> None:
    tasks = bag["dags"]["nem12_load"]["tasks"]
    assert [name for name, one in tasks.items() if one["pool"] == "meter_db"] == ["load.apply"]
    assert tasks["load.apply"]["timeout"]
    assert tasks["settle_drops"]["rule"] == tasks["verdict"]["rule"] == "all_done"


def test_one_run_watches_and_starts_a_load_run_once(bag: Bag) -> None:
    watch = bag["dags"]["nem12_watch"]
    assert watch["at_once"] == 1
    assert watch["tasks"]["wait_for_drops"]["once"] is True


def test_what_trying_again_cannot_mend_fails_at_once(bag: Bag) -> None:
    tasks = {name: one for dag in bag["dags"].values() for name, one in dag["tasks"].items()}
    del tasks["verdict"]
    assert {tuple(one["mended"]) for one in tasks.values()} == {("fail", "fail")}
    assert {one["passing"] for one in tasks.values()} == {"default"}


def test_a_load_does_not_hold_up_others_and_ends(bag: Bag) -> None:
    assert bag["dags"]["nem12_load"]["at_once"] > 1
    assert bag["dags"]["nem12_load"]["ends"]


def test_other_dags_can_follow_what_landed_and_what_was_loaded(bag: Bag) -> None:
    sent = {
        name: one["sends"]
        for dag in bag["dags"].values()
        for name, one in dag["tasks"].items()
        if one["sends"]
    }
    assert sent == {"settle_drops": ["meter_readings changed"], "wait_for_drops": ["nem12_drops"]}
    example = bag["dags"]["nem12_daily_totals"]
    assert (example["follows"], example["at_once"]) == (["meter_readings"], 1)


def test_the_form_asks_for_files_and_offers_the_profiles_there_are(bag: Bag) -> None:
    assert bag["keys"] == list(KEYS)
    assert bag["nothing"] is False
    assert bag["profiles"] == ["by folder", "lenient"]


def test_the_form_takes_patterns_of_ones_own(bag: Bag) -> None:
    """Of a list with `examples` Airflow draws a choice of these and of nothing else."""
    assert bag["files"]["type"] == "array"
    assert "examples" not in bag["files"]


def test_the_trigger_can_be_imported_without_the_dags_folder() -> None:
    """The triggerer does not see the dags folder."""
    code = "from nem12.airflow.triggers import DropTrigger; print(DropTrigger.__module__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True, cwd="/"
    )
    assert done.stdout.strip().endswith("nem12.airflow.triggers")


def test_the_plugin_loader_sees_nothing_but_the_plugin() -> None:
    rules = (CHECKOUT / "plugins" / ".airflowignore").read_text().splitlines()
    assert [rule for rule in rules if rule and not rule.startswith("#")] == [
        "*.py",
        "!nem12_plugin.py",
    ]
