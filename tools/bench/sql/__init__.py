"""The statements of the measurements, one a file."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> bytes:
    """The text of a statement."""
    return (files(__name__) / f"{name}.sql").read_bytes()
