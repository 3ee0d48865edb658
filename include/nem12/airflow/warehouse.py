"""The warehouse as Airflow knows it: the connection `meter_db`."""

from airflow.providers.postgres.hooks.postgres import PostgresHook

from nem12.settings import CONNECTION_ID
from nem12.warehouse.connect import Connection, connect


def warehouse_uri(conn_id: str = CONNECTION_ID) -> str:
    """The libpq URI of an Airflow connection; it may hold a password and is never shown."""
    # get_uri gives SQLAlchemy's spelling of the driver, which libpq does not know.
    scheme, _, rest = PostgresHook(postgres_conn_id=conn_id).get_uri().partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def warehouse(conn_id: str = CONNECTION_ID, *, timeout_seconds: int = 0) -> Connection:
    """A prepared connection to the warehouse; the caller closes it."""
    return connect(
        warehouse_uri(conn_id), timeout_seconds=timeout_seconds, application="nem12 airflow"
    )
