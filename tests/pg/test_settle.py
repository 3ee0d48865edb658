"""What is wrong with one drop is its failure alone, and what was moved is found again."""

import warnings
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from nem12.drop import drops
from nem12.load.plan import plan_claim
from nem12.load.settle import free_claim
from nem12.load.strays import stray_drops
from nem12.operate.verify import differences
from nem12.warehouse.connect import connect
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

BAD = delivery(Day(nmi="4103035614"))
TRUNCATED = BAD.removesuffix(b"900\r\n")
GOOD = {f"good{n}.csv": delivery(Day(date(2024, 3, 11 + n))) for n in range(3)}


def owner(warehouse: Warehouse, statement: str) -> None:
    with connect(warehouse.owner) as connection:
        connection.execute(statement.encode())


def refuse_marking(warehouse: Warehouse, which: str) -> None:
    """The database refuses to mark drops of that name as done."""
    owner(
        warehouse,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION ''not this one''; END'",
    )
    owner(
        warehouse,
        "CREATE TRIGGER refuse BEFORE UPDATE ON meter_drops FOR EACH ROW"
        f" WHEN (NEW.state = 'settled' AND NEW.uri LIKE '%{which}%') EXECUTE FUNCTION refuse()",
    )


def accept_marking(warehouse: Warehouse) -> None:
    owner(warehouse, "DROP FUNCTION IF EXISTS refuse CASCADE")


def end_of_wait(run: Run) -> None:
    run.connection.execute("UPDATE meter_drops SET not_before = now()")
    run.connection.commit()


def state(warehouse: Warehouse, name: str = "bad") -> tuple[object, ...]:
    (row,) = warehouse.rows(
        f"SELECT state, outcome, kept_at IS NOT NULL FROM meter_drops WHERE uri LIKE '%{name}%'"
    )
    return row


def a_folder_in_its_place(run: Run, warehouse: Warehouse) -> None:
    """As a person might leave there."""
    month, sha256 = warehouse.rows(
        "SELECT to_char(claimed_at AT TIME ZONE 'Australia/Brisbane', 'YYYY/MM'), f.sha256"
        " FROM meter_drops, meter_files f WHERE uri LIKE '%bad%' AND f.name = 'bad.csv'"
    )[0]
    (Path(str(run.home.archive)) / str(month) / f"{str(sha256)[:12]}-bad.csv").mkdir(parents=True)


def no_place_for_refused_files(run: Run, warehouse: Warehouse) -> None:  # noqa: ARG001
    Path(str(run.home.rejected)).rmdir()
    Path(str(run.home.rejected)).write_text("a file where the folder should be")


@pytest.mark.parametrize(
    ("data", "break_it", "reason"),
    [
        (BAD, a_folder_in_its_place, "is not a regular file"),
        (TRUNCATED, no_place_for_refused_files, "rejected"),
        (BAD, lambda _, warehouse: refuse_marking(warehouse, "bad"), "PostgreSQL: not this one"),
    ],
    ids=["place taken", "no report", "database"],
)
def test_what_is_wrong_with_one_drop_is_its_failure_alone(
    warehouse: Warehouse,
    run: Run,
    data: bytes,
    break_it: Callable[[Run, Warehouse], None],
    reason: str,
) -> None:
    run.drop("bad.csv", data)
    for name, good in GOOD.items():
        run.drop(name, good)
    claim = run.claim("*")
    run.load(claim)
    break_it(run, warehouse)
    done = run.settle(claim)
    assert done.drops == {"loaded": 3, "waiting": 1}
    assert done.files == {"loaded": 3}, "each is counted once"
    assert state(warehouse)[0] == "waiting"
    (problem,) = done.problems
    assert problem.startswith("bad.csv: attempt 1 failed: it cannot be settled: ")
    assert reason in problem
    assert sorted(path.name[13:] for path in run.home.archive.rglob("*-good*")) == [*GOOD]
    accept_marking(warehouse)


