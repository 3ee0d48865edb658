"""A person's way through the page, in a real browser, inside Airflow."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import (
    Browser,
    FrameLocator,
    Page,
    StorageState,
    ViewportSize,
    expect,
    sync_playwright,
)

from nem12 import settings
from tests.support.deliveries import Day, delivery
from tests.support.installation import SAMPLES, Running
from tests.support.installed import home_in, installed
from tests.support.servers import passable_folder

pytestmark = pytest.mark.e2e

SCREENSHOTS = os.environ.get("METER_SCREENSHOTS")
"""A folder for the pictures of the documents."""

WIDE: Final[ViewportSize] = {"width": 1280, "height": 860}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own browser: none is downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("there is no Chromium here: install it (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        # Root, as in a container, may not use the sandbox; the pages are our own.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def running(chromium: Browser) -> Iterator[Running]:
    """An installation with the samples loaded; not started where there is no browser."""
    assert chromium.is_connected()
    with passable_folder() as root, installed(home_in(root)) as everything:
        since = datetime.now(UTC)
        samples = [path.name for path in SAMPLES.iterdir() if path.suffix != ".md"]
        for dropped in [everything.drop(name) for name in samples]:
            everything.settled(dropped, since)
        yield everything


PAGES: Final = (
    "", "files", "channels", "coverage", "coverage/2002715250/E1", "expected", "problems",
    "senders", "runs", "changes", "uploads", "notes", "acts", "codes", "api",
)  # fmt: skip


class Visit:
    """A browser that watches what its page complains of: the security policy does so, too."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda said: self._complain(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe[title='Meter data']")

    def picture(self, name: str, height: int = WIDE["height"]) -> None:
        """Take a picture for the documents, if METER_SCREENSHOTS asks for it."""
        if SCREENSHOTS:
            self.page.set_viewport_size({"width": WIDE["width"], "height": height})
            self.page.mouse.move(0, 0)
            self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")

    def _complain(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)


@pytest.fixture(scope="module")
def session(chromium: Browser, running: Running) -> StorageState:
    """What the browser keeps of a login by Airflow's form."""
    password = json.loads(running.airflow.password_file.read_text())[running.airflow.user]
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(running.airflow.url)
        page.locator("input[name=username]").fill(running.airflow.user)
        page.locator("input[name=password]").fill(password)
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Meter data")).to_be_visible()
        return context.storage_state()


@pytest.fixture
def visit(chromium: Browser, session: StorageState) -> Iterator[Visit]:
    # A zone with daylight saving, far from the readings'.
    with chromium.new_context(
        viewport=WIDE, timezone_id="Europe/London", locale="en-AU", storage_state=session
    ) as context:
        visit = Visit(context.new_page())
        yield visit
        assert visit.complaints == []


@pytest.fixture
def inside(visit: Visit, running: Running) -> Visit:
    """The page opened by Airflow's navigation."""
    visit.page.goto(running.airflow.url)
    visit.page.get_by_role("link", name="Meter data").click()
    expect(visit.frame.get_by_role("heading", name="Meter data", level=1)).to_be_visible()
    return visit


def test_from_the_overview_to_the_faulty_line_and_the_task_that_loaded_it(inside: Visit) -> None:
    frame = inside.frame
    inside.picture("page-overview")
    frame.get_by_role("link", name="faulty_records.csv").click()
    expect(frame.get_by_role("heading", name="faulty_records.csv")).to_be_visible()
    # The address of Airflow follows: the way can be kept and sent.
    expect(inside.page).to_have_url(re.compile(r"/plugin/meter-data/nem12/files/[0-9a-f]{64}$"))
    finding = frame.locator("#line-5")
    expect(finding).to_contain_text("47 values instead of 48")
    expect(finding.locator("pre")).to_contain_text("300,20250402,")
    inside.picture("page-file")
    frame.get_by_role("link", name=re.compile(r"load\.apply\[\d+\]")).click()
    expect(inside.page).to_have_url(
        re.compile(r"/dags/nem12_load/runs/.+/tasks/load\.apply/mapped/")
    )


def test_from_a_list_of_nmis_to_those_that_never_delivered_and_to_why_a_day_is_missing(
    inside: Visit, tmp_path: Path
) -> None:
    frame = inside.frame
    frame.get_by_role("link", name="Coverage", exact=True).click()
    frame.get_by_role("link", name="NMIs are expected").click()
    frame.get_by_text("Give a list as CSV").first.click()
    listed = tmp_path / "nmis.csv"
    listed.write_text("nmi,label\n4103030009,Cafe\n")
    frame.get_by_label("CSV file").first.set_input_files(listed)
    expect(frame.get_by_label("or its lines").first).to_have_value(listed.read_text())
    frame.get_by_role("button", name="Take the list").first.click()
    expect(frame.get_by_text("Taken: 1 entry")).to_be_visible()
    frame.get_by_role("link", name="Those that have never delivered").click()
    row = frame.get_by_role("row", name=re.compile("4103030009"))
    expect(row).to_contain_text("nothing has been delivered")
    frame.get_by_role("link", name="still delivering").click()
    gaps = frame.get_by_role("row", name=re.compile("2002715250 E1"))
    gaps.get_by_role("link", name="2025-04-02").first.click()
    expect(frame.get_by_text("47 values instead of 48")).to_be_visible()


