"""Folders, files with secrets, and settings of this machine, as this user sees them."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from nem12 import settings
from nem12.doctor import Check, fault, ok, warning
from nem12.errors import UsageError
from nem12.mdff.wording import shown
from nem12.tell import notifiers

LEAST_FREE: Final = 1024 * settings.MIB
"""A drop of gigabytes needs as much again for its staged files."""

LITTLE_FREE: Final = 10 * LEAST_FREE

_MOVED_BETWEEN: Final = ("landing", "archive", "rejected")


def folder_checks(home: settings.Home) -> Iterator[Check]:
    """Look at landing, staging, archive and rejected."""
    here: dict[str, Path] = {}
    for name in settings.PLACES:
        place = getattr(home, name)
        if not isinstance(place, Path):
            yield ok(name, f"{shown(str(place), 500)}: a bucket, which is not looked into")
            continue
        found = list(_folder(name, place))
        yield from found
        if place.is_dir():
            here[name] = place
    # Where the embedded server keeps its data, if there is one.
    database = {"database": home.postgres} if home.postgres.is_dir() else {}
    yield from _room(here | database)
    yield from _file_systems({name: here[name] for name in _MOVED_BETWEEN if name in here})


def _folder(name: str, place: Path) -> Iterator[Check]:
    where = shown(str(place), 500)
    try:
        status = place.stat()
    except FileNotFoundError:
        text = f"{where} is not there"
        yield warning(
            name, text, "the first load makes it; or correct METER_HOME if it is elsewhere"
        )
        return
    except NotADirectoryError:
        remedy = "move the file away that is in its path, or correct METER_HOME"
        yield fault(name, f"{where} is below a file", remedy)
        return
    except OSError as error:
        yield fault(name, f"{where}: {error.strerror}", "give this user the right to look there")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield fault(name, f"{where} is not a folder", "move the file away, or name another folder")
        return
    text = f"{where}: {_owner(place)}, {stat.filemode(status.st_mode)}"
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        remedy = f"give {_caller()} the right to read and write there"
        yield fault(name, f"{text}: {_caller()} may not work there", remedy)
    elif status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        yield fault(name, f"{text}: everybody may change it", f"chmod o-w {where}")
    elif status.st_mode & stat.S_IRWXO:
        yield warning(name, f"{text}: everybody may look into it", f"chmod o= {where}")
    else:
        yield ok(name, text)


def _owner(place: Path) -> str:
    try:
        return f"{place.owner()}:{place.group()}"
    except (KeyError, OSError):
        return f"{place.stat().st_uid}:{place.stat().st_gid}"


def _caller() -> str:
    return f"this user ({os.geteuid()})"


def _room(here: dict[str, Path]) -> Iterator[Check]:
    """Free space of each file system, named by the folders on it."""
    by_device: dict[int, list[str]] = {}
    for name, place in here.items():
        by_device.setdefault(place.stat().st_dev, []).append(name)
    for names in by_device.values():
        free = shutil.disk_usage(here[names[0]]).free
        text = f"{free / 1024 / settings.MIB:.1f} GiB free for {', '.join(names)}"
        if free < LEAST_FREE:
            yield fault("free space", text, "make room: loads end when it is full")
        elif free < LITTLE_FREE:
            yield warning("free space", text, "make room before it is full")
        else:
            yield ok("free space", text)


def _file_systems(here: dict[str, Path]) -> Iterator[Check]:
    devices = {place.stat().st_dev for place in here.values()}
    if len(devices) > 1:
        text = f"{', '.join(here)} are on {len(devices)}: files are copied and compared, not moved"
        yield warning("file systems", text, "put them on one, if large files take too long")
    elif devices:
        yield ok("file systems", f"{', '.join(here)} are on one")


def secret_checks(home: settings.Home) -> Iterator[Check]:
    """Look whether only their owner may read files that hold secrets; those that are there."""
    files = [
        home.airflow / "secrets.json",
        home.airflow / "passwords.json",
        settings.CHECKOUT / ".env" if settings.is_checkout() else None,
        Path(os.environ["PGPASSFILE"]) if "PGPASSFILE" in os.environ else Path.home() / ".pgpass",
    ]
    for file in files:
        with suppress(OSError):
            if file and file.is_file():
                yield _secret(file)


def _secret(file: Path) -> Check:
    mode = file.stat().st_mode
    where = shown(str(file), 500)
    text = f"{where}: {_owner(file)}, {stat.filemode(mode)}"
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return fault("secrets", f"{text}: others may read or change it", f"chmod 600 {where}")
    return ok("secrets", text)


_READ: Final[dict[str, Callable[[], object]]] = {
    "METER_STANDSTILL_SECONDS": settings.standstill_seconds,
    "METER_MEMORY_MB": settings.memory_mb,
    "METER_UPLOAD_MB": settings.upload_mb,
    "METER_NOTIFIERS": notifiers.configured,
    "METER_SILENT_HOURS": notifiers.silent_hours,
}


def setting_checks() -> Iterator[Check]:
    """Read the settings of the environment that may be wrong."""
    wrong = False
    for name, read in _READ.items():
        try:
            read()
        except UsageError as error:
            wrong = True
            yield fault("settings", str(error), f"correct {name} for all components")
    if not wrong:
        given = [name for name in _READ if os.environ.get(name)]
        yield ok(
            "settings", f"read: {', '.join(given)}" if given else "none differ from the defaults"
        )
