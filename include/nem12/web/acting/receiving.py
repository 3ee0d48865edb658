"""Takes a file into the landing folder: the watch sees it when it is whole, or never."""

import asyncio
import errno
import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Final
from uuid import uuid4

from fastapi import HTTPException, status
from fastapi.concurrency import run_in_threadpool

from nem12 import settings, storage
from nem12.drop import is_partial
from nem12.errors import UsageError, sentence
from nem12.ignored import BEGINNING, why_ignored
from nem12.mdff.profiles import PROFILE_FOLDERS
from nem12.mdff.wording import shown
from nem12.settings import MIB
from nem12.storage import Place
from nem12.untrusted import NotAFolderError
from nem12.warehouse.connect import Connection
from nem12.web.acting.acts import Act, note_act

LEFT_SUFFIX: Final = ".upload.part"
"""End of the name of an upload that is not whole; the beginning is a dot and a random word."""

_NAME_BYTES: Final = 240
"""Most bytes of a name: with the number of one that is in use below the 255 of file systems."""

_PIECE: Final = MIB
"""Bytes that are written at a time: a thread is borrowed for each piece."""

_MOST_NUMBERS: Final = 1000
"""Names that are tried before an upload is refused: so many files of one name do not wait."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Received:
    """An upload that has no name yet.

    Args:
        folder: Where it is going to land.

    Attributes:
        size: Bytes so far.
    """

    def __init__(self, folder: Place) -> None:
        with _explained():
            self._file: Final = storage.added(folder, f".{uuid4().hex}{LEFT_SUFFIX}")
        self._folder: Final = folder
        self._hashed: Final = hashlib.sha256()
        self._beginning = b""
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append to it."""
        with _explained():
            self._file.write(data)
        self._hashed.update(data)
        self._beginning += data[: BEGINNING - len(self._beginning)]
        self.size += len(data)

    def check(self, name: str) -> None:
        """Refuse files that the watch would ignore.

        Raises:
            UsageError: It is empty, or ignored by its name.
        """
        if not self.size:
            raise UsageError(f"{shown(name, _NAME_BYTES)} is empty")
        reason = why_ignored(name, lambda: self._beginning)
        if reason:
            raise UsageError(f"{shown(name, _NAME_BYTES)} would be ignored: {reason}")

    def land(self, connection: Connection, name: str, by: str) -> int:
        """Record who uploads it, and give it the first name that is free.

        Args:
            connection: A writing one.
            name: As `checked_name` has it.
            by: The user.

        Returns:
            The id of the upload.
        """
        for free in _numbered(name):
            place = self._folder / free
            if storage.exists(place):
                continue
            with suppress(FileExistsError), _explained(), connection.transaction():
                # The time of the record is before that of the claim, which looks for the name.
                upload_id = note_act(
                    connection,
                    Act.UPLOAD,
                    by,
                    free,
                    sha256=self._hashed.hexdigest(),
                    uri=_uri(place),
                    size=self.size,
                )
                self._file.publish(free)
                return upload_id
        raise UsageError(f"too many files are called {shown(name, _NAME_BYTES)}")

    def discard(self) -> None:
        """Remove it, unless it has landed."""
        self._file.discard()


async def receive(chunks: AsyncIterator[bytes], folder: Place, most: int) -> Received:
    """Take the bytes of an upload; one that breaks off leaves nothing behind.

    Args:
        chunks: As they come.
        folder: Where it is going to land.
        most: Bytes.

    Raises:
        HTTPException: It is too large, stalls, or there is no room for it.
    """
    await run_in_threadpool(clean, folder)
    received = await run_in_threadpool(Received, folder)
    try:
        async for piece in _pieces(chunks, most):
            await run_in_threadpool(received.write, piece)
    except BaseException:
        received.discard()
        raise
    return received


async def _pieces(chunks: AsyncIterator[bytes], most: int) -> AsyncGenerator[bytes]:
    size = 0
    gathered = bytearray()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks), settings.UPLOAD_STALL_SECONDS)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise HTTPException(
                status.HTTP_408_REQUEST_TIMEOUT,
                f"nothing came for {settings.UPLOAD_STALL_SECONDS} s: upload it again",
            ) from None
        size += len(chunk)
        check_size(size, most)
        gathered += chunk
        if len(gathered) >= _PIECE:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def check_size(size: int, most: int) -> None:
    """Refuse an upload of so many bytes.

    Raises:
        HTTPException: It is larger than `most`.
    """
    if size > most:
        raise HTTPException(
            status.HTTP_413_CONTENT_TOO_LARGE,
            f"the file is larger than {most // MIB} MiB: copy it into the landing folder, or raise"
            " METER_UPLOAD_MB",
        )


def checked_name(name: str) -> str:
    """A name that a file may land by: a name, never a path.

    Raises:
        UsageError: It is another one, or the watch would leave it alone.
    """
    said = f"'{shown(name, _NAME_BYTES)}'"
    if name in ("", ".", "..") or any(sign in name for sign in "/\\"):
        raise UsageError(f"{said} is not the name of a file")
    if not name.isprintable():
        raise UsageError(f"{said} has a character that cannot be shown: rename the file")
    if len(name.encode()) > _NAME_BYTES:
        raise UsageError(f"{said} is longer than {_NAME_BYTES} bytes: give the file a shorter name")
    if is_partial(name):
        raise UsageError(f"{said} is a name of unfinished files, which are ignored: rename it")
    if name in PROFILE_FOLDERS:
        raise UsageError(f"{said} is the name of a folder of a profile: rename the file")
    return name


def clean(folder: Place) -> None:
    """Remove parts of uploads whose api-server was killed."""
    if not storage.local(folder):
        return
    oldest = time.time() - settings.UPLOAD_LEFT_SECONDS
    with suppress(NotAFolderError):
        for entry in storage.listed(folder):
            name = entry.place.name
            if name.startswith(".") and name.endswith(LEFT_SUFFIX) and entry.changed < oldest:
                storage.remove(entry.place)


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, _MOST_NUMBERS):
        yield f"{number}-{name}"


def _uri(place: Place) -> str:
    path = storage.local(place)
    return path.as_uri() if path else str(place)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn an error of the system into an answer; a name that is in use is the caller's."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        full = error.errno in _FULL
        raise HTTPException(
            status.HTTP_507_INSUFFICIENT_STORAGE if full else status.HTTP_503_SERVICE_UNAVAILABLE,
            f"the api-server cannot write to the landing folder: {shown(sentence(error), 500)}",
        ) from None
