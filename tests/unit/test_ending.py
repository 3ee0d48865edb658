"""Whether the content of a file says that it ends."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from nem12 import settings
from nem12.drop import Drop, look
from nem12.ending import ends, says_that_it_ends
from nem12.errors import UsageError
from nem12.settings import GZIP_CHECK_BYTES

HEADER = b"100,NEM12,202403151030,WATTMDP,LUMENRET\r\n"
SITE = b"200,4103035613,E1E2Q1,01,E1,N1,TX90417,kWh,30,\r\n"
DAY = b"300,20240310," + b"1.5," * 48 + b"A,,,20240312081500,\r\n"
FILE = HEADER + SITE + DAY * 40
XML = (
    b'<?xml version="1.0"?>\n<!-- a > b <c> -->\n<ase:aseXML xmlns:ase="x"><T>%s</T></ase:aseXML>\n'
)


def zipped(comment: bytes = b"", data: bytes = FILE) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", data)
        archive.comment = comment
    return packed.getvalue()


ENDED = {
    "900": FILE + b"900\r\n",
    "900 without a line end": FILE + b"900",
    "900 alone": b"900",
    "LF": FILE.replace(b"\r\n", b"\n") + b"900\n",
    "CR": FILE.replace(b"\r\n", b"\r") + b"900\r",
    "padded": FILE + b"900,,,,\r\n",
    "quoted": FILE + b'"900"\r\n',
    "blank lines": FILE + b"900\r\n\r\n  \r\n",
    "Ctrl-Z": FILE + b"900\r\n\x1a",
    "NEM13": FILE.replace(b"NEM12", b"NEM13") + b"900\r\n",
    "BOM": b"\xef\xbb\xbf" + FILE + b"900\r\n",
    "UTF-16": (FILE + b"900\r\n").decode().encode("utf-16"),
    "zip": zipped(),
    "zip with a comment": zipped(b"made by " * 800),
    "empty zip": b"PK\x05\x06" + bytes(18),
    "zip of what has no end": zipped(data=HEADER),
    "gz": gzip.compress(FILE),
    "gz of several members": gzip.compress(FILE) + gzip.compress(b"900\r\n"),
    "gz with padding": gzip.compress(FILE) + bytes(512),
    "xml": XML % b"900",
    "xml in UTF-16": (XML % b"900").decode().encode("utf-16"),
    "xml behind a blank line": b"\r\n" + XML % b"",
    "xml without a declaration": b"<aseXML>900</aseXML >",
}
OPEN_ENDED = {
    "empty": b"",
    "blank": b"\r\n\r\n",
    "header": HEADER,
    "no 900": FILE,
    "cut in a value": FILE[:-40],
    "a value of 900": FILE + b"300,20240310,1.5,900",
    "a line that begins with 900": FILE + b"9001,x\r\n",
    "900 before more": FILE + b"900\r\n100,NEM12",
    "room that is not filled yet": FILE + b"900\r\n" + bytes(4096),
    "CSV of another kind": b"date,value\r\n2024-03-10,1.5\r\n",
    "zip without its end": zipped()[:-1],
    "zip with its beginning": zipped()[:100],
    "zip before more": zipped() + b"x",
    "zip whose directory cannot be": b"PK\x05\x06" + bytes(8) + b"\xff" * 8 + bytes(2),
    "gz without its end": gzip.compress(FILE)[:-1],
    "gz with its beginning": gzip.compress(FILE)[:40],
    "gz of several, cut": gzip.compress(FILE) + gzip.compress(FILE)[:30],
    "gz with a wrong checksum": gzip.compress(FILE)[:-8] + bytes(4) + gzip.compress(FILE)[-4:],
    "gz before something else": gzip.compress(FILE) + b"x",
    "xml without its end": (XML % b"900")[:-3],
    "xml with an end of its inner": b"<aseXML><T></T>",
    "xml that only begins": b'<?xml version="1.0"?>',
    "xml whose root is far": b"<!--" + b"x" * 5000 + b"--><aseXML></aseXML>",
}


@pytest.mark.parametrize("name", ENDED)
def test_content_that_ends_as_its_kind_ends_is_whole(name: str) -> None:
    data = ENDED[name]
    assert ends(io.BytesIO(data), len(data))


@pytest.mark.parametrize("name", OPEN_ENDED)
def test_of_anything_else_more_may_come(name: str) -> None:
    data = OPEN_ENDED[name]
    assert not ends(io.BytesIO(data), len(data))


@pytest.mark.parametrize("data", [FILE + b"900\r\n", zipped(), gzip.compress(FILE), XML % b""])
def test_no_beginning_of_a_whole_file_is_whole(data: bytes) -> None:
    """Cut anywhere, but for white space at the end."""
    whole = [n for n in range(len(data)) if ends(io.BytesIO(data[:n]), n)]
    assert data[min(whole, default=len(data)) :].strip() == b""


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "data",
    [
        FILE + b"\r\n" * 5000,
        FILE + b"\n900" + b" " * 5000 + b"x",
        FILE + b"\n" + b" " * 5000,
        b"<??>" * 5000,
        b"<" * 5000,
        b"<!a" * 5000,
        b"<a>" + b"</a " * 5000,
        b"PK\x05\x06" * 20_000,
    ],
)  # fmt: skip
def test_no_content_makes_the_look_slow(data: bytes) -> None:
    assert not ends(io.BytesIO(data), len(data))


def test_a_big_gz_is_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(GZIP_CHECK_BYTES + 1), 1)
    assert not ends(io.BytesIO(packed), len(packed))
    monkeypatch.setattr("nem12.containers.archives.GZIP_CHECK_BYTES", 100)
    packed = gzip.compress(b"") * 10
    assert not ends(io.BytesIO(packed), len(packed)), "nor read whole"


def seen(path: Path) -> Drop:
    found = look(path, "standard")
    assert isinstance(found, Drop)
    return found


@pytest.mark.timeout(20)
@pytest.mark.parametrize("swap", ["link", "pipe", "another file", "gone", "longer"])
def test_what_is_swapped_after_the_look_is_not_read(tmp_path: Path, swap: str) -> None:
    path, other = tmp_path / "a.csv", tmp_path / "other.csv"
    for one in (path, other):
        one.write_bytes(FILE + b"900\r\n")
        os.utime(one, (1_700_000_000, 1_700_000_000))
    drop = seen(path)
    assert says_that_it_ends(drop)
    if swap == "longer":
        path.write_bytes(FILE + FILE + b"900\r\n")
    else:
        path.unlink()
    if swap == "link":
        path.symlink_to(other)
    elif swap == "pipe":
        os.mkfifo(path)
    elif swap == "another file":
        other.rename(path)
    assert not says_that_it_ends(drop)


@pytest.mark.parametrize("given", ["1", "-5", "nan", "inf", "soon"])
def test_a_standstill_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("METER_STANDSTILL_SECONDS", given)
    with pytest.raises(UsageError, match="METER_STANDSTILL_SECONDS"):
        settings.standstill_seconds()
