"""The whole act, from the landing folder to the archive, in this process."""

import gzip
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from nem12 import settings
from nem12.coverage.channels import Query, next_channels
from nem12.coverage.refused import refusals
from nem12.drop import drops
from nem12.errors import UsageError
from nem12.load import plan
from nem12.load import settle as settling
from nem12.load.claim import claim_listing, save_listing
from nem12.load.plan import plan_claim
from nem12.load.planned import claim_folder
from nem12.load.settle import free_claim
from nem12.mdff.findings import in_force
from nem12.operate.redrive import redrive_drops
from nem12.survey import MeterFile
from nem12.tell.alert import alerts_of_claim
from nem12.unpack import meter_files
from nem12.warehouse import ledger
from nem12.web import questions
from tests.support.deliveries import NMI, Day, delivery
from tests.support.digest import tables
from tests.support.loading import Run, kept_in, killed
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

GOOD = delivery(Day())
OTHER = delivery(Day(date(2024, 3, 11)))
PARTIAL = delivery(Day(suffix="E2"), Day(value="x"))
TRUNCATED = GOOD.removesuffix(b"900\r\n")


def names(folder: Path) -> list[str]:
    """Names of all files in and below a folder, without the hash before them."""
    return sorted(path.name[13:] for path in kept_in(folder))


