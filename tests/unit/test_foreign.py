"""Other kinds of file are refused once, by what they are; records are never taken for one."""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from nem12.containers.foreign import SIGNATURES
from nem12.mdff.counts import Counts
from nem12.mdff.findings import Level
from nem12.survey import MeterFile
from nem12.unpack import meter_files
from tests.support.making import channel, day, file
from tests.support.reading import read

GOOD = file(channel(), day())


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def office(*names: str, at: int = 0) -> bytes:
    parts = dict.fromkeys(names, b"<a/>")
    ordered = list(parts.items())
    ordered.insert(at, ("[Content_Types].xml", b"<Types/>"))
    return zipped(dict(ordered))


def open_document(kind: str, *, first: bool = True) -> bytes:
    mimetype = {"mimetype": f"application/vnd.oasis.opendocument.{kind}".encode()}
    rest = {"content.xml": b"<a/>", "META-INF/manifest.xml": b"<a/>"}
    members = {**mimetype, **rest} if first else {**rest, **mimetype}
    return zipped(members, zipfile.ZIP_STORED)


def tar(form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        info = tarfile.TarInfo("data.csv")
        info.size = len(GOOD)
        archive.addfile(info, io.BytesIO(GOOD))
    return out.getvalue()


def old_tar() -> bytes:
    """As tar wrote before it had a signature."""
    header = bytearray(tar(tarfile.USTAR_FORMAT))
    header[257:512] = bytes(255)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    return bytes(header)


BINARY = {
    "xlsx": (office("_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"), "Excel"),
    "xlsx, its types last": (office("xl/workbook.xml", "docProps/app.xml", at=2), "Excel"),
    "xlsx, named as Windows does": (office("xl\\workbook.xml", "xl\\styles.xml", at=1), "Excel"),
    "xlsb": (office("xl/workbook.bin"), "Excel"),
    "xlsx, cut off": (office("xl/workbook.xml", "xl/styles.xml")[:150], "Office"),
    "docx": (office("word/document.xml"), "Word"),
    "pptx": (office("ppt/presentation.xml"), "PowerPoint"),
    "visio": (office("visio/document.xml"), "Office"),
    "ods": (open_document("spreadsheet"), "spreadsheet"),
    "ods, its type last": (open_document("spreadsheet", first=False), "OpenDocument"),
    "ods, cut off": (open_document("spreadsheet")[:150], "spreadsheet"),
    "odt": (open_document("text"), "OpenDocument text"),
    "odp": (open_document("presentation"), "OpenDocument"),
    "numbers": (zipped({"Index/Document.iwa": b"a", "Metadata/a.plist": b"b"}), "Numbers"),
    "old numbers": (zipped({"Index.zip": b"a", "Metadata/a.plist": b"b"}), "Numbers"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Excel"),
    "xls 2": (b"\x09\x00\x04\x00\x02\x00\x10\x00", "Excel"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF"),
    "PDF behind blanks": (b"\xef\xbb\xbf\r\n%PDF-1.4\n", "PDF"),
    "rtf": (b"{\\rtf1\\ansi", "RTF"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(60), "7z"),
    "rar 4": (b"Rar!\x1a\x07\x00" + bytes(60), "RAR"),
    "rar 5": (b"Rar!\x1a\x07\x01\x00" + bytes(60), "RAR"),
    "tar": (tar(tarfile.USTAR_FORMAT), "tar"),
    "gnu tar": (tar(tarfile.GNU_FORMAT), "tar"),
    "pax tar": (tar(tarfile.PAX_FORMAT), "tar"),
    "old tar": (old_tar(), "tar"),
    "bz2": (bz2.compress(GOOD), "bzip2"),
    "bz2, small blocks": (bz2.compress(GOOD, 1), "bzip2"),
    "bz2 of nothing": (bz2.compress(b""), "bzip2"),
    "xz": (lzma.compress(GOOD), "xz"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00" + bytes(60), "zstd"),
    "sqlite": (b"SQLite format 3\x00" + bytes(80), "SQLite"),
    "parquet": (b"PAR1" + bytes(60), "Parquet"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(60), "picture"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(60), "picture"),
}

PAGES = [
    b"<html><body>Session expired</body></html>",
    b"<!DOCTYPE html>\n<html></html>",
    b"<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'><HTML>",
    b"\r\n\r\n  <HTML>\n",
    b"\xef\xbb\xbf<html>",
    b"<!-- saved from url=(0014)about:internet -->\r\n<html>",
    b"<!-- a --><!-- b --> <html>",
    b"<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'/>",
    b"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'><br></html>",
    b"<head><title>503</title></head>",
    b"<table><tr><td>NMI</table>",
    b"<div>Please log in<br></div>",
    b"<h1>Not Found</h1><p>sorry",
    b"<script>location='login'</script>",
    "<html>é</html>".encode("utf-16"),
    "<html>é</html>".encode("latin-1"),
]

XML = {
    b"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?>"
    b"<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>": "Excel",
    b"<ss:Workbook xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'/>": "Excel",
    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>": "XML document of 'Error'",
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry/></feed>": "XML document of 'feed'",
}

TABS = [
    b"100\tNEM12\t202406031200\tMDPX\tRETX\r\n200\t4106001010\tE1\r\n900\r\n",
    b"\xef\xbb\xbf100\tNEM12\t202406031200\tMDPX\tRETX\r\n900",
    b'\r\n "100"\t"NEM12"\t"202406031200"\r\n',
    b"200\t4106001010\tE1\tE1\r\n300\t20240601\t1\t1\r\n",
    b"100\tNEM13\t202406031200\tMDPX\tRETX\r\n",
]

TABLES = [
    "NMI,Suffix,MDPVersionDate,SettlementDate,Status,Period01,Period02\n4103035613,E1,x,y,A,1,2",
    "NMI,METER SERIAL NUMBER,CON/GEN,DATE,ESTIMATED?,00:00 - 00:30,00:30 - 01:00\n4103035613,1,C",
    '"Nmi","Meter Serial Number","Usage Start Date","Consumption(KWh)"\n"4103035613","1","2","3"',
    "AccountNumber,NMI,DeviceNumber,RegisterCode,StartDate,EndDate,ProfileReadValue\n1,2,3,4,5,6,7",
    "Customer,Generator Capacity,Postcode,Consumption Category,date,0:30,1:00\n1,4,2076,GG,1,2,3",
    "Date,Start Time,End Time,Usage (kWh),Quality\n1/6/2024,00:00,00:30,0.123,A",
    "Date/Time,00:30,01:00,01:30\n20240601,0.2,0.3,0.4",
    "NMI,Date," + ",".join(map(str, range(1, 49))) + "\n4103035613,20240601" + ",1" * 48,
    "time,kWh\n2024-06-01T00:00,0.1",
    "Date;Time;Usage kWh\n01.06.2024;00:30;0,123",
    "Date\tTime\tUsage (kWh)\n2024-06-01\t00:30\t0.123",
    "sep=;\nDate;Time;Usage\n01.06.2024;00:30;0,123",
    "\ufeff\r\n\r\nNMI,Date,Reading\r\n4103035613,20240601,1\r\n",
    "Meter Number,Read Date,Read Value",
]

OTHERS = [
    b"Stream ID,6001234567,E1\nLOCAL TIME\nDate/Time,00:30,01:00\n20240601,0.225,0.262\n",
    b"Dear customer, your meter reading for the period is attached to this letter as a file\n",
    b"6001234567,E1,20240601,0.1,0.2\n",
    b"1,2,3\n4,5,6\n",
    b"Date\n",
    b"hello, world\nand, so on\n",
    b"{\"date\": 1}\n",
    b"# Meter data\n\nFrom the provider.\n",
    b"BZh9 is no archive\n",
    b"PAR\n",
    b"random words",
]  # fmt: skip


def unpacked(folder: Path, data: bytes, profile: str = "standard") -> list[MeterFile]:
    path = folder / hashlib.sha256(data).hexdigest()
    path.write_bytes(data)
    return list(meter_files(path, "drop", profile, folder / "scratch"))


def why(meter_file: MeterFile) -> str:
    """The one reason why a file is refused as another kind."""
    (finding,) = meter_file.findings
    assert (finding.level, finding.code, finding.line) == (Level.FILE, "foreign", 1)
    assert meter_file.warnings == {}
    given = read(meter_file)
    assert (given.days, given.findings, given.counts) == ([], [finding], [Counts()])
    return finding.message


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize("kind", BINARY)
def test_another_kind_of_file_is_named_with_what_to_do(
    tmp_path: Path, kind: str, profile: str
) -> None:
    data, name = BINARY[kind]
    (meter_file,) = unpacked(tmp_path, data, profile)
    what, _, remedy = why(meter_file).partition(": ")
    assert name in what
    assert len(remedy) > 20
    (packed,) = unpacked(tmp_path, gzip.compress(data), profile)
    assert why(packed) == why(meter_file)
    good, inside = unpacked(tmp_path, zipped({"a.csv": GOOD, "b": data}), profile)
    assert why(inside) == why(meter_file)
    assert not good.refused
    assert [one.name for one in (meter_file, packed, inside)] == ["drop", "drop", "drop/b"]


def test_every_signature_is_recognised(tmp_path: Path) -> None:
    for offset, signature, kind in SIGNATURES:
        (meter_file,) = unpacked(tmp_path, bytes(offset) + signature + bytes(300))
        assert why(meter_file) == kind.message


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize("page", PAGES, ids=repr)
def test_a_page_is_named(tmp_path: Path, page: bytes, profile: str) -> None:
    (meter_file,) = unpacked(tmp_path, page, profile)
    assert why(meter_file).startswith("an HTML page")


@pytest.mark.parametrize("data", XML, ids=repr)
def test_another_xml_document_is_named(tmp_path: Path, data: bytes) -> None:
    (meter_file,) = unpacked(tmp_path, data)
    assert XML[data] in why(meter_file)


@pytest.mark.parametrize("profile", ["standard", "lenient", "strict"])
@pytest.mark.parametrize("data", TABS, ids=repr)
def test_records_separated_by_tabs_are_named(tmp_path: Path, data: bytes, profile: str) -> None:
    (meter_file,) = unpacked(tmp_path, data, profile)
    assert why(meter_file).startswith("tab-separated text: replace the tabs by commas")


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table[:40])
def test_a_table_under_headings_is_named_with_the_report_to_ask_for(
    tmp_path: Path, table: str, profile: str
) -> None:
    (meter_file,) = unpacked(tmp_path, table.encode(), profile)
    assert "with column headings (" in why(meter_file)
    assert "detailed report or interval data (NEM12)" in why(meter_file)
    message = f"<aseXML><CSVIntervalData>{table}</CSVIntervalData></aseXML>"
    (block,) = unpacked(tmp_path, message.replace("\ufeff", "").encode(), profile)
    assert why(block) == why(meter_file)
    assert block.name == "drop/CSVIntervalData-1"


def test_gas_meter_data_are_named(tmp_path: Path) -> None:
    (meter_file,) = unpacked(tmp_path, b"MIRN,Read Date,Consumption MJ\n5310000001,20240601,100\n")
    assert why(meter_file).startswith("gas meter data")


@pytest.mark.parametrize("data", OTHERS, ids=repr)
def test_whatever_else_holds_no_records_is_not_text(tmp_path: Path, data: bytes) -> None:
    (meter_file,) = unpacked(tmp_path, data)
    assert "not-text" in [finding.code for finding in meter_file.findings]


@pytest.mark.parametrize("first", [b"NMI,Date,Reading\n", b"<report>\n", b"100 records\n", b"\n"])
@pytest.mark.parametrize("profile", ["standard", "lenient"])
def test_a_line_above_the_records_makes_no_other_kind_of_them(
    tmp_path: Path, first: bytes, profile: str
) -> None:
    (meter_file,) = unpacked(tmp_path, first + GOOD, profile)
    assert "foreign" not in [finding.code for finding in meter_file.findings]
    if profile == "lenient":
        assert len(read(meter_file).days) == 1
