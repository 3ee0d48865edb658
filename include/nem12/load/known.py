"""Is a file's content known already? Its SHA-256 says so, whatever its name."""

from dataclasses import replace
from typing import Any

from nem12.settings import READER_VERSION
from nem12.shard import MeterFile


def known_outcome(
    known: dict[int, dict[str, Any]], file: MeterFile, *, reprocess: bool = False
) -> tuple[str | None, MeterFile]:
    """What is known of a file, or how it has to be loaded.

    Args:
        known: What the ledger knows, by file id: `ledger.known_files`.
        file: As it was surveyed.
        reprocess: Load it again even if it is loaded.

    Returns:
        `duplicate` or `refused` where nothing is to be done, else None; and the file, marked where
        it replaces what was loaded of it.
    """
    row = known.get(file.file_id)
    if row is None or row["status"] == "loading":
        return None, file
    judged_alike = (row["profile"], row["reader_version"]) == (file.profile, READER_VERSION)
    if not reprocess and row["status"] != "refused":
        return "duplicate", file
    if not reprocess and judged_alike:
        return "refused", file
    # In one part, so that what was loaded goes and what is loaded now comes in one transaction.
    # By the name it was delivered under: in the archive it has another.
    name = row["name"] if reprocess else file.name
    return None, replace(file, name=name, replaces=True, cuts=())
