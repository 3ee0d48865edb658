"""How strictly a file is judged."""

from dataclasses import dataclass
from typing import Final

from nem12.errors import UsageError


@dataclass(frozen=True, slots=True)
class Profile:
    """A way of judging.

    Attributes:
        name: `standard`, `strict` or `lenient`.
        tolerated: Codes that are only warned of.
        whole_files_only: Any error refuses the file.
    """

    name: str
    tolerated: frozenset[str] = frozenset()
    whole_files_only: bool = False


PROFILES: Final = {
    "standard": Profile("standard"),
    "strict": Profile("strict", whole_files_only=True),
    "lenient": Profile(
        "lenient",
        frozenset({"nmi", "interval-length", "null-flag", "method-missing", "reason-missing"}),
    ),
}


def profile(name: str) -> Profile:
    """The profile of that name, or a UsageError."""
    try:
        return PROFILES[name]
    except KeyError:
        raise UsageError(f"no profile '{name}': choose one of {', '.join(PROFILES)}") from None
