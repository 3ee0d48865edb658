"""aseXML messages: the CSV blocks inside, and nothing else of them."""

import gzip
import io
import itertools
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from nem12.mdff.findings import Level
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import MIB
from nem12.survey import MeterFile
from nem12.unpack import meter_files
from tests.support.making import channel, day, file
from tests.support.reading import read

RECORDS = file(channel(), day()).decode()


def message(*blocks: str, prefix: str = "ase:") -> bytes:
    transactions = "".join(
        f"<Transaction><MeterDataNotification><CSVIntervalData>{block}</CSVIntervalData>"
        "</MeterDataNotification></Transaction>"
        for block in blocks
    )
    space = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{prefix}aseXML {space}="urn:aseXML:r36">'
        f"<Transactions>{transactions}</Transactions></{prefix}aseXML>"
    ).encode()


def unpacked(folder: Path, data: bytes, name: str = "message.xml") -> list[MeterFile]:
    path = folder / name
    path.write_bytes(data)
    return list(meter_files(path, name, "standard", folder / "scratch"))


def codes(file: MeterFile) -> list[str]:
    return [finding.code for finding in file.findings]


@pytest.mark.parametrize("prefix", ["ase:", "", "x:"])
def test_a_block_is_read_like_the_file_itself(tmp_path: Path, prefix: str) -> None:
    (found,) = unpacked(tmp_path, message(f"\n   {RECORDS}   ", prefix=prefix))
    assert found.name == "message.xml/CSVIntervalData-1"
    assert Path(found.path).read_bytes() == RECORDS.encode()
    assert codes(found) == []
    assert len(read(found).days) == 1


def test_every_transaction_is_a_file_of_its_own(tmp_path: Path) -> None:
    other = RECORDS.replace("6407112380", "NEM1201009")
    found = unpacked(tmp_path, message(RECORDS, other))
    assert [one.name.rpartition("-")[2] for one in found] == ["1", "2"]
    assert found[0].sha256 != found[1].sha256


def test_entities_and_cdata_are_decoded(tmp_path: Path) -> None:
    given = RECORDS.replace("WATTMDP", "A&amp;B")
    (plain,) = unpacked(tmp_path, message(given))
    (cdata,) = unpacked(tmp_path, message(f"<![CDATA[{RECORDS.replace('WATTMDP', 'A&B')}]]>"))
    assert plain.header is not None
    assert plain.header.from_participant == "A&B"
    assert plain.sha256 == cdata.sha256


def test_messages_come_zipped_too(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", message(RECORDS))
    (zipped,) = unpacked(tmp_path, packed.getvalue(), "a.zip")
    assert zipped.name == "a.zip/a.xml/CSVIntervalData-1"
    assert len(read(zipped).days) == 1
    (gzipped,) = unpacked(tmp_path, gzip.compress(message(RECORDS)), "a.xml.gz")
    assert zipped.sha256 == gzipped.sha256


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    ],
    ids=["entities", "file from elsewhere"],
)
def test_a_document_type_is_not_followed(tmp_path: Path, doctype: str) -> None:
    data = message(RECORDS).replace(b"?>\n", f"?>{doctype}".encode())
    (found,) = unpacked(tmp_path, data)
    assert codes(found) == ["unreadable"]
    assert "document type" in found.findings[0].message


NOTHING = message()
HEADER = (
    "<Header><From>MDPX</From><MessageDate>{date}</MessageDate><TransactionGroup>MTRD"
    "</TransactionGroup><Market>{market}</Market></Header>"
)


def with_header(data: bytes, date: str = "2024-06-03T12:00:00+10:00", market: str = "NEM") -> bytes:
    head, tag, rest = data.partition(b"<Transactions>")
    return head + HEADER.format(date=date, market=market).encode() + tag + rest


