"""aseXML: the CSV block that travels inside a message (S 1.1b).

Each element with CSV data (`CSVIntervalData`, `CSVConsumptionData`) is a meter file of its own,
whatever the namespace. A document type declaration is refused: it could bring entity bombs and
files from elsewhere.
"""

import codecs
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Final
from xml.parsers import expat

from nem12.containers.foreign import BEGINNING
from nem12.mdff import text, wording
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import (
    MAX_XML_DEPTH,
    MAX_XML_ELEMENTS,
    MAX_XML_NAME_BYTES,
    MAX_XML_TOKEN_BYTES,
)

_BLOCK: Final = re.compile(r"CSV\w*Data")
_ROOT: Final = "aseXML"
_GAS: Final = "GAS"

_CHUNK: Final = 64 * 1024
"""Bytes that the parser gets at once: a token that is too long is noticed this much later."""

_DECLARATION: Final = re.compile(rb"<\?xml\s[^>]{0,500}\?>")
_DECLARED: Final = re.compile(rb"\bencoding\s*=\s*[\"']([^\"'>]{1,100})[\"']")
_LIKE_A_MESSAGE: Final = re.compile(rb"<\?xml\s|<(?:[\w.-]+:)?aseXML\b")
_WIDE: Final = re.compile(
    rb"(?P<utf32>\xff\xfe\0\0(?:\s\0\0\0)*+<|\0\0\xfe\xff(?:\0\0\0\s)*+\0\0\0<|<\0\0\0|\0\0\0<)"
    rb"|\xff\xfe(?:\s\0)*+<\0|\xfe\xff(?:\0\s)*+\0<|<\0|\0<"
)
"""How XML begins in text of more than one byte a character, with or without a byte order mark."""

_NO_MEMORY: Final = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]

_ASCII: Final = bytes(range(0x20, 0x7F))

_MOST_KINDS: Final = 20
"""Of transactions that a message is described by."""

_MOST_TEXT: Final = 100
"""Characters of an element of the header."""


class XmlError(Exception):
    """The message cannot be read; the text says why.

    Attributes:
        root: Its outermost element; empty if there is none.
        is_message: Whether it is an aseXML message, and not a web page, for example.
        code: Of the finding that refuses it.
    """

    def __init__(
        self, reason: str, root: str = "", *, is_message: bool = False, code: str = "unreadable"
    ) -> None:
        super().__init__(reason)
        self.root = root
        self.is_message = is_message
        self.code = code


@dataclass(slots=True)
class Block:
    """An element with CSV data.

    Attributes:
        element: Its name.
        size: Bytes written; 0 if it is empty.
    """

    element: str
    size: int = 0


@dataclass(slots=True)
class Message:
    """What an XML message says about itself.

    Attributes:
        root: Its outermost element.
        blocks: With CSV data, in their order.
        transactions: How many of each kind it contains, acknowledgements too; the first kinds only.
        market: Such as NEM or VICGAS.
        group: TransactionGroup, such as MTRD.
        created: MessageDate.
        declared: The encoding that it names, if its bytes are in another one.
        blank_lines: Before its XML declaration.
        begins_like_one: Whether its first bytes are those of XML or of a message.
    """

    root: str = ""
    blocks: list[Block] = field(default_factory=list)
    transactions: Counter[str] = field(default_factory=Counter)
    market: str = ""
    group: str = ""
    created: datetime | None = None
    declared: str = ""
    blank_lines: int = 0
    begins_like_one: bool = False

    @property
    def is_message(self) -> bool:
        """Whether it is an aseXML message, and not a web page, for example."""
        return self.root == _ROOT or bool(self.blocks) or (self.begins_like_one and not self.root)

    @property
    def is_gas(self) -> bool:
        """Whether it is of a gas market: VICGAS, NSWACTGAS and others."""
        return _GAS in self.market.upper()

    @property
    def contents(self) -> str:
        """Group and transactions, for a person."""
        kinds = [f"{count} {wording.shown(kind)}" for kind, count in self.transactions.items()]
        return f"transaction group {wording.shown(self.group) or '(none)'}, transactions: " + (
            ", ".join(kinds) or "none"
        )


def begins_as_xml(beginning: bytes) -> bool:
    """Whether a file that begins so may be XML."""
    return _without_blanks(beginning).startswith(b"<") or _WIDE.match(beginning) is not None


