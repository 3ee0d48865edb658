"""Credentials of buckets, from the Airflow connection `meter_storage` if it exists."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from nem12 import settings, storage


def credentials() -> Mapping[str, Any]:
    """Arguments of `storage.credentials`; none if all folders are on this machine.

    Without a connection, credentials come from the environment or the machine's role.
    """
    home = settings.home()
    if all(map(storage.local, (home.landing, home.staging, home.archive, home.rejected))):
        return {}
    try:
        return _options(BaseHook.get_connection(settings.STORAGE_CONNECTION_ID))
    except AirflowNotFoundException:
        return {}


@contextmanager
def folders() -> Iterator[settings.Home]:
    """The folders in force; inside of this, buckets are opened with the connection's credentials.

    What is made of a URI by then, and what lies below it, keeps them.
    """
    with storage.credentials(credentials()):
        yield settings.home()


def _options(connection: Any) -> dict[str, Any]:
    """The arguments of s3fs from a connection of type `aws`."""
    extra = connection.extra_dejson
    options = {
        "key": connection.login,
        "secret": connection.password,
        "token": extra.get("aws_session_token"),
        "endpoint_url": extra.get("endpoint_url"),
    }
    region = extra.get("region_name")
    return {name: value for name, value in options.items() if value} | (
        {"client_kwargs": {"region_name": region}} if region else {}
    )
