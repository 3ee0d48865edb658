"""Landing, archive, rejected and perhaps staging in a bucket: the same acts with the same outcome.

.venv/bin/pip install -r requirements-s3-dev.txt
METER_S3=1 python3 manage.py test tests/s3
"""

from datetime import date, timedelta

import pytest

from nem12 import storage
from nem12.drop import Drop, drops, look, overdue, unchanged
from nem12.errors import UsageError
from nem12.load.claim import claim_listing, save_listing
from nem12.load.index import INDEX
from nem12.load.planned import sweep_staging
from nem12.operate.redrive import redrive_drops
from nem12.storage import Place
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run, killed
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

GOOD = delivery(Day())
CORRECTED = delivery(Day(value="2.5", updated="20240313081500"))
PARTIAL = delivery(Day(), Day(suffix="E2", value="x"))
HOSTILE = ("*.csv", "a?c.csv", "[ab].csv", "100% #1+é & co;.csv", "'; DROP TABLE x.csv", "..csv")


def put(place: Place, data: bytes) -> Place:
    place.write_bytes(data)
    return place


def names(folder: Place) -> list[str]:
    """What lies there, without the hash before it and without the index."""
    found = storage.files_below(folder)
    return sorted(path.name.partition("-")[2] for path in found if path.parent.name != INDEX)


def land(run: Run, name: str, data: bytes) -> Place:
    return put(run.home.landing / name, data)


def test_a_file_goes_from_the_bucket_into_the_table_and_the_archive(
    warehouse: Warehouse, run: Run
) -> None:
    land(run, "house.csv", GOOD)
    done = run.run()
    assert (done.files, done.drops, done.readings) == ({"loaded": 1}, {"loaded": 1}, 48)
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48
    assert drops(run.home) == []
    assert names(run.home.archive) == ["house.csv"]
    assert list(storage.files_below(run.home.staging)) == []
    assert list(storage.files_below(run.home.scratch)) == []
    kept = str(warehouse.one("SELECT kept_at FROM meter_drops"))
    assert kept.startswith(f"{run.home.archive}/")
    assert storage.place(kept).read_bytes() == GOOD


def test_refused_and_partial_files_get_their_reports(run: Run) -> None:
    land(run, "cut.csv", GOOD[:-5])
    land(run, "some.csv", PARTIAL)
    assert run.run().files == {"refused": 1, "partial": 1}
    assert names(run.home.rejected) == ["cut.csv", "cut.csv.report.txt"]
    assert names(run.home.archive) == ["some.csv", "some.csv.report.txt"]


def test_profiles_go_by_folder_and_other_folders_are_not_entered(
    warehouse: Warehouse, run: Run
) -> None:
    land(run, "strict/some.csv", PARTIAL)
    land(run, "other/house.csv", GOOD)
    assert run.run().files == {"refused": 1}
    assert warehouse.one("SELECT profile FROM meter_drops") == "strict"


def test_the_same_name_with_another_content_is_another_drop(warehouse: Warehouse, run: Run) -> None:
    land(run, "house.csv", GOOD)
    run.run()
    land(run, "house.csv", CORRECTED)
    assert run.run().files == {"loaded": 1}
    land(run, "house.csv", GOOD)
    assert run.run().files == {"duplicate": 1}
    assert warehouse.one("SELECT count(DISTINCT identity) FROM meter_drops") == 2


def test_what_is_put_over_a_file_that_is_loading_is_a_drop_of_its_own(run: Run) -> None:
    place = land(run, "house.csv", GOOD)
    claim = run.claim("*")
    run.load(claim)
    put(place, CORRECTED)
    assert run.settle(claim).drops == {"loaded": 1}
    assert place.read_bytes() == CORRECTED
    assert run.run().files == {"loaded": 1}