def state(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows("SELECT state, outcome, attempt, message FROM meter_drops ORDER BY uri")


def test_a_good_file_is_loaded_and_archived_by_month(warehouse: Warehouse, run: Run) -> None:
    path = run.drop("house.csv", GOOD)
    done = run.run()
    assert (done.files, done.drops) == ({"loaded": 1}, {"loaded": 1})
    assert (done.days, done.readings, done.nmis) == (1, 48, ["4103035613"])
    assert (done.first_day, done.last_day) == (date(2024, 3, 10), date(2024, 3, 10))
    assert not path.exists()
    sha256, kept_at = warehouse.rows("SELECT sha256, kept_at FROM meter_drops")[0]
    (kept,) = kept_in(run.home.archive)
    assert kept.name == f"{str(sha256)[:12]}-house.csv"
    assert kept.as_uri() == kept_at
    assert kept.read_bytes() == GOOD
    month = warehouse.one(
        "SELECT to_char(claimed_at AT TIME ZONE 'Australia/Brisbane', 'YYYY/MM') FROM meter_drops"
    )
    assert str(kept.parent.relative_to(run.home.archive)) == month
    assert kept_in(run.home.staging) == []


def test_a_partial_file_is_archived_with_a_report_beside_it(run: Run) -> None:
    run.drop("half.csv", PARTIAL)
    done = run.run()
    assert (done.files, done.readings, done.refused_records) == ({"partial": 1}, 48, 1)
    kept, report = kept_in(run.home.archive)
    assert report.name == f"{kept.name}.report.txt"
    text = report.read_text()
    assert "half.csv: partial (standard profile)" in text
    assert "records  6 read = 5 accepted + 1 refused" in text
    assert "readings 96 read = 48 accepted + 48 refused" in text
    said = "value: IntervalValue 1 'x' is not a plain decimal number (field 3)"
    left = "No version of this day is in force."
    refused = f"line 5: RECORD: {NMI} E1 2024-03-10: {said}\n    {left}\n    300,20240310,►x◄,x,"
    assert refused in text
    assert list(run.home.rejected.iterdir()) == []
    why = f"line 5: {NMI} E1 2024-03-10: {said}"
    assert done.problems == [f"half.csv: partial, 1 of 6 records refused; {why}. {left}"]


def test_what_is_said_of_a_refused_day_names_the_version_in_force(run: Run) -> None:
    run.drop("good.csv", GOOD)
    run.run()
    run.drop("half.csv", PARTIAL.replace(b"\r\n", b"\n"))
    done = run.run()
    left = "The version of 2024-03-12 08:15 is in force, from good.csv line 3."
    assert done.problems[0].endswith(f" (field 3). {left}")
    (report,) = run.home.archive.glob("*/*/*.report.txt")
    assert f"\n    {left}\n" in report.read_text()
    (alert,) = alerts_of_claim(run.connection, done.claim, "", "", "{}".format)
    assert left in alert.text
    sha256 = alert.files[0].sha256
    file_id = run.connection.execute(
        "SELECT file_id FROM meter_files WHERE sha256 = %s", (sha256,)
    ).fetchone()
    assert file_id is not None
    findings = questions.findings(run.connection, file_id[0], None, 50).items
    assert [in_force(found) for found in findings if found["level"] != "WARN"] == [left]


def test_the_days_of_a_refused_file_say_so_wherever_people_look(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("good.csv", GOOD)
    run.run()
    second = delivery(*(Day(date(2024, 3, n)) for n in (10, 11)), Day(suffix="E2"))
    run.drop("cut.csv", second.removesuffix(b"900\r\n"))
    done = run.run()
    e1 = (
        f"{NMI} E1 2024-03-10 to 2024-03-11 (1 of these days has a version in force, from good.csv)"
    )
    e2 = f"{NMI} E2 2024-03-10 (no version of this day is in force)"
    left = f"Refused with it: {e1}; {e2}."
    assert done.problems[0].endswith(left)
    (alert,) = alerts_of_claim(run.connection, done.claim, "", "", "{}".format)
    assert alert.files[0].why.endswith(left)
    (report,) = run.home.rejected.glob("*.report.txt")
    assert f"  {NMI} E2 2024-03-10: No version of this day is in force.\n" in report.read_text()
    first, last = date(2024, 3, 9), date(2024, 3, 12)
    refused = refusals(run.connection, [(NMI, "E1"), (NMI, "E2")], first, last)
    columns = ("day", "last_day", "file", "line", "level", "code")
    told = {
        suffix: tuple(row[column] for column in columns) for (_, suffix), (row,) in refused.items()
    }
    ends = ("cut.csv", 7, "FILE", "no-end")
    assert told == {
        "E1": (date(2024, 3, 10), date(2024, 3, 11), *ends),
        "E2": (date(2024, 3, 10), date(2024, 3, 10), *ends),
    }
    assert questions.refused_channels(run.connection, NMI) == ["E1", "E2"]
    channel, refused_alone = next_channels(run.connection, Query(first, last)).channels
    assert (refused_alone.nmi_suffix, refused_alone.standing) == ("E2", "refused")
    assert [day for day, _ in channel.refused] == [date(2024, 3, 11)]
    (sha256,) = warehouse.rows("SELECT sha256 FROM meter_files WHERE name = 'cut.csv'")[0]
    file = questions.file(run.connection, str(sha256))
    assert file is not None
    assert [row["nmi_suffix"] for row in file["refused_days"]] == ["E1", "E2"]
    # A more tolerant profile takes it, and nothing is refused any more.
    assert run.run("rejected/*", profile="lenient", reprocess=True).files == {"loaded": 1}
    assert warehouse.one("SELECT count(*) FROM meter_refused_days") == 0


def test_a_refused_file_lies_with_its_report_among_the_rejected(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("cut.csv", TRUNCATED)
    run.drop("house.csv", GOOD)
    done = run.run()
    assert done.files == {"refused": 1, "loaded": 1}
    assert names(run.home.rejected) == ["cut.csv", "cut.csv.report.txt"]
    assert names(run.home.archive) == ["house.csv"]
    (report,) = run.home.rejected.glob("*.report.txt")
    assert "FILE: no-end" in report.read_text()
    assert "(nothing of the file is loaded)" in report.read_text()
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48


def test_a_name_full_of_tricks_is_only_a_name(run: Run) -> None:
    name = "[red]'; DROP TABLE meter_readings; --\n$(id)\x1b[2J.csv"
    run.drop(name, PARTIAL)
    done = run.run()
    assert done.files == {"partial": 1}
    (report,) = run.home.archive.glob("*/*/*.report.txt")
    assert "\x1b" not in report.read_text()
    assert "\x1b" not in done.problems[0]
    assert "\n" not in done.problems[0]


def test_a_name_that_is_no_text_keeps_its_bytes_in_the_archive(run: Run) -> None:
    name = b"m\xe4rz\xff\n.csv"
    run.drop(os.fsdecode(name), PARTIAL)
    claim = run.claim("*")
    (planned,) = plan_claim(run.connection, run.home, claim)
    assert planned["label"] == r"m\xe4rz\xff\x0a.csv"  # goes through JSON of databases
    run.load(claim)
    assert run.settle(claim).files == {"partial": 1}
    kept = [os.fsencode(path.name)[13:] for path in kept_in(run.home.archive)]
    assert name in kept
    assert len(kept) == 2


@pytest.mark.parametrize("letter", ["x", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_the_longest_name_that_a_folder_takes_is_loaded_kept_and_put_back(
    run: Run, letter: str
) -> None:
    name = f"{letter * (251 // len(letter.encode()))}.csv"
    run.drop(name, PARTIAL)
    assert run.run().files == {"partial": 1}
    kept = [path.name for path in kept_in(run.home.archive)]
    assert len(kept) == 2
    assert all(each.removesuffix(".report.txt").endswith(name[-90:]) for each in kept)
    run.drop(name, TRUNCATED)
    assert run.run().files == {"refused": 1}
    assert [one.place and one.place.name for one in redrive_drops(run.connection, run.home)] == [
        name
    ]


def test_the_same_content_again_is_a_duplicate(warehouse: Warehouse, run: Run) -> None:
    run.drop("first.csv", GOOD)
    run.run()
    run.drop("second.csv", GOOD)
    done = run.run()
    assert (done.files, done.drops, done.readings) == ({"duplicate": 1}, {"duplicate": 1}, 0)
    assert names(run.home.archive) == ["first.csv", "second.csv"]
    assert warehouse.one("SELECT count(*) FROM meter_files") == 1


@pytest.mark.parametrize("data", [GOOD, gzip.compress(GOOD)], ids=["plain", "compressed"])
def test_the_same_content_twice_in_one_claim_is_loaded_once(
    warehouse: Warehouse, run: Run, data: bytes
) -> None:
    run.drop("a.csv", data)
    run.drop("b.csv", data)
    done = run.run()
    assert done.files == {"loaded": 1, "duplicate": 1}
    assert done.readings == 48
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48


def test_a_copy_of_a_refused_file_is_refused_too(run: Run) -> None:
    run.drop("a.csv", TRUNCATED)
    run.drop("b.csv", TRUNCATED)
    assert run.run().files == {"refused": 2}
    run.drop("c.csv", TRUNCATED)
    claim = run.claim("*")
    assert run.load(claim) == 0, "it is known"
    assert run.settle(claim).files == {"refused": 1}
    assert [name for name in names(run.home.rejected) if "report" not in name] == [
        "a.csv",
        "b.csv",
        "c.csv",
    ]


def test_a_drop_that_is_called_like_a_report_is_a_drop_of_its_own(run: Run) -> None:
    run.drop("a.csv", GOOD)
    run.drop("a.csv.report.txt", OTHER)
    assert run.run().drops == {"loaded": 2}
    assert names(run.home.archive) == ["a.csv", "a.csv.report.txt"]


def test_a_copy_is_not_done_before_what_it_is_a_copy_of(run: Run) -> None:
    run.drop("a.csv", GOOD)
    run.drop("b.csv", GOOD)
    claim = run.claim("*")
    plan_claim(run.connection, run.home, claim)
    assert run.settle(claim).drops == {"waiting": 2}
    assert names(run.home.archive) == []


def test_an_archive_with_a_refused_member_is_archived_with_the_report_among_the_rejected(
    warehouse: Warehouse, run: Run
) -> None:
    path = run.home.landing / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.csv", GOOD)
        archive.writestr("../../cut.csv", TRUNCATED)
        archive.writestr("again.csv", GOOD)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    done = run.run()
    assert done.files == {"loaded": 1, "refused": 1, "duplicate": 1}
    assert done.drops == {"partial": 1}
    assert names(run.home.archive) == ["two.zip"]
    assert names(run.home.rejected) == ["cut.csv.report.txt"]
    assert warehouse.rows("SELECT member, outcome FROM meter_drop_files ORDER BY member") == [
        ("two.zip/../../cut.csv", "refused"),
        ("two.zip/again.csv", "duplicate"),
        ("two.zip/good.csv", "loaded"),
    ]
    hashes = warehouse.rows("SELECT sha256 FROM meter_drops UNION SELECT sha256 FROM meter_files")
    assert len(hashes) == 3


def test_members_of_one_name_are_all_told_of(run: Run) -> None:
    path = run.home.landing / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.csv", TRUNCATED)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x.csv", GOOD)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    done = run.run()
    assert done.files == {"refused": 1, "loaded": 1}
    assert done.drops == {"partial": 1}


def test_nothing_of_a_file_with_an_error_is_loaded_from_the_strict_folder(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("half.csv", PARTIAL, "strict")
    run.drop("house.csv", GOOD, "strict")
    done = run.run("strict/*")
    assert done.files == {"refused": 1, "loaded": 1}
    assert warehouse.rows("SELECT DISTINCT nmi_suffix FROM meter_readings") == [("E1",)]
    assert warehouse.rows(
        "SELECT records, refused_records, readings, refused_readings, days FROM meter_files"
        " WHERE status = 'refused'"
    ) == [(6, 6, 96, 96, 0)]


def test_a_repeated_day_alone_refuses_a_file_of_the_strict_folder(
    warehouse: Warehouse, run: Run
) -> None:
    """Its days are withheld, so that the database cannot find the repetition."""
    run.drop("twice.csv", delivery(Day(), Day(value="7")), "strict")
    assert run.run("strict/*").files == {"refused": 1}
    assert warehouse.rows("SELECT code, line FROM meter_refusals") == [("date-repeated", 5)]
    assert warehouse.one("SELECT count(*) FROM meter_day_versions") == 0


def test_a_file_refused_as_strict_is_judged_anew_in_the_standard_folder(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("half.csv", PARTIAL, "strict")
    assert run.run("strict/*").files == {"refused": 1}
    run.drop("half.csv", PARTIAL)
    done = run.run("*.csv")
    assert (done.files, done.readings) == ({"partial": 1}, 48)
    assert warehouse.rows("SELECT status, profile, refused_records FROM meter_files") == [
        ("partial", "standard", 1)
    ]
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48
    assert warehouse.rows("SELECT outcome FROM meter_drop_files ORDER BY drop_id") == [
        ("refused",),
        ("partial",),
    ]


def test_a_profile_given_with_the_run_outweighs_the_folder(run: Run) -> None:
    run.drop("half.csv", PARTIAL)
    assert run.run(profile="strict").files == {"refused": 1}


def test_a_drop_that_changes_after_its_claim_is_left_to_the_next_run(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("house.csv", GOOD)
    claim = run.claim("*")
    run.drop("house.csv", OTHER + b"\r\n")
    assert run.load(claim) == 0
    assert run.settle(claim).drops == {}
    assert warehouse.one("SELECT count(*) FROM meter_files") == 0
    assert run.run().files == {"loaded": 1}
    assert warehouse.rows("SELECT DISTINCT day FROM meter_days") == [(date(2024, 3, 11),)]


def test_a_drop_that_is_replaced_while_it_is_loaded_leaves_the_new_one_alone(
    warehouse: Warehouse, run: Run
) -> None:
    path = run.drop("house.csv", GOOD)
    claim = run.claim("*")
    run.load(claim)
    path.unlink()
    run.drop("house.csv", OTHER + b"\r\n")
    assert run.settle(claim).drops == {"loaded": 1}
    assert path.read_bytes() == OTHER + b"\r\n"
    assert warehouse.rows("SELECT kept_at, message FROM meter_drops") == [
        (None, "loaded, but removed or replaced by its sender before it could be archived")
    ]
    assert run.run().files == {"loaded": 1}


def test_a_drop_that_stays_and_is_replaced_while_it_is_loaded_is_not_taken_for_kept(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_KEEP_LANDING", "true")
    path = run.drop("house.csv", GOOD)
    claim = run.claim("*")
    run.load(claim)
    path.unlink()
    run.drop("house.csv", OTHER + b"\r\n")
    assert run.settle(claim).drops == {"loaded": 1}
    assert warehouse.rows("SELECT kept_at, message FROM meter_drops") == [
        (None, "loaded, but removed or replaced by its sender before it could be archived")
    ]


def test_a_drop_that_vanishes_before_it_is_read_is_no_failure(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("house.csv", GOOD).unlink()
    path = run.drop("gone.csv", GOOD)
    run.drop("stays.csv", OTHER)
    claim = run.claim("*")
    path.unlink()
    assert run.load(claim) == 1
    assert run.settle(claim).drops == {"loaded": 1}
    assert state(warehouse) == [
        ("settled", "failed", 1, "gone or changed before it was loaded"),
        ("settled", "loaded", 1, ""),
    ]


def test_a_kept_file_that_vanishes_before_it_is_loaded_again_stays_loaded(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("house.csv", GOOD)
    run.run()
    run.run("archive/*", reprocess=True)
    claim = run.claim("archive/*", reprocess=True)
    (kept,) = kept_in(run.home.archive)
    kept.unlink()
    assert run.load(claim, reprocess=True) == 0
    assert run.settle(claim).drops == {}
    assert [row[:2] for row in state(warehouse)] == [("settled", "loaded")] * 2


def test_a_drop_that_vanishes_while_it_is_loaded_holds_up_no_other(run: Run) -> None:
    path = run.drop("gone.csv", GOOD)
    run.drop("stays.csv", OTHER)
    claim = run.claim("*")
    run.load(claim)
    path.unlink()
    assert run.settle(claim).drops == {"loaded": 2}
    assert names(run.home.archive) == ["stays.csv"]


def test_a_crash_between_the_move_and_the_mark_is_mended_by_settling_again(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.drop("house.csv", GOOD)
    claim = run.claim("*")
    run.load(claim)
    with monkeypatch.context() as crash:
        crash.setattr(settling, "settle_drops", killed)
        with pytest.raises(KeyboardInterrupt):
            run.settle(claim)
    assert names(run.home.archive) == ["house.csv"]
    assert run.settle(claim).drops == {"loaded": 1}
    assert [row[:2] for row in state(warehouse)] == [("settled", "loaded")]
    assert warehouse.one("SELECT kept_at IS NOT NULL FROM meter_drops")


def test_settling_and_planning_again_is_harmless(run: Run) -> None:
    run.drop("house.csv", GOOD)
    run.drop("half.csv", PARTIAL)
    claim = run.claim("*")
    run.load(claim)
    run.load(claim)
    run.settle(claim)
    before = tables(run.connection)
    assert run.settle(claim).as_extra()["files"] == {}
    assert run.load(claim) == 0
    assert run.settle(claim).drops == {}
    assert tables(run.connection) == before
    assert names(run.home.archive) == ["half.csv", "half.csv.report.txt", "house.csv"]


def test_a_plan_that_fails_frees_the_drops_for_another_attempt(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.drop("house.csv", GOOD)
    claim = run.claim("*")
    with monkeypatch.context() as broken:
        broken.setattr("nem12.load.plan.meter_files", killed)
        with pytest.raises(KeyboardInterrupt):
            plan_claim(run.connection, run.home, claim)
    done = run.settle(claim)
    assert done.drops == {"waiting": 1}
    assert state(warehouse) == [("waiting", None, 1, "the run ended before the file was planned")]
    assert not claim_folder(run.home, claim).exists()
    run.connection.execute("UPDATE meter_drops SET not_before = now()")
    run.connection.commit()
    assert run.run().files == {"loaded": 1}
    assert [row[2] for row in state(warehouse)] == [2]


def test_a_file_of_which_a_dead_run_applied_a_part_is_loaded_by_another(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 200)
    run.drop("house.csv", delivery(*(Day(date(2024, 3, 10 + n)) for n in range(3))))
    claim = run.claim("*")
    first, *others = plan_claim(run.connection, run.home, claim)
    assert others
    run.load_shard(first, claim)
    free_claim(run.connection, run.home, claim, "its run is gone")
    run.connection.execute("UPDATE meter_drops SET not_before = now()")
    run.connection.commit()
    assert run.run().files == {"loaded": 1}
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 3 * 48


def test_an_unreadable_drop_does_not_take_its_copy_along(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two copies changes while it is read: the first is loaded all the same."""
    run.drop("a.csv", GOOD)
    second = run.drop(os.fsdecode(b"b\xff.csv"), GOOD)
    claim = run.claim("*")

    def touch(path: Path, *rest: Any) -> Iterator[MeterFile]:
        yield from meter_files(path, *rest)
        if path == second:
            os.utime(second, (1_700_000_001, 1_700_000_001))

    monkeypatch.setattr("nem12.load.plan.meter_files", touch)
    run.load(claim)
    done = run.settle(claim)
    assert done.drops == {"loaded": 1, "changed": 1}
    assert done.problems == [r"b\xdcff.csv: gone or changed: b\xdcff.csv changed while it was read"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            OSError(5, "Input/output error"),
            "Input/output error: check the disk: reading or writing fails there",
        ),
        (RecursionError("maximum depth"), "RecursionError: maximum depth"),
    ],
    ids=["disk", "reader"],
)
def test_a_drop_that_cannot_be_read_holds_up_no_other(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    bad = run.drop("bad.csv", GOOD)
    run.drop("good.csv", OTHER)

    def read(path: Path, *rest: Any) -> Iterator[MeterFile]:
        if path == bad:
            raise error
        yield from meter_files(path, *rest)

    monkeypatch.setattr("nem12.load.plan.meter_files", read)
    done = run.run()
    assert done.drops == {"loaded": 1, "waiting": 1}
    assert done.problems == [f"bad.csv: attempt 1 failed: {reason}"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to a limit of memory")
@pytest.mark.parametrize("step", ["meter_files", "judged_as_whole"])
def test_a_drop_that_takes_too_much_memory_fails_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    run.drop("bad.csv", GOOD)
    run.drop("good.csv", OTHER)
    monkeypatch.setenv("METER_MEMORY_MB", "200")
    its_own = getattr(plan, step)

    def hungry(first: Any, *rest: Any) -> Any:
        if "bad.csv" in (getattr(first, "name", ""), *rest):
            bytearray(300 * settings.MIB)
        return its_own(first, *rest)

    monkeypatch.setattr(plan, step, hungry)
    done = run.run()
    assert done.drops == {"loaded": 1, "waiting": 1}
    assert "bad.csv: attempt 1 failed: it needs more than the 200 MiB" in done.problems[0]


@pytest.mark.parametrize("pattern", ["/etc/*", "../*", "strict/../../*"])
def test_a_pattern_cannot_lead_out_of_the_landing_folder(run: Run, pattern: str) -> None:
    with pytest.raises(UsageError, match="leads outside the landing folder"):
        run.claim(pattern)


def test_an_empty_pattern_is_wrong_usage(run: Run) -> None:
    run.drop("house.csv", GOOD)
    with pytest.raises(UsageError):
        run.claim("")


def test_a_profile_that_there_is_not_is_wrong_usage(run: Run) -> None:
    with pytest.raises(UsageError):
        run.claim("*", profile="nonsense")


def test_links_and_other_folders_are_not_claimed(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(GOOD)
    (run.home.landing / "link.csv").symlink_to(secret)
    (run.home.landing / "folder").mkdir()
    run.drop("inside.csv", GOOD, "folder")
    assert run.load(run.claim("*", "folder/*")) == 0
    assert secret.exists()


@pytest.mark.parametrize("hours", [-100_000, -10, 0, 10, 100_000])
def test_a_file_that_stands_still_is_taken_whatever_the_clock_of_its_server_says(
    run: Run, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    monkeypatch.setattr(settings, "SETTLE_SECONDS", 0.1)
    path = run.drop("a.csv", GOOD)
    then = time.time() + hours * 3600
    os.utime(path, (then, then))
    assert run.run().files == {"loaded": 1}


@pytest.mark.parametrize("hours", [-10, 0, 10])
def test_a_file_that_is_being_written_is_left_to_the_watch(
    run: Run, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    monkeypatch.setattr(settings, "SETTLE_SECONDS", 1.0)
    path = run.drop("a.csv", GOOD)
    done = Event()

    def write() -> None:
        while not done.wait(0.05):
            with path.open("ab") as file:
                file.write(b"\r\n")
            then = time.time() + hours * 3600
            os.utime(path, (then, then))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        size = path.stat().st_size
        while path.stat().st_size == size:
            pass
        claim = run.claim("*")
        done.set()
        writing.result(60)
    assert run.load(claim) == 0


def test_a_listing_claims_what_still_lies_there_unchanged(run: Run) -> None:
    run.drop("a.csv", GOOD)
    run.drop("b.csv", OTHER).touch()
    seen = drops(run.home)
    listing = save_listing(run.home, seen)
    run.drop("b.csv", OTHER + b"\r\n")
    claim, got = claim_listing(run.connection, run.home, listing)
    assert got == 1
    assert not listing.exists()
    assert [begun.drop for begun in ledger.begin(run.connection, claim)] == seen[:1]


def test_a_listing_that_was_claimed_before_claims_nothing(run: Run) -> None:
    """As when the task that claimed it was killed before it could say so."""
    run.drop("a.csv", GOOD)
    listing = save_listing(run.home, drops(run.home))
    assert claim_listing(run.connection, run.home, listing)[1] == 1
    assert claim_listing(run.connection, run.home, listing)[1] == 0


def test_a_listing_from_elsewhere_is_not_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "listing.json").write_text("[]")
    (run.home.staging / "listings").mkdir()
    out = Path(os.path.relpath(tmp_path, run.home.staging / "listings"))
    for listing in (
        tmp_path / "listing.json",
        run.home.staging / "listings" / out / "listing.json",
    ):
        with pytest.raises(UsageError, match="is not a listing of this installation"):
            claim_listing(run.connection, run.home, listing)


def test_thousands_of_small_files_become_one_shard(warehouse: Warehouse, run: Run) -> None:
    day = Day()
    for number in range(300):
        run.drop(f"{number}.csv", delivery(replace(day, nmi=f"41030{number:05}")))
    claim = run.claim("*")
    assert run.load(claim) == 1
    done = run.settle(claim)
    assert (done.files, len(done.nmis)) == ({"loaded": 300}, 100)
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 300 * 48


def test_a_move_to_another_file_system_is_a_copy_and_a_removal(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run.drop("house.csv", GOOD)
    replaced = Path.replace

    def across(self: Path, target: Path) -> Path:
        if self == path:
            raise OSError(18, "Invalid cross-device link")
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", across)
    assert run.run().drops == {"loaded": 1}
    assert not path.exists()
    assert names(run.home.archive) == ["house.csv"]


@pytest.mark.parametrize("claim", ["../archive", "/etc", "..", "a/b", "a\n", ""])
def test_a_claim_that_leads_out_of_staging_is_refused(run: Run, claim: str) -> None:
    kept = run.home.archive / "kept.csv"
    kept.write_bytes(GOOD)
    for act in (run.load, run.settle):
        with pytest.raises(UsageError, match="is not the name of a claim"):
            act(claim)
    assert kept.read_bytes() == GOOD
