"""Files beside meter data that are ignored: texts, programs, files of the operating system.

The name alone never decides: a file that begins as meter data, an archive or XML is loaded,
whatever its name.
"""

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from nem12.containers import foreign
from nem12.containers.archives import LITTER
from nem12.containers.asexml import begins_as_message

BEGINNING: Final = 4096
"""Bytes of a file that show whether it begins as meter data."""

SUFFIXES: Final = {
    **dict.fromkeys((".md", ".markdown", ".rst", ".adoc"), "a text about the data"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".toml"), "data of a program"),
    **dict.fromkeys((".ini", ".cfg", ".conf", ".properties"), "settings of a program"),
    **dict.fromkeys((".log", ".err"), "a log"),
    **dict.fromkeys((".py", ".pyc", ".ipynb", ".sh", ".bat", ".cmd", ".ps1", ".sql"), "a program"),
    **dict.fromkeys((".md5", ".sha1", ".sha256", ".sha512", ".sfv", ".sum"), "a checksum"),
    **dict.fromkeys((".asc", ".sig", ".p7s"), "a signature"),
    **dict.fromkeys((".done", ".ok", ".flag", ".trg", ".ready"), "a marker of a finished transfer"),
    **dict.fromkeys((".lnk", ".url", ".webloc", ".desktop"), "a link"),
}
"""Ends of names of files beside meter data; no known meter data has them."""

NAMES: Final = {
    **dict.fromkeys(LITTER, "a file of the operating system"),
    **dict.fromkeys(
        ("readme", "readme.txt", "license", "license.txt", "licence.txt"), "a text about the data"
    ),
    "makefile": "a program",
}
"""Whole names, in lower case."""

_METER_DATA: Final = re.compile(
    rb'"?(?:100"?\s*[,;\t]\s*"?NEM|(?:200|250|300)"?\s*[,;\t])', re.IGNORECASE
)


def why_ignored(name: str, beginning: Callable[[], bytes]) -> str | None:
    """Why a file is ignored; None if it is to be read.

    Args:
        name: Of the file.
        beginning: Returns its first bytes; called only for names like those above.
    """
    lower = name.lower()
    what = NAMES.get(lower) or SUFFIXES.get(PurePath(lower).suffix)
    if what is None or begins_as_data(beginning()):
        return None
    return f"it is named like {what}, and does not begin as meter data"


def begins_as_data(beginning: bytes) -> bool:
    """Whether a file that begins so may hold meter data: records, an archive or XML."""
    return (
        _METER_DATA.match(foreign.readable(beginning).lstrip()) is not None
        or foreign.is_archive(beginning)
        or begins_as_message(beginning)
    )
