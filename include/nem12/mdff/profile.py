"""Profiles: how strictly a file is checked."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """A way of judging.

    Attributes:
        name: `standard`, `strict` or `lenient`.
        tolerance: Of one content that came under several profiles, the highest counts.
        tolerated: Codes that are only warned of.
        joined: Several files, or parts of files, may follow each other in one.
        whole_files_only: Any error refuses the file.
    """

    name: str
    tolerance: int
    tolerated: frozenset[str] = frozenset()
    joined: bool = False
    whole_files_only: bool = False


PROFILES: Final = {
    "standard": Profile("standard", 1),
    "strict": Profile("strict", 0, whole_files_only=True),
    "lenient": Profile(
        "lenient",
        2,
        frozenset(
            {
                *("no-header", "second-header", "no-end", "second-end", "after-end"),
                *("nmi", "interval-length", "null-flag", "method-missing", "reason-missing"),
                *("header-date", "nmi-check-digit", "unknown-record"),
            }
        ),
        joined=True,
    ),
}


def profile(name: str) -> Profile:
    """The profile of that name.

    Raises:
        ValueError: There is none.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(f"no profile '{name}': choose one of {', '.join(PROFILES)}") from None
