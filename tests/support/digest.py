"""What a warehouse holds, in one word: equal where it makes no difference to anybody."""

import hashlib
from typing import Any, Final

import psycopg

_TABLES: Final = {
    "meter_readings": "meter_readings.*",
    "meter_days": "meter_days.*",
    "meter_day_versions": "meter_day_versions.*",
    "meter_refusals": "meter_refusals.*",
    "meter_warnings": "meter_warnings.*",
    "meter_refused_days": "meter_refused_days.*",
    "meter_files": (
        "file_id, sha256, size, status, profile, reader_version, header_date_time,"
        " from_participant, to_participant, records, refused_records, readings, refused_readings,"
        " refused_sum, days, first_day, last_day, warnings, settled_at IS NULL, removed_days,"
        " removed_readings"
    ),
    "meter_drops": "size, profile, state, attempt, sha256, outcome, message",
    "meter_drop_files": "file_id, outcome",
}
"""Without times, run ids, surrogate keys, names and paths. Batches are not in it: they say how the
work was cut."""


def digest(connection: psycopg.Connection[Any]) -> str:
    """A digest over all tables."""
    return hashlib.sha256("".join(tables(connection).values()).encode()).hexdigest()


def tables(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """A digest of each table, to see which one differs."""
    found = {}
    with connection.transaction():
        connection.execute("SET LOCAL timezone = 'UTC'")
        for table, columns in _TABLES.items():
            query = (
                "SELECT coalesce(md5(string_agg(line, chr(10) ORDER BY line COLLATE \"C\")), '')"
                f" FROM (SELECT row({columns})::text AS line FROM {table}) AS lines"
            )
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            found[table] = str(row[0])
    return found


def different(found: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """The tables that differ, but for drops: their attempts tell how smoothly it went."""
    return [
        table
        for table in wanted
        if found[table] != wanted[table] and table not in ("meter_drops", "meter_drop_files")
    ]
