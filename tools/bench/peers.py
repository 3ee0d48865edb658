"""Other people's programs for comparison; none of them is needed to use this package."""

from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Final

from nem12.errors import UsageError

READER: Final = "aemo-mdff-reader"


def reader() -> ModuleType:
    """The fastest public reader of NEM12 that is known.

    Raises:
        UsageError: It is not installed.
    """
    try:
        return import_module("aemo_mdff_reader")
    except ImportError:
        raise UsageError(
            f"{READER} is not installed: run .venv/bin/pip install -r requirements-bench.txt"
        ) from None


def reader_version() -> str:
    """Its name and version.

    Raises:
        UsageError: It is not installed.
    """
    reader()
    return f"{READER} {version(READER)}"
