"""Files on their way into the landing folder: whole, under a free name, or not at all."""

import asyncio
import errno
import os
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException

from nem12 import settings, storage
from nem12.drop import landed
from nem12.errors import UsageError
from nem12.settings import MIB, Home
from nem12.web.acting import receiving
from nem12.web.acting.receiving import checked_name, receive


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../x.csv", "/etc/passwd", "a/b.csv", "a\\b.csv", "a\0.csv", "a\n.csv",
        "a\x1b[2J.csv", "a\u202egpj.csv", "a\udcff.csv", ".hidden.csv", "x.csv.part", "x.TMP",
        "strict", "lenient", "\u00e9" * 121,
    ],
)  # fmt: skip
def test_what_is_no_name_of_a_file_that_is_loaded_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        checked_name(name)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "name", ["a.csv", "a b;$(id)'\"<b>.csv", "*?[x].zip", "-rf", "\u00e9" * 120, "strict.csv"]
)
def test_any_other_name_is_only_a_name(name: str) -> None:
    assert checked_name(name) == name


async def sent(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def taken(chunks: AsyncIterator[bytes], folder: Path, most: int = MIB) -> receiving.Received:
    return asyncio.run(receive(chunks, folder, most))


def refused(chunks: AsyncIterator[bytes], folder: Path, most: int = MIB) -> int:
    with pytest.raises(HTTPException) as error:
        taken(chunks, folder, most)
    assert list(folder.iterdir()) == []
    return error.value.status_code


def test_a_file_is_not_seen_before_it_is_whole_and_replaces_no_other(tmp_path: Path) -> None:
    home = Home.below(tmp_path).make()
    (home.landing / "a.csv").write_bytes(b"ours")
    (home.landing / "2-a.csv").symlink_to("/etc/passwd")
    received = taken(sent(b"100,", b"NEM12"), home.landing)
    assert sorted(item.path.name for item in landed(home)) == ["2-a.csv", "a.csv"]
    for name in ("a.csv", "2-a.csv"):
        with pytest.raises(FileExistsError):
            received._file.publish(name)
    place = received._file.publish("3-a.csv")
    received.discard()
    assert storage.read_text(place) == "100,NEM12"
    assert (home.landing / "a.csv").read_bytes() == b"ours"
    assert sorted(path.name for path in home.landing.iterdir() if path.is_file()) == [
        "2-a.csv",
        "3-a.csv",
        "a.csv",
    ]


def test_a_file_system_without_hard_links_takes_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    (tmp_path / "a").write_bytes(b"ours")
    received = taken(sent(b"data"), tmp_path)
    with pytest.raises(FileExistsError):
        received._file.publish("a")
    received._file.publish("b")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a": b"ours",
        "b": b"data",
    }


def test_a_bucket_never_has_a_part_of_an_upload() -> None:
    folder = storage.place("memory://uploads/landing")
    received = asyncio.run(receive(sent(b"data"), folder, MIB))
    assert list(storage.listed(folder)) == []
    place = received._file.publish("a.csv")
    assert storage.read_text(place) == "data"
    other = asyncio.run(receive(sent(b"other"), folder, MIB))
    with pytest.raises(FileExistsError):
        other._file.publish("a.csv")
    other.discard()
    assert [entry.place.name for entry in storage.listed(folder)] == ["a.csv"]


def test_what_is_too_large_stalls_or_has_no_room_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(sent(b"x" * 600, b"x" * 600), tmp_path, most=1000) == 413
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, hard))
    try:
        assert refused(sent(b"x" * MIB, b"x" * MIB), tmp_path, most=9 * MIB) == 507
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    async def stalling() -> AsyncIterator[bytes]:
        yield b"100,"
        await asyncio.Event().wait()

    monkeypatch.setattr(settings, "UPLOAD_STALL_SECONDS", 0.05)
    assert refused(stalling(), tmp_path) == 408


def test_an_upload_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    async def cancelled() -> None:
        begun = asyncio.Event()

        async def stalling() -> AsyncIterator[bytes]:
            begun.set()
            await asyncio.Event().wait()
            yield b""

        task = asyncio.create_task(receive(stalling(), tmp_path, MIB))
        await begun.wait()
        assert len(list(tmp_path.iterdir())) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    old = time.time() - 2 * settings.UPLOAD_LEFT_SECONDS
    for name in (".a.upload.part", "a.upload.part", ".a.part", "a.csv"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (old, old))
    (tmp_path / ".young.upload.part").touch()
    taken(sent(b"100,"), tmp_path).discard()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".a.part",
        ".young.upload.part",
        "a.csv",
        "a.upload.part",
    ]


@pytest.mark.parametrize(("name", "data"), [("a.csv", b""), ("readme.md", b"# Data\n")])
def test_what_the_watch_would_leave_alone_is_refused_at_once(
    tmp_path: Path, name: str, data: bytes
) -> None:
    received = taken(sent(data), tmp_path)
    with pytest.raises(UsageError):
        received.check(name)
    received.discard()
    assert list(tmp_path.iterdir()) == []
