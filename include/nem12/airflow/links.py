"""Addresses of pages inside Airflow; empty where `[api] base_url` does not say where it is."""

from urllib.parse import quote

from airflow.sdk import conf


def file_page(sha256: str) -> str:
    """The page of a meter file."""
    return _page(f"nem12/files/{sha256}")


def run_page(dag_id: str, run_id: str) -> str:
    """The page of a DAG run."""
    return _page(f"dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}")


def _page(path: str) -> str:
    base = conf.get("api", "base_url", fallback="") or ""
    return f"{base.rstrip('/')}/{path}" if base else ""
