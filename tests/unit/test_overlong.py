"""A line of megabytes is judged like a short one, field by field."""

from pathlib import Path

import pytest

from nem12.mdff.limits import MAX_LINE_BYTES
from tests.support.making import HALF_HOURS, UPDATED, channel, day, file
from tests.support.reading import read, surveyed

FILLED = MAX_LINE_BYTES + 5
"""Characters that make the line they stand in overlong."""

VALUES = ["1.5"] * (HALF_HOURS - 1)
LATE = "202403150101"
"""An UpdateDateTime of twelve digits is accepted: what is cut off one of fourteen counts."""

RECORDS = {
    "a description": (day(quality=f"F14,0,{'x' * FILLED}"), ["reason-text"]),
    "a description of other letters": (day(quality=f"F14,0,{'é' * FILLED}"), ["reason-text"]),
    "commas behind": (day() + "," * FILLED, ["trailing-commas"]),
    "blanks before a value": (day(values=[" " * FILLED + "1.5", *VALUES]), ["spaces"]),
    "blanks behind": (day() + " " * FILLED, ["spaces"]),
    "digits": (day(values=["9" * FILLED, *VALUES]), ["value-width"]),
    "decimals": (day(values=["0." + "1" * FILLED, *VALUES]), ["value"]),
    "values": (day(values=["1"] * FILLED), ["value-count"]),
    "a field behind commas": (day() + "," * FILLED + "x", ["too-many-fields"]),
    "a field behind blanks": (day() + "," + " " * FILLED + "x", ["spaces", "too-many-fields"]),
    "a stamp behind a description": (
        day(quality=f"F14,0,{'x' * FILLED}", updated=f"{LATE}99"),
        ["reason-text", "update"],
    ),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_an_overlong_record_is_judged_by_all_its_fields(tmp_path: Path, kind: str) -> None:
    record, codes = RECORDS[kind]
    given_back = read(surveyed(tmp_path, file(channel(), record)))
    assert sorted(found.code for found in given_back.findings) == codes
    assert all(one.stamps.update_date_time == UPDATED for one in given_back.days)