def why(file: MeterFile) -> str:
    """The one reason why a file is refused."""
    (finding,) = file.findings
    assert (finding.level, finding.line) == (Level.FILE, 1)
    return finding.message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (message(RECORDS)[:-30], "unreadable"),
        (message(RECORDS, RECORDS)[:-60], "unreadable"),
        (message(RECORDS)[:200], "unreadable"),
        (message(), "foreign"),
        (message(""), "foreign"),
        (message("NMI,Suffix\n6407112380,E1"), "foreign"),
        (message(RECORDS.replace("NEM12", "NEM13")), "mixed"),
        (message("no meter data"), "not-text"),
        (b"<html><body>404</body></html>", "foreign"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "foreign"),
        (b"<feed xmlns='x'><entry/></feed>", "foreign"),
        (b"<feed><entry></feed>", "foreign"),
        (b"<<<<", "not-text"),
        (b"<", "not-text"),
    ],
    ids=[
        *("cut off", "cut off behind a whole block", "cut off in a block", "no block"),
        *(
            "an empty block",
            "another layout",
            "records of NEM12 under NEM13",
            "prose",
            "a page",
            "a page with its type",
        ),
        *("other XML", "other XML, damaged", "no XML", "one character"),
    ],
)
def test_what_holds_no_interval_data_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    found = unpacked(tmp_path, data)
    assert [code in codes(one) and one.refused for one in found] == [True]


def transactions(*blocks: tuple[str, str]) -> bytes:
    inner = "".join(
        f"<Transaction><MeterDataNotification><{name}>{block}</{name}></MeterDataNotification>"
        "</Transaction>"
        for name, block in blocks
    )
    return f"<aseXML><Transactions>{inner}</Transactions></aseXML>".encode()


INTERVAL = ("CSVIntervalData", RECORDS)
READS = ("CSVConsumptionData", "100,NEM13,202403151030,WATTMDP,LUMENRET\n900\n")
OLD_LAYOUT = ("CSVIntervalData", "NMI,Suffix,MDPVersionDate,SettlementDate,Status,Period01\nA,E1,x")
EMPTY = ("CSVIntervalData", " \n ")
VERDICTS = {INTERVAL: None, READS: None, OLD_LAYOUT: "foreign", EMPTY: "empty"}


@pytest.mark.parametrize(
    "blocks",
    [
        blocks
        for number in (2, 3)
        for blocks in itertools.product(VERDICTS, repeat=number)
        if set(blocks) != {EMPTY}
    ],
    ids=lambda blocks: "-".join(str(VERDICTS[block]) for block in blocks),
)
def test_no_transaction_is_passed_over(tmp_path: Path, blocks: list[tuple[str, str]]) -> None:
    found = unpacked(tmp_path, transactions(*blocks))
    names = [f"message.xml/{name}-{number}" for number, (name, _) in enumerate(blocks, 1)]
    assert [one.name for one in found] == names
    for block, one in zip(blocks, found, strict=True):
        code = VERDICTS[block]
        assert one.refused == (code is not None)
        assert code is None or code in codes(one)
        assert len(read(one).days) == (block is INTERVAL)


def test_a_message_without_data_says_what_it_holds(tmp_path: Path) -> None:
    acknowledgement = (
        "<aseXML><Header><TransactionGroup>MTRD</TransactionGroup></Header><Acknowledgements>"
        "<TransactionAcknowledgement/><TransactionAcknowledgement/><MessageAcknowledgement/>"
        "</Acknowledgements></aseXML>"
    )
    (found,) = unpacked(tmp_path, acknowledgement.encode())
    assert "without meter data (transaction group MTRD, transactions: " in why(found)
    assert "2 TransactionAcknowledgement, 1 MessageAcknowledgement" in why(found)
    (found,) = unpacked(tmp_path, b"<aseXML/>")
    assert "transaction group (none), transactions: none" in why(found)


@pytest.mark.parametrize("block", ["", " ", "\n\n", "<![CDATA[]]>", "<!-- none -->"])
@pytest.mark.parametrize("nil", ["", ' xsi:nil="true"'])
def test_an_empty_block_is_refused_in_words(tmp_path: Path, block: str, nil: str) -> None:
    opened = f"<CSVIntervalData{nil}>".encode()
    data = message(block).replace(b"<CSVIntervalData>", opened)
    (found,) = unpacked(tmp_path, data)
    assert found.name == "message.xml"
    assert "whose CSV data is empty" in why(found)
    assert "1 MeterDataNotification" in why(found)
    _, second = unpacked(tmp_path, data.replace(b"<Transaction>", RECORD_TRANSACTION, 1))
    assert why(second) == "the CSVIntervalData of a transaction is empty"


RECORD_TRANSACTION = (
    f"<Transaction><CSVIntervalData>{RECORDS}</CSVIntervalData></Transaction><Transaction>"
).encode()


