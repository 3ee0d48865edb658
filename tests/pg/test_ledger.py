"""Claims: who works on which drop, and what becomes of those that fail."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from nem12 import settings
from nem12.drop import Drop
from nem12.operate.redrive import try_again
from nem12.states import Outcome
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.outcomes import SettledDrop, settle_drops
from tests.support.servers import Warehouse, only_embedded

A, B, C = (Drop(f"file:///landing/{name}", 10, 20, "1:2", "standard") for name in "abc")
SHA256 = "0" * 64


def state(warehouse: Warehouse, drop: Drop) -> str:
    return str(warehouse.one("SELECT state FROM meter_drops WHERE uri = %s", drop.uri))


def settled(connection: Connection, drop: Drop) -> None:
    claim, _ = ledger.claim(connection, [drop])
    (begun,) = ledger.begin(connection, claim)
    settle_drops(
        connection, claim, [SettledDrop(begun.drop_id, Outcome.LOADED, SHA256, "file:///kept")]
    )


def failed(connection: Connection, drop: Drop) -> str:
    claim, got = ledger.claim(connection, [drop])
    assert got == 1
    (begun,) = ledger.begin(connection, claim)
    (result,) = ledger.release(connection, claim, [begun.drop_id], "no luck")
    return result


def pass_time(warehouse: Warehouse, loader: Connection) -> timedelta:
    """As if the wait of the only drop were over; how long it was."""
    query = "SELECT not_before - now() FROM meter_drops"
    wait = warehouse.one(query)
    loader.execute("UPDATE meter_drops SET not_before = now()")
    loader.commit()
    assert isinstance(wait, timedelta)
    return wait


def test_a_claim_takes_what_is_free_and_leaves_the_rest(loader: Connection) -> None:
    first, got = ledger.claim(loader, [A, B])
    assert got == 2
    second, got = ledger.claim(loader, [B, C])
    assert got == 1
    assert [begun.drop for begun in ledger.begin(loader, first)] == [A, B]
    assert [begun.drop for begun in ledger.begin(loader, second)] == [C]
    assert ledger.free(loader, [A, B, C]) == []


def test_another_content_under_the_same_name_is_another_drop(loader: Connection) -> None:
    ledger.claim(loader, [A])
    later = Drop(A.uri, 11, 21, "1:3", "standard")
    assert ledger.free(loader, [A, later]) == [later]


def test_of_two_who_claim_at_once_one_gets_each_drop(warehouse: Warehouse) -> None:
    drops = [Drop(f"file:///landing/{n}", 1, 1, "1:1", "standard") for n in range(200)]
    start = Barrier(2)

    def claim(mine: list[Drop]) -> int:
        with connect(warehouse.loader) as connection:
            start.wait(60)
            return ledger.claim(connection, mine)[1]

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(claim, (drops, drops[::-1]))) == 200


def test_a_run_that_begins_again_has_the_same_drops(
    warehouse: Warehouse, loader: Connection
) -> None:
    claim, _ = ledger.claim(loader, [A, B])
    first = ledger.begin(loader, claim)
    assert ledger.begin(loader, claim) == first
    assert [each.drop for each in ledger.still_open(loader, claim)] == [A, B]
    assert state(warehouse, A) == "running"


@pytest.mark.parametrize("end", [settled, failed])
def test_a_run_that_is_over_does_not_begin_again(
    warehouse: Warehouse, loader: Connection, end: Callable[[Connection, Drop], object]
) -> None:
    """As when its first task is tried again or cleared after the last one has ended."""
    end(loader, A)
    over = state(warehouse, A)
    claim = str(warehouse.one("SELECT claim FROM meter_drops"))
    assert ledger.begin(loader, claim) == []
    assert state(warehouse, A) == over


def test_an_unknown_claim_has_nothing_to_do(loader: Connection) -> None:
    assert ledger.begin(loader, "nobody") == []
    assert ledger.still_open(loader, "nobody") == []


def test_a_failed_drop_waits_longer_each_time_and_then_for_a_person(
    warehouse: Warehouse, loader: Connection
) -> None:
    waits = []
    for attempt in range(1, settings.MAX_ATTEMPTS):
        assert failed(loader, A) == "waiting"
        assert ledger.free(loader, [A]) == []
        assert ledger.claim(loader, [A])[1] == 0
        assert warehouse.one("SELECT attempt FROM meter_drops") == attempt
        waits.append(pass_time(warehouse, loader).total_seconds())
        assert ledger.free(loader, [A]) == [A]
    assert failed(loader, A) == "failed"
    pass_time(warehouse, loader)
    assert ledger.free(loader, [A]) == []
    assert ledger.claim(loader, [A])[1] == 0
    assert waits == pytest.approx(
        [settings.ATTEMPT_WAIT_SECONDS * 2**n for n in range(settings.MAX_ATTEMPTS - 1)], abs=5
    )
    assert warehouse.rows("SELECT outcome, message FROM meter_drops") == [("failed", "no luck")]


def test_each_attempt_is_a_claim_of_its_own(warehouse: Warehouse, loader: Connection) -> None:
    """A fixed one would name a load run that exists already, and be skipped for ever."""
    first, _ = ledger.claim(loader, [A])
    ledger.release(loader, first, [d.drop_id for d in ledger.begin(loader, first)], "no luck")
    pass_time(warehouse, loader)
    second, _ = ledger.claim(loader, [A])
    assert first != second
    assert ledger.begin(loader, first) == []
    assert len(ledger.begin(loader, second)) == 1


def test_a_settled_drop_that_is_put_back_can_be_claimed_again(
    warehouse: Warehouse, loader: Connection
) -> None:
    failed(loader, A)
    pass_time(warehouse, loader)
    settled(loader, A)
    assert state(warehouse, A) == "settled"
    assert ledger.free(loader, [A]) == [A]
    claim, got = ledger.claim(loader, [A])
    assert got == 1
    assert warehouse.one("SELECT attempt FROM meter_drops") == 1
    assert len(ledger.begin(loader, claim)) == 1


def test_a_new_claim_counts_as_looked_at(warehouse: Warehouse, loader: Connection) -> None:
    """Its run may not have been made yet: nobody may take it for dead."""
    failed(loader, A)
    pass_time(warehouse, loader)
    loader.execute("UPDATE meter_drops SET checked_at = now() - interval '1 hour'")
    loader.commit()
    ledger.claim(loader, [A])
    assert ledger.unchecked_claims(loader) == []


def test_what_is_settled_is_not_released(warehouse: Warehouse, loader: Connection) -> None:
    settled(loader, A)
    ((claim, drop_id),) = warehouse.rows("SELECT claim, drop_id FROM meter_drops")
    assert ledger.release(loader, str(claim), [int(str(drop_id))], "late") == []
    assert state(warehouse, A) == "settled"


def test_what_is_settled_and_stays_where_it_landed_is_not_free(
    loader: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(loader, A)
    monkeypatch.setenv("METER_KEEP_LANDING", "true")
    assert ledger.free(loader, [A]) == []
    assert ledger.claim(loader, [A])[1] == 0


def test_only_a_failed_drop_is_tried_again(warehouse: Warehouse, loader: Connection) -> None:
    """It may have been freed and loaded since it was looked at."""
    settled(loader, A)
    drop_id = int(str(warehouse.one("SELECT drop_id FROM meter_drops")))
    assert ledger.failed_drop(loader, drop_id) is None
    loader.execute("UPDATE meter_drops SET state = 'failed', attempt = 3")
    loader.commit()
    failed = ledger.failed_drop(loader, drop_id)
    assert failed is not None
    try_again(loader, failed)
    told = "SELECT state, message, attempt, judge_as FROM meter_drops"
    assert warehouse.rows(told) == [("waiting", "redriven", 0, A.profile)]
    assert ledger.free(loader, [A]) == [A]


def test_a_run_that_lost_its_claim_changes_nothing(
    warehouse: Warehouse, loader: Connection
) -> None:
    old, _ = ledger.claim(loader, [A])
    (begun,) = ledger.begin(loader, old)
    ledger.release(loader, old, [begun.drop_id], "no luck")
    pass_time(warehouse, loader)
    ledger.begin(loader, ledger.claim(loader, [A])[0])
    settle_drops(loader, old, [SettledDrop(begun.drop_id, Outcome.LOADED, SHA256, "file:///kept")])
    ledger.settle_gone(loader, begun)
    assert ledger.release(loader, old, [begun.drop_id], "late") == []
    assert state(warehouse, A) == "running"


def test_a_claim_whose_run_never_began_can_be_released(loader: Connection) -> None:
    claim, _ = ledger.claim(loader, [A])
    (waiting,) = ledger.still_open(loader, claim)
    assert ledger.release(loader, claim, [waiting.drop_id], "no luck") == ["waiting"]


@pytest.fixture
def listener(warehouse: Warehouse) -> Iterator[Connection]:
    with connect(warehouse.uri(settings.READER_ROLE)) as connection:
        ledger.listen(connection)
        yield connection


@pytest.mark.parametrize(
    "change",
    [lambda c: ledger.claim(c, [B]), lambda c: failed(c, B), lambda c: settled(c, B)],
    ids=["claimed", "failed", "settled"],
)
def test_who_waits_for_drops_is_told_of_each_change(
    loader: Connection, listener: Connection, change: Callable[[Connection], object]
) -> None:
    since = datetime.now(UTC)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ledger.wait_for_change, listener, 60)
        change(loader)
        waiting.result(30)
    (row,) = ledger.drops_since(listener, [A.uri, B.uri], since - timedelta(seconds=5))
    assert row["uri"] == B.uri


@only_embedded
def test_waiting_for_a_change_that_does_not_come_ends(listener: Connection) -> None:
    ledger.wait_for_change(listener, 0.01)
