"""Limits of a file's content, and of how many findings are kept."""

from typing import Final

MIB: Final = 1024 * 1024

MAX_LINE_BYTES: Final = 1 * MIB
"""The longest record without a fault has 15 KiB; in a longer line each field is checked by its
beginning."""

MAX_MONTHS: Final = 150
"""Months of readings in one file: 12 years, more than have to be kept. A load locks the tables and
keys of all months of its file, eight a month."""

REFUSED_SPANS: Final = 10_000
"""Spans of days that are noted of a refused file: ten times the channels of a large one."""

WARNINGS_KEPT: Final = 100
"""Warnings of one code and batch that are stored one by one; all are counted."""
