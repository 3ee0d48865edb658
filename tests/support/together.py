"""What all real files together must give in the tables."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from nem12.warehouse.connect import Connection


class Together(NamedTuple):
    """The state of the tables in figures that an independent reading can give too."""

    days: int
    readings: int
    quality: dict[str, int]
    channels: dict[str, tuple[int, Decimal]]


def expected(corpus: Path) -> Together:
    """What `expected.json` says."""
    values: dict[str, Any] = json.loads((corpus / "expected.json").read_text())["together"]
    channels = {name: (n, Decimal(total)) for name, (n, total) in values["channels"].items()}
    return Together(values["days"], values["readings"], values["quality"], channels)


def in_force(connection: Connection, channels: list[str]) -> Together:
    """What the tables hold of these channels, each named `NMI suffix`."""
    wanted = (channels,)
    named = "nmi || ' ' || nmi_suffix"
    days = connection.execute(
        f"SELECT count(*) FROM meter_days WHERE {named} = ANY(%s)", wanted
    ).fetchone()
    quality = connection.execute(
        f"SELECT quality_method, count(*) FROM meter_readings WHERE {named} = ANY(%s) GROUP BY 1",
        wanted,
    ).fetchall()
    sums = connection.execute(
        f"SELECT {named}, count(*), sum(consumption) FROM meter_readings"
        f" WHERE {named} = ANY(%s) GROUP BY 1",
        wanted,
    ).fetchall()
    assert days is not None
    return Together(
        days[0],
        sum(n for _, n in quality),
        dict(quality),
        {name: (n, total) for name, n, total in sums},
    )
