"""Whether the content of a file is known already, by its SHA-256 and not by its name.

The same content may come under several profiles: the most tolerant counts, in any order.
"""

from collections.abc import Iterable
from dataclasses import replace

from nem12.mdff.profiles import profile_named
from nem12.settings import READER_VERSION
from nem12.states import FileStatus, Outcome
from nem12.survey import MeterFile
from nem12.warehouse.rows import KnownFile


def known_outcome(
    known: dict[int, KnownFile],
    file: MeterFile,
    *,
    reprocess: bool = False,
    refused_too: bool = False,
) -> tuple[Outcome | None, MeterFile]:
    """The outcome of a file that is known, or how it has to be loaded.

    Args:
        known: The files in the ledger, by file id: `ledger.known_files`.
        file: As it was surveyed.
        reprocess: Load it again even if it is loaded, by whatever profile.
        refused_too: Load it again even if this reader has refused it before.

    Returns:
        `duplicate` or `refused` if there is nothing to do, else None; and the file, marked if it
        replaces what was loaded of it.
    """
    row = known.get(file.file_id)
    if row is None:
        return None, file
    judged_alike = (row.profile, row.reader_version) == (file.profile, READER_VERSION)
    if row.status is FileStatus.LOADING:
        # A load that another profile began, and may never end, is replaced.
        return None, file if judged_alike else _in_place(file, file.name)
    if reprocess:
        # Under its delivered name: in the archive it has another one.
        return None, _in_place(file, row.name)
    again = _in_place(file, file.name)
    if profile_named(file.profile).tolerance > profile_named(row.profile).tolerance:
        return None, again
    if row.unreadable and file.holds_records:
        # The bytes of a damaged member of an archive may be those of the whole file.
        return None, again
    if row.status is not FileStatus.REFUSED:
        return Outcome.DUPLICATE, file
    known_well = row.reader_version == READER_VERSION and not refused_too
    return (Outcome.REFUSED, file) if known_well else (None, again)


def counting(files: Iterable[MeterFile]) -> dict[str, MeterFile]:
    """Of each content the file that counts, by SHA-256.

    A readable file comes before an unreadable one, then the most tolerant profile, then the first.
    """
    by_sha256: dict[str, MeterFile] = {}
    for file in files:
        best = by_sha256.setdefault(file.sha256, file)
        if _rank(file) > _rank(best):
            by_sha256[file.sha256] = file
    return by_sha256


def _rank(file: MeterFile) -> tuple[bool, int]:
    return file.holds_records, profile_named(file.profile).tolerance


def _in_place(file: MeterFile, name: str) -> MeterFile:
    """As one part, so that the old readings are replaced by the new ones in one transaction."""
    return replace(file, name=name, replaces=True, cuts=())
