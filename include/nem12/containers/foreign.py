"""Other kinds of file: what they are, and what the user can do.

People drop whatever they have: a workbook that a spreadsheet made of a file, the error page of a
portal, a report of another layout. Such a file is refused with one sentence that names its kind. It
is recognised by its first bytes, the members of an archive, the root of an XML document or its
first line, never by its name.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from nem12.containers import archives
from nem12.mdff import text, wording

BEGINNING: Final = 64 * 1024
"""Bytes of a file by which it is recognised; a first record has some 60, a tar's header 512."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file without readable NEM12 records.

    Attributes:
        what: Its name with an article, such as "an Excel workbook".
        remedy: What a person does next.
    """

    what: str
    remedy: str

    @property
    def message(self) -> str:
        """One sentence: what it is and what to do."""
        return f"{self.what}: {self.remedy}"


_UNPACK: Final = "unpack it and send the files in it, or pack them as zip or gzip"


def _document(what: str) -> Kind:
    return Kind(what, "it holds no records that can be loaded, ask for the NEM12 file")


def _archive(what: str) -> Kind:
    return Kind(what, _UNPACK)


_SAVE_AS_CSV: Final = "save the sheet as CSV, or ask for the NEM12 file"

EXCEL: Final = Kind("an Excel workbook", _SAVE_AS_CSV)
OLD_OFFICE: Final = Kind(
    "an Excel workbook (.xls, or one with a password) or another Office document", _SAVE_AS_CSV
)
OPEN_DOCUMENT: Final = Kind("an OpenDocument file", _SAVE_AS_CSV)
OFFICE: Final = Kind("an Office document (Excel, Word …)", _SAVE_AS_CSV)
HTML: Final = Kind(
    "an HTML page, perhaps a portal's error or login page",
    "open it in a browser to see what it says, then get the NEM12 file again",
)
GAS: Final = Kind(
    "gas meter data", "only electricity data is loaded, send such files somewhere else"
)
TABS: Final = Kind(
    "tab-separated text", "replace the tabs by commas, or ask for the NEM12 file as CSV"
)
TAR: Final = _archive("a tar archive")
_PACKED: Final = _archive("an archive inside an archive")

_PICTURE: Final = _document("a picture")
_RIGHT_REPORT: Final = (
    "ask for the NEM12 file, which portals call the detailed report or interval data (NEM12)"
)

SIGNATURES: Final[tuple[tuple[int, bytes, Kind], ...]] = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD_OFFICE),
    (0, b"\x09\x00\x04\x00", EXCEL),  # Excel 2, 3 and 4, which some reporting tools still write
    (0, b"\x09\x02\x06\x00", EXCEL),
    (0, b"\x09\x04\x06\x00", EXCEL),
    (0, b"%PDF-", _document("a PDF document")),
    (0, b"{\\rtf", _document("a rich text (RTF) document")),
    (0, b"7z\xbc\xaf\x27\x1c", _archive("a 7z archive")),
    (0, b"Rar!\x1a\x07", _archive("a RAR archive")),
    (257, b"ustar", TAR),
    (0, b"\xfd7zXZ\x00", _archive("an xz file")),
    (0, b"\x28\xb5\x2f\xfd", _archive("a zstd file")),
    (0, b"\x04\x22\x4d\x18", _archive("an lz4 file")),
    (0, b"LZIP", _archive("an lzip file")),
    (0, b"\x1f\x9d", _archive("a compress (.Z) file")),
    (0, b"MSCF\x00\x00\x00\x00", _archive("a cabinet (.cab) archive")),
    (0, b"SQLite format 3\x00", _document("an SQLite database")),
    (0, b"PAR1", _document("a Parquet file")),
    (0, b"\x89PNG\r\n\x1a\n", _PICTURE),
    (0, b"\xff\xd8\xff", _PICTURE),
    (0, b"GIF87a", _PICTURE),
    (0, b"GIF89a", _PICTURE),
    (0, b"II*\x00", _PICTURE),
    (0, b"MM\x00*", _PICTURE),
)
"""First bytes, each with its offset."""

MEMBERS: Final[tuple[tuple[str, str, Kind], ...]] = (
    ("[content_types].xml", "xl/", EXCEL),
    ("[content_types].xml", "word/", _document("a Word document")),
    ("[content_types].xml", "ppt/", _document("a PowerPoint presentation")),
    ("[content_types].xml", "", OFFICE),
    ("meta-inf/manifest.xml", "content.xml", OPEN_DOCUMENT),
    ("index/document.iwa", "", Kind("an Apple Numbers or Pages document", _SAVE_AS_CSV)),
    ("index.zip", "metadata/", Kind("an Apple Numbers or Pages document", _SAVE_AS_CSV)),
)
"""Members of zip archives that are documents, in lower case: one of that name, and one whose name
begins so."""

PARTS_OF_ZIP: Final[tuple[tuple[bytes, Kind], ...]] = (
    (
        b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        Kind("an OpenDocument spreadsheet (.ods)", _SAVE_AS_CSV),
    ),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.text",
        _document("an OpenDocument text (.odt)"),
    ),
    (b"mimetypeapplication/vnd.oasis.opendocument.", OPEN_DOCUMENT),
    (b"[Content_Types].xml", OFFICE),
)
"""Name of the first member of a zip archive with what follows it: what is left where the directory
at its end is lost."""

_FIRST_NAME: Final = 30
"""Offset of the name of the first member in a zip archive."""

_ROOTS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("Workbook",), Kind("an Excel workbook in XML", _SAVE_AS_CSV)),
    **dict.fromkeys(("wordDocument", "package"), _document("an Office document in XML")),
    **dict.fromkeys(
        (
            *(
                "html",
                "head",
                "body",
                "script",
                "style",
                "meta",
                "title",
                "table",
                "div",
                "p",
                "br",
            ),
            *("h1", "h2", "h3", "span", "center", "font", "a", "form", "img", "iframe", "pre"),
        ),
        HTML,
    ),
}
"""By the root of an XML document, in HTML in any case."""

_HTML: Final = re.compile(
    rb"(?>(?:<\?xml[^>]{0,200}\?>|<!--(?>.*?-->)|\s)*+)"
    rb"<(?:!doctype\s+html|html|head|body|script|meta|title)\b",
    re.IGNORECASE | re.DOTALL,
)
"""Atomic, hence linear on any input."""

_RECORD_OF_TABS: Final = re.compile(rb'"?(?:100|200|250|300)[ "]*+\t')
_BZIP2: Final = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_PATTERNS: Final = (
    (_HTML, HTML),
    (_RECORD_OF_TABS, TABS),
    (_BZIP2, _archive("a bzip2 file")),
)
"""First bytes after leading blanks."""

_NO_DATA: Final = "an aseXML message without meter data"

_SEPARATOR_LINE: Final = re.compile(rb'"?sep=.?"?', re.IGNORECASE)
"""The line that tells a spreadsheet which character separates the columns."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HEADINGS: Final = frozenset({
    "nmi", "mirn", "meter", "serial", "register", "suffix", "stream", "channel", "device",
    "account", "customer", "site", "address", "date", "time", "datetime", "timestamp", "day",
    "month", "year", "start", "end", "from", "to", "interval", "period", "reading", "readings",
    "read", "reads", "value", "usage", "use", "consumption", "consumed", "generation", "export",
    "import", "exported", "imported", "energy", "demand", "power", "solar", "supply", "peak",
    "offpeak", "controlled", "load", "kwh", "mwh", "wh", "kw", "mw", "kvarh", "kvar", "kva", "mj",
    "quality", "status", "flag", "method", "estimated", "actual", "unit", "units", "uom", "name",
    "tariff", "rate", "cost", "charge", "amount", "price", "total", "description", "type", "code",
    "con", "gen", "category", "direction", "postcode", "retailer", "distributor",
})  # fmt: skip
"""Words of the column headings of meter data; two columns with such words tell a heading."""

