"""Which schema a database may have, and what is said of one that does not fit."""

import pytest

from nem12.errors import SetupError
from nem12.warehouse import schema
from nem12.warehouse.schema import Version

NEED = schema.needed()
OLD, NOW, NEXT = "2026_01", NEED.revision, "2199_01"
HASH, OTHER = NEED.fingerprint, "0123456789abcdef"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Version(NOW, HASH, "9.0", NOW), ""),
        (Version(OLD, OTHER, "0.0.1", OLD), "older than"),
        (Version(OLD, OTHER, "9.0", OLD), "older than"),
        (Version(OLD, OTHER, "0.0.1", NOW), "older than"),
        (Version(NOW, OTHER, "0.0.1", NOW), "older than"),
        (Version(NOW, OTHER, NEED.package, NOW), "may have been altered: run"),
        (Version(NOW, OTHER, "9.0", NOW), "newer than"),
        (Version(NEXT, OTHER, "9.0", NEXT), "newer than"),
        (Version(NOW, HASH, NEED.package, NEXT), "newer than"),
        (Version(NOW, HASH, NEED.package, OLD), "was altered"),
        (Version(NOW, HASH, NEED.package, ""), "was altered"),
        (Version(NOW, HASH, NEED.package, "0009"), "was altered"),
        (Version(NOW, HASH, NEED.package, f"{OLD} {NOW}"), "was altered"),
        (Version("2025_01", OTHER, "0.0.1", "2025_01"), "was altered"),
        (Version("x\x1b[2J", OTHER, "0.0.1", NOW), "was altered"),
        (None, "is not migrated: run"),
    ],
)
def test_a_schema_is_called_older_newer_or_altered(
    monkeypatch: pytest.MonkeyPatch, found: Version | None, said: str
) -> None:
    monkeypatch.setattr(schema, "REVISIONS", (OLD, NOW))
    try:
        schema.check(found)
    except SetupError as error:
        words = str(error)
    else:
        words = ""
    assert bool(words) == bool(said)
    assert said in words
    assert words.isprintable()
