"""Withdraw, reprocess, verify, redrive: the tables as if it had been so from the start."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from nem12 import settings
from nem12.load.arrivals import Clock
from nem12.load.changed import kept_differences
from nem12.load.claim import claim_by_glob
from nem12.load.plan import plan_claim
from nem12.load.settle import free_claim, settle_claim
from nem12.operate.redrive import redrive_drops
from nem12.operate.verify import CHECKS, differences
from nem12.shard import load_shard
from nem12.stage import stage_shard
from nem12.states import FILE_OUTCOMES
from nem12.warehouse import ledger
from nem12.warehouse.apply import apply_batch
from nem12.warehouse.connect import connect
from nem12.web import questions
from tests.support.deliveries import Day, delivery
from tests.support.digest import tables
from tests.support.loading import Run, kept_in
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

LATER = "20240313081500"
FIRST = delivery(Day(), Day(date(2024, 3, 11)))
CORRECTION = delivery(Day(value="9.5", updated=LATER), Day(date(2024, 3, 12), updated=LATER))
FINER = delivery(Day(minutes=5, value="0.1", updated=LATER))
CUT = FIRST.removesuffix(b"900\r\n")
FAULTY = delivery(Day(), Day(date(2024, 3, 11), value="x"))
ABOUT_DATA = (
    "meter_readings", "meter_days", "meter_day_versions", "meter_refusals", "meter_warnings",
    "meter_refused_days",
    "meter_files",
)  # fmt: skip


def data(run: Run) -> dict[str, str]:
    """The digests of what files put into the tables; drops tell another story."""
    found = tables(run.connection)
    return {table: found[table] for table in ABOUT_DATA}


def file_id(warehouse: Warehouse, name: str) -> int:
    return int(str(warehouse.one(f"SELECT file_id FROM meter_files WHERE name = '{name}'")))


def found_by_verify(warehouse: Warehouse) -> list[str]:
    with connect(warehouse.loader) as connection:
        return [words for words, difference in differences(connection) if difference is not None]


@pytest.mark.parametrize("second", [CORRECTION, FINER], ids=["correction", "finer"])
def test_withdrawing_a_file_brings_back_what_it_superseded(
    warehouse: Warehouse, run: Run, second: bytes
) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    before = data(run)
    run.drop("second.csv", second)
    run.run()
    assert data(run) != before
    assert ledger.withdraw(run.connection, file_id(warehouse, "second.csv"))
    assert data(run) == before
    assert found_by_verify(warehouse) == []


def test_withdrawing_the_only_file_leaves_nothing(warehouse: Warehouse, run: Run) -> None:
    empty = data(run)
    run.drop("first.csv", FIRST)
    run.run()
    ledger.withdraw(run.connection, file_id(warehouse, "first.csv"))
    assert data(run) == empty


def test_a_batch_goes_with_the_last_of_its_files(warehouse: Warehouse, run: Run) -> None:
    """Parts go with their batch: those of a file that stays must not."""
    run.drop("first.csv", FIRST)
    run.drop("second.csv", CORRECTION)
    run.run()
    held = "SELECT count(*), count(DISTINCT p.batch_id), (SELECT count(*) FROM meter_batches)"
    assert warehouse.rows(f"{held} FROM meter_batch_parts p") == [(2, 1, 1)]
    ledger.withdraw(run.connection, file_id(warehouse, "first.csv"))
    assert warehouse.rows(f"{held} FROM meter_batch_parts p") == [(1, 1, 1)]
    assert warehouse.rows("SELECT message FROM meter_drops ORDER BY uri") == [("withdrawn",), ("",)]
    ledger.withdraw(run.connection, file_id(warehouse, "second.csv"))
    assert warehouse.rows(f"{held} FROM meter_batch_parts p") == [(0, 0, 0)]


def test_a_withdrawn_file_that_comes_again_is_loaded_again(warehouse: Warehouse, run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    before = data(run)
    ledger.withdraw(run.connection, file_id(warehouse, "first.csv"))
    run.drop("first.csv", FIRST)
    assert run.run().files == {"loaded": 1}
    assert data(run) == before


def test_withdrawing_what_is_not_known_says_so(run: Run) -> None:
    assert ledger.withdraw(run.connection, 12345) is None


def test_reprocessing_by_another_profile_is_as_if_it_had_been_that_from_the_start(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("faulty.csv", FAULTY, "strict")
    assert run.run("strict/*").files == {"refused": 1}
    strict = data(run)
    assert run.run("rejected/*", profile="standard", reprocess=True).files == {"partial": 1}
    assert kept_in(run.home.rejected) == []
    (kept,) = run.home.archive.rglob("*-faulty.csv")
    assert kept.name.count("-") == 1, "the hash stands before the name once"
    assert warehouse.one("SELECT name FROM meter_files") == "faulty.csv"
    reports = [p.name for p in run.home.root.rglob("*.report.txt")]
    assert reports == [f"{kept.name}.report.txt"]
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48
    assert run.run("archive/*", profile="strict", reprocess=True).files == {"refused": 1}
    assert data(run) == strict
    assert found_by_verify(warehouse) == []


def test_reprocessing_a_correction_keeps_what_is_in_force(run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.drop("second.csv", CORRECTION)
    run.run()
    before = data(run)
    assert run.run("archive/*", reprocess=True).files == {"loaded": 2}
    assert data(run) == before
    assert len(list(run.home.archive.rglob("*.csv"))) == 2


def test_a_file_of_many_shards_is_reprocessed_whole(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was loaded of it goes once, not with each of its parts."""
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 200)
    run.drop("first.csv", FIRST)
    claim = run.claim("*")
    assert run.load(claim) > 1
    run.settle(claim)
    before = data(run)
    assert run.run("archive/*", reprocess=True).files == {"loaded": 1}
    assert data(run) == before