_GAS_WORDS: Final = frozenset({"mirn"})
_TIME_COLUMN: Final = re.compile(
    r"[0-9]{1,4}|[0-9]{1,2}[:.][0-9]{2}(?: ?[ap]m)?\b.{0,20}", re.IGNORECASE
)
"""A column for a time of the day, or for the number of an interval."""

_MOST_WORDS: Final = 8
"""Of a column heading; what has more is prose with a comma in it."""


def by_bytes(beginning: bytes) -> Kind | None:
    """The kind of file that begins with these bytes, if they identify one."""
    begun = readable(beginning).lstrip()
    for offset, signature, kind in SIGNATURES:
        if beginning.startswith(signature, offset) or (not offset and begun.startswith(signature)):
            return kind
    for pattern, kind in _PATTERNS:
        if pattern.match(begun):
            return kind
    return TAR if _is_tar(beginning) else None


def is_archive(beginning: bytes) -> bool:
    """Whether an archive, or a single packed file, begins like this."""
    kind = by_bytes(beginning)
    return archives.begun(beginning) is not None or (kind is not None and kind.remedy == _UNPACK)


def by_packing(beginning: bytes) -> Kind | None:
    """The kind of file that begins with these bytes, if its content is compressed."""
    kind = by_bytes(beginning)
    if archives.begun(beginning):
        return _PACKED
    return kind if kind not in (HTML, TABS, TAR) else None