def begins_as_message(beginning: bytes) -> bool:
    """Whether a file that begins so is XML by its declaration, or a message."""
    xml = _without_blanks(beginning)
    return _LIKE_A_MESSAGE.match(xml) is not None or _WIDE.match(beginning) is not None


def _without_blanks(beginning: bytes) -> bytes:
    return beginning.lstrip().removeprefix(text.BOM).lstrip()


OpenBlock = Callable[[int], BinaryIO]
"""Gives the file for the n-th block, from 0."""


def extract(stream: BinaryIO, open_block: OpenBlock) -> Message:
    """Write every block of an XML message to a file of its own.

    Args:
        stream: The message, at its beginning; it is read twice.
        open_block: Gives the files.

    Raises:
        XmlError: It is no XML, breaks off, has a document type declaration, is in an encoding of
            more than one byte a character, or asks for more than such a message needs.
    """
    events = _Events(open_block)
    message = events.message
    encoding = _encoding(stream, message)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.buffer_size = _CHUNK
    parser.StartElementHandler = events.start
    parser.EndElementHandler = events.end
    parser.CharacterDataHandler = events.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        _feed(parser, stream, encoding)
    except expat.ExpatError as error:
        if error.code == _NO_MEMORY:
            raise MemoryError from None
        # expat describes some problems by their position only.
        reason = f"the XML is damaged or cut off: {error}"
        raise XmlError(reason, message.root, is_message=message.is_message) from None
    except _TooMuchError as error:
        raise XmlError(str(error), message.root, is_message=message.is_message) from None
    finally:
        events.close()
    return message


class _TooMuchError(Exception):
    """More than a message of meter data needs."""


@dataclass(slots=True)
class _Writer:
    """Writes the text of a block; blanks before its first record and after its last are the XML's.

    XML turns every line end into LF; the format asks for CR LF.
    """

    out: BinaryIO
    size: int = 0
    _end: int = 0
    """Of what is not blank."""
    _carriage_return: bool = False

    def write(self, data: str) -> None:
        if self._carriage_return:
            data = "\r" + data
        # A CR at the end may be half of a line end that is written as a character reference.
        self._carriage_return = data.endswith("\r")
        body = data.removesuffix("\r").replace("\r\n", "\n")
        if not self.size:
            body = body.lstrip()
        body = body.replace("\n", "\r\n")
        length = len(body.rstrip().encode())
        if length:
            self._end = self.size + length
        encoded = body.encode()
        self.out.write(encoded)
        self.size += len(encoded)

    def close(self) -> None:
        if self.size:
            self.out.seek(self._end)
            self.out.truncate()
            self.out.write(b"\r\n")
            self.size = self._end + 2
        self.out.close()


@dataclass(slots=True)
class _Events:
    """Takes the parser's events and writes the text inside the blocks."""

    open_block: OpenBlock
    message: Message = field(default_factory=Message)
    _writer: _Writer | None = None
    _depth_of_block: int = 0
    _elements: int = 0
    _name_bytes: int = 0
    _stack: list[str] = field(default_factory=list)
    _text: str = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        message = self.message
        message.root = message.root or local
        self._bound(name, attributes)
        parent = self._stack[-1] if self._stack else ""
        if parent in ("Transaction", "Acknowledgements") and (
            local in message.transactions or len(message.transactions) < _MOST_KINDS
        ):
            message.transactions[local[:_MOST_TEXT]] += 1
        self._stack.append(local)
        self._text = ""
        if self._writer is None and _BLOCK.fullmatch(local):
            self._writer = _Writer(self.open_block(len(message.blocks)))
            message.blocks.append(Block(local))
            self._depth_of_block = len(self._stack)

    def _bound(self, name: str, attributes: dict[str, str]) -> None:
        """Limit what the parser keeps: open elements, and every name that it has seen."""
        self._elements += 1
        self._name_bytes += len(name) + sum(map(len, attributes))
        if self._elements > MAX_XML_ELEMENTS:
            raise _TooMuchError(f"the XML has more than {MAX_XML_ELEMENTS} elements")
        if len(self._stack) >= MAX_XML_DEPTH:
            raise _TooMuchError(f"the XML is nested more than {MAX_XML_DEPTH} deep")
        if self._name_bytes > MAX_XML_NAME_BYTES:
            raise _TooMuchError(f"the XML has more than {MAX_XML_NAME_BYTES} bytes of names")

    def end(self, _: str) -> None:
        local = self._stack.pop()
        if self._writer is not None:
            if len(self._stack) < self._depth_of_block:
                self.close()
        elif self._stack[-1:] == ["Header"]:
            self._on_header(local, self._text.strip())

    def text(self, data: str) -> None:
        if self._writer is not None:
            self._writer.write(data)
        elif len(self._text) < _MOST_TEXT:
            self._text += data[:_MOST_TEXT]

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self.message.blocks[-1].size = self._writer.size
            self._writer = None

    def _on_header(self, local: str, value: str) -> None:
        if local == "Market":
            self.message.market = value
        elif local == "TransactionGroup":
            self.message.group = value
        elif local == "MessageDate":
            self.message.created = _instant(value)


