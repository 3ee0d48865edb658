"""Uploads from the page, over real connections to a real server."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from nem12.settings import MIB, UPLOADS_AT_ONCE
from nem12.warehouse.connect import connect
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.web import cases
from tests.web.conftest import UPLOAD_MB, Site

ROUTE = "/nem12/api/v1/uploads"
BYTES = {"content-type": "application/octet-stream"}
PATIENCE = 30


@pytest.fixture
def user(site: Site) -> Iterator[httpx.Client]:
    """Somebody who may upload."""
    with site.client("user") as client:
        yield client


def upload(
    client: httpx.Client,
    name: str,
    data: bytes,
    headers: dict[str, str] | None = None,
    **query: str,
) -> httpx.Response:
    params = {"name": name, **query}
    return client.post(ROUTE, params=params, content=data, headers={**BYTES, **(headers or {})})


def inside(site: Site) -> dict[str, bytes]:
    """Everything in the landing folder."""
    return {path.name: path.read_bytes() for path in site.home.landing.iterdir() if path.is_file()}


def parts(site: Site) -> list[str]:
    return [path.name for path in site.home.landing.iterdir() if path.name.endswith(".part")]


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(autouse=True)
def nothing_left(site: Site) -> Iterator[None]:
    """What a test has landed is the next one's not."""
    before = set(inside(site))
    yield
    assert parts(site) == []
    for name in set(inside(site)) - before:
        (site.home.landing / name).unlink()


def test_an_upload_lands_is_loaded_and_leads_to_its_outcome(
    site: Site, user: httpx.Client, viewer: httpx.Client
) -> None:
    data = delivery(Day(date(2022, 7, 1), nmi="4103030009"))
    answer = upload(user, "uploaded.csv", data)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["name"], told["size"]) == ("uploaded.csv", len(data))
    assert (told["uploaded_by"], told["state"]) == ("user", None)
    assert told["sha256"] == sha256(data).hexdigest()
    assert inside(site)["uploaded.csv"] == data
    page = viewer.get(f"/nem12{told['path']}").text
    assert "until the watch picks it up" in page
    assert "data-settles" in page
    with connect(site.warehouse.loader) as connection:
        Run(connection, site.home).run()
    settled = viewer.get(f"{ROUTE}/{told['upload_id']}").json()
    (file,) = settled["files"]
    assert (settled["state"], settled["outcome"], file["outcome"]) == (
        "settled",
        "loaded",
        "loaded",
    )
    page = viewer.get(f"/nem12{told['path']}").text
    assert f'/files/{file["sha256"]}">uploaded.csv</a>' in page
    assert "data-settles" not in page
    items = viewer.get(ROUTE, params={"limit": 1}).json()["items"]
    assert [item["upload_id"] for item in items] == [told["upload_id"]]
    # The same content is a duplicate, under a name that is free again.
    again = upload(user, "uploaded.csv", data).json()
    assert again["state"] is None
    with connect(site.warehouse.loader) as connection:
        Run(connection, site.home).run()
    assert viewer.get(f"{ROUTE}/{again['upload_id']}").json()["outcome"] == "duplicate"
    assert viewer.get(f"{ROUTE}/{told['upload_id']}").json()["outcome"] == "loaded"


def test_a_profile_is_a_folder(site: Site, user: httpx.Client) -> None:
    try:
        assert upload(user, "a.csv", b"100,", profile="strict").status_code == 202
        assert (site.home.landing / "strict" / "a.csv").read_bytes() == b"100,"
    finally:
        (site.home.landing / "strict" / "a.csv").unlink()
    assert upload(user, "a.csv", b"100,", profile="../archive").status_code in (400, 422)


def test_a_name_is_data_on_the_page_too(site: Site, user: httpx.Client) -> None:
    told = upload(user, cases.HOSTILE_NAME, b"100,").json()
    assert inside(site)[cases.HOSTILE_NAME] == b"100,"
    for path in (told["path"], "/uploads"):
        assert cases.HTML not in user.get(f"/nem12{path}").text
    for name in ("../x.csv", "a/b.csv", "..", ".x", "x.part", ""):
        assert upload(user, name, b"100,").status_code == 400, name
    assert upload(user, "notes.md", b"# no data").status_code == 400
    assert upload(user, "empty.csv", b"").status_code == 400


def test_what_is_too_large_is_refused_by_what_it_says_and_by_what_comes(
    site: Site, user: httpx.Client
) -> None:
    whole = b"x" * (UPLOAD_MB * MIB)
    assert upload(user, "whole.csv", whole).status_code == 202
    assert inside(site)["whole.csv"] == whole
    before = inside(site)
    query, headers = {"name": "more.csv"}, dict(BYTES)
    assert upload(user, "more.csv", whole + b"x").status_code == 413

    def chunks() -> Iterator[bytes]:
        yield from (whole, b"x")

    assert user.post(ROUTE, params=query, content=chunks(), headers=headers).status_code == 413
    assert inside(site) == before