def by_members(names: Collection[str], first: bytes) -> Kind | None:
    """The kind of document that a zip archive with these members is; None for an archive.

    Args:
        names: Of the members; empty if they cannot be read.
        first: The beginning of the archive.
    """
    for beginning, kind in PARTS_OF_ZIP[:-1]:
        if first.startswith(beginning, _FIRST_NAME):
            return kind
    lower = {name.replace("\\", "/").lower() for name in names}
    for name, prefix, kind in MEMBERS:
        if name in lower and any(each.startswith(prefix) for each in lower):
            return kind
    beginning, kind = PARTS_OF_ZIP[-1]
    return kind if not names and first.startswith(beginning, _FIRST_NAME) else None


def by_root(root: str) -> Kind:
    """The kind of an XML document that is not aseXML, by its outermost element."""
    kind = _ROOTS.get(root) or _ROOTS.get(root.lower())
    return kind or Kind(f"an XML document of '{wording.shown(root)}'", _RIGHT_REPORT)


def without_data(contents: str, *, empty: bool) -> Kind:
    """The kind of a message without meter data.

    Args:
        contents: Its transaction group and transactions.
        empty: Whether it has a place for data.
    """
    what = "an aseXML message whose CSV data is empty" if empty else _NO_DATA
    return Kind(f"{what} ({contents})", "there is nothing to load in it")


def by_first_line(beginning: bytes) -> Kind | None:
    """A table with column headings, if the first line that is not blank has them.

    Only for text without records of the format.
    """
    lines = [line for line in readable(beginning).splitlines() if not text.is_blank(line)]
    if lines and _SEPARATOR_LINE.fullmatch(lines[0]):
        del lines[0]
    if not lines:
        return None
    first = text.decode(lines[0])[0]
    separator = max(",\t;|", key=first.count)
    columns = [text.clean(field) for field in first.split(separator)]
    words = _words_of_headings(columns)
    if words is None or (len(lines) > 1 and separator not in text.decode(lines[1])[0]):
        return None
    if words & _GAS_WORDS:
        return GAS
    shown = wording.shown(", ".join(column for column in columns if column), 60)
    what = "a tab-separated table" if separator == "\t" else "a CSV"
    return Kind(f"{what} with column headings ({shown})", _RIGHT_REPORT)


def readable(beginning: bytes) -> bytes:
    """The text that a file begins with, without a byte order mark; of UTF-16 as UTF-8."""
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        beginning = beginning.decode("utf-16", "ignore").encode()
    return beginning.removeprefix(text.BOM)


def _words_of_headings(columns: list[str]) -> set[str] | None:
    """The words of column headings; None if these columns are not headings."""
    split = [_WORD.findall(column) for column in columns]
    if not split or not split[0] or any(len(words) > _MOST_WORDS for words in split):
        return None
    told = 0
    for column, words in zip(columns, split, strict=True):
        if _TIME_COLUMN.fullmatch(column):
            told += 1
        elif column and not (words and column[0].isalpha()):
            return None
        elif _HEADINGS & {word.lower() for word in words}:
            told += 1
    return {word.lower() for words in split for word in words} if told > 1 else None


def _is_tar(header: bytes) -> bool:
    """Whether this is a header of an old tar archive, known by its checksum only."""
    digits = header[148:156].strip(b" \0")
    if len(header) < 512 or not digits.isdigit() or header[0] == 0:
        return False
    try:
        checksum = int(digits, 8)
    except ValueError:
        return False
    return checksum == sum(header[:148]) + 8 * ord(" ") + sum(header[156:512])
