"""What the pages and JSON routes tell, held against the tables."""

import csv
import html
import io
import json
import os
import re
import time
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from nem12.mdff import spec
from nem12.mdff.spec import nmi_check_digit
from nem12.web.answers import nem_now
from nem12.web.openapi import fields_of, routes_of
from tests.web import cases
from tests.web.conftest import Site

API = "/nem12/api/v1"
SNAPSHOT = Path(__file__).parent / "api_v1.json"


def walk(client: httpx.Client, path: str, limit: int) -> list[dict[str, Any]]:
    """All rows of a route, page by page."""
    found: list[dict[str, Any]] = []
    after = ""
    for _ in range(500):
        join = "&" if "?" in path else "?"
        url = httpx.URL(f"{path}{join}limit={limit}")
        page = client.get(url.copy_merge_params({"after": after} if after else {})).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        after = page["next"]
        if after is None:
            return found
    raise AssertionError(path)


def test_the_counts_of_every_file_balance(site: Site, viewer: httpx.Client) -> None:
    files = viewer.get(f"{API}/files").json()["items"]
    assert len(files) == site.warehouse.one("SELECT count(*) FROM meter_files")
    for each in files:
        file = viewer.get(f"{API}/files/{each['sha256']}").json()
        for what in ("records", "readings"):
            assert file[what] == file[f"accepted_{what}"] + file[f"refused_{what}"]
        assert file["days_in_force"] + file["days_superseded"] == file["days"]
        parts = viewer.get(f"{API}/files/{each['sha256']}/parts").json()["items"]
        assert sum(part["records"] for part in parts) == file["records"]


def cases_run(site: Site) -> str:
    """The run that has loaded the cases."""
    return str(site.warehouse.one("SELECT run FROM meter_drops WHERE uri LIKE '%/truncated.csv'"))


@pytest.mark.parametrize("limit", [7, 1000])
@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("/files", "SELECT sha256 FROM meter_files"),
        (
            "/files?run={run}",
            """SELECT member FROM meter_drop_files JOIN meter_drops USING (drop_id)
            WHERE run = (SELECT run FROM meter_drops WHERE uri LIKE '%/truncated.csv')""",
        ),
        ("/files?sort=-size", "SELECT sha256 FROM meter_files"),
        ("/nmis", "SELECT DISTINCT nmi FROM meter_days"),
        ("/nmis?sort=newest", "SELECT DISTINCT nmi FROM meter_days"),
        ("/problems?sort=code", "SELECT line FROM meter_refusals"),
        ("/runs?sort=-drops", "SELECT DISTINCT run FROM meter_drops"),
        ("/drops?sort=name", "SELECT drop_id FROM meter_drops WHERE state <> 'settled'"),
        (
            "/files/{faults}/findings",
            """SELECT line, code FROM meter_refusals WHERE file_id = {id}
            UNION ALL SELECT line, code FROM meter_warnings WHERE file_id = {id}""",
        ),
        ("/files/{month}/days", "SELECT line FROM meter_day_versions WHERE file_id = {id}"),
        (
            "/channels/2002267438/E1/readings?from=2025-03-31&to=2025-03-31",
            """SELECT 1 FROM meter_readings WHERE nmi = '2002267438' AND nmi_suffix = 'E1'
            AND ("timestamp" AT TIME ZONE 'Australia/Brisbane')::date = '2025-03-31'""",
        ),
    ],
    ids=[
        "files",
        "files of a run",
        "files by size",
        "nmis",
        "nmis by newest day",
        "problems",
        "runs",
        "drops",
        "findings",
        "days",
        "readings",
    ],
)
def test_pages_leave_nothing_out_and_repeat_nothing(
    site: Site,
    viewer: httpx.Client,
    sha256: Callable[[str], str],
    limit: int,
    path: str,
    table: str,
) -> None:
    names = {"faults": sha256("many_faults.csv"), "month": sha256("month_30min.csv.gz")}
    named = re.search(r"\{(\w+)\}", path)
    hashed = names.get(named[1], "0" * 64) if named else "0" * 64
    names["run"] = cases_run(site)
    file_id = site.warehouse.rows("SELECT file_id FROM meter_files WHERE sha256 = %s", hashed)
    there = site.warehouse.rows(table.format(id=file_id[0][0] if file_id else 0))
    seen = walk(viewer, API + path.format(**names), limit)
    assert len({str(row) for row in seen}) == len(seen) == len(there)


def test_the_files_of_a_run_come_with_their_outcome_and_the_refused_ones_first(
    site: Site, viewer: httpx.Client
) -> None:
    run = cases_run(site)
    files = walk(viewer, f"{API}/files?run={run}", 100)
    outcomes = [file["outcome"] for file in files]
    assert outcomes == sorted(outcomes, key=["refused", "partial", "loaded", "duplicate"].index)
    assert {"truncated.csv", "gone.csv"} & {file["name"] for file in files} == {"truncated.csv"}
    refused = walk(viewer, f"{API}/files?run={run}&status=refused", 1)
    assert refused == [file for file in files if file["outcome"] == "refused"]
    text = viewer.get(f"/nem12/files?run={run}").text
    assert f'href="/dags/nem12_load/runs/{run}"' in text
    assert text.index("truncated.csv") < text.index("household_30min.csv")
    assert '#line-8">Line 8</a>: the file ends without a 900 record' in text
    (faulty,) = [file for file in files if file["name"] == "faulty_records.csv"]
    assert (faulty["code"], faulty["line"] > 1) == ("value-count", True)
    assert "This run has no files" in viewer.get("/nem12/files?run=nobody%27s").text
    failed = viewer.get(f"{API}/drops?state=failed").json()["items"]
    of_its_run = viewer.get(f"{API}/drops?run={failed[0]['run']}").json()["items"]
    assert (of_its_run, viewer.get(f"{API}/drops?run=x").json()["items"]) == (failed, [])


