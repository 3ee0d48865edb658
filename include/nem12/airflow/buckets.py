"""Buckets as Airflow knows them: the connection `meter_storage`, where there is one."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from nem12 import settings, storage


def home() -> settings.Home:
    """The folders in force; for buckets, with the credentials of the connection.

    Without a connection those of the environment count, or of the machine's role.
    """
    found = settings.home()
    folders = (found.landing, found.staging, found.archive, found.rejected)
    if all(isinstance(each, Path) for each in folders):
        return found
    with suppress(AirflowNotFoundException):
        storage.use(_options(BaseHook.get_connection(settings.STORAGE_CONNECTION_ID)))
    return settings.home()


def place(text: str) -> storage.Place:
    """What the path or URI in an XCom names."""
    home()
    return storage.place(text)


def _options(given: Any) -> dict[str, Any]:
    """What a connection of type `aws` says, as s3fs takes it."""
    extra = given.extra_dejson
    options = {
        "key": given.login,
        "secret": given.password,
        "token": extra.get("aws_session_token"),
        "endpoint_url": extra.get("endpoint_url"),
    }
    region = extra.get("region_name")
    return {name: value for name, value in options.items() if value} | (
        {"client_kwargs": {"region_name": region}} if region else {}
    )
