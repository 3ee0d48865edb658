"""aseXML messages: the CSV blocks inside, and nothing else of them."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from nem12.shard import MeterFile
from nem12.unpack import unpack
from tests.reading import read
from tests.unit.making import channel, day, file

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
    return list(unpack(path, name, "standard", folder / "scratch"))


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
    assert plain.header.sender == "A&B"
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


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (message(RECORDS)[:-30], "unreadable"),
        (message(), "unreadable"),
        (message("NMI,Suffix\n6407112380,E1"), "not-text"),
        (message(RECORDS.replace("NEM12", "NEM13")), "version"),
        (b"<html><body>404</body></html>", "not-text"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "not-text"),
        (b"<<<<", "not-text"),
    ],
    ids=[
        "cut off",
        "no block",
        "another layout",
        "NEM13",
        "a page",
        "a page with its type",
        "no XML",
    ],
)
def test_what_holds_no_interval_data_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    found = unpacked(tmp_path, data)
    assert [code in codes(one) and one.refused for one in found] == [True]


def test_a_message_with_too_many_blocks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.unpack.MAX_MEMBERS", 2)
    (found,) = unpacked(tmp_path, message(*[RECORDS] * 3))
    assert codes(found) == ["unreadable"]
