"""What people are told of a run, made from the ledger."""

from datetime import UTC, datetime, timedelta

from nem12.load.plan import plan_claim
from nem12.settings import MAX_ATTEMPTS
from nem12.tell.alert import Alert, alert_of_silence, alerts_of_claim
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.support.servers import only_embedded

pytestmark = only_embedded

GOOD = delivery(Day())
REFUSED = GOOD.rpartition(b"900")[0]


def alerts(run: Run, claim: str) -> list[Alert]:
    page, files = "http://a/r?x&y", "http://a/f?run=1&x"
    return list(alerts_of_claim(run.connection, claim, "run 1", page, "http://a/{}".format, files))


def test_there_is_nothing_to_tell_of_a_run_that_loaded_everything(run: Run) -> None:
    run.drop("good.csv", GOOD)
    assert alerts(run, run.run().claim) == []


def test_refused_and_partial_files_are_told_of_with_counts_reason_and_page(run: Run) -> None:
    run.drop("whole.csv", REFUSED)
    run.drop("part.csv", delivery(Day(), Day(value="x")))
    (alert,) = alerts(run, run.run().claim)
    assert (alert.kind, alert.subject) == ("refused", "NEM12: 2 files refused, whole or in part")
    whole, part = alert.files
    assert (whole.name, whole.outcome, part.outcome) == ("whole.csv", "refused", "partial")
    assert "1 of 6 records refused; line 5: " in part.why
    assert part.page == f"http://a/{part.sha256}"
    assert '<a href="http://a/r?x&amp;y">run 1</a>' in alert.html


def test_of_many_files_the_first_are_named_and_the_others_counted(run: Run) -> None:
    for number in range(60):
        run.drop(f"{number:02}.csv", REFUSED + b"\n" * number)
    settlement = run.run()
    assert (len(settlement.problems), settlement.problems_left_out) == (50, 10)
    (alert,) = alerts(run, settlement.claim)
    assert (len(alert.files), alert.more) == (50, 10)
    assert "- and 10 more: http://a/f?run=1&x" in alert.text
    assert '<li><a href="http://a/f?run=1&amp;x">and 10 more</a></li>' in alert.html
    assert alert.subject.startswith("NEM12: 60 files")


def test_a_drop_is_told_of_at_every_failed_attempt_and_when_it_is_given_up(run: Run) -> None:
    run.drop("good.csv", GOOD)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claim = run.claim("*")
        plan_claim(run.connection, run.home, claim)
        run.settle(claim)
        (alert,) = alerts(run, claim)
        (file,) = alert.files
        assert alert.kind == "failed"
        assert f"attempt {attempt} failed: not all of good.csv is applied; " in file.why
        run.connection.execute("UPDATE meter_drops SET not_before = now()")
        run.connection.commit()
    assert (file.outcome, file.why.partition("; ")[2]) == (
        "failed",
        "given up; redrive tries again",
    )


def test_silence_is_told_of_after_the_hours_that_were_set(run: Run) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(hours=27)
    assert alert_of_silence(run.connection, run.home, 26, later) is None, "nothing came yet"
    run.drop("good.csv", GOOD)
    run.run()
    assert alert_of_silence(run.connection, run.home, 26, now) is None
    alert = alert_of_silence(run.connection, run.home, 26, later)
    assert alert is not None
    assert "for 26 hours, since" in alert.subject


def test_an_asset_event_names_a_hundred_nmis_and_counts_the_others(run: Run) -> None:
    days = [Day(nmi=f"4103{number:06}") for number in range(103)]
    run.drop("many.csv", delivery(*days))
    extra = run.run().as_extra()
    assert (len(extra["nmis"]), extra["nmis_left_out"]) == (100, 3)
