"""Functions, views and rights as they are now, by subject; and which schema this package needs."""

import re
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from nem12 import __version__, settings
from nem12.errors import SetupError

SUBJECTS: Final = (
    "months",
    "readings",
    "versions",
    "apply",
    "settle",
    "withdraw",
    "retention",
    "views",
    "drops",
    "grants",
)
"""The SQL files in the order in which they are run: each names only what stands before it, unless
in plpgsql, which is looked up when it is called."""

REVISIONS: Final = ("2026_11",)
"""Of the tables, in order, the last one needed; named here because Alembic takes long to import."""

_PIECES: Final = re.compile(r"^(?=CREATE OR REPLACE )", re.MULTILINE)


@dataclass(frozen=True)
class Version:
    """What `meter_schema` says of a database.

    Attributes:
        revision: Of the tables; Alembic's.
        fingerprint: Of the text of functions, views and rights.
        package: Version of the package that made it; another one may need the same schema.
    """

    revision: str
    fingerprint: str
    package: str = field(compare=False)

    def __str__(self) -> str:
        """As people are told."""
        return f"{self.revision}-{self.fingerprint[:8]}"


@cache
def text(subject: str) -> str:
    """The SQL of a subject."""
    return (files(__name__) / f"{subject}.sql").read_text(encoding="utf-8")


def statements() -> list[str]:
    """The SQL of all subjects in pieces that make one function or view each."""
    return [piece for name in SUBJECTS for piece in _PIECES.split(text(name)) if piece]


@cache
def needed() -> Version:
    """What this package needs."""
    digest = sha256("\n".join(map(text, SUBJECTS)).encode())
    return Version(REVISIONS[-1], digest.hexdigest(), __version__)


def is_newer(found: Version) -> bool:
    """Whether a newer package has made this schema."""
    return found.revision not in REVISIONS or _numbers(found.package) > _numbers(__version__)


def _numbers(package: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", package)[:3]))


def check(found: Version | None) -> None:
    """Refuse a database that this package does not fit.

    Args:
        found: What `meter_schema` says; None where it says nothing yet.

    Raises:
        SetupError: With what to do.
    """
    need, migrate = needed(), settings.command("migrate")
    if found is None:
        raise SetupError(f"the database is not migrated: run `{migrate}`")
    if found == need:
        return
    if is_newer(found):
        raise newer(found)
    raise SetupError(f"the database has schema {found}, this package needs {need}: run `{migrate}`")


def newer(found: Version) -> SetupError:
    """The database is ahead of the package."""
    return SetupError(
        f"the database has schema {found} of nem12 {found.package}, newer than this package"
        f" ({__version__}): update nem12"
    )


def unreleased() -> SetupError:
    """The database has tables of before the first release."""
    return SetupError(
        "the database was made before the first release of nem12 and cannot be migrated: make a new"
        f" database (the embedded server's lies in METER_HOME/postgres), run"
        f" `{settings.command('migrate')}` on it, then"
        f" `{settings.command('parse_data --apply --file archive')}`"
    )
