"""Withdrawing a file on the page, after what it would change was shown."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import httpx
import pytest

from nem12.load.index import INDEX, Withdrawn, lines_of
from nem12.warehouse.connect import connect
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.web.conftest import Site

API = "/nem12/api/v1"
NMI = "4103030077"
FIRST, SECOND, THIRD = (Day(date(2021, 7, n), nmi=NMI, updated="20210801081500") for n in (1, 2, 3))
CORRECTIONS = [replace(day, value="3.25", updated="20210901081500") for day in (FIRST, SECOND)]
REPEATED = replace(FIRST, updated="20210701081500")


@pytest.fixture
def user(site: Site) -> Iterator[httpx.Client]:
    """Somebody who may withdraw."""
    with site.client("user") as client:
        yield client


@pytest.fixture
def corrected(site: Site) -> Iterator[str]:
    """A file whose days are in force: two replace older ones, one is the only one; its SHA-256."""
    with connect(site.warehouse.loader) as connection:
        run = Run(connection, site.home)
        run.drop("kept_back.csv", delivery(FIRST, SECOND))
        run.drop("older.csv", delivery(REPEATED))
        run.run()
        run.drop("mistake.csv", delivery(*CORRECTIONS, THIRD))
        run.run()
    rows = site.warehouse.rows("SELECT sha256 FROM meter_files WHERE name = 'mistake.csv'")
    yield str(rows[0][0])
    with connect(site.warehouse.loader) as connection:
        connection.execute(
            "SELECT meter_withdraw_file(file_id) FROM meter_files"
            " WHERE name IN ('mistake.csv', 'kept_back.csv', 'older.csv')"
        )


def totals(site: Site) -> dict[str, str]:
    rows = site.warehouse.rows(
        "SELECT day::text, total_consumption::text FROM meter_daily WHERE nmi = %s ORDER BY day",
        NMI,
    )
    return {str(day): str(total) for day, total in rows}


def test_the_preview_is_what_happens_and_who_did_it_is_recorded(
    site: Site, user: httpx.Client, corrected: str
) -> None:
    path = f"{API}/files/{corrected}"
    preview = user.get(f"{path}/withdrawal").json()
    days = {day["day"]: day for day in preview["items"]}
    assert list(days) == ["2021-07-01", "2021-07-02", "2021-07-03"]
    assert [day["file_after"] for day in days.values()] == ["kept_back.csv"] * 2 + [None]
    (sums,) = preview["sums"]
    assert (sums["days"], sums["days_after"], sums["same_days"]) == (3, 2, 0)
    now = totals(site)
    assert {day: row["before"] for day, row in days.items()} == now
    assert Decimal(sums["before"]) == sum(map(Decimal, now.values()))
    page = user.get(f"/nem12/files/{corrected}/withdraw").text
    assert "nothing: the day is empty" in page
    assert "Withdraw this file" in page

    answer = user.post(f"{path}/withdraw", json={})
    assert (answer.status_code, answer.json()) == (202, {"name": "mistake.csv", "days": 3})
    then = totals(site)
    assert then == {day: row["after"] for day, row in days.items() if row["file_after"] is not None}
    assert Decimal(sums["after"]) == sum(map(Decimal, then.values()))
    assert user.post(f"{path}/withdraw", json={}).status_code == 404
    act = user.get(f"{API}/acts", params={"limit": 1}).json()["items"][0]
    assert (act["act"], act["acted_by"], act["name"]) == ("withdraw", "user", "mistake.csv")
    assert (act["sha256"], act["known"]) == (corrected, False)
    assert "mistake.csv" in user.get("/nem12/acts").text
    messages = "SELECT message FROM meter_drops WHERE sha256 = %s ORDER BY drop_id DESC LIMIT 1"
    assert site.warehouse.rows(messages, corrected) == [("withdrawn by user",)]
    lines = [
        line
        for index in site.home.archive.rglob(INDEX)
        for line in lines_of(index.parent)
        if line.sha256 == corrected
    ]
    assert isinstance(lines[-1], Withdrawn)
    assert lines[-1].why == "withdrawn by user"


def test_an_index_that_cannot_be_written_leaves_everything_as_it_was(
    site: Site, user: httpx.Client, corrected: str
) -> None:
    before = totals(site)
    acted = user.get(f"{API}/acts").json()["items"]
    indexes = list(site.home.archive.rglob(INDEX))
    for index in indexes:
        index.rename(index.with_suffix(".aside"))
        index.mkdir()
    try:
        answer = user.post(f"{API}/files/{corrected}/withdraw", json={})
    finally:
        for index in indexes:
            index.rmdir()
            index.with_suffix(".aside").rename(index)
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("nothing is withdrawn: ")
    assert totals(site) == before
    assert user.get(f"{API}/acts").json()["items"] == acted


def test_a_file_that_is_being_loaded_is_not_withdrawn(
    site: Site, user: httpx.Client, corrected: str
) -> None:
    status = "UPDATE meter_files SET status = %s WHERE sha256 = %s RETURNING 1"
    site.warehouse.rows(status, "loading", corrected)
    answer = user.post(f"{API}/files/{corrected}/withdraw", json={})
    site.warehouse.rows(status, "loaded", corrected)
    assert answer.status_code == 409


def test_a_viewer_sees_what_would_change_and_withdraws_nothing(
    site: Site, viewer: httpx.Client, corrected: str
) -> None:
    before = totals(site)
    page = viewer.get(f"/nem12/files/{corrected}/withdraw")
    assert page.status_code == 200
    assert "<form" not in page.text
    assert viewer.post(f"{API}/files/{corrected}/withdraw", json={}).status_code == 403
    assert totals(site) == before


def test_the_report_of_a_file_is_a_text_to_keep(viewer: httpx.Client) -> None:
    items = viewer.get(f"{API}/files", params={"text": "faulty_records.csv"}).json()["items"]
    (file,) = items
    answer = viewer.get(f"{API}/files/{file['sha256']}/report")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "filename*=UTF-8''faulty_records.csv.report.txt" in answer.headers["content-disposition"]
    assert answer.text.startswith("faulty_records.csv: partial (standard profile)\n")
    assert "  line 5: RECORD: " in answer.text