def test_names_that_are_in_use_get_a_number_also_at_the_same_moment(
    site: Site, user: httpx.Client
) -> None:
    contents = [f"100,{number}".encode() for number in range(UPLOADS_AT_ONCE)]
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as several:
        answers = list(several.map(lambda data: upload(user, "same.csv", data), contents))
    assert [answer.status_code for answer in answers] == [202] * UPLOADS_AT_ONCE
    landed = {answer.json()["name"]: answer.request.read() for answer in answers}
    assert sorted(landed) == ["2-same.csv", "3-same.csv", "4-same.csv", "same.csv"]
    assert {name: inside(site)[name] for name in landed} == landed


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("viewer", 403)])
def test_who_may_not_trigger_the_load_uploads_nothing(
    site: Site, role: str | None, status: int
) -> None:
    before = inside(site)
    with site.client(role) as client:
        assert upload(client, "x.csv", b"100,").status_code == status
    assert inside(site) == before


def test_a_page_of_another_site_uploads_nothing(site: Site) -> None:
    before = inside(site)
    ours = {"origin": site.url, "sec-fetch-site": "same-origin"}
    with site.client(None) as browser:
        browser.cookies.set("_token", site.tokens["user"])
        for headers in cases.OTHER_SITES:
            assert upload(browser, "x.csv", b"100,", headers).status_code == 403, headers
        for body in ("text/plain", "multipart/form-data; boundary=x", "application/json", ""):
            form = {**ours, "content-type": body}
            assert upload(browser, "x.csv", b"100,", form).status_code == 415
        assert inside(site) == before
        assert upload(browser, "x.csv", b"100,", ours).status_code == 202


def begun(site: Site, length: str, body: bytes) -> socket.socket:
    """A connection whose upload has begun, and does not end."""
    host, port = urlsplit(site.url).netloc.split(":")
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
    head = (
        f"POST {ROUTE}?name=broken.csv HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Authorization: Bearer {site.tokens['user']}\r\n"
        f"Content-Type: application/octet-stream\r\n{length}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


HALF = b"x" * (MIB + MIB // 2)
BROKEN = {
    "announced": ("Content-Length: 2000000", HALF),
    "in chunks": ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(HALF), HALF)),
    "inside a chunk": ("Transfer-Encoding: chunked", b"%x\r\n%s" % (2 * MIB, HALF)),
    "before the first byte": ("Content-Length: 2000000", b""),
}


@pytest.mark.parametrize("end", [socket.socket.close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("how", BROKEN)
def test_a_connection_that_breaks_leaves_nothing_behind(
    site: Site, how: str, end: Callable[[socket.socket], None]
) -> None:
    before = inside(site)
    connection = begun(site, *BROKEN[how])
    assert until(lambda: len(parts(site)) == 1)
    end(connection)
    assert until(lambda: parts(site) == [])
    assert inside(site) == before


def test_few_upload_at_a_time_and_who_breaks_off_makes_room(site: Site, user: httpx.Client) -> None:
    connections = [begun(site, *BROKEN["announced"]) for _ in range(UPLOADS_AT_ONCE)]
    assert until(lambda: len(parts(site)) == UPLOADS_AT_ONCE)
    busy = upload(user, "x.csv", b"100,")
    assert (busy.status_code, "try again" in busy.json()["detail"]) == (503, True)
    for connection in connections:
        connection.close()
    assert until(lambda: parts(site) == [])
    assert until(lambda: upload(user, "x.csv", b"100,").status_code == 202)


def test_a_landing_folder_that_cannot_be_written_says_so(
    site: Site, user: httpx.Client, tmp_path: Path
) -> None:
    if os.geteuid() == 0:
        # Root writes everywhere: here a file is in the place of the folder.
        strict = site.home.landing / "strict"
        strict.rename(tmp_path / "strict")
        strict.write_text("")
        try:
            answer = upload(user, "x.csv", b"100,", profile="strict")
        finally:
            strict.unlink()
            (tmp_path / "strict").rename(strict)
        assert answer.status_code >= 400
        assert "strict" in answer.json()["detail"]
        return
    site.home.landing.chmod(0o500)
    try:
        answer = upload(user, "x.csv", b"100,")
    finally:
        site.home.landing.chmod(0o700)
    assert answer.status_code == 503
    assert "cannot write to the landing folder" in answer.json()["detail"]