def _instant(value: str) -> datetime | None:
    """The instant of a MessageDate, in NEM time if it names no zone; None if it is not valid."""
    try:
        at = datetime.fromisoformat(value).replace(microsecond=0)
        return at.astimezone(NEM_TIME) if at.tzinfo else at.replace(tzinfo=NEM_TIME)
    except (ValueError, OverflowError):
        return None


def _feed(parser: expat.XMLParserType, stream: BinaryIO, encoding: str) -> None:
    decode = codecs.getincrementaldecoder(encoding)("replace").decode
    as_it_is = encoding == "utf-8"
    fed = 0
    while chunk := stream.read(_CHUNK):
        data = chunk if as_it_is else decode(chunk).encode()
        parser.Parse(data, False)
        fed += len(data)
        # The parser keeps a token that goes on, such as a tag or a comment, until it ends.
        if fed - parser.CurrentByteIndex > MAX_XML_TOKEN_BYTES:
            raise _TooMuchError(f"a tag or comment has more than {MAX_XML_TOKEN_BYTES} bytes")
    parser.Parse(b"", True)


def _encoding(stream: BinaryIO, message: Message) -> str:
    """The encoding of a message by its bytes; leaves the stream where the XML begins.

    A writer that serialises to a string and saves that in UTF-8 declares the string's encoding,
    UTF-16: what is declared counts only where the bytes agree.
    """
    beginning = stream.read(BEGINNING)
    wide = _WIDE.match(beginning)
    if wide:
        reason = f"it is XML in {'UTF-32' if wide['utf32'] else 'UTF-16'}, ask for it in UTF-8"
        raise XmlError(reason, is_message=True, code="encoding")
    xml = _without_blanks(beginning)
    blanks = len(beginning) - len(xml)
    message.begins_like_one = _LIKE_A_MESSAGE.match(xml) is not None
    declaration = _DECLARATION.match(xml)
    if declaration:
        message.blank_lines = text.count_lines(beginning[:blanks])
    match = _DECLARED.search(declaration[0]) if declaration else None
    declared = match[1].decode("latin-1") if match else "utf-8"
    # Skip the declaration: the parser would believe it.
    begin = blanks + (declaration.end() if declaration else 0)
    stream.seek(begin)
    name = _codec(declared)
    is_ascii, is_utf8 = _tell(stream)
    stream.seek(begin)
    if is_utf8:
        if name is None or not (is_ascii or name == "utf-8"):
            message.declared = declared
        return "utf-8"
    if name is None or name in ("utf-8", "ascii"):
        message.declared = declared
        return "cp1252"
    return name


def _codec(declared: str) -> str | None:
    """The name of an encoding in which ASCII is ASCII; None for any other."""
    try:
        name = codecs.lookup(declared).name.removesuffix("-sig")
        return name if _ASCII.decode(name) == _ASCII.decode() else None
    except (LookupError, ValueError):
        return None


def _tell(stream: BinaryIO) -> tuple[bool, bool]:
    """Whether the rest of the stream is ASCII, and whether it is UTF-8."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    is_ascii = True
    try:
        while chunk := stream.read(_CHUNK * 16):
            is_ascii = is_ascii and chunk.isascii()
            decode(chunk)
        decode(b"", final=True)
    except UnicodeDecodeError:
        return False, False
    return is_ascii, True


def _refuse_doctype(name: str, *_: object) -> None:
    is_message = name.lower() != "html"  # that is a page: an answer of a portal, no message
    raise XmlError("a document type declaration is not allowed", name, is_message=is_message)
