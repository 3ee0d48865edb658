"""The worst file of each kind is read in a time that grows with its size, and in bounded memory."""

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nem12.settings import MIB
from tests.support.making import channel, day, file, head, nem13, register_read

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="measured by what /proc tells"),
]

MEMORY_BYTES = 256 * MIB
SURVEY_SECONDS_A_MIB = 15
VALIDATE_SECONDS_A_MIB = 9
"""Of processor time on a busy machine; an idle one takes a third. Most surveying is needed by an
archive of many small members, most validating by a refusal with every second byte."""

READ = """
import re, sys, time
from pathlib import Path
from nem12.unpack import meter_files
from nem12.validate import validate_file
path = Path(sys.argv[1])
times = [time.process_time()]
files = list(meter_files(path, path.name, sys.argv[2], path.with_name("scratch")))
times.append(time.process_time())
for file in files[:1000]:
    validate_file(file, lambda _: None)
times.append(time.process_time())
memory = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(times[1] - times[0], times[2] - times[1], memory)
"""

GOOD = file(channel(), day())
BODY = GOOD.removesuffix(b"900\r\n")
READS = nem13(register_read()).removesuffix(b"900\r\n")
V_DAY = file(channel(), day(quality="V")).removesuffix(b"900\r\n")
HEAD = f"{head()}\r\n".encode()
MESSAGE = b"<aseXML><CSVIntervalData>"


def body_of(unit: bytes, body: bytes = BODY) -> Callable[[int], bytes]:
    return lambda size: body + unit * (size // len(unit)) + b"\n900\r\n"


def all_of(unit: bytes, before: bytes = b"", after: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: before + unit * (size // len(unit)) + after


def archive_of(name: Callable[[int], str], member: bytes, each: int) -> Callable[[int], bytes]:
    def packed(size: int) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(size // each):
                archive.writestr(name(number), member)
        return out.getvalue()

    return packed


KINDS: dict[str, Callable[[int], bytes]] = {
    "LF": all_of(b"\n"),
    "CR": all_of(b"\r"),
    "CR in the body": body_of(b"\r"),
    "lines of commas": body_of(b",\n"),
    "lines of a byte order mark": body_of(b"\xef\xbb\xbf\n"),
    "one line of blanks": body_of(b" "),
    "one line of fields": body_of(b"1.5,", BODY + b"300,20240311,"),
    "one field": body_of(b"9", BODY + b"300,20240311,"),
    "unknown records": body_of(b"x\n"),
    "headers": all_of(HEAD, after=GOOD),
    "short headers": body_of(b"100\n"),
    "joined files": all_of(GOOD),
    "short 300 records": body_of(b"300\n"),
    "short 200 records": body_of(b"200\n"),
    "400 records": body_of(b"400,1,48,A,,\r\n", V_DAY),
    "short 400 records": body_of(b"400\n", V_DAY),
    "short 500 records": body_of(b"500\n"),
    "500 records of a day": body_of(b"500,x\n"),
    "short 250 records": body_of(b"250\n", READS),
    "repeated reads": body_of(register_read(Quantity="7").encode() + b"\n", READS),
    "550 records of a read": body_of(b"550,x\n", READS),
    "short 550 records": body_of(b"550\n", READS),
    "550 records without a read": body_of(b"x\n550\n", READS),
    "extension records": body_of(b"610\n", GOOD),
    "another encoding": body_of(b"300,\xe9\r\n"),
    "NUL": body_of(b"\0\r\n"),
    "deep XML": all_of(b"<a>", b"<aseXML>"),
    "wide XML": all_of(b"<a/>", b"<aseXML>", b"</aseXML>"),
    "XML attributes": all_of(b"<a " + b" ".join(b'a%d=""' % n for n in range(500)) + b"/>", b"<a>"),
    "a long XML tag": all_of(b"y", b"<aseXML><a x='", b"'/></aseXML>"),
    "a block of blanks": all_of(b" ", MESSAGE, b"</CSVIntervalData></aseXML>"),
    "a block of LF": all_of(b"\n", MESSAGE + BODY, b"900\n</CSVIntervalData></aseXML>"),
    "members": archive_of(lambda number: f"{number}.csv", b"x", 100),
    "members of one name": archive_of(lambda _: "x.csv", b"x", 100),
    "members of long names": archive_of(lambda number: "x" * 60_000 + str(number), b"x", 120_000),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", KINDS)
def test_time_is_linear_and_memory_bounded(tmp_path: Path, kind: str) -> None:
    rates = []
    for mebibytes in (0.25, 1):
        path = tmp_path / f"{mebibytes}.csv"
        path.write_bytes(KINDS[kind](int(mebibytes * MIB)))
        command = [sys.executable, "-c", READ, str(path), "lenient"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        *times, kilobytes = map(float, re.findall(r"\S+", done.stdout))
        rates.append([each / mebibytes for each in times])
        assert kilobytes * 1024 < MEMORY_BYTES
        surveying, validating = rates[-1]
        assert surveying < SURVEY_SECONDS_A_MIB
        assert validating < VALIDATE_SECONDS_A_MIB
    for small, big in zip(*rates, strict=True):
        assert big < 2 * small + 0.5