@pytest.mark.parametrize("market", ["VICGAS", "NSWACTGAS", "QLDGAS", "SAGAS", "wagas"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_gas_is_refused_once(tmp_path: Path, market: str, number: int) -> None:
    block = "MIRN,Read\n5310000001,100\n"
    data = with_header(message(*[block] * number), market=market)
    (found,) = unpacked(tmp_path, data)
    assert codes(found) == ["foreign"]
    assert "gas" in why(found) or not number
    (found,) = unpacked(tmp_path, with_header(message(block), market=""))
    assert "gas" in why(found)


def test_the_content_of_a_block_decides_what_it_is_not_the_market(tmp_path: Path) -> None:
    (found,) = unpacked(tmp_path, with_header(message(RECORDS), market="VICGAS"))
    assert not found.refused


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("2024-06-03T12:00:00+10:00", datetime(2024, 6, 3, 12, tzinfo=NEM_TIME)),
        ("2024-06-03T02:00:00Z", datetime(2024, 6, 3, 12, tzinfo=NEM_TIME)),
        (" 2024-06-03T12:00:00.750 ", datetime(2024, 6, 3, 12, tzinfo=NEM_TIME)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
    ],
)
def test_a_block_was_delivered_when_its_message_was_made(
    tmp_path: Path, date: str, at: datetime | None
) -> None:
    (found,) = unpacked(tmp_path, with_header(message(RECORDS), date=date))
    assert found.delivered_at == at


ACCENT = "MDP É"


def declared(encoding: str, given: str = RECORDS) -> str:
    text = message(given).decode().replace("UTF-8", encoding)
    return text.replace("<Transactions>", f"<Header><From>{ACCENT}</From></Header><Transactions>")


@pytest.mark.parametrize(
    ("encoding", "bytes_in", "warned"),
    [
        ("UTF-8", "utf-8", False),
        ("utf8", "utf-8", False),
        ("UTF-8", "utf-8-sig", False),
        ("ISO-8859-1", "latin-1", False),
        ("windows-1252", "cp1252", False),
        ("ISO-8859-15", "iso-8859-15", False),
        ("gb18030", "gb18030", False),
        ("UTF-16", "utf-8", True),
        ("utf-16le", "utf-8", True),
        ("Unicode", "utf-8", True),
        ("UCS-2", "utf-8", True),
        ("ISO-8859-1", "utf-8", True),
        ("us-ascii", "utf-8", True),
        ("x-none", "utf-8", True),
        ("UTF-8", "latin-1", True),
        ("utf-16", "cp1252", True),
        ("cp037", "utf-8", True),
        ("zlib", "utf-8", True),
        ("../../etc", "utf-8", True),
    ],
)
def test_a_message_is_read_by_its_bytes_whatever_it_declares(
    tmp_path: Path, encoding: str, bytes_in: str, warned: bool
) -> None:
    (found,) = unpacked(tmp_path, declared(encoding).encode(bytes_in))
    assert codes(found) == (["encoding"] if warned else [])
    assert found.warnings == ({"encoding": 1} if warned else {})
    assert Path(found.path).read_bytes() == RECORDS.encode()
    (again,) = unpacked(tmp_path, declared(encoding, RECORDS.replace("WATT", "É")).encode(bytes_in))
    assert again.header is not None
    assert again.header.from_participant == "ÉMDP"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("blanks", ["", "\r\n "])
def test_more_than_one_byte_a_character_is_refused_by_the_name_of_the_encoding(
    tmp_path: Path, encoding: str, blanks: str
) -> None:
    mark = "" if encoding[-2:] not in ("le", "be") or not blanks else "\ufeff"
    (found,) = unpacked(tmp_path, (mark + blanks + declared(encoding)).encode(encoding))
    assert codes(found) == ["encoding"]
    assert encoding[:6].upper() in why(found)


@pytest.mark.parametrize(
    ("before", "lines"),
    [
        (b"\n", 1),
        (b"\r\n\r\n", 2),
        (b" \n\t\r", 2),
        (b"\xef\xbb\xbf\n", 1),
        (b"\n\xef\xbb\xbf\n", 2),
    ],
)
def test_blank_lines_before_the_declaration_are_warned_of(
    tmp_path: Path, before: bytes, lines: int
) -> None:
    (found,) = unpacked(tmp_path, before + message(RECORDS))
    assert codes(found) == ["blank-line"]
    assert found.warnings == {"blank-line": 1}
    assert found.findings[0].message.startswith(f"{lines} blank line")
    without = message(RECORDS).partition(b"\n")[2]
    assert codes(unpacked(tmp_path, before + without)[0]) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("<aseXML", "<!-- made by --><aseXML"),
        lambda text: text.replace("<Transactions>", "<!-- a --><?b c?><Transactions>"),
        lambda text: text.replace("100,NEM12", "<!-- a -->100,<!-- b -->NEM12"),
        lambda text: text.replace("100,NEM12", "<![CDATA[100,]]>NEM12"),
        lambda text: text.replace("100,NEM12", "&#49;00&#x2C;NEM12"),
        lambda text: text.replace("<CSVIntervalData>", "<CSVIntervalData a='b' xsi:nil='false'>"),
        lambda text: text.replace("\n300,", "<Line/>\n300,"),
        lambda text: text.replace("100,NEM12", "<Line>100,NEM12").replace("\n200", "</Line>\n200"),
        lambda text: text.replace("\n", "&#xD;\n"),
        lambda text: text.replace("\n", "&#xD;&#xA;"),
        lambda text: text.replace("\n", "<!-- -->\n<!-- -->"),
        lambda text: text.replace("</CSVIntervalData>", "\n \t\n</CSVIntervalData>\n"),
        lambda text: f"{text}\n<!-- the end -->\n\n",
    ],
)
def test_the_same_block_written_in_other_ways_is_the_same_file(
    tmp_path: Path, change: Callable[[str], str]
) -> None:
    given = message(RECORDS.replace("\r\n", "\n"), prefix="").decode().partition("?>\n")[2]
    (found,) = unpacked(tmp_path, change(given).encode())
    assert Path(found.path).read_bytes() == RECORDS.encode()
    assert codes(found) == []


