"""The generator repeats itself, and what it calls good obeys the format.

The check of the format below is written out here, from the layout of the records, and shares no
code with the package's own reader.
"""

import dataclasses
import gzip
import hashlib
import io
import itertools
import re
import subprocess
import sys
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tools.__main__
from nem12.errors import UsageError
from nem12.mdff.spec import INTERVAL_LENGTHS
from tools import generate
from tools.__main__ import main

SAMPLES = Path(__file__).parents[2] / "samples"
GOOD = (
    "business_15min.csv",
    "household_30min.csv",
    "household_correction.csv",
    "month_30min.csv.gz",
    "solar_home_5min.csv",
    "substitutions.csv",
    "two_sites.zip",
)

BULK_DIGEST = "8cd6bbcbc8e31dd6ccafe890db75052f8d90ce49aa61252d1913ebb50fd9a669"

FOLLOWERS = {
    "100": {"200"},
    "200": {"300"},
    "300": {"200", "300", "400", "500", "900"},
    "400": {"200", "300", "400", "500", "900"},
    "500": {"200", "300", "500", "900"},
    "900": set(),
}
FIELDS = {"100": 5, "200": 10, "400": 6, "500": 5, "900": 1}
VALUE = re.compile(r"[0-9]{1,11}\.[0-9]{3}")
QUALITY = re.compile(r"A|V|[EFS][0-9]{2}")


class Literal:
    """Reads one file record by record and asserts every rule on the way."""

    def __init__(self, content: bytes) -> None:
        text = content.decode("ascii")
        assert text.endswith("900\r\n")
        lines = text.removesuffix("\r\n").split("\r\n")
        assert all(line and line.isprintable() and '"' not in line for line in lines)
        self.records = [line.split(",") for line in lines]
        assert all(field == field.strip() for record in self.records for field in record)
        self.stamps: list[str] = []
        self.days: list[tuple[str, str, str]] = []  # NMI, suffix, date
        self.values: list[list[str]] = []
        self.qualities: list[str] = []
        self.events = 0
        self.reads = 0
        self.channel = ("", "")
        self.count = 0  # values in a day of the channel
        self.previous = date.min
        self._walk()

    def _walk(self) -> None:
        assert self.records[0][:2] == ["100", "NEM12"]
        for before, after in itertools.pairwise(self.records):
            assert after[0] in FOLLOWERS[before[0]]
        for position, record in enumerate(self.records):
            if record[0] in FIELDS:
                assert len(record) == FIELDS[record[0]]
            if record[0] == "200":
                self._channel(record)
            if record[0] == "300":
                rest = self.records[position + 1 :]
                events = list(itertools.takewhile(lambda following: following[0] == "400", rest))
                self._day(record, events)
            if record[0] == "500":
                self._read(record)
        header = datetime.strptime(self.records[0][2] + "+1000", "%Y%m%d%H%M%z")
        for stamp in self.stamps:
            assert datetime.strptime(stamp + "+1000", "%Y%m%d%H%M%S%z") < header

    def _channel(self, record: list[str]) -> None:
        _, nmi, configuration, register, suffix, _, serial, uom, length, next_read = record
        assert re.fullmatch(r"[0-9A-HJ-NP-Z]{10}", nmi)
        assert suffix in re.findall("..", configuration)
        assert len(configuration) % 2 == 0
        assert 1 <= len(serial) <= 12
        assert 1 <= len(register) <= 10
        assert uom == ("kVArh" if suffix[0] == "Q" else "kWh")
        assert length in {"5", "15", "30"}
        assert not next_read or date.fromisoformat(next_read)
        self.channel = (nmi, suffix)
        self.count = 1440 // int(length)
        self.previous = date.min

    def _day(self, record: list[str], events: list[list[str]]) -> None:
        assert len(record) == self.count + 7
        day = date.fromisoformat(record[1])
        assert day > self.previous
        self.previous = day
        values = record[2 : 2 + self.count]
        assert all(VALUE.fullmatch(value) for value in values)
        method, reason, description, updated, loaded = record[2 + self.count :]
        self._reasoned(method, reason, description)
        assert (method == "V") == bool(events)
        self._cover(events)
        midnight = f"{day + timedelta(days=1):%Y%m%d}000000"
        assert midnight <= updated < loaded
        self.stamps += [updated, loaded]
        self.days.append((*self.channel, record[1]))
        self.values.append(values)
        self.qualities.append(method)

    def _cover(self, events: list[list[str]]) -> None:
        self.events += len(events)
        assert len(events) != 1
        following = 1
        for _, start, end, method, reason, description in events:
            assert int(start) == following
            assert int(end) >= int(start)
            assert method != "V"
            self._reasoned(method, reason, description)
            following = int(end) + 1
        assert following == (self.count + 1 if events else 1)

    def _reasoned(self, method: str, reason: str, description: str) -> None:
        assert QUALITY.fullmatch(method)
        assert re.fullmatch(r"[0-9]{0,3}", reason)
        assert reason or method[0] not in "FS"
        assert not reason or method != "V"
        assert description or reason != "0"

    def _read(self, record: list[str]) -> None:
        self.reads += 1
        assert record[1] in set("ACGDENOSR")
        assert record[3][:8] == self.days[-1][2]
        assert re.fullmatch(r"[0-9.]{1,15}", record[4])
        self.stamps.append(record[3])


