"""What is loaded before the page is looked at."""

import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from nem12.settings import CHECKOUT, FolderHome, Home
from nem12.warehouse import ledger
from nem12.warehouse.connect import connect
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.support.servers import Warehouse

SAMPLES = CHECKOUT / "samples"
NMI = "4103035613"
NEW_YEAR = "4103030001"
CORRECTED = "4103030002"
HTML = "<img src=x onerror=alert(1)>"
HOSTILE_NAME = f"{HTML}'\"&.csv"
MEMBER = "<b>older.csv"
OTHER_SITES: tuple[dict[str, str], ...] = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {},
)
"""Headers of requests that come from another site, or do not say where from."""

FAULTS = 130
"""Refusals of one file: more than two pages."""


def hostile() -> bytes:
    """A file whose free text is HTML and a formula; in one record, HTML is where it may not be."""
    values = ",".join(["1.5"] * 48)
    return (
        "100,NEM12,202404011200,<b>MDP</b>,=1+1\r\n"
        f"200,{NMI},E1,<i>01</i>,E1,N1,<u>9</u>,kWh,30,\r\n"
        f"300,20240310,{values},F52,0,<script>alert(1)</script>,20240312081500,\r\n"
        f"300,20240311,{values},F52,{HTML},,20240312081500,\r\n"
        f"300,<i>20240312</i>,{values},A,,,20240312081500,\r\n"
        "900\r\n"
    ).encode()


def superseded() -> bytes:
    """An older delivery of a day of the file above, in an archive whose member is named in HTML."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        older = hostile().replace(b"20240312081500", b"20240311081500")
        archive.writestr(MEMBER, older)
    return made.getvalue()


def faulty() -> bytes:
    """Many refusals and two warnings each, so that keys share their line."""
    values = ",".join(["1"] * 47)
    days = "".join(
        f"300,{20230101 + number // 28 * 100 + number % 28}, {values},A,,,20240312081500,,,\r\n"
        for number in range(FAULTS)
    )
    block = f"200,{NMI},E2,01,E2,N1,9,kWh,30,\r\n"
    return f"100,NEM12,202404011200,MDP,RET\r\n{block}{days}900\r\n".encode()


def new_year() -> bytes:
    """Five days about the turn of a year."""
    days = (date(2023, 12, 30) + timedelta(days=number) for number in range(5))
    return delivery(*(Day(day, nmi=NEW_YEAR) for day in days))


def corrections() -> tuple[bytes, bytes]:
    """Two days of a channel, and a refused correction of one with a refused block of another."""
    days = [Day(date(2024, 3, n), nmi=CORRECTED) for n in (10, 11)]
    wrong = replace(days[0], value="x", updated="20240314081500")
    block = [replace(day, suffix="Q1", uom="BTU") for day in days]
    lines = delivery(wrong, *block).split(b"\r\n")
    # The second day of the block follows the first without a 200 record of its own.
    return delivery(*days), b"\r\n".join([*lines[:5], *lines[6:]])


def load(warehouse: Warehouse, root: Path) -> FolderHome:
    """The samples, a file of each kind above, and a drop that failed for good."""
    home = Home.below(root)
    with connect(warehouse.loader) as connection:
        run = Run(connection, home.make())
        for sample in sorted(SAMPLES.iterdir()):
            if sample.suffix != ".md":
                run.drop(sample.name, sample.read_bytes())
        run.drop(HOSTILE_NAME, hostile())
        run.drop("superseded.zip", superseded())
        run.drop("many_faults.csv", faulty())
        run.drop("new_year.csv", new_year())
        run.run()
        for number, data in enumerate(corrections()):
            run.drop(f"correction_{number}.csv", data)
            run.run()
        run.drop("gone.csv", b"100,NEM12,202404011200,MDP,RET\r\n900\r\n")
        claim = run.claim("gone.csv")
        ledger.begin(connection, claim, "nem12__gone")
        dropped = [drop.drop_id for drop in ledger.still_open(connection, claim)]
        connection.execute("UPDATE meter_drops SET attempt = 3 WHERE claim = %s", (claim,))
        connection.commit()
        assert ledger.release(connection, claim, dropped, f"lost {HTML}") == ["failed"]
    return home
