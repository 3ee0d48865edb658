"""Notes about refusals, and what is asked for again."""

import html
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest

from nem12.warehouse.connect import connect
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.web import cases
from tests.web.conftest import Site

API = "/nem12/api/v1"
DAY = Day(date(2021, 3, 10), nmi="4103030088")


@pytest.fixture
def user(site: Site) -> Iterator[httpx.Client]:
    """Somebody who may write notes."""
    with site.client("user") as client:
        yield client


@pytest.fixture
def noting(site: Site, user: httpx.Client) -> Iterator[Callable[..., httpx.Response]]:
    """Writes a note about a file; what a test has written is not the next one's."""

    def note(sha256: str, **fields: Any) -> httpx.Response:
        return user.post(f"{API}/files/{sha256}/notes", json=fields)

    yield note
    with connect(site.warehouse.owner) as owner:
        owner.execute("DELETE FROM meter_notes")


Noting = Callable[..., httpx.Response]


def refusal(client: httpx.Client, sha256: str) -> dict[str, Any]:
    findings = client.get(f"{API}/files/{sha256}/findings").json()["items"]
    found: dict[str, Any] = next(each for each in findings if each["level"] != "WARN")
    return found


def test_a_refusal_that_was_asked_for_again_says_so_until_it_is_not(
    user: httpx.Client, viewer: httpx.Client, noting: Noting, sha256: Callable[[str], str]
) -> None:
    file = sha256("faulty_records.csv")
    found = refusal(viewer, file)
    about = {"line": found["line"], "code": found["code"]}
    path = f"files/{file}"
    asked = noting(file, **about, note="called the MDP\nticket 4711", asked_again=True)
    assert asked.status_code == 202, asked.text
    assert asked.json()["written_by"] == "user"
    page = viewer.get(f"/nem12/{path}").text
    assert "called the MDP\nticket 4711" in page
    assert page.count('<span class="badge waiting">asked for again</span>') == 1
    assert "<textarea" not in page
    assert "<textarea" in user.get(f"/nem12/{path}").text
    day = f"/nem12/channels/{found['nmi']}/{found['nmi_suffix']}/{found['day']}"
    assert "ticket 4711" in viewer.get(day).text

    (listed,) = viewer.get(f"{API}/notes", params={"asked_again": True}).json()["items"]
    assert (listed["file"], listed["line"], listed["code"]) == (
        "faulty_records.csv",
        found["line"],
        found["code"],
    )
    assert (listed["message"], listed["days_since"]) == (found["message"], 0)
    notes = html.unescape(viewer.get("/nem12/notes?asked_again=true").text)
    assert f"<q>Please send the data of {found['nmi']} {found['nmi_suffix']}" in notes
    files = viewer.get(f"{API}/files", params={"asked_again": True}).json()["items"]
    assert [each["name"] for each in files] == ["faulty_records.csv"]
    assert "faulty_records.csv" in viewer.get("/nem12/files?asked_again=true").text

    assert noting(file, **about, asked_again=True).status_code == 400
    assert noting(file, **about, note="it came by mail").status_code == 202
    assert viewer.get(f"{API}/notes", params={"asked_again": True}).json()["items"] == []
    (listed,) = viewer.get(f"{API}/notes").json()["items"]
    assert (listed["note"], listed["notes"], listed["asked_again"]) == ("it came by mail", 2, False)
    assert viewer.get(f"{API}/files", params={"asked_again": True}).json()["items"] == []
    history = viewer.get(f"{API}/{path}/notes").json()["items"]
    assert [each["asked_again"] for each in history] == [False, True]


def test_what_came_since_it_was_asked_for_is_counted(
    site: Site, viewer: httpx.Client, noting: Noting
) -> None:
    """The note stays with the refusal when its file is loaded again."""
    with connect(site.warehouse.loader) as connection:
        run = Run(connection, site.home)
        run.drop("wrong.csv", delivery(replace(DAY, value="x")))
        run.run()
        (item,) = viewer.get(f"{API}/files", params={"text": "wrong.csv"}).json()["items"]
        found = refusal(viewer, item["sha256"])
        about = {"line": found["line"], "code": found["code"]}
        assert noting(item["sha256"], **about, asked_again=True).status_code == 202
        run.drop("right.csv", delivery(DAY))
        run.run()
    (listed,) = viewer.get(f"{API}/notes").json()["items"]
    assert listed["days_since"] == 1
    assert "1 of its days has got a version since" in viewer.get("/nem12/notes").text
    with connect(site.warehouse.loader) as connection:
        connection.execute(
            "SELECT meter_withdraw_file(file_id) FROM meter_files"
            " WHERE name IN ('wrong.csv', 'right.csv')"
        )
    (listed,) = viewer.get(f"{API}/notes").json()["items"]
    assert (listed["file"], listed["asked_again"]) == (None, True)
    assert "a file that was withdrawn" in viewer.get("/nem12/notes").text


def test_a_note_about_a_file_is_text_and_of_something_that_is_there(
    viewer: httpx.Client, noting: Noting, sha256: Callable[[str], str]
) -> None:
    file = sha256(cases.HOSTILE_NAME)
    assert noting(file, note=cases.HTML).status_code == 202
    for path in (f"files/{file}", "notes"):
        page = viewer.get(f"/nem12/{path}").text
        assert cases.HTML not in page
        assert html.escape(cases.HTML) in page
    for fields, status in (
        ({"line": 1, "code": "no-such", "note": "x"}, 404),
        ({"note": "  "}, 400),
        ({"note": "x" * 4001}, 422),
        ({"note": "\0"}, 422),
        ({"line": -1, "note": "x"}, 422),
    ):
        assert noting(file, **fields).status_code == status, fields
    assert noting("0" * 64, note="x").status_code == 404


def test_a_viewer_writes_no_notes(
    site: Site, viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    path = f"{API}/files/{sha256('faulty_records.csv')}/notes"
    assert viewer.post(path, json={"note": "x"}).status_code == 403
    with site.client(None) as browser:
        browser.cookies.set("_token", site.tokens["user"])
        evil = {"origin": "https://evil.example"}
        assert browser.post(path, json={"note": "x"}, headers=evil).status_code == 403
    assert viewer.get(path).json()["items"] == []
