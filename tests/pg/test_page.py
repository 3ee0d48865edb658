"""What the page asks the database, held against what was put there."""

from datetime import date, datetime, timedelta
from hashlib import sha256

from nem12.coverage.channels import Place, Query, next_channels
from nem12.mdff.stamps import NEM_TIME
from nem12.warehouse.connect import Connection
from nem12.web import questions
from tests.support.deliveries import CREATED, Day, delivery
from tests.support.loading import Run
from tests.support.servers import only_embedded

pytestmark = only_embedded

NOW = datetime.now(NEM_TIME)
DAY = Day().day


def file(connection: Connection, number: int, status: str, seen_at: datetime = NOW) -> int:
    """A file of which only the ledger knows."""
    hashed = sha256(str(number).encode()).hexdigest()
    connection.execute(
        "INSERT INTO meter_files (file_id, sha256, name, size, status, profile, reader_version,"
        " seen_at) VALUES (%s, %s, %s, 9, %s, 'standard', '1', %s)",
        (number, hashed, f"{number}.csv", status, seen_at),
    )
    return number


def part(connection: Connection, file_id: int, number: int, parts: int) -> None:
    """An applied part of a file, with ten readings of which one was refused."""
    batch = f"{file_id}-{number}-{parts}"
    connection.execute(
        "INSERT INTO meter_batches (batch_id, staged_name, applied_by) VALUES (%s, 'staged', 'x')",
        (batch,),
    )
    connection.execute(
        "INSERT INTO meter_batch_parts VALUES"
        " (%s, %s, %s, %s, %s, %s, 1, 2, 3, 0, 10, 1, 0, 1, NULL, NULL, '{}')",
        (file_id, number * 100, number * 100 + 100, number, parts, batch),
    )


def test_drops_that_are_not_settled_come_page_by_page_in_the_order_of_arrival(run: Run) -> None:
    for number in range(5):
        run.drop(f"{number}.csv", delivery(Day()))
        run.claim(f"{number}.csv")
    states = list(questions.OPEN_STATES)
    first = questions.drops(run.connection, states, None, 2)
    second = questions.drops(run.connection, states, first.next, 2)
    third = questions.drops(run.connection, states, second.next, 2)
    rows = first.items + second.items + third.items
    names = [row["uri"].rpartition("/")[2] for row in rows]
    assert third.next is None
    assert names == ["0.csv", "1.csv", "2.csv", "3.csv", "4.csv"]
    assert questions.drops(run.connection, ["failed"], None, 2).items == []


def test_the_parts_of_a_file_come_page_by_page_in_its_order(loader: Connection) -> None:
    file_id = file(loader, 1, "loaded")
    for number in (4, 0, 3, 1, 2):
        part(loader, file_id, number, 5)
    first = questions.parts(loader, file_id, None, 3)
    second = questions.parts(loader, file_id, first.next, 3)
    assert [row["part"] for row in first.items + second.items] == [0, 1, 2, 3, 4]
    assert second.next is None


def test_a_line_refused_and_warned_of_by_one_code_is_told_of_twice(loader: Connection) -> None:
    file_id = file(loader, 1, "partial")
    loader.execute(
        "INSERT INTO meter_refusals (file_id, line, level, code, message, excerpt, first_line,"
        " last_line) VALUES (%s, 3, 'RECORD', 'update', 'refused', '', 3, 3)",
        (file_id,),
    )
    loader.execute(
        "INSERT INTO meter_warnings (file_id, line, code, message, excerpt)"
        " VALUES (%s, 3, 'update', 'warned', '')",
        (file_id,),
    )
    first = questions.findings(loader, file_id, None, 1)
    second = questions.findings(loader, file_id, first.next, 1)
    assert [row["level"] for row in first.items + second.items] == ["RECORD", "WARN"]
    assert second.next is None


def test_the_overview_counts_what_is_open_and_what_arrived_lately(run: Run) -> None:
    connection = run.connection
    since = NOW - timedelta(days=questions.RECENT_DAYS + 1)
    for number, (status, seen_at) in enumerate(
        [("loaded", NOW), ("loaded", since), ("partial", NOW), ("refused", NOW), ("loading", since)]
    ):
        file(connection, number, status, seen_at)
    run.drop("a.csv", delivery(Day()))
    run.claim("*")
    found = questions.overview(connection, NOW)
    assert found["files"] == {"loading": 1, "loaded": 1, "partial": 1, "refused": 1}
    assert found["drops"] == {"claimed": 1, "running": 0, "waiting": 0, "failed": 0}
    assert [row["name"] for row in found["loading"]] == ["4.csv"]
    assert {row["name"] for row in found["problems"]} == {"2.csv", "3.csv"}
    assert len(found["by_day"]) == questions.RECENT_DAYS


def test_of_a_file_that_is_loading_the_cut_that_came_furthest_counts(loader: Connection) -> None:
    file_id = file(loader, 1, "loading")
    part(loader, file_id, 0, 7)
    for number in (0, 1):
        part(loader, file_id, number, 3)
    (row,) = questions.overview(loader, NOW)["loading"]
    assert (row["applied"], row["parts"], row["readings"]) == (2, 3, 18)


def test_the_newest_versions_of_a_day_are_shown_the_one_in_force_first(run: Run) -> None:
    days = range(questions.MOST_VERSIONS + 2)
    for number in days:
        day = Day(value=str(number), updated=f"20240312{number:02d}1500")
        run.drop(f"{number}.csv", delivery(day, created=CREATED))
    run.run()
    found = questions.day_versions(run.connection, Day().nmi, "E1", Day().day)
    values = [int(row["consumption"][0]) for row in found]
    assert values == list(reversed(days))[: questions.MOST_VERSIONS]
    assert [row["in_force"] for row in found] == [True] + [False] * (len(found) - 1)


def several_nmis(run: Run) -> list[str]:
    nmis = [f"41030356{number}" for number in range(10, 32)]
    run.drop("a.csv", delivery(*(Day(nmi=nmi) for nmi in nmis)))
    run.run()
    return nmis


def test_an_nmi_is_found_by_how_it_begins(run: Run) -> None:
    nmis = several_nmis(run)
    for prefix in ("", "410303562", "4103035631", "41030355", "9"):
        wanted = [nmi for nmi in nmis if nmi.startswith(prefix)]
        found = questions.nmis(run.connection, prefix, None, 100)
        assert [row["nmi"] for row in found.items] == wanted
        covered = next_channels(run.connection, Query(DAY, DAY, prefix, everything=True))
        assert [channel.nmi for channel in covered.channels] == wanted
        assert covered.looked_at == len(wanted)


def test_the_longer_the_span_the_fewer_channels_are_looked_at_and_none_is_left_out(
    run: Run,
) -> None:
    nmis = several_nmis(run)
    first = date(2024, 1, 1)
    seen: list[str] = []
    place: Place | None = None
    while len(seen) < len(nmis) and (place or not seen):
        last = first + timedelta(days=365)
        query = Query(first, last, everything=True)
        found = next_channels(run.connection, query, place)
        assert found.looked_at * 366 <= 4_000
        seen += [channel.nmi for channel in found.channels]
        place = found.next
    assert seen == nmis