def test_a_drop_that_was_moved_and_not_marked_is_found_again(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("bad.csv", BAD)
    run.drop("good.csv", GOOD["good0.csv"])
    refuse_marking(warehouse, "bad")
    assert run.run().drops == {"loaded": 1, "waiting": 1}
    (kept,) = run.home.archive.rglob("*-bad.csv")
    accept_marking(warehouse)
    assert run.run().drops == {}, "it has to wait"
    end_of_wait(run)
    assert [one.drop.path.name for one in stray_drops(run.connection, drops(run.home))] == [
        "bad.csv"
    ]
    assert run.run().drops == {}, "nothing is left to load"
    assert state(warehouse) == ("settled", "loaded", True)
    assert warehouse.one("SELECT kept_at FROM meter_drops WHERE uri LIKE '%bad%'") == kept.as_uri()
    assert list(stray_drops(run.connection, drops(run.home))) == []


def test_a_drop_that_can_never_be_marked_fails_in_the_end_and_holds_up_no_other(
    warehouse: Warehouse, run: Run
) -> None:
    for name, data in {"bad.csv": BAD, **GOOD}.items():
        run.drop(name, data)
    refuse_marking(warehouse, "csv")
    assert run.run().drops == {"waiting": 4}
    accept_marking(warehouse)
    refuse_marking(warehouse, "bad")
    for expected in ("waiting", "failed"):
        end_of_wait(run)
        assert run.run().drops == {}
        assert state(warehouse) == (expected, "loaded", True)
    assert list(stray_drops(run.connection, drops(run.home))) == []
    states = warehouse.rows("SELECT state FROM meter_drops WHERE uri LIKE '%good%'")
    assert states == [("settled",)] * 3
    accept_marking(warehouse)


def test_a_dead_run_that_had_moved_its_drop_leaves_nothing_to_do(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("bad.csv", BAD)
    claim = run.claim("*")
    run.load(claim)
    refuse_marking(warehouse, "bad")
    run.settle(claim)
    accept_marking(warehouse)
    run.connection.execute("UPDATE meter_drops SET state = 'running'")
    run.connection.commit()
    assert free_claim(run.connection, run.home, claim, "its run is gone") == ["settled"]
    assert state(warehouse) == ("settled", "loaded", True)


def test_a_drop_that_could_not_be_moved_keeps_its_outcome_at_the_next_attempt(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("bad.csv", BAD)
    claim = run.claim("*")
    run.load(claim)
    a_folder_in_its_place(run, warehouse)
    assert run.settle(claim).drops == {"waiting": 1}
    (taken,) = run.home.archive.glob("*/*/*-bad.csv")
    Path(str(taken)).rmdir()
    end_of_wait(run)
    claim = run.claim("*")
    assert run.load(claim) == 0, "all of it is loaded"
    done = run.settle(claim)
    assert done.files == {"loaded": 1}, done.problems
    assert state(warehouse) == ("settled", "loaded", True)


def test_a_waiting_drop_that_is_taken_away_waits_no_more(warehouse: Warehouse, run: Run) -> None:
    path = run.drop("bad.csv", BAD)
    claim = run.claim("*")
    assert run.settle(claim).drops == {"waiting": 1}
    path.unlink()
    end_of_wait(run)
    assert run.run().drops == {}
    assert state(warehouse) == ("settled", "failed", False)


def test_a_kept_file_whose_reload_failed_is_loaded_by_the_next_sweep(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("bad.csv", BAD)
    run.run()
    claim = run.claim("archive/*", profile="lenient", reprocess=True)
    assert run.settle(claim).drops == {"waiting": 1}
    end_of_wait(run)
    assert run.run().files == {"loaded": 1}
    assert warehouse.rows("SELECT profile, status FROM meter_files") == [("lenient", "loaded")]
    assert warehouse.one("SELECT count(*) FROM meter_drops WHERE state <> 'settled'") == 0


def test_members_of_any_names_are_settled(warehouse: Warehouse, run: Run) -> None:
    """The number that a third `x.csv` gets is taken, and one name is longer than an index takes."""
    path = Path(str(run.home.landing)) / "names.zip"
    names = ["x.csv (2)", "x.csv", "x.csv", "y" * 8000, "y" * 8001]
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            with warnings.catch_warnings(action="ignore"):  # of a name that is there twice
                archive.writestr(name, delivery(Day(date(2024, 4, 1 + number))))
    run.drop("good.csv", BAD)
    run.drop("names.zip", path.read_bytes())
    assert run.run().drops == {"loaded": 2}
    members = warehouse.rows("SELECT member, outcome FROM meter_drop_files ORDER BY file_id")
    assert len(members) == len({member for member, _ in members}) == 6
    assert {outcome for _, outcome in members} == {"loaded"}


def test_a_file_that_makes_its_shard_fail_does_not_take_others_along_for_ever(
    warehouse: Warehouse, run: Run
) -> None:
    """It has a shard of its own when they are tried again."""
    run.drop("bad.csv", BAD)
    for name, data in GOOD.items():
        run.drop(name, data)
    claim = run.claim("*")
    assert len(plan_claim(run.connection, run.home, claim)) == 1
    assert run.settle(claim).drops == {"waiting": 4}
    end_of_wait(run)
    run.drop("new.csv", delivery(Day(date(2024, 5, 1))))
    claim = run.claim("*")
    planned = plan_claim(run.connection, run.home, claim)
    labels = sorted(shard["label"] for shard in planned)
    assert labels == ["bad.csv", *GOOD, "new.csv"]
    for shard in planned:
        if shard["label"] != "bad.csv":
            run.load_shard(shard, claim)
    assert run.settle(claim).drops == {"loaded": 4, "waiting": 1}
    with connect(warehouse.loader) as connection:
        assert [words for words, difference in differences(connection) if difference] == []
