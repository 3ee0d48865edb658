"""Which days are expected: ends of channels, NMIs that never came, and the order of the list."""

import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from nem12 import settings
from nem12.coverage import said
from nem12.coverage.channels import Coverage, Query, channel_in, next_channels
from nem12.coverage.lists import ChannelEnd, ExpectedNmi
from nem12.settings import CHECKOUT
from nem12.warehouse.connect import Connection
from tests.support.commands import Command
from tests.support.deliveries import NMI, Day, delivery, load
from tests.support.loading import Run
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

FIRST = date(2024, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def read(suffix: str, serial: str, numbers: Iterable[int], nmi: str = NMI) -> list[Day]:
    """Days of a channel that are read from a meter."""
    return [Day(day(number), nmi=nmi, suffix=suffix, serial=serial) for number in numbers]


def seen(connection: Connection, last: int = 8, **asked: object) -> dict[str, Coverage]:
    """The channels of the first days of March by suffix."""
    query = Query(FIRST, day(last), everything=True, **asked)  # type: ignore[arg-type]
    found = next_channels(connection, query).channels
    return {channel.nmi_suffix: channel for channel in found}


@pytest.mark.parametrize(
    ("days", "ended"),
    [
        (read("Q1", "OLD", (1, 2, 3)), 3),
        # The day of the exchange is delivered under the new meter.
        (read("Q1", "OLD", (1, 2, 3)) + read("Q1", "NEW", (4,)), 4),
        # Another channel is still read from that meter.
        (read("Q1", "OLD", (1, 2, 3)) + read("E2", "OLD", range(1, 9)), None),
        # It was read from a meter of its own, which nobody has exchanged.
        (read("Q1", "OWN", (1, 2, 3)), None),
        (read("Q1", "", (1, 2, 3)), None),
        (read("Q1", "OLD", (1, 2)) + read("Q1", "NEW", (5, 6)), None),
    ],
    ids=["before", "on its day", "meter in use", "meter of its own", "no serial", "goes on"],
)
def test_a_channel_ends_with_its_meter(
    loader: Connection, tmp_path: Path, days: list[Day], ended: int | None
) -> None:
    others = read("E1", "OLD", (1, 2, 3)) + read("E1", "NEW", (4, 5, 6, 7, 8))
    load(loader, tmp_path, delivery(*others, *days))
    channel = seen(loader)["Q1"]
    assert (channel.end and channel.end.last_day) == (ended and day(ended))
    assert channel.last == day(ended or 8)
    if ended:
        assert (channel.standing, channel.missing_days) == ("ended", 0)
        said.end(loader, [ChannelEnd(NMI, "Q1", None)], "ada")
        channel = seen(loader)["Q1"]
        assert (channel.standing, channel.missing_days) == ("delivering", 8 - ended)


def test_what_somebody_says_of_an_end_counts_of_a_channel_before_its_nmi(
    loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path, delivery(*read("E1", "M", (1, 2, 5)), *read("Q1", "M", (1,))))
    assert [each.missing_days for each in seen(loader).values()] == [5, 7]
    whole, one = ChannelEnd(NMI, "", day(3)), ChannelEnd(NMI, "Q1", day(1))
    said.end(loader, [whole, one], "ada")
    known = {suffix: (each.last, each.missing_days) for suffix, each in seen(loader).items()}
    assert known == {"Q1": (day(1), 0), "E1": (day(3), 1)}
    channel = channel_in(loader, NMI, "E1", FIRST, day(8))
    assert channel
    assert channel.end
    assert (channel.end.said_by, channel.end.known_by) == ("ada", "said")
    # A day after the end does not make up for a missing one.
    assert channel.missing == [(day(3), day(3))]
    assert said.end_of(loader, NMI, "Q1") != said.end_of(loader, NMI, "E1")
    said.unsay(loader, NMI, "Q1")
    assert said.end_of(loader, NMI, "Q1") == said.end_of(loader, NMI, "E1")
    assert said.end(loader, [one], "ada", replace=True) == said.Taken(1, 1)
    assert said.end_of(loader, NMI, "E1") is None
    assert seen(loader, last=1, standing="ended") == {}
    # Before the span nothing is expected; it is listed where ended channels are asked for.
    later = Query(day(4), day(8), standing="ended")
    assert [each.nmi_suffix for each in next_channels(loader, later).channels] == ["Q1"]


def test_gaps_of_channels_that_still_deliver_come_first(warehouse: Warehouse, run: Run) -> None:
    gaps = {"4103030001": (1, 8), "4103030002": (1, 2, 8), "4103030003": range(1, 9)}
    days = [each for nmi, numbers in gaps.items() for each in read("E1", "M", numbers, nmi)]
    silent = Day(FIRST - timedelta(days=40), nmi="4103030000")
    run.drop("good.csv", delivery(*days, silent))
    refused = read("E1", "M", (2, 3), "4103030004")
    run.drop("cut.csv", delivery(*refused).removesuffix(b"900\r\n"))
    run.run()
    nmis = [ExpectedNmi("4103030001"), ExpectedNmi("4103030005"), ExpectedNmi("4103030004")]
    with run.connection.transaction():
        said.expect(run.connection, nmis, "ada")
    query = Query(FIRST, day(8), sort="missing")
    assert [(each.nmi[-1], each.standing, each.missing_days) for each in
            next_channels(run.connection, query).channels] == [
        ("1", "delivering", 6), ("2", "delivering", 5), ("4", "refused", 7), ("5", "never", 8),
        ("0", "silent", 8),
    ]  # fmt: skip
    for standing in ("refused", "never", "silent"):
        one = Query(FIRST, day(8), standing=standing, sort="missing")
        assert [each.standing for each in next_channels(run.connection, one).channels] == [standing]
    refused_alone = channel_in(run.connection, "4103030004", "E1", FIRST, day(8))
    assert refused_alone
    why = [(when, refusal and refusal["file"]) for when, refusal in refused_alone.reasons()]
    assert why[:3] == [(day(2), "cut.csv"), (day(3), "cut.csv"), (day(4), None)]
    # What is expected and delivered leaves no trace; what was purged is expected no more.
    assert said.expect(run.connection, nmis[:2], "bob", replace=True) == said.Taken(2, 1)
    assert said.count(run.connection) == {"expected_nmis": 2, "channel_ends": 0}
    warehouse.rows("SELECT * FROM meter_purge_nmi('4103030005', '2025-01-01')")
    assert warehouse.rows("SELECT nmi FROM meter_expected_nmis") == [("4103030001",)]


def test_each_order_comes_page_by_page_and_leaves_nothing_out(
    loader: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.coverage.channels.MOST_CHANNELS", 2)
    numbers = {f"410303000{n}": range(1, 9 - n) for n in range(5)}
    days = [each for nmi, which in numbers.items() for each in read("E1", "M", which, nmi)]
    load(loader, tmp_path, delivery(*days))
    said.expect(loader, [ExpectedNmi("4103030009")], "ada")
    for sort, order in {"nmi": "012349", "missing": "432190"}.items():
        query = Query(FIRST, day(8), everything=True, sort=sort)
        pages = [next_channels(loader, query)]
        while pages[-1].next:
            pages.append(next_channels(loader, query, pages[-1].next))
        found = [channel for page in pages for channel in page.channels]
        assert "".join(channel.nmi[-1] for channel in found) == order
        assert max(len(page.channels) for page in pages) == 2


def test_the_command_takes_lists_and_prints_what_is_missing(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Command(warehouse.loader, capsys)
    load(loader, tmp_path, delivery(*read("E1", "M", (1, 2, 5))))
    nmis, ends = tmp_path / "nmis.csv", tmp_path / "ends.csv"
    nmis.write_text("4103030005,Cafe\n")
    ends.write_text(f"{NMI},E1,2024-03-06\n{NMI},E1,2024-03-07\n")
    assert command("expect", "nmis", nmis, "--replace") == (
        0,
        "1 expected NMI taken, 0 removed\n",
        "",
    )
    status, printed, told = command("expect", "ends", ends)
    assert (status, printed) == (1, "")
    assert told.splitlines() == [
        "nothing was changed",
        f"line 2: {NMI} E1 is already in line 1, and differs",
    ]
    ends.write_text(f"{NMI},E1,2024-03-06\n")
    assert command("expect", "ends", ends)[:2] == (0, "1 end taken\n")
    span = ("--from", "2024-03-01", "--to", "2024-03-08", "--format", "csv")
    status, printed, told = command("coverage", *span)
    rows = {row["nmi"]: row for row in csv.DictReader(printed.splitlines())}
    assert (status, told, list(rows)) == (0, "", ["4103030005", NMI])
    assert (rows[NMI]["missing"], rows[NMI]["ended_on"]) == (
        "2024-03-03..2024-03-04 2024-03-06",
        "2024-03-06",
    )
    assert command("coverage", *span, "--standing", "silent")[1].count("\n") == 1


def test_estimates_by_sender_and_a_day_in_local_time_are_one_query_each(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The queries of docs/using.md."""
    april = date(2025, 4, 2)
    estimated = Day(april, nmi="2002267438", updated="20250403000000", quality="E52")
    days = [estimated, replace(estimated, day=april + timedelta(days=1), quality="A")]
    load(loader, tmp_path, delivery(*days, created="202504040000"))
    fence = (CHECKOUT / "docs/using.md").read_text().partition("```sql\n")[2].partition("```")[0]
    by_sender, local = fence.strip().removesuffix(";").split(";")
    command = Command(warehouse.uri(settings.READER_ROLE), capsys)
    file = tmp_path / "by_sender.sql"
    file.write_text(by_sender)
    status, printed, told = command("query", "--file", file, "--format", "csv")
    assert (status, told) == (0, "")
    assert printed.splitlines()[1:] == ["WATTMDP,96,0.5000"]
    file.write_text(local)
    rows = command("query", "--file", file, "--format", "csv")[1].splitlines()[1:]
    # Daylight saving: the day of Sydney begins an hour before that of the market.
    assert (len(rows), rows[0].split(",")[:2]) == (
        46,
        ["2025-04-02T01:00:00", "2025-04-02T00:00:00"],
    )
