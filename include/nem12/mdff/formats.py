"""Which reader reads which format, and what the readers give."""

from nem12.mdff import spec
from nem12.mdff.day import Day
from nem12.mdff.findings import Finding
from nem12.mdff.header import Header
from nem12.mdff.profiles import Profile
from nem12.mdff.reader import Reader
from nem12.mdff.register import RegisterRead
from nem12.mdff.register_reader import RegisterReader

Accepted = Day | RegisterRead
"""What can be loaded: a day of a NEM12 file, a read of a NEM13 file."""

Item = Accepted | Finding
"""What a reader gives, in the order of the file."""


def reader_of(
    name: str, header: Header, profile: Profile, first_line: int = 1, *, fast: bool = True
) -> Reader | RegisterReader:
    """The reader of a format.

    Args:
        name: Of the format; NEM12 is assumed where a file does not say.
        header: Of the file.
        profile: How strictly to judge.
        first_line: Number of the first line that will be read.
        fast: Take the fast way where there is one; without it the result is the same.
    """
    if name == spec.NEM13.name:
        return RegisterReader(header, profile, first_line)
    return Reader(header, profile, first_line, fast=fast)