def test_from_an_nmi_to_its_curve_and_a_single_reading(inside: Visit) -> None:
    frame = inside.frame
    frame.get_by_role("link", name="Channels", exact=True).click()
    frame.get_by_label("NMI, or its first characters").fill("4103491344")
    frame.get_by_role("button", name="Find").click()
    frame.get_by_role("link", name="4103491344").click()
    frame.get_by_role("link", name="E1").click()
    chart = frame.locator("figure.chart")
    expect(chart).to_have_attribute("data-drawn", "336")
    inside.picture("page-channel", height=960)
    chart.focus()
    for _ in range(3):
        chart.press("ArrowRight")
    # NEM time, wherever the browser is.
    said = r"2025-04-03 01:00 . 01:30 · [\d.]+ kWh · final substitute \(F\d\d, [a-z ]+\) · subst"
    expect(chart.get_by_role("status")).to_contain_text(re.compile(said))
    frame.get_by_text("As a table of days").click()
    frame.get_by_role("link", name="2025-04-03", exact=True).click()
    expect(frame.locator("figure.chart")).to_have_attribute("data-drawn", "48")


def test_a_file_is_loaded_again_by_a_button(inside: Visit, running: Running) -> None:
    frame = inside.frame
    frame.get_by_role("link", name="truncated.csv").click()
    inside.page.wait_for_url(re.compile(r"/files/[0-9a-f]{64}$"))
    sha256 = inside.page.url.rpartition("/")[2]
    frame.get_by_text("Load it again").click()
    frame.get_by_label("Profile", exact=True).select_option("lenient")
    frame.get_by_role("button", name="Load again").click()
    expect(frame.locator("form.act output", has_text="Started:")).to_be_visible()

    def outcome() -> bool:
        query = "SELECT status FROM meter_files WHERE sha256 = %s"
        row = running.connection.execute(query, (sha256,)).fetchone()
        return row == ("partial",)

    assert running.until(outcome)


@pytest.fixture
def watch_paused(running: Running) -> Iterator[None]:
    """Nobody takes what lands, so that the one who does is the one who was asked to."""
    dag = f"/api/v2/dags/{settings.WATCH_DAG_ID}"
    running.airflow.api("PATCH", dag, {"is_paused": True})
    yield
    running.airflow.api("PATCH", dag, {"is_paused": False})


def land(running: Running, nmi: str) -> None:
    """A day of a new meter, made on 5 July 2023."""
    path = running.home.landing / f"{nmi}.csv"
    beside = path.with_name(f".{path.name}")
    day = Day(date(2023, 7, 4), nmi=nmi, updated="20230705081500")
    beside.write_bytes(delivery(day, created="202307052359"))
    beside.replace(path)


def see_curve(visit: Visit, running: Running, nmi: str) -> None:
    """Wait until the readings are there, then look at them."""
    query = "SELECT count(*) FROM meter_readings WHERE nmi = %s"
    running.until(lambda: running.connection.execute(query, (nmi,)).fetchone() == (48,))
    visit.page.goto(f"{running.airflow.url}/nem12/channels/{nmi}/E1")
    expect(visit.page.locator("figure.chart")).to_have_attribute("data-drawn", "48")


def trigger_form(visit: Visit, running: Running) -> Page:
    page = visit.page
    page.goto(f"{running.airflow.url}/dags/{settings.LOAD_DAG_ID}")
    expect(page.get_by_text("claim_and_plan").first).to_be_visible()
    visit.picture("airflow")
    page.get_by_role("button", name="Trigger").click()
    expect(page.get_by_text("One pattern a line")).to_be_visible()
    visit.picture("trigger-form", height=1160)
    return page


def test_from_a_dropped_file_to_its_curve(visit: Visit, running: Running) -> None:
    land(running, "4103077701")
    see_curve(visit, running, "4103077701")


@pytest.mark.usefixtures("watch_paused")
def test_the_overview_leads_to_the_dag_that_is_paused(inside: Visit) -> None:
    why = inside.frame.get_by_role("link", name="The DAG nem12_watch is paused")
    for _ in range(10):
        # What was seen some seconds ago is told again.
        if why.is_visible():
            break
        inside.page.wait_for_timeout(1000)
        inside.frame.get_by_role("link", name="Overview").click()
    why.click()
    expect(inside.page).to_have_url(re.compile(r"/dags/nem12_watch$"))


@pytest.mark.usefixtures("watch_paused")
def test_from_the_trigger_form_to_the_curve(visit: Visit, running: Running) -> None:
    land(running, "4103077702")
    land(running, "4103077704")
    page = trigger_form(visit, running)
    form = page.get_by_role("dialog")
    form.locator("textarea[name=element_files]").fill("*77702*\nno-such*")
    form.get_by_role("button", name="Trigger").click()
    see_curve(visit, running, "4103077702")
    assert (running.home.landing / "4103077704.csv").exists()


@pytest.mark.usefixtures("watch_paused")
def test_from_a_backfill_of_a_day_to_the_curve(visit: Visit, running: Running) -> None:
    land(running, "4103077703")
    page = trigger_form(visit, running)
    page.get_by_text("Run this Dag for a range of dates").click()
    for number in range(2):
        page.get_by_test_id("datetime-input").nth(number).click()
        field = page.get_by_placeholder("YYYY/MM/DD")
        field.fill("2023/07/05")
        field.press("Enter")
        page.keyboard.press("Escape")
        # It fades out; until then the next calendar's field is one of two.
        expect(field).to_have_count(0)
    page.get_by_role("button", name="Run Backfill").click()
    see_curve(visit, running, "4103077703")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_no_page_sideways(
    visit: Visit, running: Running, scheme: Literal["light", "dark"]
) -> None:
    page = visit.page
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme=scheme)
    for path in (*PAGES, "channels/4103491344/E1"):
        page.goto(f"{running.airflow.url}/nem12/{path}")
        expect(page.get_by_role("main")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (int(re.findall(r"\d+", ground)[0]) < 128) == (scheme == "dark"), path
