"""Every part of `bench` runs and says what it found; the figures of so little data say nothing."""

import json
import sys

import pytest

from tests.support.servers import passable_folder
from tools.__main__ import main
from tools.bench import PARTS
from tools.bench.measure import Measure, Timed, ratio
from tools.bench.sizes import FULL, QUICK, of

WITHOUT_AIRFLOW = [name for name in PARTS if name != "airflow"]
"""That one starts a whole installation: see tests/e2e/test_bench.py."""


def test_every_part_measures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with passable_folder() as root:
        monkeypatch.setenv("METER_HOME", str(root))
        little = ("--quick", "--readings", "30000", "--format", "json")
        assert main(["bench", *little, *WITHOUT_AIRFLOW]) == 0
        curve = (root / "bench" / "growth.svg").read_text()
        left = {path.name for path in root.iterdir()}
    said = json.loads(capsys.readouterr().out)
    measured = {measure["part"] for measure in said["measures"]}
    assert measured | set(said["skipped"]) == set(WITHOUT_AIRFLOW)
    assert said["skipped"] == {}
    assert said["machine"]["processors"] >= 1
    assert all(measure["figure"] is not None for measure in said["measures"])
    assert curve.startswith("<svg")
    assert curve.count("<polyline") == 2
    assert "bench" in left
    assert not [name for name in left if name.startswith("bench-")]


def test_a_part_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "nonsense"]) == 2
    assert "there is no part nonsense: take parse, apply" in capsys.readouterr().err


def test_without_the_peer_parse_gives_its_own_figures_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "aemo_mdff_reader", None)
    assert main(["bench", "--quick", "--readings", "30000", "parse"]) == 0
    printed = capsys.readouterr().out
    assert printed.count(" k readings/s") == 6
    assert printed.count("run .venv/bin/pip install -r requirements-bench.txt") == 1
    assert "not measured" not in printed


def test_a_ratio_is_the_median_of_pairs() -> None:
    pairs = [(Timed(100, 1.0), Timed(100, seconds)) for seconds in (1.0, 2.0, 9.0)]
    found = ratio("part", "name", "other", pairs, least=1.5, aim=3)
    assert (found.figure, found.verdict, found.spread) == (2.0, "ok", 4.0)
    size = Measure("part", "name", "", 12, "B", 10, 8, lower_is_better=True)
    assert size.verdict == "short"


def test_the_quick_sizes_are_smaller() -> None:
    assert QUICK.applied < FULL.applied
    assert of(1000, FULL).channels == 1
