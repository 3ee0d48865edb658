"""The main job on a bucket, with a real scheduler and triggerer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nem12 import settings, storage
from nem12.load.index import INDEX
from nem12.storage import Place
from tests.s3.conftest import SECRET, home_in
from tests.support.installation import SAMPLES, Running
from tests.support.installed import installed
from tests.support.servers import passable_folder

pytestmark = pytest.mark.e2e


@pytest.fixture
def running(bucket: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Its components know the credentials by the connection alone."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    connection = {
        "connection_id": settings.STORAGE_CONNECTION_ID,
        "conn_type": "aws",
        "login": "meter",
        "password": SECRET,
        "extra": json.dumps({"endpoint_url": endpoint, "region_name": "us-east-1"}),
    }
    credentials = {"key": "meter", "secret": SECRET, "endpoint_url": endpoint}
    with (
        storage.credentials(credentials),
        passable_folder() as root,
        installed(home_in(bucket, root)) as running,
    ):
        running.airflow.api("POST", "/api/v2/connections", connection)
        yield running


def put(running: Running, sample: str) -> Path:
    place = running.home.landing / sample
    storage.copy(SAMPLES / sample, place)
    return place


def below(folder: Place) -> list[str]:
    found = storage.files_below(folder)
    return [path.name.partition("-")[2] for path in found if path.parent.name != INDEX]


def test_what_lands_in_a_bucket_is_loaded_kept_and_reported(running: Running) -> None:
    since = datetime.now(UTC)
    good, cut = put(running, "household_30min.csv"), put(running, "truncated.csv")
    loaded, refused = running.settled(good, since), running.settled(cut, since)
    assert (loaded["file_outcome"], loaded["readings"]) == ("loaded", 336)
    assert refused["file_outcome"] == "refused"
    assert below(running.home.archive) == ["household_30min.csv"]
    assert below(running.home.rejected) == ["truncated.csv", "truncated.csv.report.txt"]
    assert list(storage.files_below(running.home.landing)) == []
    assert running.load_run(cut)["state"] == "failed"
    for log in running.home.airflow.rglob("*.log*"):
        assert SECRET not in log.read_text(errors="replace"), log


def test_staging_is_cleared_of_the_copies(running: Running) -> None:
    since = datetime.now(UTC)
    dropped = put(running, "two_sites.zip")
    running.settled(dropped, since)
    running.load_run(dropped)
    assert list(storage.files_below(running.home.staging)) == []
    assert [path for path in running.home.scratch.rglob("*") if path.is_file()] == []