def test_every_finding_is_explained(viewer: httpx.Client, sha256: Callable[[str], str]) -> None:
    rows = walk(viewer, f"{API}/files/{sha256('many_faults.csv')}/findings", 100)
    assert {row["level"] for row in rows} >= {"RECORD", "WARN"}
    assert all(row["explanation"] for row in rows)
    assert [row["line"] for row in rows] == sorted(row["line"] for row in rows)


def test_a_page_of_findings_leads_to_the_next(
    viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    url = httpx.URL(f"/nem12/files/{sha256('many_faults.csv')}")
    seen: set[str] = set()
    while True:
        text = viewer.get(url).text
        lines = set(re.findall(r'<pre class="excerpt" tabindex="0" aria-label="Line (\d+)"', text))
        seen |= lines
        more = re.search(r'<a href="\?([^"#]+)#findings" rel="next">', text)
        if more is None:
            break
        url = url.copy_with(query=more[1].replace("&amp;", "&").encode())
    assert len(seen) == cases.FAULTS


def test_text_from_files_is_text(viewer: httpx.Client, sha256: Callable[[str], str]) -> None:
    hostile = sha256(cases.HOSTILE_NAME)
    pages = [
        "/nem12/",
        "/nem12/files",
        "/nem12/drops",
        f"/nem12/files/{hostile}",
        f"/nem12/channels/{cases.NMI}",
        f"/nem12/channels/{cases.NMI}/E1",
        f"/nem12/channels/{cases.NMI}/E1/2024-03-10",
        f"/nem12/channels?nmi={cases.HTML}",
        f"/nem12/files/{sha256(f'superseded.zip/{cases.MEMBER}')}",
    ]
    texts = [viewer.get(page).text for page in pages]
    for page, text in zip(pages, texts, strict=True):
        for raw in ("<script>", "<img", "<b>", "<i>", "<u>9"):
            assert raw not in text, page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in texts[6]
    assert 'F52 <span class="quiet">final substitute: previous read</span>' in texts[6]
    assert "reason 0, free text" in texts[6]
    assert all("&lt;img src=x onerror=alert(1)&gt;" in texts[place] for place in (1, 2, 3, 6))


@pytest.mark.parametrize(
    "bad",
    [
        "/files?after=nonsense",
        "/files?limit=0",
        "/files?limit=1001",
        "/files/%00",
        "/channels/%00/E1/days",
        "/channels/4103035613/%00/days",
        "/channels/4103035613/E1/days?from=0001-01-01",
        "/channels/4103035613/E1/days?to=9999-12-31",
        "/files?after=2024-01-01~1",
        "/files?run=%00",
        "/files?run=run&after=x",
        "/files?run=run&status=loading",
        f"/files?run={'x' * 251}",
        "/files?status='; DROP TABLE meter_files",
        "/nmis?prefix=%25",
        "/nmis?after=%00",
        "/files/{}/findings?after=1~%00~WARN",
        "/files/{}/findings?after=99999999999999999999~a~WARN",
        "/channels/4103035613/E1/readings?from=2024-03-10&to=2024-03-09",
        "/channels/4103035613/E1/readings?from=2024-03-10&to=2025-09-09",
        "/channels/4103035613/E1/readings?limit=99999",
        "/channels/4103035613/E1/versions/10000-01-01",
        "/coverage?from=0001-01-01&to=9999-12-31",
        "/coverage?from=2023-01-01&to=2024-01-02",
        "/coverage?after=~",
        "/files/..%2f..%2fetc%2fpasswd",
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(
    viewer: httpx.Client, sha256: Callable[[str], str], bad: str
) -> None:
    answer = viewer.get(API + bad.format(sha256("truncated.csv")))
    if bad == "/coverage?after=~":  # the first page, asked for clumsily
        assert answer.status_code == 200
    else:
        assert answer.status_code in {400, 404, 422}
        assert isinstance(answer.json()["detail"], str)


def test_no_more_days_are_drawn_than_one_page_of_readings_holds(viewer: httpx.Client) -> None:
    page = f"/nem12/channels/{cases.NMI}/E1?from=2024-03-01&to=2024-04-"
    assert viewer.get(f"{page}03").status_code == 200
    answer = viewer.get(f"{page}04")
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "the span from … to is longer than 34 days",
    )


@pytest.mark.parametrize("route", ["channels/2002267438/E1/days", "coverage"])
def test_without_a_span_the_newest_month_is_told(
    site: Site, viewer: httpx.Client, route: str
) -> None:
    of_channel = " WHERE nmi = '2002267438' AND nmi_suffix = 'E1'"
    newest = site.warehouse.one(
        f"SELECT max(day) FROM meter_days{of_channel if '/' in route else ''}"
    )
    assert isinstance(newest, date)
    answer = viewer.get(f"{API}/{route}").json()
    assert (answer["from"], answer["to"]) == (str(newest - timedelta(days=30)), str(newest))


def test_a_superseded_day_names_the_file_in_force_and_what_changed(
    viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    days = viewer.get(f"{API}/files/{sha256('household_30min.csv')}/days").json()["items"]
    superseded = [day for day in days if not day["in_force"]]
    assert [day["by_file"] for day in superseded] == ["household_correction.csv"] * 2
    day = superseded[0]
    path = f"{day['nmi']}/{day['nmi_suffix']}"
    newer, older = viewer.get(f"{API}/channels/{path}/versions/{day['day']}").json()["items"]
    assert (newer["in_force"], older["in_force"]) == (True, False)
    added = sum(map(Decimal, newer["consumption"])) - sum(map(Decimal, older["consumption"]))
    assert Decimal(newer["sum_added"]) == added
    text = viewer.get(f"/nem12/channels/{path}/{day['day']}").text
    assert f"{newer['intervals_changed']} intervals changed" in text


def test_the_page_of_a_refused_day_says_where_and_why_it_was_refused(
    viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    faulty = sha256("faulty_records.csv")
    why = "47 values instead of 48 (30-minute data): QualityMethod 'A' is field 50 instead of 51"
    day = "/channels/2002715250/E1/{}2025-04-02"
    text = html.unescape(viewer.get(f"/nem12{day.format('')}").text)
    assert "There is no version of this day: all deliveries were refused." in text
    assert re.search(rf"Refused in <a [^>]*>faulty_records.csv</a>, line 5: {re.escape(why)}", text)
    assert re.search(
        r"300,20250402,0.093,0.070,… 47 values …,[0-9.]+,[0-9.]+,<mark>A</mark>,,,", text
    )
    (link,) = set(re.findall(rf'href="(/nem12/files/{faulty}[^"]*#line-5)"', text))
    page = html.unescape(viewer.get(link.partition("#")[0]).text)
    assert 'id="line-5"' in page
    assert f'href="/nem12{day.format("")}">2002715250 E1 2025-04-02</a>' in page
    found = viewer.get(f"{API}{day.format('versions/')}").json()
    assert (found["items"], len(found["refusals"])) == ([], 1)
    assert {**found["refusals"][0], "sha256": faulty, "line": 5, "message": why, "field": 50} == (
        found["refusals"][0]
    )


def test_a_day_whose_correction_was_refused_says_which_version_stays(viewer: httpx.Client) -> None:
    text = viewer.get(f"/nem12/channels/{cases.CORRECTED}/E1/2024-03-10").text
    assert "The version of 12 March 2024, 08:15 stays in force." in text
    assert "Refused in" in text
    text = viewer.get(f"/nem12/channels/{cases.CORRECTED}/E1/2024-03-11").text
    assert "stays in force" not in text
    assert "Refused in" not in text


def test_a_channel_of_which_all_was_refused_has_pages(viewer: httpx.Client) -> None:
    channel = f"{cases.CORRECTED}/Q1"
    assert f"/channels/{channel}" in viewer.get(f"/nem12/channels/{cases.CORRECTED}").text
    text = viewer.get(f"/nem12/channels/{channel}").text
    assert "2024-03-10 to 2024-03-11: refused in" in text
    assert "<mark>BTU</mark>" in text
    text = viewer.get(f"/nem12/channels/{channel}/2024-03-11").text
    assert "No readings of this channel are loaded." in text
    assert "This refuses the whole block: 2024-03-10 to 2024-03-11." in text
    assert viewer.get(f"/nem12/channels/{channel}/2024-03-12").status_code == 404


def test_the_days_of_a_refused_file_lead_to_it(
    site: Site, viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    refused = sha256("truncated.csv")
    file = viewer.get(f"{API}/files/{refused}").json()
    first = file["refused_days"][0]
    page = f"/nem12/channels/{first['nmi']}/{first['nmi_suffix']}/{first['day']}"
    text = viewer.get(page).text
    assert f"/files/{refused}?findings=" in text
    assert "#line-8" in text
    assert "the file ends without a 900 record" in text
    assert "This refuses the whole file." in text
    assert f'href="/nem12/channels/{first["nmi"]}' in viewer.get(f"/nem12/files/{refused}").text
    listed = (
        "SELECT count(*) FROM meter_refused_days JOIN meter_files USING (file_id) WHERE sha256 = %s"
    )
    assert site.warehouse.rows(listed, refused) == [(len(file["refused_days"]),)]


def test_coverage_says_which_missing_days_were_refused(viewer: httpx.Client) -> None:
    span = "from=2025-03-31&to=2025-04-06&nmi=2002715250"
    (one,) = viewer.get(f"{API}/coverage?{span}").json()["items"]
    assert [(row["missing_day"], row["line"], row["code"]) for row in one["refused"]] == [
        ("2025-04-02", 5, "value-count"),
        ("2025-04-04", 7, "value-negative"),
    ]
    text = viewer.get(f"/nem12/coverage?{span}").text
    assert re.search(
        r">2025-04-02</a> refused in <a [^>]*>faulty_records.csv</a>, line 5: 47", text
    )
    (row,) = csv.DictReader(viewer.get(f"{API}/coverage.csv?{span}").text.splitlines())
    assert row["refused"] == "2025-04-02 2025-04-04"


def test_every_missing_day_leads_to_why(viewer: httpx.Client) -> None:
    span = "from=2025-03-31&to=2025-04-06"
    coverage = viewer.get(f"/nem12/coverage?{span}&nmi=2002715250").text
    (link,) = re.findall(r'<a class="bad" href="(/nem12/coverage/2002715250/E1[^"]*)"', coverage)
    text = html.unescape(viewer.get(html.unescape(link)).text)
    rows = re.findall(
        r'<tr><th scope="row" class="nowrap"><a [^>]*>([0-9-]+)</a></th><td>(.)', text
    )
    assert ("2025-04-02", "r") in rows
    assert "refused in <a " in text
    assert "A drop failed to load and may contain missing days:" in text
    newest = viewer.get(f"{link.partition('?')[0]}?{span}&why=refused&sort=newest").text
    assert newest.index("2025-04-04</a>") < newest.index("2025-04-02</a>")
    day = viewer.get(f"/nem12/channels/{cases.NEW_YEAR}/E1/2024-02-01").text
    assert "There is no version of this day: no loaded file delivers it." in day
    assert "gone.csv" in day
    never = viewer.get(f"/nem12/coverage/{cases.NMI}/Z9").text
    assert "Nothing is known of this channel." in never


def test_who_may_load_says_which_nmis_are_expected_and_when_channels_end(
    site: Site, viewer: httpx.Client
) -> None:
    span = "from=2023-12-30&to=2024-01-10"
    with site.client("op") as op:
        bad = op.post(
            f"{API}/expected", json={"csv": "nmi,label,first_day\nx\n4103030009,<b>,1.1.2024\n"}
        )
        assert bad.status_code == 400
        assert bad.json()["detail"].splitlines() == [
            "nothing was changed",
            "line 2: 'X' is not an NMI: it needs 10 letters and digits, or 11 with check digit",
            "line 3: '1.1.2024' is not a day such as 2025-04-30 or 30/04/2025",
        ]
        csv_text = f"nmi,label\n4103030009,{cases.HTML}\n{cases.NEW_YEAR},Caf\u00e9\n"
        taken = op.post(f"{API}/expected", json={"csv": csv_text})
        assert taken.json() == {"lines": 2, "removed": 0}
        said = op.post(f"{API}/ends", json={"csv": f"{cases.NEW_YEAR},,2024-01-05"})
        assert said.json()["lines"] == 1
        nmis = walk(viewer, f"{API}/expected", 1)
        assert [(row["nmi"], row["newest_day"]) for row in nmis] == [
            (cases.NEW_YEAR, "2024-01-03"),
            ("4103030009", None),
        ]
        (end,) = walk(viewer, f"{API}/ends", 1)
        assert (end["nmi_suffix"], end["last_day"], end["said_by"]) == ("", "2024-01-05", "op")
        page = viewer.get("/nem12/expected").text
        assert html.escape(cases.HTML) in page
        assert "data-action" not in page
        assert "data-action" in op.get("/nem12/expected").text
        never = viewer.get(f"{API}/coverage?{span}&standing=never&sort=missing").json()
        assert [(row["nmi"], row["missing_days"]) for row in never["items"]] == [("4103030009", 12)]
        text = viewer.get(f"/nem12/coverage?{span}").text
        assert "expected, but nothing has been delivered" in text
        assert "ended on 2024-01-05, says op" in text
        (channel,) = viewer.get(f"{API}/coverage?{span}&nmi={cases.NEW_YEAR}").json()["items"]
        assert (channel["missing"], channel["ended_on"]) == (
            [["2024-01-04", "2024-01-05"]],
            "2024-01-05",
        )
        path = f"{API}/channels/{cases.NEW_YEAR}/E1/end"
        wrong = op.post(path, json={"says": "ended", "last_day": ""})
        assert (wrong.status_code, "is not a day" in wrong.json()["detail"]) == (400, True)
        op.post(path, json={"says": "ended", "last_day": "2024-01-03"})
        page = viewer.get(f"/nem12/channels/{cases.NEW_YEAR}/E1").text
        assert "Ended on 2024-01-03, says op." in page
        op.post(path, json={"says": "nothing"})
        assert walk(viewer, f"{API}/ends", 1) == [end]
        for route in ("expected", "ends"):
            op.post(f"{API}/{route}", json={"csv": "", "replace": True})
            assert viewer.get(f"{API}/{route}").json()["items"] == []


def test_a_day_or_span_without_readings_is_an_empty_page(viewer: httpx.Client) -> None:
    page = viewer.get("/nem12/channels/2002267438/E1/2025-05-01")
    assert page.status_code == 200
    assert "There is no version of this day: no loaded file delivers it." in page.text
    page = viewer.get("/nem12/channels/2002267438/E1?from=2025-06-01&to=2025-06-02")
    assert "No readings from 2025-06-01 to 2025-06-02" in page.text


def test_a_span_over_the_turn_of_a_year_is_whole(viewer: httpx.Client) -> None:
    page = f"/nem12/channels/{cases.NEW_YEAR}/E1"
    days = [f"2023-12-{n}" for n in (30, 31)] + [f"2024-01-0{n}" for n in (1, 2, 3)]
    text = viewer.get(f"{page}?from={days[0]}&to={days[-1]}").text
    table = text[text.index('id="curve"') :]
    assert re.findall(rf'{cases.NEW_YEAR}/E1/([0-9-]+)"', table) == days


def test_the_tab_of_a_year_leads_to_days_of_that_year(viewer: httpx.Client) -> None:
    text = viewer.get(f"/nem12/channels/{cases.NEW_YEAR}/E1?year=2023").text
    assert 'name="from" value="2023-12-30"' in text
    assert 'name="to" value="2023-12-31"' in text
    table = text[text.index("As a table of the year") : text.index('id="curve"')]
    assert re.search(r'2023-12-31</a></th><td class="n">[0-9.]+</td>', table)
    missing = viewer.get(f"/nem12/channels/{cases.NEW_YEAR}/E1?year=2023&show=missing").text
    assert "No day of 2023 is missing." in missing


def test_an_nmi_may_be_given_with_its_check_digit(viewer: httpx.Client) -> None:
    given = cases.NEW_YEAR + nmi_check_digit(cases.NEW_YEAR)
    for path in (f"{API}/nmis?prefix=", f"{API}/coverage?all=true&nmi="):
        (found,) = viewer.get(f"{path}{given}").json()["items"]
        assert found["nmi"] == cases.NEW_YEAR


def test_days_to_come_are_not_missing_and_an_empty_date_is_none(viewer: httpx.Client) -> None:
    assert viewer.get("/nem12/coverage?from=&to=&nmi=").status_code == 200
    this_year = f"from={nem_now():%Y}-01-01&to={nem_now():%Y}-12-31"
    (one,) = viewer.get(f"{API}/coverage?nmi={cases.NEW_YEAR}&{this_year}").json()["items"]
    assert one["expected_days"] == int(f"{nem_now():%j}")


def test_every_reading_names_its_file_and_line(site: Site, viewer: httpx.Client) -> None:
    rows = walk(viewer, f"{API}/channels/4103491344/E1/readings", 1000)
    assert {(row["file"], row["line"]) for row in rows} == set(
        site.warehouse.rows(
            "SELECT DISTINCT file, line FROM meter_reading_sources WHERE nmi = '4103491344'"
        )
    )
    assert {row["timestamp"][-6:] for row in rows} == {"+10:00"}
    total = site.warehouse.one("SELECT sum(consumption) FROM meter_readings WHERE nmi='4103491344'")
    assert sum(Decimal(row["consumption"]) for row in rows) == total


def test_daily_values_are_those_of_the_view(site: Site, viewer: httpx.Client) -> None:
    span = "from=2025-03-01&to=2025-03-31"
    days = viewer.get(f"{API}/channels/6305103297/E1/days?{span}").json()["items"]
    shown = [
        (
            d["day"],
            Decimal(d["total_consumption"]),
            Decimal(d["average_consumption"]),
            d["readings"],
        )
        for d in days
    ]
    assert shown == site.warehouse.rows(
        "SELECT day::text, total_consumption, average_consumption, readings FROM meter_daily"
        " WHERE nmi = '6305103297' ORDER BY day"
    )


def test_coverage_counts_what_the_readings_say(site: Site, viewer: httpx.Client) -> None:
    found = viewer.get(f"{API}/coverage?from=2025-03-01&to=2025-04-30&all=true").json()["items"]
    flags = {flag.name: flag.letter for flag in spec.FLAGS.values()}
    counted = {
        (c["nmi"], c["nmi_suffix"], flags[name], n)
        for c in found
        for name, n in c["intervals"].items()
        if n
    }
    assert counted == set(
        site.warehouse.rows(
            "SELECT nmi, nmi_suffix, left(quality_method, 1), count(*) FROM meter_readings"
            " WHERE \"timestamp\" BETWEEN '2025-02-28 14:00+00' AND '2025-04-30 13:59+00'"
            " GROUP BY 1, 2, 3"
        )
    )
    gaps = next(c for c in found if c["nmi"] == "2002715250")
    assert gaps["missing"][:2] == [["2025-04-02", "2025-04-02"], ["2025-04-04", "2025-04-04"]]


def test_a_span_without_readings_has_no_share_of_estimates(viewer: httpx.Client) -> None:
    query = f"nmi={cases.NEW_YEAR}&from=2024-02-01&to=2024-02-29"
    (channel,) = viewer.get(f"{API}/coverage?{query}").json()["items"]
    assert (channel["missing_days"], channel["not_actual_share"]) == (29, None)
    assert '<td class="n">\u2013</td>' in viewer.get(f"/nem12/coverage?{query}").text
    (line,) = csv.DictReader(viewer.get(f"{API}/coverage.csv?{query}").text.splitlines())
    assert (line["not_actual_share"], line["standing"]) == ("", "silent")


def test_coverage_as_csv_is_the_same_and_holds_no_formulas(viewer: httpx.Client) -> None:
    answer = viewer.get(f"{API}/coverage.csv?from=2025-03-01&to=2025-04-30&all=true")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(answer.text.splitlines()))
    items = viewer.get(f"{API}/coverage?from=2025-03-01&to=2025-04-30&all=true").json()["items"]
    assert [(row["nmi"], int(row["missing_days"])) for row in rows] == [
        (item["nmi"], item["missing_days"]) for item in items
    ]
    assert not re.search(r"(?:^|,|\")[=+\-@]", answer.text, re.MULTILINE)


def test_coverage_as_csv_goes_on_to_the_last_channel(site: Site, viewer: httpx.Client) -> None:
    span = "from=2024-04-10&to=2025-04-10"
    first_page = viewer.get(f"{API}/coverage?{span}&all=true").json()
    assert first_page["next"]
    answer = viewer.get(f"{API}/coverage.csv?{span}&all=true")
    rows = csv.DictReader(answer.text.splitlines())
    assert [(row["nmi"], row["nmi_suffix"]) for row in rows] == site.warehouse.rows(
        "SELECT nmi, nmi_suffix FROM meter_days UNION SELECT nmi, nmi_suffix FROM meter_refusals"
        " WHERE nmi_suffix IS NOT NULL UNION SELECT nmi, nmi_suffix FROM meter_refused_days"
        " ORDER BY 1, 2"
    )


def test_a_slip_in_an_nmi_is_pointed_out(viewer: httpx.Client) -> None:
    assert "The check digit 8 is right" in viewer.get("/nem12/channels?nmi=20019857328").text
    assert "is 8, not 7" in viewer.get("/nem12/channels?nmi=2001985732 7").text


def test_words_and_links_do_not_run_together(
    site: Site, viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    assert site.warehouse.one("SELECT count(*) FROM meter_drops WHERE state = 'failed'") == 1
    assert re.search(r">1</a></dd><dd[^>]*>drop</dd>", viewer.get("/nem12/").text)
    page = viewer.get(f"/nem12/files/{sha256('faulty_records.csv')}").text
    assert re.search(r"\d\d:\d\d NEM time <a [^>]+>run</a> ", page)


def test_the_overview_tells_what_waits_and_what_is_wrong(viewer: httpx.Client) -> None:
    found = viewer.get(f"{API}/overview").json()
    assert found["drops"]["failed"] == 1
    assert found["files"]["refused"] == 4
    assert found["newest_day"] == "2025-04-09"
    assert {problem["name"] for problem in found["problems"]} >= {
        "truncated.csv",
        "many_faults.csv",
    }
    assert found["by_day"][-1]["readings"] > 0


def test_the_overview_says_why_nothing_is_loaded_and_what_lies_in_which_folder(
    site: Site, viewer: httpx.Client
) -> None:
    """The api-server is alone: its DAGs are paused, and nothing else of Airflow runs."""
    landing = site.home.landing
    (landing / cases.HOSTILE_NAME).write_bytes(b"100,NEM12")
    (landing / "<i>sub").mkdir()
    (landing / "link.csv").symlink_to(landing / "nowhere")
    deadline = time.monotonic() + 30
    # What was seen some seconds ago is told again.
    while (found := viewer.get(f"{API}/overview").json()["landing"])["files"] != 1:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    assert found["folder"] == str(landing)
    assert found["trouble"] is None
    assert found["oldest_at"][:10] == f"{nem_now():%Y-%m-%d}"
    assert {each["name"] for each in found["ignored"]} == {"<i>sub", "link.csv"}
    assert found["last_look_at"] is None
    assert found["faults"] == [
        "The DAG nem12_watch is paused: new files are not picked up until you unpause it",
        "The DAG nem12_load is paused: its runs stay queued until you unpause it",
        "Airflow's scheduler is not running: no task starts",
        "Airflow's triggerer is not running: nothing checks the landing folder",
    ]
    text = viewer.get("/nem12/").text
    assert "Nothing is being loaded</h2>" in text
    assert '<a href="/dags/nem12_watch" data-airflow>The DAG nem12_watch is paused' in text
    assert f"<code>{landing}</code>" in text
    assert "1 file waits there. It arrived" in text
    assert "a symbolic link; not followed" in text
    assert "<i>" not in text
    for path in (landing / cases.HOSTILE_NAME, landing / "link.csv"):
        path.unlink()
    (landing / "<i>sub").rmdir()


def names(client: httpx.Client, **query: str) -> set[str]:
    return {file["name"] for file in walk(client, f"{API}/files?{urlencode(query)}", 50)}


def test_a_file_is_found_by_name_sender_nmi_status_and_day_of_arrival(
    viewer: httpx.Client,
) -> None:
    everything = names(viewer)
    assert names(viewer, text="CORRECTION_") == {"correction_0.csv", "correction_1.csv"}
    assert names(viewer, text="<B>mdp") == {cases.HOSTILE_NAME, f"superseded.zip/{cases.MEMBER}"}
    assert names(viewer, text="100%_") == set()
    today = nem_now().date()
    assert names(viewer, nmi=cases.CORRECTED) == {"correction_0.csv", "correction_1.csv"}
    assert names(viewer, nmi=cases.NMI, text="many") == {"many_faults.csv"}
    assert names(viewer, nmi=cases.NMI, status="refused") == {"many_faults.csv"}
    for query in ({}, {"nmi": cases.NMI}):
        span = {"from": f"{today - timedelta(days=1)}", "to": f"{today}"}
        assert names(viewer, **query, **span) == names(viewer, **query)
        assert names(viewer, **query, to=f"{today - timedelta(days=2)}") == set()
    assert len(everything) > 8
    page = viewer.get("/nem12/files", params={"text": "correction_", "from": f"{today}"}).text
    assert page.count('<th scope="row" class="name">') == 2
    assert "No file matches." in viewer.get("/nem12/files?text=nothing").text


def test_one_search_says_whether_the_file_of_a_day_from_a_sender_arrived(
    viewer: httpx.Client,
) -> None:
    created = {"text": "wattmdp", "dates": "created"}
    assert names(viewer, **created, **{"from": "2024-03-15", "to": "2024-03-15"}) == {
        "new_year.csv",
        "correction_0.csv",
        "correction_1.csv",
    }
    assert names(viewer, **created, **{"from": "2024-03-16", "to": "2024-03-31"}) == set()
    holds = {"dates": "holds", "from": "2024-01-01", "to": "2024-01-01"}
    assert names(viewer, **holds) == {"new_year.csv"}
    page = viewer.get("/nem12/files", params={"text": "gone"}).text
    assert "Not settled</h2>" in page
    assert "gone.csv" in page
    assert "No file matches." in page


@pytest.mark.parametrize(
    ("route", "sort", "key"),
    [
        ("files", "name", lambda row: row["name"].lower()),
        ("files", "sender", lambda row: row["from_participant"].lower()),
        ("files", "arrived", lambda row: row["seen_at"]),
        ("files", "size", lambda row: row["size"]),
        ("files", "readings", lambda row: row["readings"] - row["refused_readings"]),
        ("files", "days", lambda row: row["days"]),
        ("files", "refused", lambda row: row["refused_records"]),
        ("problems", "file", lambda row: row["file"].lower()),
        ("problems", "code", lambda row: row["code"]),
        ("problems", "nmi", lambda row: (row["nmi"] or "") + (row["nmi_suffix"] or "")),
        ("senders", "sender", lambda row: row["sender"].lower()),
        ("senders", "refused", lambda row: row["refused"] + row["partial"]),
        ("senders", "late", lambda row: Decimal(row["days_late"] or -1)),
        ("runs", "run", lambda row: row["run"].lower()),
        ("runs", "drops", lambda row: row["drops"]),
        ("runs", "began", lambda row: row["began_at"]),
        ("nmis", "channels", lambda row: row["channels"]),
        ("nmis", "nmi", lambda row: row["nmi"]),
        ("drops", "size", lambda row: row["size"]),
    ],
)
def test_every_list_is_sorted_both_ways(
    viewer: httpx.Client, route: str, sort: str, key: Callable[[dict[str, Any]], Any]
) -> None:
    up = walk(viewer, f"{API}/{route}?sort={sort}", 1000)
    down = walk(viewer, f"{API}/{route}?sort=-{sort}", 1000)
    # As the database of the tests compares, by bytes.
    assert [key(row) for row in up] == sorted(map(key, up))
    assert [key(row) for row in down] == sorted(map(key, up), reverse=True)


def test_problems_and_runs_are_found_by_what_they_are(site: Site, viewer: httpx.Client) -> None:
    found = walk(viewer, f"{API}/problems?nmi={cases.CORRECTED}&level=BLOCK", 10)
    assert [(row["file"], row["code"], row["nmi_suffix"]) for row in found] == [
        ("correction_1.csv", "uom", "Q1")
    ]
    page = viewer.get(f"/nem12/problems?text=correction&code=uom&from={nem_now():%Y-%m-%d}").text
    assert page.count("correction_1.csv</a>, line") == 1
    assert "No refusal matches." in viewer.get("/nem12/problems?text=nothing").text
    run = cases_run(site)
    runs = {row["run"]: row for row in walk(viewer, f"{API}/runs?outcome=refused", 10)}
    assert runs[run]["refused"] == len(walk(viewer, f"{API}/files?run={run}&status=refused", 50))
    failed = viewer.get("/nem12/runs?outcome=failed").text
    assert failed.count('<th scope="row" class="name">') == 1
    assert "No run matches." in viewer.get("/nem12/runs?text=nothing").text
    assert "2024-01-03</td>" in viewer.get(f"/nem12/channels?nmi={cases.NEW_YEAR}").text
    sender = {row["sender"]: row for row in walk(viewer, f"{API}/senders", 50)}
    assert sum(row["files"] for row in sender.values()) == len(walk(viewer, f"{API}/files", 100))
    assert (sender["WATTMDP"]["refused"], sender["WATTMDP"]["files"]) == (1, 3)
    assert ">WATTMDP</a></th>" in viewer.get("/nem12/senders?text=watt").text
    assert "No sender matches." in viewer.get("/nem12/senders?text=nobody").text
    for wrong in ("files?sort=x", "files?dates=x", "problems?level=x", "runs?outcome=x"):
        assert "choose one of" in viewer.get(f"{API}/{wrong}").json()["detail"]


def test_the_totals_of_an_nmi_are_those_of_its_readings(site: Site, viewer: httpx.Client) -> None:
    nmi = "2002715250"
    found = viewer.get(f"{API}/nmis/{nmi}/totals?by=month").json()
    sums = site.warehouse.rows(
        "SELECT nmi_suffix, uom, sum(consumption)::text, count(*) FROM meter_readings"
        " WHERE nmi = %s GROUP BY 1, 2 ORDER BY 1, 2",
        nmi,
    )
    whole = [row for row in found["channels"] if row["period"] == "total"]
    assert [(row["nmi_suffix"], row["uom"], row["total"]) for row in whole] == [
        (suffix, uom, total) for suffix, uom, total, _ in sums
    ]
    page = viewer.get(f"/nem12/channels/{nmi}?by=day").text
    assert f'<tr class="sum"><th scope="row">Span</th><td class="n">{whole[0]["total"]}' in page
    lines = list(csv.DictReader(viewer.get(f"{API}/nmis/{nmi}/totals.csv").text.splitlines()))
    assert [line["total"] for line in lines if line["period"] == "total"] == [
        row["total"] for row in whole
    ]
    for suffix, _, total, count in sums:
        below = f"{API}/channels/{nmi}/{suffix}"
        readings = viewer.get(f"{below}/readings.csv").text.splitlines()
        values = [Decimal(line["consumption"]) for line in csv.DictReader(readings)]
        assert (str(sum(values)), len(values)) == (total, count)
        days = csv.DictReader(viewer.get(f"{below}/days.csv").text.splitlines())
        assert str(sum(Decimal(day["total_consumption"]) for day in days)) == total
        for span in ("to=2001-01-01&from=2000-01-01", "from=2030-01-01&to=2030-01-02"):
            assert len(viewer.get(f"{below}/readings.csv?{span}").text.splitlines()) == 1
        reversed_span = "from=2025-04-02&to=2025-04-01"
        assert viewer.get(f"{below}/readings.csv?{reversed_span}").status_code == 400
    assert viewer.get(f"{API}/nmis/NONE/totals").status_code == 404
    assert viewer.get(f"{API}/channels/NONE/E1/readings.csv").status_code == 404


def test_what_has_changed_since_a_day_names_the_sums_and_the_line_that_changed_them(
    viewer: httpx.Client,
) -> None:
    today = nem_now().date()
    query = {"from": "2024-03-01", "to": "2024-03-31", "since": f"{today}", "nmi": cases.CORRECTED}
    answer = viewer.get(f"{API}/changes", params=query).json()
    assert [(row["day"], row["before"], row["file"]) for row in answer["items"]] == [
        ("2024-03-10", None, "correction_0.csv"),
        ("2024-03-11", None, "correction_0.csv"),
    ]
    assert not answer["more"]
    lines = viewer.get(f"{API}/changes.csv", params=query).text.splitlines()
    assert [line["day"] for line in csv.DictReader(lines)] == ["2024-03-10", "2024-03-11"]
    page = viewer.get("/nem12/changes", params=query).text
    assert page.count("correction_0.csv</a>, line ") == 2
    later = {**query, "since": f"{today + timedelta(days=1)}"}
    assert viewer.get(f"{API}/changes", params=later).json()["items"] == []
    assert f"has changed since {later['since']}" in viewer.get("/nem12/changes", params=later).text


def test_the_original_of_a_file_comes_back_byte_for_byte(
    viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    landed = {cases.HOSTILE_NAME: cases.hostile(), "many_faults.csv": cases.faulty()}
    for name, data in landed.items():
        path = f"files/{sha256(name)}"
        answer = viewer.get(f"{API}/{path}/original")
        assert answer.content == data
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert f"/api/v1/{path}/original" in viewer.get(f"/nem12/{path}").text
    member = sha256(f"superseded.zip/{cases.MEMBER}")
    archive = viewer.get(f"{API}/files/{member}/original").content
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == [cases.MEMBER]


def test_a_refusal_has_a_text_that_asks_for_the_day_again(
    viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    page = html.unescape(viewer.get(f"/nem12/files/{sha256('faulty_records.csv')}").text)
    assert (
        "<q>Please send the data of 2002715250 E1 2025-04-02 again. In faulty_records.csv, line 5:"
        " 47 values instead of 48"
    ) in page
    code = re.search(r'href="/nem12/codes#(RECORD-value-count)"', page)
    assert code
    assert f'id="{code[1]}"' in viewer.get("/nem12/codes").text


def test_health_says_why_nothing_is_loaded_and_the_probe_only_whether(
    site: Site, viewer: httpx.Client
) -> None:
    health = viewer.get(f"{API}/health").json()
    assert not health["healthy"]
    assert health["database"] is None
    assert any("triggerer" in fault for fault in health["faults"])
    assert (health["consumers"], health["changes_wait_for"]) == ([], [])
    with site.client(None) as anonymous:
        answer = anonymous.get("/nem12/health")
    assert (answer.status_code, answer.text) == (503, "not ok\n")
    viewer.get("/nem12/")
    assert ">Nothing is being loaded</a>: " in viewer.get("/nem12/files").text


def test_the_api_page_documents_every_json_route(site: Site, viewer: httpx.Client) -> None:
    text = viewer.get("/nem12/api").text
    for method, path in site.routes:
        if path.startswith("/api/v1"):
            assert f"<code>{method} /nem12{path}</code>" in text


def test_v1_of_the_api_is_what_its_snapshot_says(viewer: httpx.Client) -> None:
    """What is in the snapshot may not change; METER_NEW_GOLDEN=1 writes one with what was added."""
    document = viewer.get("/nem12/api/v1/openapi.json").json()
    assert document["servers"] == [{"url": "/nem12"}]
    now = {
        "routes": {
            f"{r.method} {r.path}": [r.query, r.body, r.answer] for r in routes_of(document)
        },
        "objects": fields_of(document),
    }
    if os.environ.get("METER_NEW_GOLDEN"):
        SNAPSHOT.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    assert now == json.loads(SNAPSHOT.read_text())
