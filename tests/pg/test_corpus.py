"""The real files, all of them loaded together."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nem12.shard import Shard, pack
from nem12.survey import MeterFile
from nem12.warehouse.connect import Connection
from tests.support.deliveries import load_shards, surveyed
from tests.support.digest import tables
from tests.support.servers import Warehouse


@pytest.fixture
def files(corpus: Path, tmp_path: Path) -> list[MeterFile]:
    return [
        surveyed(tmp_path / "files", path.read_bytes(), path.name)
        for path in sorted(corpus.glob("*_*"))
    ]


@pytest.fixture
def together(corpus: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((corpus / "expected.json").read_text())["together"]
    return expected


def held(warehouse: Warehouse) -> dict[str, Any]:
    """What the tables hold, in the shape of the expectations."""
    return {
        "days": warehouse.one("SELECT count(*) FROM meter_days"),
        "readings": warehouse.one("SELECT count(*) FROM meter_readings"),
        "quality": warehouse.one(
            "SELECT jsonb_object_agg(quality_method, n) FROM"
            " (SELECT quality_method, count(*) AS n FROM meter_readings GROUP BY 1) AS each"
        ),
        "channels": {
            name: [count, total]
            for name, count, total in warehouse.rows(
                "SELECT nmi || ' ' || nmi_suffix, count(*), sum(consumption)"
                " FROM meter_readings GROUP BY nmi, nmi_suffix"
            )
        },
    }


def exact(expected: dict[str, Any]) -> dict[str, Any]:
    channels = {
        name: [count, Decimal(total)] for name, (count, total) in expected["channels"].items()
    }
    return {**expected, "channels": channels}


def one_each(files: list[MeterFile]) -> list[Shard]:
    return [shard for file in files for shard in pack([file])]


def test_all_files_together_give_what_an_independent_reading_gives(
    warehouse: Warehouse,
    loader: Connection,
    tmp_path: Path,
    files: list[MeterFile],
    together: dict[str, Any],
) -> None:
    load_shards(loader, tmp_path, pack(files))
    assert held(warehouse) == {name: exact(together)[name] for name in held(warehouse)}
    assert set(together) <= set(held(warehouse))
    loaded = tables(loader)
    load_shards(loader, tmp_path, pack(files))
    assert tables(loader) == loaded
    for seed in range(3):
        order = random.Random(seed).sample(files, len(files))  # noqa: S311 - not for secrets
        load_shards(loader, tmp_path, one_each(order)[:20])
        assert tables(loader) == loaded


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_the_files_ends_in_the_same_tables(
    warehouse: Warehouse,
    loader: Connection,
    tmp_path: Path,
    files: list[MeterFile],
    together: dict[str, Any],
    seed: int,
) -> None:
    load_shards(loader, tmp_path, one_each(random.Random(seed).sample(files, len(files))))  # noqa: S311 - not for secrets
    assert held(warehouse) == exact(together)
    one_by_one = tables(loader)
    warehouse.empty()
    load_shards(loader, tmp_path, pack(files))
    assert tables(loader) == one_by_one
