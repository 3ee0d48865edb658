"""Which of our DAGs are paused, by Airflow's own tables, where these can be reached from here."""

import os
import re
from argparse import Namespace
from contextlib import suppress
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from nem12 import settings
from nem12.cli.databases import is_given

_AIRFLOW_URI: Final = re.compile(r"postgresql(?:\+\w+)?://(.+)")
"""As SQLAlchemy writes it, with its driver."""

_DAGS: Final = b"""
SELECT dag_id FROM dag WHERE is_paused AND NOT is_stale AND dag_id = ANY(%(dag_ids)s)
"""

_PATIENCE_SECONDS: Final = 5
"""What `status` tells of the warehouse must not wait for Airflow's database."""


def airflow_database(arguments: Namespace, uri: str) -> str | None:
    """Where Airflow's tables are; None where that is not known.

    Args:
        arguments: With `dsn`.
        uri: Of the warehouse; the embedded server has both.
    """
    named = _AIRFLOW_URI.fullmatch(os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", ""))
    if named:
        return f"postgresql://{named[1]}"
    if is_given(arguments):
        return None
    return make_conninfo(uri, user=settings.OWNER_ROLE, dbname=settings.AIRFLOW_DATABASE)


def paused_dags(uri: str | None) -> list[str] | None:
    """Those of the DAGs that load which are paused; None where Airflow's tables do not answer."""
    if uri is None:
        return None
    with suppress(psycopg.Error), psycopg.connect(uri, connect_timeout=_PATIENCE_SECONDS) as asking:
        rows = asking.execute(_DAGS, {"dag_ids": list(settings.PAUSED)}).fetchall()
        return [dag_id for dag_id in settings.PAUSED if (dag_id,) in rows]
    return None
