"""How a load run is told to load a kept file again."""

import glob
from pathlib import Path

from nem12.errors import UsageError


def pattern_of(kept: Path, landed: Path, *, refused: bool) -> str:
    """The pattern that names one kept file to `claim_by_glob`.

    Made of the ledger alone: who asks may not share a folder with those who load.

    Args:
        kept: Where it lies.
        landed: Where it had landed; the same where drops stay in the landing folder.
        refused: Whether it lies among the rejected and not in the archive.

    Raises:
        UsageError: Its name is not text.
    """
    depth = 1 if kept == landed else 2 if refused else 4  # archive/YYYY/MM/name
    pattern = "/".join(glob.escape(part) for part in kept.parts[-depth:])
    try:
        pattern.encode()
    except UnicodeEncodeError:
        raise UsageError(
            "the file's name is not UTF-8: rename it by hand to load it again"
        ) from None
    return pattern
