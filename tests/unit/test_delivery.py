"""When a file was delivered: its own time, or that of what it came in, if that can be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from nem12.delivery import dated
from nem12.mdff.stamps import NEM_TIME
from nem12.unpack import meter_files
from tests.support.making import channel, day, file

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
CLAIMED = datetime(2026, 11, 25, 2, tzinfo=UTC)
CHANGED = CLAIMED - 3 * DAY
FIRST = datetime(1990, 1, 1, tzinfo=NEM_TIME)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "changed", "counts"),
    [
        pytest.param(None, CHANGED + 0.999999 * SECOND, CHANGED, id="whole seconds of the drop"),
        pytest.param(CHANGED - DAY, CHANGED, CHANGED - DAY, id="its own"),
        pytest.param(None, FIRST, FIRST, id="1990"),
        pytest.param(None, FIRST - SECOND, CLAIMED, id="before 1990"),
        pytest.param(None, EPOCH, CLAIMED, id="1970"),
        pytest.param(None, None, CLAIMED, id="before there were clocks"),
        pytest.param(FIRST - SECOND, CHANGED, CLAIMED, id="its own is made up"),
        pytest.param(datetime(1, 1, 1, tzinfo=NEM_TIME), CHANGED, CLAIMED, id="year 1"),
        pytest.param(
            datetime(9999, 12, 31, 23, tzinfo=timezone(-10 * SECOND)), CHANGED, CLAIMED,
            id="year 9999",
        ),
        pytest.param(None, CLAIMED + DAY, CLAIMED + DAY, id="a clock that is fast"),
        pytest.param(None, CLAIMED + DAY + SECOND, CLAIMED, id="in the future"),
        pytest.param(CLAIMED + 2 * DAY, CHANGED, CLAIMED, id="its own in the future"),
    ],
)  # fmt: skip
def test_the_time_of_delivery(
    tmp_path: Path, own: datetime | None, changed: datetime | None, counts: datetime
) -> None:
    path = tmp_path / "drop.csv"
    path.write_bytes(file(channel(), day()))
    (found,) = meter_files(path, path.name, "standard", tmp_path / "scratch")
    mtime_ns = -(10**20) if changed is None else (changed - EPOCH) // timedelta.resolution * 1000
    claimed_at = CLAIMED + 0.5 * SECOND
    given = dated(replace(found, delivered_at=own), mtime_ns, claimed_at).delivered_at
    assert given == counts
    assert given is not None
    assert given.utcoffset() == timedelta()
