"""An S3 server in this process, with a bucket for each test.

METER_S3=1 python3 manage.py test tests/s3, after pip install -r requirements-s3-dev.txt
"""

import logging
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from nem12 import storage
from nem12.settings import FolderHome, Home
from nem12.warehouse.connect import Connection
from tests.pg.conftest import databases, loader, warehouse  # noqa: F401 - fixtures
from tests.support.loading import Run

SECRET = "s3cret/of+the=bucket"  # noqa: S105 - of a server that lives as long as the tests


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The server's address; METER_S3=1 makes its absence a failure."""
    if not find_spec("moto") or not find_spec("s3fs"):
        refuse = pytest.fail if os.environ.get("METER_S3") else pytest.skip
        refuse("the packages of requirements-s3-dev.txt missing")
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of the test's own; who reaches it is said by the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "meter")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    made = storage.place(f"s3://meter-{uuid4().hex}")
    assert not isinstance(made, Path)
    type(made.fs).clear_instance_cache()
    made = storage.place(str(made))
    assert not isinstance(made, Path)
    made.fs.mkdir(made.path)
    return str(made).rstrip("/")


def home_in(bucket: str, root: Path, *, staging: str = "bucket") -> FolderHome:
    """All folders in the bucket; the staging one, if it is to be a `folder`, on this machine."""
    landing, staged, archive, rejected = (
        storage.place(f"{bucket}/{name}") for name in ("landing", "staging", "archive", "rejected")
    )
    shared = root / "staging" if staging == "folder" else staged
    home = Home(root, landing, shared, archive, rejected).make()
    return cast("FolderHome", home)  # a bucket's paths do all that these tests ask of a folder's


@pytest.fixture(params=["bucket", "folder"])
def run(
    request: pytest.FixtureRequest,
    loader: Connection,  # noqa: F811 - the fixture
    bucket: str,
    tmp_path: Path,
) -> Run:
    """Loads files from a bucket, staged in the same or in a folder."""
    return Run(loader, home_in(bucket, tmp_path / "load", staging=request.param))
