"""Small meter files, and the way of a file into the warehouse."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from nem12.mdff.spec import MINUTES_A_DAY
from nem12.settings import MIB
from nem12.shard import Shard, pack, parts
from nem12.stage import Staged, stage_shard
from nem12.survey import MeterFile, survey_file
from nem12.warehouse.apply import apply_batch
from nem12.warehouse.connect import Connection

NMI = "4103035613"
CREATED = "202403151030"
UPDATED = "20240312081500"


@dataclass(frozen=True)
class Day:
    """A 300 record with its 400 records; all its values are alike unless they are given."""

    day: date = date(2024, 3, 10)
    value: str = "1.5"
    nmi: str = NMI
    suffix: str = "E1"
    minutes: int = 30
    uom: str = "kWh"
    serial: str = "TX90417"
    quality: str = "A"
    reason: str = ""
    updated: str = UPDATED
    loaded: str = ""
    events: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def intervals(self) -> int:
        return MINUTES_A_DAY // self.minutes

    @property
    def block(self) -> str:
        site = f"200,{self.nmi},E1E2Q1,01,{self.suffix},N1,{self.serial}"
        return f"{site},{self.uom},{self.minutes},"

    @property
    def record(self) -> str:
        values = ",".join(self.values or (self.value,) * self.intervals)
        tail = f"{self.quality},{self.reason},,{self.updated},{self.loaded}"
        return f"300,{self.day:%Y%m%d},{values},{tail}"

    @property
    def total(self) -> Decimal:
        return sum(map(Decimal, self.values or (self.value,) * self.intervals), Decimal(0))


def delivery(*days: Day, created: str = CREATED) -> bytes:
    """A file with a block for each day; without a 100 record where it was never created."""
    lines = [f"100,NEM12,{created},WATTMDP,LUMENRET"] if created else []
    for day in days:
        lines += [day.block, day.record, *day.events]
    return "".join(f"{line}\r\n" for line in [*lines, "900"]).encode()


def surveyed(
    folder: Path, data: bytes, name: str = "file.csv", *, cut: int = MIB, profile: str = "standard"
) -> MeterFile:
    """The file with these bytes, kept in the folder; cut at 200 records that far apart."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}-{name}"
    if not path.exists():
        path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as stream:
        patch.setattr("nem12.survey.part_bytes", lambda _: cut)
        return survey_file(stream, str(path), name, profile, len(data))


def one_block_shards(files: Iterable[MeterFile]) -> list[Shard]:
    """A shard for each part of each file."""
    return [Shard((part,)) for file in files for part in parts(file)]


def staged(folder: Path, *deliveries: bytes, profile: str = "standard") -> Staged:
    """These deliveries as one batch."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [
        surveyed(folder, data, f"{n}.csv", profile=profile) for n, data in enumerate(deliveries)
    ]
    (shard,) = pack(files)
    return stage_shard(shard, folder)


def put(
    connection: Connection, batch: Staged, delivered: dict[int, datetime | None] | None = None
) -> int:
    """Apply a staged batch; the readings that it put in force."""
    return apply_batch(connection, Path(batch.path), batch.months, delivered=delivered)


def load(connection: Connection, folder: Path, *deliveries: bytes) -> int:
    """Load deliveries as one batch."""
    return put(connection, staged(folder, *deliveries))


def load_shards(connection: Connection, folder: Path, each: Sequence[Shard]) -> None:
    """Load shards in this order."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in each:
        put(connection, stage_shard(shard, folder), shard.delivered)
