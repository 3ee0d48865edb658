"""Functions, views and rights as they are now; and the schema that this package needs."""

import re
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from nem12 import __version__, settings
from nem12.errors import SetupError
from nem12.mdff.wording import shown

SUBJECTS: Final = (
    "facts",
    "months",
    "readings",
    "versions",
    "feed",
    "apply",
    "settle",
    "withdraw",
    "retention",
    "views",
    "changed_since",
    "drops",
    "grants",
)
"""The SQL files in the order in which they are run: each refers only to earlier ones, except in
plpgsql, which is resolved when it is called."""

REVISIONS: Final = ("2026_11", "2026_12", "2026_12b", "2026_12c", "2026_12d", "2026_12e")
"""Revisions of the tables, in order, the last one needed; listed here because importing Alembic is
slow."""

_REVISION: Final = re.compile(r"\d{4}_\d{2}\w*")
_GRANTED: Final = re.compile(
    r"^    (changed|added|read) constant text :=((?:\s*'[^']*')+);", re.MULTILINE
)
_PIECES: Final = re.compile(r"^(?=CREATE OR REPLACE )", re.MULTILINE)


@dataclass(frozen=True)
class Version:
    """The schema of a database, from `meter_schema` and `alembic_version`.

    Attributes:
        revision: Of the tables for which functions, views and rights were made.
        fingerprint: Of the text of functions, views and rights.
        package: Version of the package that made it; another one may need the same schema.
        tables: Revision of the tables in Alembic's `alembic_version`; empty if there is none.
    """

    revision: str
    fingerprint: str
    package: str = field(compare=False)
    tables: str

    def __str__(self) -> str:
        """As messages show it."""
        return f"{self.revision}-{self.fingerprint[:8]}"


@cache
def text(subject: str) -> str:
    """The SQL of a subject."""
    return (files(__name__) / f"{subject}.sql").read_text(encoding="utf-8")


def statements() -> list[str]:
    """The SQL of all subjects in pieces that make one function or view each."""
    return [piece for name in SUBJECTS for piece in _PIECES.split(text(name)) if piece]


@cache
def granted() -> dict[str, list[str]]:
    """The tables and views by what the loader may do: `changed`, `added` (rows stay), or `read`."""
    return {
        right: re.findall(r"meter_\w+", names) for right, names in _GRANTED.findall(text("grants"))
    }


@cache
def needed() -> Version:
    """The schema that this package needs."""
    digest = sha256("\n".join(map(text, SUBJECTS)).encode())
    return Version(REVISIONS[-1], digest.hexdigest(), __version__, REVISIONS[-1])


def check(found: Version | None) -> None:
    """Refuse a database whose schema is not the one that this package needs.

    Args:
        found: The schema of the database; None if it has none yet.

    Raises:
        SetupError: With what to do.
    """
    need, migrate = needed(), settings.command("migrate")
    if found is None:
        raise SetupError(f"the database is not migrated: run `{migrate}`")
    if found == need:
        return
    check_migratable(found)
    if (found.revision, found.tables) == (need.revision, need.tables) and not _is_older(found):
        # The same version with another text: another build made it, or somebody changed it.
        raise SetupError(
            f"the database has schema {found}, which is not that of nem12 {__version__} ({need})"
            f" and may have been altered: run `{migrate}`"
        )
    raise SetupError(
        f"the database has schema {found} of nem12 {found.package}, older than this package needs"
        f" ({need}): run `{migrate}`"
    )


def check_migratable(found: Version) -> None:
    """Refuse a schema that `migrate` cannot bring to what this package needs.

    Raises:
        SetupError: It is newer, or its records contradict each other.
    """
    revision, tables = _place(found.revision), _place(found.tables)
    # Tables are migrated before functions are made: a migrate that is stopped leaves them ahead.
    if revision is None or tables is None or tables < revision:
        raise _altered(found)
    last = len(REVISIONS) - 1
    if tables > last or (revision == last and found != needed() and _is_newer(found)):
        raise SetupError(
            f"the database has schema {found} of nem12 {found.package}, newer than this package"
            f" ({__version__}): update nem12"
        )


def _place(revision: str) -> int | None:
    """The index of a revision in `REVISIONS`; after the last if newer; None if it cannot be one."""
    if revision in REVISIONS:
        return REVISIONS.index(revision)
    # They are named by the months in which they were made.
    newer = _REVISION.fullmatch(revision) and revision > REVISIONS[-1]
    return len(REVISIONS) if newer else None


def _altered(found: Version) -> SetupError:
    says = f"'{shown(found.tables)}'" if found.tables else "nothing"
    advice = "restore the database from a backup"
    if found.revision in REVISIONS:
        advice += (
            " or, where nothing else was changed, set version_num of alembic_version to"
            f" '{found.revision}' as the owner, then run `{settings.command('migrate')}`"
        )
    return SetupError(
        f"the database was altered: alembic_version says {says}, meter_schema says"
        f" '{shown(found.revision)}', which do not go together in nem12 {__version__}: {advice}"
    )


def _is_newer(found: Version) -> bool:
    return _numbers(found.package) > _numbers(__version__)


def _is_older(found: Version) -> bool:
    return _numbers(found.package) < _numbers(__version__)


def _numbers(package: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", package)[:3]))


def unreleased() -> SetupError:
    """The error for a database with tables from before the first release."""
    return SetupError(
        "the database was made before the first release of nem12 and cannot be migrated: make a new"
        f" database (the embedded server's is in METER_HOME/postgres), run"
        f" `{settings.command('migrate')}` on it, then"
        f" `{settings.command('parse_data --apply --file archive')}`"
    )