def test_what_is_put_over_a_file_that_is_claimed_is_not_taken_for_it(
    warehouse: Warehouse, run: Run
) -> None:
    place = land(run, "house.csv", GOOD)
    listing = save_listing(run.home, drops(run.home))
    put(place, CORRECTED)
    assert claim_listing(run.connection, run.home, listing)[1] == 0
    claim = run.claim("*")
    put(place, GOOD)
    assert run.load(claim) == 0
    assert (
        warehouse.one("SELECT message FROM meter_drops") == "gone or changed before it was loaded"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_a_pattern(run: Run, name: str) -> None:
    bystanders = {f"{word}.csv": delivery(Day(nmi=f"410303561{n}")) for n, word in enumerate("ab")}
    bystanders["abc.csv"] = delivery(Day(nmi="4103035615"))
    folder = run.home.landing / "other"
    for bystander, data in bystanders.items():
        put(folder / bystander, data)
    odd = put(folder / name, GOOD)
    target = run.home.archive / name
    storage.move(odd, target)
    assert target.read_bytes() == GOOD
    assert sorted(path.name for path in storage.files_below(folder)) == sorted(bystanders)
    storage.remove(target)
    assert list(storage.files_below(run.home.archive)) == []
    assert len(list(storage.files_below(folder))) == len(bystanders)


def test_any_name_is_loaded_and_kept(run: Run) -> None:
    taken = [name for name in HOSTILE if not name.startswith(".")]
    for number, name in enumerate(taken):
        land(run, name, delivery(Day(nmi=f"410303561{number}")))
    assert run.run().files == {"loaded": len(taken)}
    assert names(run.home.archive) == sorted(taken)


def test_partial_uploads_are_left_alone_and_reported_when_they_stay(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(run, "house.csv.part", GOOD)
    assert drops(run.home) == []
    monkeypatch.setattr("nem12.drop.INCOMPLETE_HOURS", -1)
    assert [item.path.name for item in overdue(run.home)] == ["house.csv.part"]


def test_thousands_are_looked_at_by_few_questions(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        land(run, f"{number}.csv", GOOD)
    seen = drops(run.home)
    monkeypatch.setattr("nem12.drop.look", lambda *_: pytest.fail("asked for one"))
    assert unchanged(seen) == seen


def test_a_refused_file_can_be_put_back(run: Run) -> None:
    land(run, "cut.csv", GOOD[:-5])
    run.run()
    (back,) = redrive_drops(run.connection, run.home)
    assert back.place
    assert back.place.name == "cut.csv"
    assert names(run.home.rejected) == []
    assert [drop.path.name for drop in drops(run.home)] == ["cut.csv"]


def test_a_kept_file_is_loaded_again(run: Run) -> None:
    land(run, "house.csv", GOOD)
    run.run()
    again = run.run("archive/*", profile="lenient", reprocess=True)
    assert (again.files, again.drops) == ({"loaded": 1}, {"loaded": 1})
    assert names(run.home.archive) == ["house.csv"]


def test_settling_again_after_a_crash_comes_to_the_same_end(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is copied, and not yet removed where it landed."""
    land(run, "house.csv", GOOD)
    claim = run.claim("*")
    run.load(claim)
    with monkeypatch.context() as crash:
        crash.setattr(storage, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            run.settle(claim)
    assert len(drops(run.home)) == len(names(run.home.archive)) == 1
    assert run.settle(claim).drops == {"loaded": 1}
    assert drops(run.home) == []
    assert names(run.home.archive) == ["house.csv"]


def test_the_identity_of_a_drop_is_its_entity_tag(run: Run) -> None:
    place = land(run, "house.csv", GOOD)
    (first,) = drops(run.home)
    assert isinstance(first, Drop)
    assert first == look(place, "standard")
    put(place, GOOD.replace(b"1.5", b"2.5"))
    (second,) = drops(run.home)
    assert (first.uri, first.size) == (second.uri, second.size)
    assert first.identity != second.identity


def test_a_file_of_many_shards_is_read_in_parts(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 1_000)
    days = [Day(date(2024, 3, 1) + timedelta(days=n), nmi=f"41030356{n:02}") for n in range(12)]
    land(run, "month.csv", delivery(*days))
    claim = run.claim("*")
    assert run.load(claim) >= 3
    assert run.settle(claim).files == {"loaded": 1}
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48 * len(days)


def test_what_dead_runs_left_in_staging_is_swept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    land(run, "house.csv", GOOD)
    planned, left = run.claim("*"), run.home.staging / "0123456789abcdef" / "files" / "x"
    run.load(planned)
    storage.write_text(left, "x")
    monkeypatch.setattr("nem12.load.plan.STAGING_DAYS", -1)
    sweep_staging(run.home, {planned})
    assert [folder.name for folder, _ in storage.folders(run.home.staging)] == [planned]
    assert run.settle(planned).files == {"loaded": 1}


@pytest.mark.parametrize("way_out", ["../../landing/house.csv", "../x.json"])
def test_a_listing_lies_in_staging(run: Run, way_out: str) -> None:
    land(run, "house.csv", GOOD)
    listing = storage.place(f"{run.home.staging}/listings/{way_out}")
    with pytest.raises(UsageError, match="not a listing"):
        claim_listing(run.connection, run.home, listing)
