"""aseXML: the CSV block that travels inside a MeterDataNotification (S 1.1b).

Each `CSVIntervalData` element is a meter file of its own, whatever the namespace. A document type
declaration, the door of entity bombs and of files from elsewhere, is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from xml.parsers import expat

from nem12.mdff.text import Readable
from nem12.settings import MIB

_BLOCK: Final = "CSVIntervalData"
_ROOT: Final = "aseXML"


class XmlError(Exception):
    """The message cannot be read; the text says why.

    Attributes:
        is_message: Whether it is an aseXML message at all, and not some page.
    """

    def __init__(self, reason: str, *, is_message: bool = False) -> None:
        super().__init__(reason)
        self.is_message = is_message


@dataclass(slots=True)
class _Blocks:
    """Takes the parser's events and writes what stands inside the blocks."""

    open_block: Callable[[int], BinaryIO]
    root: str | None = None
    count: int = 0
    _out: BinaryIO | None = None
    _blanks: str = ""
    _begun: bool = False
    _stack: list[str] = field(default_factory=list)

    def start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self.root = self.root or local
        self._stack.append(local)
        if local == _BLOCK:
            self._out = self.open_block(self.count)
            self.count += 1
            self._blanks, self._begun = "", False

    def end(self, _: str) -> None:
        if self._stack.pop() == _BLOCK and self._out is not None:
            if self._begun:
                self._out.write(b"\r\n")
            self._out.close()
            self._out = None

    def text(self, data: str) -> None:
        """Blanks before the first record and after the last one are the XML's, not the file's."""
        if self._out is None:
            return
        body = data if self._begun else data.lstrip()
        kept = body.rstrip()
        if kept:
            # XML turns every line end into LF; the format asks for CR LF.
            written = (self._blanks if self._begun else "") + kept
            self._out.write(written.replace("\n", "\r\n").encode())
            self._begun, self._blanks = True, ""
        self._blanks += body[len(kept) :]

    @property
    def is_message(self) -> bool:
        return self.root == _ROOT or self.count > 0

    def close(self) -> None:
        if self._out is not None:
            self._out.close()


def extract(stream: Readable, open_block: Callable[[int], BinaryIO]) -> int:
    """Write every block of an XML message to a file of its own.

    Args:
        stream: The message.
        open_block: Gives the file for the n-th block, from 0.

    Returns:
        How many blocks there were.

    Raises:
        XmlError: It is no XML, breaks off, has no block, or a document type declaration.
    """
    blocks = _Blocks(open_block)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = blocks.start
    parser.EndElementHandler = blocks.end
    parser.CharacterDataHandler = blocks.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        while chunk := stream.read(MIB):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise XmlError(f"damaged XML: {error}", is_message=blocks.is_message) from None
    finally:
        blocks.close()
    if not blocks.count:
        raise XmlError(f"an aseXML message without {_BLOCK}", is_message=blocks.is_message)
    return blocks.count


def _refuse_doctype(name: str, *_: object) -> None:
    is_message = name.lower() != "html"  # that is a page: an answer of a portal, no message
    raise XmlError("a document type declaration is not allowed", is_message=is_message)
