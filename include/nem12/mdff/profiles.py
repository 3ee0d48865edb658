"""Profiles: how strictly a file is checked."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nem12.mdff.wording import shown


class ProfileName(StrEnum):
    """As people type it, and as tables and the landing folder have it."""

    STANDARD = "standard"
    STRICT = "strict"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Profile:
    """How strictly a file is checked.

    Attributes:
        name: Of the profile.
        summary: In a sentence.
        tolerance: If the same content comes under several profiles, the highest counts.
        tolerated: Codes that are only warned of.
        tolerated_of_reads: Codes that are only warned of in a 250 record.
        joined: Several files, or parts of files, may follow each other in one.
        whole_files_only: Any error refuses the file; `schema/facts.sql` says again which does so.
    """

    name: ProfileName
    summary: str
    tolerance: int
    tolerated: frozenset[str] = frozenset()
    tolerated_of_reads: frozenset[str] = frozenset()
    joined: bool = False
    whole_files_only: bool = False

    def tolerates(self, code: str, *, of_reads: bool = False) -> bool:
        """Whether a fault is only a warning.

        Args:
            code: Of the finding.
            of_reads: It is a fault of a 250 record.
        """
        return code in self.tolerated or (of_reads and code in self.tolerated_of_reads)


PROFILES: Final = {
    profile.name.value: profile
    for profile in (
        Profile(
            ProfileName.STANDARD,
            "Refuses what is wrong: a day, a block, or the file where its structure is broken.",
            1,
        ),
        Profile(
            ProfileName.STRICT,
            "Refuses the whole file for any finding but a warning.",
            0,
            whole_files_only=True,
        ),
        Profile(
            ProfileName.LENIENT,
            "Accepts, with a warning, what exports of portals get wrong.",
            2,
            frozenset(
                {
                    *("no-header", "second-header", "no-end", "second-end", "after-end"),
                    *("nmi", "interval-length", "null-flag", "method-missing", "reason-missing"),
                    *("header-date", "nmi-check-digit", "unknown-record"),
                }
            ),
            frozenset({"suffix", "register", "direction", "read", "previous-estimate"}),
            joined=True,
        ),
    )
}
"""By name; the first one is the default."""

PROFILE_FOLDERS: Final = tuple(name for name in PROFILES if name != ProfileName.STANDARD)
"""Folders of the landing folder whose files are checked by the profile of that name."""


def profile_named(name: str) -> Profile:
    """The profile of that name.

    Raises:
        ValueError: There is no such profile.
    """
    try:
        return PROFILES[name]
    except KeyError:
        choices = ", ".join(PROFILES)
        raise ValueError(f"no profile '{shown(name)}': choose one of {choices}") from None
