"""Where a drop is kept once it is loaded, and how it gets there."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from nem12 import storage
from nem12.drop import Drop, look, uri_path
from nem12.load.report import REPORT_SUFFIX
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import Home, keep_landing
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.ledger import OpenDrop

_NAME_BYTES: Final = 200
"""Of the delivered name in the archive: with hash and suffixes it stays below the 255 bytes that
file systems allow."""


def place_of(home: Home, drop: Drop, sha256: str, outcome: str, claimed_at: datetime) -> Place:
    """Where a drop is kept: the same place however often it is settled.

    Args:
        home: Where the folders are.
        drop: As it was claimed.
        sha256: Of the drop; begins its name from now on, so that equal names do not meet.
        outcome: What was refused lies among the rejected.
        claimed_at: Its month in NEM time is the folder of the archive.
    """
    path = drop.path
    if keep_landing() or storage.relative(path, home.archive):
        return path
    name = storage.shortened(path.name, _NAME_BYTES)
    prefix = f"{sha256[:12]}-"
    # A file that was refused and is loaded now has the prefix already.
    kept = name if name.startswith(prefix) else f"{prefix}{name}"
    if outcome == "refused":
        return home.rejected / kept
    month = claimed_at.astimezone(NEM_TIME)
    return home.archive / f"{month:%Y}" / f"{month:%m}" / kept


def report_place(home: Home, file: dict[str, Any], kept_at: Place, status: str) -> Place:
    """Where the report of a file lies: beside the drop, or where refused ones lie."""
    beside = status != "refused" and not keep_landing()
    folder = kept_at.parent if beside else home.rejected
    name = storage.shortened(Path(file["name"]).name, _NAME_BYTES)
    return folder / f"{file['sha256'][:12]}-{name}{REPORT_SUFFIX}"


def keep(home: Home, drop: Drop, target: Place) -> bool:
    """Move a drop, also between file systems; done before is done. Whether it is there now.

    What lies there under its name but is another file is a drop of its own and stays.
    """
    source = drop.path
    if look(source, drop.profile) != drop:
        return target != source and storage.exists(target)
    if target == source:
        return True
    storage.move(source, target)
    # Where files land, what is called like a report is a drop of its own.
    if not storage.relative(source, home.landing):
        storage.remove(source.with_name(f"{source.name}{REPORT_SUFFIX}"))
    return True


def was_kept(drop: Drop, uri: str | None) -> bool:
    """Whether a drop that is not where it was claimed lies where it was about to be kept."""
    if uri is None or uri == drop.uri:
        return False
    target = uri_path(uri)
    found = look(target, drop.profile)
    if not isinstance(found, Drop) or found.size != drop.size:
        return False
    # A bucket's copy has a time of its own.
    return not isinstance(target, Path) or found.mtime_ns == drop.mtime_ns


def finish(connection: Connection, one: OpenDrop) -> bool:
    """Settle a drop that was moved and not marked; whether it is done."""
    drop = one.drop
    if look(drop.path, drop.profile) == drop or not was_kept(drop, one.kept_at):
        return False
    return ledger.settle_moved(connection, one)
