"""Files that nobody should send: names, archives, joined files and XML, drawn by a seed."""

import gzip
import io
import os
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from datetime import date, timedelta

from tests.support.deliveries import Day, delivery

_JUNK_MEMBERS = (
    "__MACOSX/._a.csv",
    ".DS_Store",
    "Thumbs.db",
    "a/",
    "../../etc/passwd",
    "C:\\x.csv",
)
_NAME_PIECES = (
    "a", "Ä", "漢", " ", "'", '"', ";", "%s", "{{ 7*7 }}", "{% raw %}", "$(id)", "<b>", "&amp;",
    "\n", "\x1b[31m", "\u202e", "*", "?", "[a-z]", "#", "\\", "..", "=cmd()", "-rf", ".csv", ".zip",
    ".report.txt", ".md", ".json",
)  # fmt: skip


class Hostile:
    """Makes one hostile drop after the other.

    Args:
        seed: The same seed makes the same drops.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._kinds: tuple[Callable[[], bytes], ...] = (
            self._mutated, self._joined, self._archive, self._archive, self._damaged_archive,
            self._xml, self._xml, self._blank, self._gzip, self._bytes,
        )  # fmt: skip

    def name(self) -> bytes:
        """A name of 1 to 255 bytes that a file system takes and a sensor does not leave alone."""
        pieces = self.chance.choices(_NAME_PIECES, k=self.chance.randint(1, 12))
        name = os.fsencode("".join(pieces)).replace(b"/", b"_").replace(b"\0", b"_").lstrip(b".")
        if self.chance.random() < 0.1:
            name += self.chance.randbytes(8).replace(b"/", b"_").replace(b"\0", b"_")
        if self.chance.random() < 0.1:
            name *= 40
        return name[:255] or b"a"

    def content(self) -> bytes:
        """What a drop holds."""
        return self.chance.choice(self._kinds)()

    def _day(self) -> Day:
        return Day(
            day=date(2024, 1, 1) + timedelta(days=self.chance.randint(0, 20)),
            nmi=f"62030{self.chance.randint(0, 99):05}",
            value=f"{self.chance.randint(0, 9999) / 1000:.3f}",
            updated=f"202403{self.chance.randint(1, 14):02}101500",
        )

    def _file(self) -> bytes:
        return delivery(*(self._day() for _ in range(self.chance.randint(1, 5))))

    def _mutated(self) -> bytes:
        data = bytearray(self._file())
        for _ in range(self.chance.randint(1, 8)):
            # Nothing may be left of it.
            at = self.chance.randrange(len(data) + 1)
            kind = self.chance.random()
            if kind < 0.4:
                data[at : at + 1] = bytes(
                    [self.chance.choice(b"\0\r\n,;\"'\\-.019AVENF\x1a\xef\xff\t ")]
                )
            elif kind < 0.7:
                del data[at : at + self.chance.randint(1, 200)]
            else:
                data[at:at] = self.chance.choice(
                    (b"\xef\xbb\xbf", b"\r\n\r\n", b"900\r\n", b"100,NEM12,000101010000,A,B\r\n",
                     b"610,x\r\n", b"200,NEM12,1\r\n", b",,,,", b"\\.\r\n", b"999999999999999999")
                )  # fmt: skip
        return bytes(data)

    def _joined(self) -> bytes:
        between = self.chance.choice((b"", b"\r\n", b"\xef\xbb\xbf", b"\x1a"))
        count = self.chance.choice((2, 3, 20, 700))
        one = delivery(self._day())
        return between.join([one] * count)

    def _member_name(self) -> str:
        kind = self.chance.random()
        if kind < 0.3:
            return self.chance.choice(("x.csv", "x.csv (2)", "X.CSV", "x.csv"))
        if kind < 0.5:
            return self.chance.choice(_JUNK_MEMBERS)
        if kind < 0.6:
            return "".join(self.chance.choices("abcdefé", k=self.chance.choice((300, 8_000))))
        return "".join(self.chance.choices(_NAME_PIECES, k=4)) or "a"

    def _archive(self) -> bytes:
        packed = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as archive:
            warnings.simplefilter("ignore", UserWarning)  # that a name is there already
            for _ in range(self.chance.choice((0, 1, 3, 30))):
                content = self.chance.choice((self._file, self._mutated, self._bytes, self._xml))
                method = self.chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
                archive.writestr(self._member_name(), content(), method)
        return packed.getvalue()

    def _damaged_archive(self) -> bytes:
        data = bytearray(self._archive())
        for _ in range(self.chance.randint(1, 6)):
            data[self.chance.randrange(len(data))] = self.chance.randrange(256)
        if self.chance.random() < 0.2:
            del data[self.chance.randrange(len(data)) :]
        return bytes(data)

    def _xml(self) -> bytes:
        blocks = "".join(
            f"<{tag}>{self._file().decode()}</{tag}>"
            for tag in self.chance.choices(
                ("CSVIntervalData", "CSVConsumptionData", "CSVData"), k=self.chance.randint(0, 3)
            )
        )
        kind = self.chance.random()
        depth = self.chance.choice((0, 3, 99, 5_000, 200_000)) if kind < 0.3 else 0
        crowd = "<b/>" * self.chance.choice((0, 1_000, 300_000)) if kind > 0.8 else ""
        declared = self.chance.choice(("utf-8", "utf-16", "iso-8859-1", "x-none"))
        head = self.chance.choice(
            ("", f'<?xml version="1.0" encoding="{declared}"?>', "\r\n\r\n<?xml version='1.0'?>",
             '<!DOCTYPE a [<!ENTITY b "c">]>')
        )  # fmt: skip
        closing = "</a>" * depth if self.chance.random() < 0.8 else ""
        end = "</aseXML>" if self.chance.random() < 0.9 else ""
        return f"{head}<aseXML>{'<a>' * depth}{closing}{crowd}{blocks}{end}".encode()

    def _blank(self) -> bytes:
        line = self.chance.choice((b"\n", b"\r", b"\r\n", b" \r\n", b",,,\r\n"))
        blank = line * self.chance.choice((10, 1_000, 500_000))
        return self.chance.choice((blank, blank + self._file(), self._file() + blank))

    def _gzip(self) -> bytes:
        data = gzip.compress(self.chance.choice((self._file, self._mutated, self._archive))())
        return data[: self.chance.randrange(len(data))] if self.chance.random() < 0.4 else data

    def _bytes(self) -> bytes:
        begins = self.chance.choice(
            (b"", b"PK\x03\x04", b"\x1f\x8b", b"<", b"%PDF-1.7", b"7z\xbc\xaf\x27\x1c", b"BZh9",
             b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"Rar!\x1a\x07", b"\xd0\xcf\x11\xe0", b"<html>",
             b"100,NEM13,202401010000,A,B\r\n", b"NMI,Date,Value\r\n", struct.pack("<H", 0xFEFF))
        )  # fmt: skip
        return begins + self.chance.randbytes(self.chance.randint(0, 4_000))
