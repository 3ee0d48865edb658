"""Where a settled drop lies, as people and load runs name it.

Made of the ledger alone: who asks may not share a folder with those who load.
"""

import glob
from pathlib import PurePath

from nem12.drop import uri_path
from nem12.errors import UsageError
from nem12.warehouse.sql import Row


def kept_below(drop: Row) -> PurePath | None:
    """`archive/YYYY/MM/name`, `rejected/name`, or the name alone where drops stay; None if lost.

    Args:
        drop: With `uri`, `kept_at`, and the `drop_outcome`.
    """
    if drop["kept_at"] is None:
        return None
    kept = uri_path(drop["kept_at"])
    if drop["kept_at"] == drop["uri"]:
        return PurePath(kept.name)
    return PurePath(*kept.parts[-2 if drop["drop_outcome"] == "refused" else -4 :])


def pattern_of(below: PurePath) -> str:
    """The pattern that names this one file to `claim_by_glob`.

    Raises:
        UsageError: Its name is not text.
    """
    pattern = str(PurePath(*map(glob.escape, below.parts)))
    try:
        pattern.encode()
    except UnicodeEncodeError:
        message = "the file's name is not UTF-8: it has to be renamed by hand"
        raise UsageError(message) from None
    return pattern