def members(name: str, content: bytes) -> list[bytes]:
    """The NEM12 files in a sample: itself, or what an archive holds."""
    if name.endswith(".gz"):
        return [gzip.decompress(content)]
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [archive.read(member) for member in archive.infolist()]
    return [content]


def bulk_bytes(bulk: generate.Bulk) -> bytes:
    out = io.BytesIO()
    assert generate.write_bulk(out, bulk) == len(out.getvalue())
    return out.getvalue()


def test_committed_samples_are_what_the_generator_makes(tmp_path: Path) -> None:
    made = {path.name: path.read_bytes() for path in generate.write_samples(tmp_path / "new")}
    committed = {path.name for path in SAMPLES.iterdir()} - {"README.md"}
    assert made.keys() == committed
    for name, content in made.items():
        # Packed bytes depend on the zlib at hand; what they hold does not.
        assert members(name, content) == members(name, (SAMPLES / name).read_bytes()), name


def test_samples_are_made_alike_twice_to_the_last_packed_byte() -> None:
    assert generate.sample_files() == generate.sample_files()


def test_samples_stay_small_and_are_all_described() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 300 * 1024
    described = re.findall(r"^\| `(\S+)`", (SAMPLES / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(described) == sorted(generate.sample_files())


@pytest.mark.parametrize("name", GOOD)
def test_good_samples_obey_the_format(name: str) -> None:
    for content in members(name, generate.sample_files()[name]):
        assert Literal(content).days


def test_correction_repeats_days_of_the_household_later_and_with_other_values() -> None:
    files = generate.sample_files()
    first, second = (
        Literal(files["household_30min.csv"]),
        Literal(files["household_correction.csv"]),
    )
    assert len(first.days) == 7
    assert second.days == first.days[2:4]
    assert [first.qualities[2:4], second.qualities] == [["S14", "S14"], ["A", "A"]]
    assert min(second.stamps) > max(first.stamps)
    for old, new in zip(first.values[2:4], second.values, strict=True):
        assert all(before != after for before, after in zip(old, new, strict=True))


def test_substitutions_hold_every_kind_of_record_and_quality() -> None:
    file = Literal(generate.sample_files()["substitutions.csv"])
    assert set(file.qualities) == {"A", "E52", "S14", "F51", "V"}
    assert file.events == 10
    assert file.reads == 2
    assert file.values[5][27:31] == ["0.000"] * 4  # the outage


def test_faulty_records_are_two_faults_in_a_good_file() -> None:
    lines = generate.sample_files()["faulty_records.csv"].split(b"\r\n")
    assert lines[4].count(b",") == 48 + 6 - 1
    lines[4] = lines[4].replace(b",", b",0.000,", 2).replace(b"0.000,", b"", 1)
    assert lines[6].count(b",-") == 1
    lines[6] = lines[6].replace(b",-", b",")
    assert len(Literal(b"\r\n".join(lines)).days) == 7


@pytest.mark.parametrize("name", ["faulty_records.csv", "truncated.csv"])
def test_the_check_of_the_format_sees_the_faults_of_the_bad_samples(name: str) -> None:
    with pytest.raises(AssertionError):
        Literal(generate.sample_files()[name])


def test_truncated_file_breaks_off_inside_a_record() -> None:
    content = generate.sample_files()["truncated.csv"]
    assert content.startswith(b"100,NEM12,")
    assert not content.endswith(b"\n")
    assert b"\r\n900" not in content


def test_accumulation_file_is_complete_nem13() -> None:
    lines = generate.sample_files()["accumulation_nem13.csv"].decode("ascii").split("\r\n")
    assert lines[0].startswith("100,NEM13,")
    assert [line.split(",")[0] for line in lines[1:]] == ["250", "550", "250", "550", "900", ""]
    assert {len(line.split(",")) for line in lines if line.startswith("250")} == {23}
    assert {len(line.split(",")) for line in lines if line.startswith("550")} == {5}


def test_solar_home_sends_nothing_at_night_and_takes_nothing_while_it_sends() -> None:
    file = Literal(generate.sample_files()["solar_home_5min.csv"])
    taken, sent = file.values[:3], file.values[3:]
    for bought, sold in zip(taken, sent, strict=True):
        assert all("0.000" in pair for pair in zip(bought, sold, strict=True))
        assert set(sold[: 5 * 12] + sold[19 * 12 :]) == {"0.000"}
        assert max(sold) > "0.050"


def test_load_curve_has_an_evening_peak_and_a_winter() -> None:
    def energy(month: int, first_hour: int, last_hour: int) -> int:
        chances = [Random(seed) for seed in range(28)]  # noqa: S311 - curves, not secrets
        days = [
            generate.household(date(2025, month, day), 30, chance)
            for day, chance in enumerate(chances, 1)
        ]
        return sum(sum(values[first_hour * 2 : last_hour * 2]) for values in days)

    assert energy(7, 17, 21) > 2 * energy(7, 0, 4)
    assert energy(7, 0, 24) > energy(4, 0, 24)


@given(
    seed=st.integers(0, 2**31),
    interval_length=st.sampled_from(INTERVAL_LENGTHS),
    first=st.dates(date(2003, 1, 1), date(2035, 1, 1)),
    lag_days=st.integers(1, 400),
    varied=st.integers(0, 95),
)
def test_days_of_any_seed_obey_the_format_and_repeat(
    seed: int, interval_length: int, first: date, lag_days: int, varied: int
) -> None:
    def once() -> bytes:
        channel = generate.Channel(generate.nmi(seed), "E1", "E1B1", "kWh", interval_length)
        other = dataclasses.replace(channel, nmi_suffix="B1")
        mix = generate.Mix(varied=varied)
        blocks = [
            (
                each,
                generate.days(each, curve, first, 5, seed=seed, mix=mix, lag_days=lag_days),
            )
            for each, curve in (
                (channel, generate.solar_home_e1),
                (other, generate.solar_home_b1),
            )
        ]
        created = generate.created_after(first + timedelta(days=4), lag_days)
        return generate.file_bytes(created, blocks)

    content = once()
    assert len(Literal(content).days) == 10
    assert once() == content


@pytest.mark.parametrize("interval_length", INTERVAL_LENGTHS)
@pytest.mark.parametrize("mix", [generate.MOSTLY_ACTUAL, generate.MOSTLY_VARIED], ids=["A", "V"])
def test_big_files_obey_the_format_and_repeat(interval_length: int, mix: generate.Mix) -> None:
    bulk = generate.Bulk(
        1 << 20, interval_length, days=40, suffixes=("E1", "B1", "Q1"), mix=mix, seed=9
    )
    content = bulk_bytes(bulk)
    assert bulk.size <= len(content) < bulk.size + 4096
    file = Literal(content)
    assert len(set(file.days)) == len(file.days)
    share = file.qualities.count("V") / len(file.qualities)
    assert share == pytest.approx(mix.varied / 100, abs=0.1)
    assert bulk_bytes(bulk) == content
    assert bulk_bytes(dataclasses.replace(bulk, seed=10)) != content


def test_big_file_of_a_seed_never_changes() -> None:
    # Measurements of different days and machines are compared; they must have had the same input.
    content = bulk_bytes(generate.Bulk(1 << 20, suffixes=("E1", "B1", "Q1")))
    assert hashlib.sha256(content).hexdigest() == BULK_DIGEST


def test_command_line_writes_a_big_file_of_the_size_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    command = [sys.executable, tools.__main__.__file__, "generate", "big", str(path), "--mib", "1"]
    done = subprocess.run(
        [*command, "--interval", "30"], check=True, capture_output=True, text=True
    )
    assert done.stdout == f"{path}: {path.stat().st_size} bytes\n"
    assert generate.Bulk(1 << 20, 30).size <= path.stat().st_size < (1 << 20) + 4096
    assert path.read_bytes() == bulk_bytes(generate.Bulk(1 << 20, 30))


def test_command_line_writes_the_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "samples", str(tmp_path)]) == 0
    named = capsys.readouterr().out.splitlines()
    assert sorted(named) == sorted(map(str, tmp_path.iterdir()))


@pytest.mark.parametrize(
    "wrong",
    [["--mib", "0"], ["--days", "0"], ["--suffixes", "E1,Z1"], ["--varied", "96"]],
    ids=" ".join,
)
def test_impossible_big_file_is_refused_in_one_sentence(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "big.csv"
    assert main(["generate", "big", str(path), *wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not path.exists()


def test_interval_length_outside_the_format_is_refused() -> None:
    with pytest.raises(UsageError, match="take 5, 15, 30"):
        generate.Channel("4103035613", interval_length=10)


def test_nmis_of_a_seed_are_all_different() -> None:
    numbers = [*range(20_000), *range(1_000_000, 1_020_000), *range(3_980_000, 4_000_000)]
    made = {generate.nmi(number, 3) for number in numbers}
    assert len(made) == len(numbers)
    assert {len(each) for each in made} == {10}
