"""Where a settled drop is, as people and load runs name it.

Only the ledger is used: the caller may not share a folder with the workers.
"""

import glob
import re
from pathlib import PurePath
from typing import Final

from nem12.drop import uri_path
from nem12.errors import UsageError
from nem12.warehouse.sql import Row

_YEAR: Final = re.compile("[0-9]{4}")
_MONTH: Final = re.compile("[0-9]{2}")


def kept_below(drop: Row) -> PurePath | None:
    """`archive/YYYY/MM/name`, `rejected/name`, or the name alone where drops stay; None if lost.

    Args:
        drop: With `kept_at` and its `sha256`.
    """
    if drop["kept_at"] is None:
        return None
    place = uri_path(drop["kept_at"])
    # The path alone decides: a file of the archive that is loaded again stays there.
    if not place.name.startswith(f"{(drop['sha256'] or '')[:12]}-"):
        return PurePath(place.name)
    *_, year, month, _ = ("", "", *place.parts)
    by_month = _YEAR.fullmatch(year) and _MONTH.fullmatch(month)
    return PurePath(*place.parts[-4 if by_month else -2 :])


def pattern_of(below: PurePath) -> str:
    """The pattern by which `claim_by_glob` finds this one file.

    Raises:
        UsageError: Its name is not text.
    """
    pattern = str(PurePath(*map(glob.escape, below.parts)))
    try:
        pattern.encode()
    except UnicodeEncodeError:
        message = "the file's name is not UTF-8: rename it by hand"
        raise UsageError(message) from None
    return pattern
