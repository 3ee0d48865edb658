"""What the tasks tell a collector of metrics: a real UDP socket that speaks statsd."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from nem12.settings import FolderHome
from tests.dags.conftest import Run, put

SAMPLES = Path(__file__).parents[2] / "samples"

pytest.importorskip("statsd", reason="requirements-dev.txt names it")


class Collector:
    """Takes packets as they come: the kernel drops what its buffer has no room for."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._packets: list[str] = []
        self._thread = Thread(target=self._listen)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    def _listen(self) -> None:
        while packet := self._listening.recv(65_536):
            self._packets.append(packet.decode())

    def end(self) -> list[str]:
        """All packets; an empty one, which is no metric, comes behind them."""
        if self._thread.is_alive():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaking:
                speaking.sendto(b"", ("127.0.0.1", self.port))
            self._thread.join()
        return self._packets


@pytest.fixture
def collector() -> Iterator[Collector]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        collecting = Collector(listening)
        yield collecting
        collecting.end()


def metrics(collector: Collector) -> dict[str, tuple[str, float]]:
    """Kind and value of ours by name: counters added up, of others the last."""
    found: dict[str, tuple[str, float]] = {}
    for packet in collector.end():
        for name, value, kind in re.findall(r"airflow\.nem12\.([\w.]+):([-\d.]+)\|(\w+)", packet):
            before = found[name][1] if kind == "c" and name in found else 0
            found[name] = (kind, before + float(value))
    return found


def test_a_run_tells_what_it_has_loaded_and_how_fast(
    run_dag: Run, home: FolderHome, collector: Collector
) -> None:
    for name in ("solar_home_5min.csv", "faulty_records.csv", "truncated.csv"):
        put(home.landing / name, (SAMPLES / name).read_bytes())
    result = run_dag(
        "nem12_load",
        {"files": ["*"], "fail_on_refusals": False},
        AIRFLOW__METRICS__STATSD_ON="True",
        AIRFLOW__METRICS__STATSD_HOST="127.0.0.1",
        AIRFLOW__METRICS__STATSD_PORT=str(collector.port),
    )
    assert result["state"] == "success", result["log"]
    settled = result["xcoms"]["settle_drops.return_value"]
    found = metrics(collector)
    steps = ("plan", "parse", "apply", "settle")
    assert {name for name in found if name.endswith(".duration")} == {
        f"{step}.duration" for step in steps
    }
    assert {found[f"{step}.duration"][0] for step in steps} == {"ms"}
    counters = {name: value for name, (kind, value) in found.items() if kind == "c"}
    assert counters == {
        "files.loaded": 1,
        "files.partial": 1,
        "files.refused": 1,
        "drops.loaded": 1,
        "drops.partial": 1,
        "drops.refused": 1,
        "readings": settled["readings"],
        "refused_records": settled["refused_records"],
        "parse.readings": settled["readings"],
        "apply.readings": settled["readings"],
    }
    gauges = {name: value for name, (kind, value) in found.items() if kind == "g"}
    assert gauges.pop("parse.readings_per_second") > 0
    assert gauges.pop("apply.readings_per_second") > 0
    assert gauges == {"drops.open": 0, "drops.failed_now": 0, "drops.oldest_seconds": 0}


def test_a_collector_that_is_not_there_stops_no_load(run_dag: Run, home: FolderHome) -> None:
    put(home.landing / "a.csv", (SAMPLES / "household_30min.csv").read_bytes())
    result = run_dag(
        "nem12_load",
        {"files": ["*"]},
        AIRFLOW__METRICS__STATSD_ON="True",
        AIRFLOW__METRICS__STATSD_HOST="no-such-host.invalid",
    )
    assert result["state"] == "success", result["log"]
