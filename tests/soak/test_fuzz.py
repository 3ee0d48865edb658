"""An hour of hostile drops beside good ones: none of them costs another file anything.

    METER_FUZZ_MINUTES=60 python3 manage.py test tests/soak/test_fuzz.py

Hostile names, archives, joined files and XML land in all three folders of a running installation,
and good files between them. In the end every good file is loaded, nothing waits, and the tables
agree with each other. METER_SOAK_SEED draws others.
"""

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from nem12.operate.verify import differences
from nem12.settings import FolderHome
from nem12.warehouse.connect import Connection
from tests.soak.hostile import Hostile
from tests.support.deliveries import Day, delivery
from tests.support.installation import Running
from tests.support.installed import home_in, installed

MINUTES = float(os.environ.get("METER_FUZZ_MINUTES", "0"))
END_MINUTES = 20
"""For what is left to be settled, attempts that wait for a growing time included."""

WAITING_MOST = 300
"""Files in the landing folders before the fuzz waits: so many make a batch of every kind."""

pytestmark = [
    pytest.mark.skipif(not MINUTES, reason="an extra suite: set METER_FUZZ_MINUTES"),
    pytest.mark.timeout((MINUTES + END_MINUTES + 5) * 60),
]


@pytest.fixture
def root() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nem12-fuzz-"))
    folder.chmod(0o755)  # so that the server's account reaches its data
    yield folder
    shutil.rmtree(folder)


def test_a_hostile_file_costs_no_other_file_anything(root: Path) -> None:
    seed = int(os.environ.get("METER_SOAK_SEED", "1"))
    with installed(home_in(root)) as running:
        good, hostile = _send(running, seed)
        _wait_until_settled(running)
        outcomes = _outcomes_of(running.connection, good)
        states = running.connection.execute(
            "SELECT state, outcome, count(*) FROM meter_drops GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        broken = [words for words, difference in differences(running.connection) if difference]
    print(f"seed {seed}: {len(good)} good and {hostile} hostile drops")
    print(*states, sep="\n")
    assert outcomes == Counter({"loaded": len(good)})
    assert broken == []
    assert {state for state, _, _ in states} <= {"settled", "failed"}


def _send(running: Running, seed: int) -> tuple[list[str], int]:
    """Drop good and hostile files until time is up; the URIs of the good, the number of others."""
    sender, chance = Hostile(seed), random.Random(seed + 1)
    folders = [running.home.landing / name for name in ("", "lenient", "strict")]
    good: list[str] = []
    hostile = 0
    end = time.monotonic() + MINUTES * 60
    while time.monotonic() < end:
        running.airflow.check()
        if len(_waiting(running.home)) < WAITING_MOST:
            good.append(_drop_good(running.home, len(good)))
            for _ in range(chance.randint(1, 15)):
                _drop(chance.choice(folders), sender.name(), sender.content())
                hostile += 1
        # Time passes here: what is tested is what happens at any time.
        time.sleep(chance.uniform(0.5, 3))
    return good, hostile


def _drop(folder: Path, name: bytes, content: bytes) -> None:
    beside = folder / ".sending.part"
    beside.write_bytes(content)
    os.replace(os.fsencode(beside), os.fsencode(folder) + b"/" + name)  # noqa: PTH105 - a name in bytes


def _drop_good(home: FolderHome, number: int) -> str:
    """A file with an NMI of its own, which no hostile one has."""
    path = home.landing / f"good-{number:06}.csv"
    day = Day(nmi=f"71020{number:05}", day=date(2024, 2, 1 + number % 28))
    _drop(path.parent, path.name.encode(), delivery(day))
    return path.as_uri()


def _waiting(home: FolderHome) -> list[Path]:
    folders = (home.landing, home.landing / "lenient", home.landing / "strict")
    return [path for folder in folders for path in folder.iterdir() if path.is_file()]


def _wait_until_settled(running: Running) -> None:
    open_drops = "SELECT count(*) FROM meter_drops WHERE state NOT IN ('settled', 'failed')"
    deadline = time.monotonic() + END_MINUTES * 60
    while True:
        row = running.connection.execute(open_drops).fetchone()
        names = {path.as_uri() for path in _waiting(running.home)}
        failed = {
            uri
            for (uri,) in running.connection.execute(
                "SELECT uri FROM meter_drops WHERE state = 'failed'"
            )
        }
        if row and not row[0] and not [uri for uri in names - failed if "good-" in uri]:
            return
        assert time.monotonic() < deadline, f"not settled: {row}, {sorted(names - failed)[:20]}"
        running.airflow.check()
        time.sleep(2)


def _outcomes_of(connection: Connection, uris: list[str]) -> Counter[str]:
    rows = connection.execute("SELECT outcome FROM meter_drops WHERE uri = ANY(%s)", (uris,))
    return Counter(outcome for (outcome,) in rows)
