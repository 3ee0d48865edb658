"""When a drop is complete: the watch, the sweep and a run by hand agree, by any clock."""

import os
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from nem12.drop import Drop, Settling
from nem12.ending import says_that_it_ends
from nem12.load import arrivals
from nem12.load.arrivals import Arrivals, Clock, Watch
from nem12.load.claim import claim_by_glob
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.support.servers import only_embedded

pytestmark = only_embedded

WHOLE = delivery(Day(), Day(date(2024, 3, 11)))
HALF = WHOLE[: len(WHOLE) // 2]
STANDSTILL = 60


@dataclass
class Time:
    """A clock that a test sets."""

    seconds: float = 0
    slept: list[float] = field(default_factory=list)

    set_by: float = 0

    @property
    def clock(self) -> Clock:
        return Clock(self.sleep, self.now)

    def now(self) -> datetime:
        return datetime(2024, 6, 1, tzinfo=UTC) + timedelta(seconds=self.seconds + self.set_by)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@dataclass
class Watcher:
    """The watch, second by second of that clock; begun anew after each batch, as in Airflow."""

    run: Run
    time: Time

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.watch = Watch(Settling(2, 15), Arrivals(STANDSTILL))

    def until(self, seconds: float) -> list[str]:
        """The names that are taken until then, each with the second, as `name@second`."""
        taken = []
        while self.time.seconds < seconds:
            self.time.seconds += 1
            batch, _ = self.watch.look(
                self.run.connection, self.run.home, self.time.seconds, self.time.now()
            )
            if batch:
                taken += [f"{drop.path.name}@{self.time.seconds:g}" for drop in batch]
                for drop in batch:
                    Path(str(drop.path)).unlink()
                self.begin()
        return taken


@pytest.fixture
def watcher(run: Run) -> Watcher:
    return Watcher(run, Time())


def put(run: Run, name: str, data: bytes, folder: str = "") -> Path:
    """A file that is changed now, by the clock of the machine."""
    path = Path(str(run.home.landing)) / folder / name
    path.write_bytes(data)
    return path


def packed(tmp_path: Path) -> bytes:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", HALF)
    return (tmp_path / "a.zip").read_bytes()


def test_what_says_that_it_ends_is_taken_after_two_seconds_and_the_rest_after_a_minute(
    run: Run, watcher: Watcher, tmp_path: Path
) -> None:
    put(run, "whole.csv", WHOLE)
    put(run, "whole.zip", packed(tmp_path), "strict")
    put(run, "message.xml", b"<aseXML></aseXML>")
    for name, data in {
        "half.csv": HALF,
        "empty.csv": b"",
        "cut.zip": packed(tmp_path)[:-1],
        "cut.xml": b"<aseXML></aseXM",
        "page.html": b"<html>",
        "other.bin": b"\0" * 100,
    }.items():
        put(run, name, data)
        put(run, f"lenient-{name}", data, "lenient")
    first = watcher.until(60)
    assert sorted(first) == ["message.xml@3", "whole.csv@3", "whole.zip@3"]
    assert len(watcher.until(70)) == 12


def test_a_clock_that_is_set_back_lets_no_drop_wait_longer_than_anew(
    run: Run, watcher: Watcher
) -> None:
    put(run, "half.csv", HALF)
    assert watcher.until(30) == []
    watcher.time.set_by = -86_400
    assert watcher.until(120) == ["half.csv@91"]


def test_a_drop_without_an_end_waits_for_its_minute_also_while_others_are_taken(
    run: Run, watcher: Watcher
) -> None:
    """Each batch begins a watch that has seen nothing."""
    put(run, "half.csv", HALF)
    taken = []
    for second in range(5, 100, 5):
        put(run, f"whole{second}.csv", WHOLE)
        taken += watcher.until(second)
    assert [name for name in taken if "half" in name] == ["half.csv@63"]
    assert len([name for name in taken if "whole" in name]) == 19


@pytest.mark.parametrize("stall", [3, 30, 59, 64, 600])
def test_each_change_begins_the_standstill_anew(run: Run, watcher: Watcher, stall: int) -> None:
    path = put(run, "half.csv", HALF)
    first = watcher.until(stall)
    assert first == (["half.csv@63"] if stall > 62 else [])
    if not first:
        with path.open("ab") as stream:
            stream.write(WHOLE[len(HALF) : -5])
        assert watcher.until(stall + 60) == []
        assert watcher.until(stall + 70) == [f"half.csv@{stall + 63}"]


def test_an_upload_that_goes_on_and_ends_is_taken_two_seconds_later(
    run: Run, watcher: Watcher
) -> None:
    path = put(run, "a.csv", HALF)
    assert watcher.until(30) == []
    path.write_bytes(WHOLE)
    assert watcher.until(40) == ["a.csv@33"]


def test_content_is_looked_at_once_for_each_state(
    run: Run, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    look = says_that_it_ends

    def counted(drop: Drop) -> bool:
        looked.append(drop.path.name)
        return look(drop)

    monkeypatch.setattr(arrivals, "says_that_it_ends", counted)
    put(run, "half.csv", HALF)
    watcher.until(10)
    watcher.begin()
    watcher.until(20)
    assert looked == ["half.csv"]
    put(run, "half.csv", WHOLE[:-5])
    watcher.until(30)
    assert looked == ["half.csv"] * 2


def claimed(run: Run, time: Time, *patterns: str) -> tuple[int, float]:
    """How many drops a run by hand gets, and how long it waits."""
    before = sum(time.slept)
    _, count = claim_by_glob(run.connection, run.home, [*patterns] or ["*"], None, clock=time.clock)
    return count, sum(time.slept) - before


def test_a_run_by_hand_takes_what_is_whole_and_leaves_the_rest(run: Run) -> None:
    time = Time()
    put(run, "half.csv", HALF)
    put(run, "whole.csv", WHOLE)
    assert claimed(run, time) == (1, 2)
    assert claimed(run, time, "other*") == (0, 0)


@pytest.mark.parametrize("grows", [False, True])
def test_a_run_by_hand_waits_for_what_has_no_end_where_nothing_else_is_to_be_done(
    run: Run, monkeypatch: pytest.MonkeyPatch, *, grows: bool
) -> None:
    time = Time()
    path = put(run, "half.csv", HALF)

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if grows and seconds > 2:
            path.write_bytes(WHOLE[:-5])

    _, count = claim_by_glob(run.connection, run.home, ["*"], None, clock=Clock(sleep, time.now))
    assert (count, time.slept) == (int(not grows), [2, STANDSTILL])
    monkeypatch.setenv("METER_STANDSTILL_SECONDS", "3600")
    put(run, "other.csv", HALF)
    assert claimed(run, time, "other*") == (0, 2), "but not for an hour"


def test_what_the_watch_has_seen_for_a_minute_a_run_by_hand_takes_at_once(
    run: Run, watcher: Watcher
) -> None:
    put(run, "half.csv", HALF)
    watcher.until(10)
    watcher.time.seconds = 70
    assert claimed(run, watcher.time) == (1, 2)


def test_what_has_not_changed_for_days_is_taken_whatever_it_is(run: Run) -> None:
    path = put(run, "half.csv", HALF)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert claimed(run, Time()) == (1, 0)