def test_a_reprocessed_file_stays_in_the_month_it_is_kept_in(run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    (kept,) = run.home.archive.rglob("*.csv")
    assert isinstance(kept, Path)
    long_ago = kept.parents[2] / "2020" / "01" / kept.name
    long_ago.parent.mkdir(parents=True)
    kept.rename(long_ago)
    assert run.run("archive/*", reprocess=True).files == {"loaded": 1}
    assert list(run.home.archive.rglob("*.csv")) == [long_ago]


def test_a_reprocessed_file_is_judged_as_it_was_last(warehouse: Warehouse, run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    for profile in ("lenient", None):
        run.run("archive/*", profile=profile, reprocess=True)
        assert warehouse.rows("SELECT profile FROM meter_files") == [("lenient",)]


def test_a_staged_file_that_replaces_may_be_applied_twice(run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    before = data(run)
    claim = run.claim("archive/*", reprocess=True)
    (shard,) = plan_claim(run.connection, run.home, claim, reprocess=True)
    batch = stage_shard(load_shard(Path(shard["shard"])), run.home.staging / claim)
    assert "meter_withdraw_file" in Path(batch.path).read_text()
    for _ in range(2):
        apply_batch(run.connection, Path(batch.path), batch.months)
        assert data(run) == before
    settle_claim(run.connection, run.home, claim)


ONE = "WHERE \"timestamp\" = '2024-03-10 01:30+10'"
BREAKAGES = (
    ("verify_days", "UPDATE meter_days SET line = 99 WHERE day = '2024-03-11'"),
    ("verify_days", "DELETE FROM meter_days WHERE day = '2024-03-11'"),
    ("verify_days", "UPDATE meter_days SET day = '2024-03-13' WHERE day = '2024-03-11'"),
    (
        "verify_days",
        "INSERT INTO meter_days (nmi, nmi_suffix, day, file_id) VALUES ('N', 'E1', '20240320', 1)",
    ),
    ("verify_contradictions", "UPDATE meter_days SET contradicted = true WHERE day = '2024-03-11'"),
    ("verify_missing_readings", f"DELETE FROM meter_readings {ONE}"),
    ("verify_surplus_readings", f"UPDATE meter_readings SET consumption = 7 {ONE}"),
    ("verify_surplus_readings", f"UPDATE meter_readings SET quality_method = 'E52' {ONE}"),
    ("verify_ids", f"UPDATE meter_readings SET id = gen_random_uuid() {ONE}"),
    ("verify_files", "UPDATE meter_files SET days = days + 1"),
    ("verify_files", "UPDATE meter_files SET readings = readings + 1"),
    ("verify_files", "UPDATE meter_files SET removed_readings = 1"),
    ("verify_orphans", "DELETE FROM meter_files"),
)


@pytest.mark.parametrize(("check", "breakage"), BREAKAGES)
def test_verify_names_what_is_broken(
    warehouse: Warehouse, run: Run, check: str, breakage: str
) -> None:
    assert set(CHECKS) == {each for each, _ in BREAKAGES}, "a check has no breakage"
    run.drop("first.csv", FIRST)
    run.run()
    assert found_by_verify(warehouse) == []
    with connect(warehouse.owner) as connection:
        connection.execute("DELETE FROM meter_drop_files")
        connection.execute(breakage.encode())
    assert CHECKS[check] in found_by_verify(warehouse)


@pytest.mark.parametrize("nmi", ["1", "4103035615", "zzzzzzzzzz"])
def test_verify_compares_share_by_share_and_leaves_none_out(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch, nmi: str
) -> None:
    """Also readings before the first NMI that has days, and behind the last."""
    monkeypatch.setattr("nem12.settings.VERIFIED_READINGS", 50)
    days = [Day(nmi=f"41030356{number}") for number in range(10, 30, 2)]
    run.drop("first.csv", delivery(*days))
    run.run()
    assert found_by_verify(warehouse) == []
    with connect(warehouse.owner) as connection:
        one = f"{ONE} AND nmi = '{days[-1].nmi}'"
        connection.execute(f"UPDATE meter_readings SET nmi = %s {one}".encode(), (nmi,))
    missing, surplus = "verify_missing_readings", "verify_surplus_readings"
    assert found_by_verify(warehouse) == [CHECKS[missing], CHECKS[surplus]]


def test_verify_finds_no_fault_with_a_file_that_is_still_loading(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 200)
    run.drop("first.csv", FIRST)
    claim = run.claim("*")
    first, *others = plan_claim(run.connection, run.home, claim)
    assert others
    run.load_shard(first, claim)
    assert warehouse.rows("SELECT status, days FROM meter_files") == [("loading", 0)]
    assert found_by_verify(warehouse) == []


def test_readings_rebuilt_from_the_versions_are_the_same(warehouse: Warehouse, run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.drop("second.csv", CORRECTION)
    run.drop("third.csv", FINER)
    run.run()
    before = data(run)
    with connect(warehouse.owner) as connection:
        connection.execute("TRUNCATE meter_readings")
        connection.execute(
            "SELECT meter_put_readings(array_agg("
            "(nmi, nmi_suffix, day, file_id, line, false, false, false)::meter_day_key))"
            " FROM meter_days"
        )
    assert data(run) == before
    assert found_by_verify(warehouse) == []


def test_as_at_gives_what_was_in_force(warehouse: Warehouse, run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.drop("second.csv", CORRECTION)
    run.run()
    query = (
        "SELECT DISTINCT consumption FROM meter_readings_as_at('{}')"
        " WHERE \"timestamp\" >= '2024-03-10 00:00+10' AND \"timestamp\" < '2024-03-11 00:00+10'"
    )
    assert str(warehouse.one(query.format("2024-03-12 12:00+10"))) == "1.5"
    assert str(warehouse.one(query.format("2024-03-14 00:00+10"))) == "9.5"


def put_back(run: Run, **which: str) -> list[str]:
    """Names of what waits to be judged again."""
    found = redrive_drops(run.connection, run.home, **which)  # type: ignore[arg-type]
    return [one.place.name for one in found if one.place]


def test_redrive_puts_refused_drops_back_by_name_and_code(run: Run) -> None:
    run.drop("cut.csv", FIRST.removesuffix(b"900\r\n"))
    run.drop("page.csv", b"<html></html>\r\n")
    run.run()
    assert put_back(run, code="version") == []
    assert put_back(run, name="p*") == ["page.csv"]
    assert put_back(run, code="no-end") == ["cut.csv"]
    assert sorted(p.name for p in run.home.landing.iterdir() if p.is_file()) == [
        "cut.csv",
        "page.csv",
    ]
    assert kept_in(run.home.rejected) == []


def test_redrive_puts_back_what_landed_since(run: Run) -> None:
    run.drop("cut.csv", FIRST.removesuffix(b"900\r\n"))
    run.run()
    now = datetime.now(UTC)
    for since, names in ((now + timedelta(hours=1), []), (now - timedelta(hours=1), ["cut.csv"])):
        assert [one.name for one in redrive_drops(run.connection, run.home, since=since)] == names


@pytest.mark.parametrize("name", ["cut.csv", "x" * 251 + ".csv"], ids=["short", "long"])
def test_redrive_takes_the_place_of_no_other_file(run: Run, name: str) -> None:
    run.drop(name, FIRST.removesuffix(b"900\r\n"))
    run.run()
    waiting = run.drop(name, FIRST)
    assert put_back(run) == [f"2-{name[-240:]}"]
    assert waiting.read_bytes() == FIRST


def test_redrive_leaves_alone_what_was_taken_away(run: Run) -> None:
    run.drop("away.csv", CUT)
    run.run()
    for path in kept_in(run.home.rejected):
        path.unlink()
    assert put_back(run) == []


def test_a_redriven_drop_is_judged_by_the_profile_it_is_claimed_by(run: Run) -> None:
    run.drop("cut.csv", FIRST.removesuffix(b"900\r\n"))
    assert run.run().files == {"refused": 1}
    put_back(run)
    for path in run.home.landing.glob("*.csv"):
        run.drop(path.name, path.read_bytes())
    assert run.run(profile="lenient").files == {"loaded": 1}


def test_redrive_says_what_will_happen(run: Run) -> None:
    run.drop("cut.csv", FIRST.removesuffix(b"900\r\n"))
    assert run.run(profile="lenient").files == {"loaded": 1}
    kept = ["archive/*"]
    assert run.run(*kept, profile="strict", reprocess=True).files == {"refused": 1}
    (again,) = redrive_drops(run.connection, run.home)
    assert again.place == run.home.landing / "strict" / "cut.csv"
    assert again.expected.startswith("will be read again with the strict profile, as before: ")
    assert run.run().files == {"refused": 1}
    (again,) = redrive_drops(run.connection, run.home, profile="lenient")
    assert again.place == run.home.landing / "lenient" / "cut.csv"
    assert again.expected == "will be read again with the lenient profile"
    assert run.run().files == {"loaded": 1}
    assert list(redrive_drops(run.connection, run.home)) == []


def test_kept_files_that_are_not_what_was_loaded_are_named(run: Run) -> None:
    for name, data in (("first.csv", FIRST), ("second.csv", CORRECTION)):
        run.drop(name, data)
    run.drop("cut.csv", FIRST.removesuffix(b"900\r\n"))
    run.run()
    assert list(kept_differences(run.connection, run.home.landing)) == []
    for path in kept_in(run.home.rejected):
        path.unlink()  # what was refused may be cleared away
    first, second = sorted(kept_in(run.home.archive), key=lambda path: path.name[13:])
    first.write_bytes(first.read_bytes().replace(b"1.5", b"1.6", 1))
    second.unlink()
    found = {
        Path(one.place).name[13:]: one.problem
        for one in kept_differences(run.connection, run.home.landing)
    }
    assert found["first.csv"].startswith("holds ")
    assert found["second.csv"] == "is gone; its readings are in the tables"
    assert len(found) == 2


def test_a_delivery_that_is_not_settled_yet_is_no_difference(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files stay, a newer one of the same name lies in the place of the one that is known."""
    monkeypatch.setenv("METER_KEEP_LANDING", "true")
    run.drop("first.csv", FIRST)
    run.run()
    run.drop("first.csv", CORRECTION).touch()
    assert list(kept_differences(run.connection, run.home.landing)) == []
    assert len(list(kept_differences(run.connection, None))) == 1
    run.run()
    assert list(kept_differences(run.connection, run.home.landing)) == []


@pytest.mark.parametrize("kept", ["rejected", "archive", "landing"])
def test_redrive_takes_what_is_refused_wherever_it_lies(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    """Refused at its first load, or when it was loaded again; or it stays where it landed."""
    if kept == "landing":
        monkeypatch.setenv("METER_KEEP_LANDING", "true")
    if kept == "archive":
        run.drop("faulty.csv", FAULTY)
        run.run()
        assert run.run("archive/*", profile="strict", reprocess=True).files == {"refused": 1}
    else:
        run.drop("faulty.csv", FAULTY, "strict")
        run.run("strict/*")
    assert put_back(run, name="faulty.csv", profile="standard") == ["faulty.csv"]
    assert run.run("*", "strict/*").files == {"partial": 1}
    assert warehouse.rows("SELECT name, profile, status FROM meter_files") == [
        ("faulty.csv", "standard", "partial")
    ]
    assert put_back(run) == [], "it is not refused any more"
    assert found_by_verify(warehouse) == []


def test_what_is_put_back_is_judged_again_and_not_refused_from_memory(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("cut.csv", CUT)
    run.run()
    settled = "SELECT settled_at FROM meter_files"
    before = warehouse.one(settled)
    assert put_back(run, code="no-end") == ["cut.csv"]
    claim = run.claim("*")
    assert run.load(claim) == 1
    assert run.settle(claim).files == {"refused": 1}
    assert warehouse.one(settled) != before
    run.drop("copy.csv", CUT)
    assert run.load(run.claim("*")) == 0, "a copy that somebody delivers is known"


def good_and_cut() -> bytes:
    """An archive of two members, of which the second is refused."""
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("good.csv", CORRECTION)
        archive.writestr("cut.csv", CUT)
    return data.getvalue()


def test_redrive_takes_an_archive_with_a_refused_member(warehouse: Warehouse, run: Run) -> None:
    run.drop("two.zip", good_and_cut())
    run.run()
    assert put_back(run, name="good.csv") == []
    assert put_back(run, name="cut.csv") == ["two.zip"]
    # It lies in the landing folder now, and another profile still reaches it.
    assert put_back(run, name="two.zip/cut.csv", profile="lenient") == ["two.zip"]
    assert run.run().files == {"loaded": 2}
    assert kept_in(run.home.rejected) == [], "its old report is gone"
    assert warehouse.rows("SELECT DISTINCT status FROM meter_files") == [("loaded",)]
    assert found_by_verify(warehouse) == []


def test_redrive_takes_partial_files_where_a_more_tolerant_profile_is_named(run: Run) -> None:
    run.drop("faulty.csv", FAULTY)
    assert run.run().files == {"partial": 1}
    assert put_back(run) == []
    assert put_back(run, profile="strict") == []
    assert put_back(run, profile="lenient") == ["faulty.csv"]


def test_redrive_lowers_no_profile(warehouse: Warehouse, run: Run) -> None:
    """Of an archive with a refused member the good one is loaded by lenient already."""
    run.drop("two.zip", good_and_cut())
    run.run()
    run.drop("copy.csv", CORRECTION, "lenient")
    run.run()
    profiles = "SELECT profile, status FROM meter_files ORDER BY status"
    before = warehouse.rows(profiles)
    assert before == [("lenient", "loaded"), ("standard", "refused")]
    assert put_back(run) == ["two.zip"]
    assert run.run().files == {"duplicate": 1, "refused": 1}
    assert warehouse.rows(profiles) == before


def test_a_redriven_drop_without_an_end_is_taken_at_once(run: Run) -> None:
    """It was read before: no more of it comes."""
    path = run.drop("cut.csv", CUT)
    path.touch()
    run.run()
    put_back(run)
    slept: list[float] = []
    claim_by_glob(run.connection, run.home, ["*"], None, clock=Clock(slept.append))
    assert slept == [settings.SETTLE_SECONDS]


def test_a_failed_drop_that_is_gone_is_done_with(warehouse: Warehouse, run: Run) -> None:
    path = run.drop("first.csv", FIRST)
    claim = run.claim("*")
    run.connection.execute("UPDATE meter_drops SET attempt = 3")
    run.connection.commit()
    assert run.settle(claim).drops == {"failed": 1}
    path.unlink()
    (gone,) = redrive_drops(run.connection, run.home)
    assert gone.place is None
    assert gone.expected.startswith("is gone: ")
    assert warehouse.one("SELECT state FROM meter_drops") == "settled"


def test_a_failed_drop_can_be_claimed_after_redrive(run: Run) -> None:
    run.drop("first.csv", FIRST)
    claim = run.claim("*")
    run.connection.execute("UPDATE meter_drops SET attempt = 3")
    run.connection.commit()
    assert settle_claim(run.connection, run.home, claim, "broken").drops == {"failed": 1}
    assert run.run().files == {}
    assert put_back(run) == ["first.csv"]
    assert run.run().files == {"loaded": 1}


def test_a_file_of_the_archive_that_is_refused_lies_with_its_report_and_is_named_there(
    run: Run,
) -> None:
    run.drop("faulty.csv", FAULTY)
    run.run()
    assert run.run("archive/*", profile="strict", reprocess=True).files == {"refused": 1}
    kept, report = kept_in(run.home.archive)
    assert report.name == f"{kept.name}.report.txt"
    assert (
        f"file     archive/{kept.relative_to(Path(str(run.home.archive)))}\n" in report.read_text()
    )
    assert kept_in(run.home.rejected) == []


def test_redrive_removes_the_report_whatever_the_shell_says_of_the_landing_folder(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("METER_KEEP_LANDING", "true")
        run.drop("cut.csv", CUT)
        run.run()
        assert len(kept_in(run.home.rejected)) == 1
    assert put_back(run, profile="lenient") == ["cut.csv"]
    assert kept_in(run.home.rejected) == []


def test_redrive_says_one_thing_of_a_file_that_was_moved(run: Run) -> None:
    """Refused, loaded by another profile and so moved, then refused where it is kept."""
    run.drop("faulty.csv", FAULTY, "strict")
    run.run("strict/*")
    run.run("rejected/*", profile="standard", reprocess=True)
    run.run("archive/*", profile="strict", reprocess=True)
    (said,) = redrive_drops(run.connection, run.home)
    assert said.expected.startswith("will be read again with the strict profile, as before")


def test_the_files_of_a_run_say_that_a_later_run_has_judged_them_again(run: Run) -> None:
    run.drop("cut.csv", CUT)
    claim = run.claim("*")
    run.load(claim)
    run.settle(claim)
    of_run = f"nem12__{claim}"
    asked = (run.connection, of_run, list(FILE_OUTCOMES), None, 9)
    (before,) = questions.run_files(*asked).items
    assert (before["outcome"], before["code"], before["judged_later"]) == (
        "refused", "no-end", False,
    )  # fmt: skip
    run.run("rejected/*", profile="lenient", reprocess=True)
    (after,) = questions.run_files(*asked).items
    assert (after["outcome"], after["code"], after["judged_later"]) == ("refused", None, True)
    assert after["status"] == "loaded"


def test_a_copy_of_a_refused_file_that_was_loaded_meanwhile_is_a_duplicate(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("cut.csv", CUT)
    run.run()
    run.drop("copy.csv", CUT)
    claim = run.claim("*")
    assert run.load(claim) == 0, "it is known as refused"
    assert run.run("rejected/*", profile="lenient", reprocess=True).files == {"loaded": 1}
    assert run.settle(claim).files == {"duplicate": 1}
    assert warehouse.rows("SELECT outcome FROM meter_drops WHERE uri LIKE '%/copy.csv'") == [
        ("duplicate",)
    ]
    assert kept_in(run.home.rejected) == []


def test_the_claim_of_a_run_that_is_gone_is_freed_with_a_wait(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("first.csv", FIRST)
    claim = run.claim("*")
    assert ledger.unchecked_claims(run.connection) == []
    run.connection.execute("UPDATE meter_drops SET checked_at = now() - interval '1 hour'")
    run.connection.commit()
    assert ledger.unchecked_claims(run.connection) == [(claim, "")]
    ledger.claim_is_alive(run.connection, claim)
    assert ledger.unchecked_claims(run.connection) == []
    assert free_claim(run.connection, run.home, claim, "gone") == ["waiting"]
    assert warehouse.one("SELECT not_before > now() + interval '30 s' FROM meter_drops") is True


def test_a_landing_folder_may_keep_its_files(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_KEEP_LANDING", "true")
    kept = run.drop("first.csv", FIRST)
    cut = run.drop("cut.csv", FIRST.removesuffix(b"900\r\n"))
    faulty = run.drop("faulty.csv", FAULTY)
    kept.parent.chmod(0o555)
    try:
        assert run.run().drops == {"loaded": 1, "refused": 1, "partial": 1}
        assert run.run().drops == {}
    finally:
        kept.parent.chmod(0o755)
    assert sorted(p for p in kept.parent.iterdir() if p.is_file()) == [cut, faulty, kept]
    assert sorted(p.name[13:] for p in kept_in(run.home.rejected)) == [
        "cut.csv.report.txt",
        "faulty.csv.report.txt",
    ]
    assert warehouse.one("SELECT count(*) FROM meter_drops WHERE kept_at = uri") == 3


def test_reprocessed_files_keep_the_names_that_they_were_delivered_by(
    warehouse: Warehouse, run: Run
) -> None:
    """Where they are kept, a hash stands before these."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("sub/a.csv", FIRST)
        archive.writestr("b.csv", FAULTY)
    run.drop("two.zip", packed.getvalue())
    run.drop("alone.csv", CORRECTION)
    run.drop("0123456789ab-odd.csv", FINER)
    run.run()
    run.drop("copy.csv", CORRECTION)
    run.run()
    names = "SELECT DISTINCT member FROM meter_drop_files ORDER BY 1"
    files = "SELECT name FROM meter_files ORDER BY 1"
    delivered = [("0123456789ab-odd.csv",), ("alone.csv",), ("copy.csv",), ("two.zip/b.csv",)]
    delivered.append(("two.zip/sub/a.csv",))
    stored = [name for name in delivered if name != ("copy.csv",)]
    assert (warehouse.rows(names), warehouse.rows(files)) == (delivered, stored)
    run.run("archive/**", reprocess=True)
    assert (warehouse.rows(names), warehouse.rows(files)) == (delivered, stored)
