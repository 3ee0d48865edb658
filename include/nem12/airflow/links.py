"""Addresses of pages inside Airflow, and the link from a task to the files of its run."""

from typing import Any, Final
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink, conf


def file_page(sha256: str) -> str:
    """Address of the page of a meter file; empty without `[api] base_url`."""
    return _page(_file(sha256))


def run_page(dag_id: str, run_id: str) -> str:
    """Address of the page of a DAG run; empty without `[api] base_url`."""
    return _page(f"dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}")


def files_page(run_id: str) -> str:
    """Address of the page of the files of a load run; empty without `[api] base_url`."""
    return _page(_files(run_id))


def file_link(sha256: str) -> str:
    """The page of a meter file, as a path if Airflow's address is unknown."""
    return _link(_file(sha256))


def files_link(run_id: str) -> str:
    """The page of the files of a load run, as a path if Airflow's address is unknown."""
    return _link(_files(run_id))


class FilesOfRun(BaseOperatorLink):
    """The button "Files of this run" on a task."""

    name = "Files of this run"
    xcom_key = "nem12_files_of_run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002 - Airflow's signature
        """Made when the task ends."""
        return files_link(ti_key.run_id)


LINKS: Final = (FilesOfRun(),)


def _file(sha256: str) -> str:
    return f"nem12/files/{sha256}"


def _files(run_id: str) -> str:
    return f"nem12/files?run={quote(run_id, safe='')}"


def _page(path: str) -> str:
    base = conf.get("api", "base_url", fallback="") or ""
    return f"{base.rstrip('/')}/{path}" if base else ""


def _link(path: str) -> str:
    return _page(path) or f"/{path}"
