"""Which of the files that are kept still hold an NMI: found wherever it can be, else told."""

import bz2
import gzip
import io
import zipfile

import pytest

from nem12 import settings
from nem12.operate.holding import files_holding
from tests.support.making import NMI, channel, day, file

HOLDS = file(channel(), day())
OTHER = file(channel("2001985732"), day())


def zipped(*contents: bytes, name: str = "a") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{name}{number}", content)
    return out.getvalue()


def damaged(data: bytes) -> bytes:
    """An archive whose first member cannot be read."""
    return data.replace(b"PK\x03\x04", b"PK\x00\x00", 1)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (HOLDS, "holds it"),
        (b"0" * 65_530 + HOLDS, "holds it"),
        (b"0" * (65_536 + 1024 * 1024 - 5 - HOLDS.index(NMI.encode())) + HOLDS, "holds it"),
        (gzip.compress(HOLDS), "holds it"),
        (zipped(OTHER, HOLDS), "holds it"),
        (zipped(OTHER, name=NMI), "holds it"),
        (damaged(zipped(OTHER, HOLDS)), "holds it"),
        (b"BB" + zipped(OTHER, HOLDS)[2:], "holds it"),
        (damaged(zipped(HOLDS, OTHER)), "cannot be read: the archive is damaged"),
        (gzip.compress(OTHER)[:-10], "cannot be read: it is cut off"),
        (zipped(zipped(HOLDS)), "cannot be read: it is an archive inside an archive"),
        (zipped(OTHER, gzip.compress(HOLDS)), "cannot be read: it is an archive inside"),
        (bz2.compress(HOLDS), "cannot be read: it is a bzip2 file"),
        (b"%PDF-1.7", "cannot be read: it is a PDF document"),
        (OTHER, None),
        (zipped(OTHER), None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_a_file_that_holds_an_nmi_is_found_or_told_to_be_unsearchable(
    data: bytes, why: str | None
) -> None:
    home = settings.home().make()
    (home.archive / "kept").write_bytes(data)
    found = [held.why for held in files_holding(home, NMI)]
    assert len(found) == (why is not None)
    assert all(each.startswith(str(why)) for each in found)
