"""The database's address, from the Airflow connection `meter_db`."""

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg import pq
from psycopg.conninfo import make_conninfo

from nem12.errors import SetupError
from nem12.settings import CONNECTION_ID
from nem12.warehouse.connect import Connection, connect


def warehouse_conninfo(conn_id: str = CONNECTION_ID) -> str:
    """An Airflow connection as libpq takes it; it may hold a password and is never shown.

    It is built from the fields of the connection, since its URI cannot hold the folder of a unix
    socket.

    Raises:
        SetupError: Airflow has no such connection.
    """
    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise SetupError(
            f"Airflow has no connection '{conn_id}': add it, of type Postgres, to the database of"
            ' the readings; docs/deploying.md, "Your own Airflow", has the command'
        ) from None
    keywords = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    options = {key: value for key, value in connection.extra_dejson.items() if key in keywords}
    return make_conninfo(
        "",
        host=connection.host,
        port=connection.port,
        user=connection.login,
        password=connection.password,
        dbname=connection.schema,
        **options,
    )


def warehouse_connection(conn_id: str = CONNECTION_ID, *, timeout_seconds: int = 0) -> Connection:
    """A prepared connection to the warehouse; the caller closes it."""
    return connect(
        warehouse_conninfo(conn_id), timeout_seconds=timeout_seconds, application="nem12 airflow"
    )