def test_a_prefix_that_is_declared_nowhere_is_no_matter(tmp_path: Path) -> None:
    data = message(RECORDS).replace(b' xmlns:ase="urn:aseXML:r36"', b"")
    assert [codes(one) for one in unpacked(tmp_path, data)] == [[]]


def test_a_message_in_an_archive_is_read_under_every_profile(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", message(RECORDS))
    (tmp_path / "a.zip").write_bytes(packed.getvalue())
    for profile in ("standard", "strict", "lenient"):
        (found,) = meter_files(tmp_path / "a.zip", "a.zip", profile, tmp_path / "scratch")
        assert found.name == "a.zip/a.xml/CSVIntervalData-1"
        assert codes(found) == []


def test_a_message_with_too_many_blocks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.unpack.MAX_MEMBERS", 2)
    (found,) = unpacked(tmp_path, message(*[RECORDS] * 3))
    assert codes(found) == ["unreadable"]


MANY = 210_000


def names(tag: bytes) -> bytes:
    """Tags whose names have 17 MB together."""
    return b"".join(tag % (b"b" * 1000, number) for number in range(17_000))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"<aseXML>" + b"<a>" * MANY, "nested"),
        (b"<aseXML><CSVIntervalData>" + b"<a>" * MANY, "nested"),
        (b"<aseXML>" + b"<a/>" * MANY, "elements"),
        (b"<aseXML>" + b"".join(b"<a%1000d/>" % n for n in range(20_000)), "damaged"),
        (b"<aseXML>" + names(b"<a%s%d/>"), "names"),
        (b"<aseXML>" + names(b"<a b%s%d=''/>"), "names"),
        (b"<aseXML a='" + b"b" * 2 * MIB, "tag or comment"),
        (b"<aseXML><!--" + b"b" * 2 * MIB, "tag or comment"),
        (b"<aseXML><?a " + b"b" * 2 * MIB, "tag or comment"),
    ],
    ids=["depth", "depth in a block", "elements", "not XML", "names", "attributes", "attribute",
         "comment", "instruction"],
)  # fmt: skip
def test_a_message_that_asks_for_too_much_is_refused_early(
    tmp_path: Path, data: bytes, word: str
) -> None:
    tracemalloc.start()
    (found,) = unpacked(tmp_path, data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(found) == ["unreadable"]
    assert word in why(found)
    assert most < 64 * MIB


@pytest.mark.parametrize("blank", ["\n", " ", "\r\n"])
def test_blanks_in_a_block_take_neither_time_nor_memory(tmp_path: Path, blank: str) -> None:
    data = message(f"{blank * 4 * MIB}{RECORDS}{blank * 4 * MIB}")
    tracemalloc.start()
    (found,) = unpacked(tmp_path, data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert Path(found.path).read_bytes() == RECORDS.encode()
    assert most < len(data) / 2 + 16 * MIB
