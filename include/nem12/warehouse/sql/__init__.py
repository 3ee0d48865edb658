"""The statements of the ledger, one a file."""

from functools import cache
from importlib.resources import files
from typing import LiteralString, cast


@cache
def statement(name: str) -> LiteralString:
    """The text of a statement: part of the code, so trusted like it."""
    text = (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
    return cast("LiteralString", text)
