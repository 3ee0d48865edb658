"""Run one DAG in this process and say in one line of JSON what came of it."""

import json
import sys

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from airflow.utils.session import create_session
from sqlalchemy import select


def main(dag_id: str, conf: dict[str, object]) -> None:
    """Run it, then read the metadata database."""
    # As Airflow does in the process of a task.
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
    bag = DagBag()
    dag = bag.dags[dag_id]
    dag.test(run_conf=conf, mark_success_pattern="pause_after_failure")
    with create_session() as session:
        runs = select(DagRun).where(DagRun.dag_id == dag_id).order_by(DagRun.id.desc())
        run = session.scalars(runs).first()
        assert run is not None
        tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run.run_id)).all()
        xcoms = session.scalars(select(XComModel).where(XComModel.run_id == run.run_id)).all()
        sent = session.execute(
            select(AssetModel.name, AssetEvent.extra)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetEvent.source_run_id == run.run_id)
        ).all()
        others = session.scalars(select(DagRun).where(DagRun.dag_id != dag_id)).all()
        result = {
            "state": run.state,
            "run_id": run.run_id,
            "tasks": {
                f"{task.task_id}[{task.map_index}]"
                if task.map_index >= 0
                else task.task_id: task.state
                for task in tasks
            },
            "labels": sorted(t.rendered_map_index or "" for t in tasks if t.map_index >= 0),
            "xcoms": {
                f"{x.task_id}.{x.key}": XComModel.deserialize_value(x)
                for x in xcoms
                if x.map_index < 0
            },
            "sent": dict(tuple(row) for row in sent),
            "other_runs": {other.run_id: other.conf for other in others},
        }
    # In one piece: other threads log to the same place.
    sys.stdout.write(f"\n{json.dumps(result, default=str)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
