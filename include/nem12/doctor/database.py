"""The database of the readings: reached, of the right version, with the rights it needs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from nem12 import settings
from nem12.doctor import Check, fault, ok, warning
from nem12.doctor.sql import run
from nem12.errors import MeterError, SetupError
from nem12.mdff.wording import plural
from nem12.warehouse import schema
from nem12.warehouse.connect import Connection, connect, explained, installed

OLDEST: Final = 140_000
"""PostgreSQL 14: what the statements need, as `server_version_num` says it."""

LEAST_WORK_MEM: Final = 4 * settings.MIB
"""PostgreSQL's default; with less, totals and verify sort on disk."""

LEAST_WAL: Final = 1024 * settings.MIB
"""PostgreSQL's default of max_wal_size; with less, a bulk load is one checkpoint after another."""

LOCKS_A_MONTH: Final = 8
"""Its tables of readings, versions and days, with one, two and two indexes."""

OTHER_LOCKS: Final = 100
"""Of a statement: the other tables with their indexes, a handful each."""

SKEW_SECONDS: Final = 10
"""Clocks that NTP keeps differ by less than one."""

MOST_SKEW_SECONDS: Final = settings.CLAIM_CHECK_SECONDS
"""Beyond, a run that lives is looked for as if it were gone, and tokens of Airflow expire early."""

FREE_CONNECTIONS: Final = 10
"""What the page and the appliers may open at once."""

_ROLES: Final = (settings.OWNER_ROLE, settings.LOADER_ROLE, settings.READER_ROLE)
_MAKE_ROLES: Final = 'make them by docker/roles.sql: docs/deploying.md, "Your own Airflow"'


def database_checks(uri: str) -> Iterator[Check]:
    """Look at the database that a URI names; it is never shown.

    Yields:
        One check at a time; where there is no connection, the first is the last.
    """
    try:
        connection = connect(uri, timeout_seconds=10, application="nem12 doctor", any_schema=True)
    except MeterError as error:
        remedy = "start PostgreSQL, or correct --dsn or METER_DB_URI"
        yield fault("connection", str(error), remedy)
        return
    with connection:
        connection.read_only = True
        yield from _server(connection)
        yield from _settings(connection)
        yield from _roles(connection)
        made = _schema(connection)
        yield made
        if not made.remedy:
            yield from _rights(connection)


def _server(connection: Connection) -> Iterator[Check]:
    before, begun = datetime.now(UTC), time.monotonic()
    (row,) = run(connection, "server")
    halfway = (time.monotonic() - begun) / 2
    yield ok("connection", f"{row['login']} on the database {row['database']}")
    version = f"PostgreSQL {row['version']}"
    if row["number"] < OLDEST:
        yield fault("server version", version, "update it to PostgreSQL 14 or newer")
    else:
        yield ok("server version", version)
    if row["is_standby"]:
        yield fault("standby", "it is a standby and cannot be written to", "name the primary")
    if row["encoding"] == "UTF8":
        yield ok("encoding", "UTF8")
    else:
        remedy = "make a new database with ENCODING 'UTF8' TEMPLATE template0, and load again"
        yield fault("encoding", f"{row['encoding']}: names of files may not fit", remedy)
    if row["is_superuser"]:
        remedy = f"connect as {settings.LOADER_ROLE}, which can do what is needed and no more"
        yield warning("login", f"{row['login']} is a superuser", remedy)
    yield _clock((row["now"] - before).total_seconds() - halfway)
    free = row["connections"] - row["connected"]
    text = f"{row['connected']} of {row['connections']} used"
    if free < FREE_CONNECTIONS:
        remedy = "raise max_connections, or put a pooler in front"
        yield warning("connections", text, remedy)
    else:
        yield ok("connections", text)


def _clock(ahead: float) -> Check:
    """How far the server's clock is ahead of this machine's."""
    text = f"the server's is {abs(ahead):.1f} s {'ahead of' if ahead >= 0 else 'behind'} this one's"
    remedy = "set both clocks by NTP"
    if abs(ahead) >= MOST_SKEW_SECONDS:
        return fault("clock", text, remedy)
    return warning("clock", text, remedy) if abs(ahead) >= SKEW_SECONDS else ok("clock", text)


def _settings(connection: Connection) -> Iterator[Check]:
    values = {row["name"]: row["value"] for row in run(connection, "settings")}
    (months,) = run(connection, "months")
    yield _locks(values, months["attached"])
    yield _at_least("work_mem", values, LEAST_WORK_MEM, "totals and verify sort on disk")
    yield _at_least("max_wal_size", values, LEAST_WAL, "a bulk load waits for checkpoints")
    for name, harm in (
        ("fsync", "a crash may destroy the database"),
        ("full_page_writes", "a crash may destroy the database"),
    ):
        if values[name] == "on":
            yield ok(name, "on")
        else:
            yield fault(name, f"{values[name]}: {harm}", f"set {name} = on")
    if values["synchronous_commit"] == "off":
        text = "off: a crash may lose batches of the last second whose files were moved already"
        yield warning("synchronous_commit", text, "set synchronous_commit = on")
    else:
        yield ok("synchronous_commit", values["synchronous_commit"])
    if values["standard_conforming_strings"] == "on":
        yield ok("standard_conforming_strings", "on")
    else:
        text = "off: psql would read a staged file otherwise than it is meant"
        remedy = "set standard_conforming_strings = on"
        yield warning("standard_conforming_strings", text, remedy)
    yield _zone(connection, values["TimeZone"])


def _locks(values: dict[str, str], months: int) -> Check:
    """Whether as many statements as may run at once can each lock every month."""
    each = int(values["max_locks_per_transaction"])
    sessions = int(values["max_connections"]) + int(values["max_prepared_transactions"])
    at_once = settings.PAGE_CONNECTIONS + settings.writers()
    needed = at_once * (LOCKS_A_MONTH * months + OTHER_LOCKS)
    text = f"{each}, which is {each * sessions} locks; {plural(months, 'month')} may need {needed}"
    if each * sessions >= needed:
        return ok("max_locks_per_transaction", text)
    remedy = f"set max_locks_per_transaction = {-(-needed // sessions)} and restart PostgreSQL"
    return warning("max_locks_per_transaction", text, remedy)


def _at_least(name: str, values: dict[str, str], least: int, harm: str) -> Check:
    size = int(values[name])
    text = f"{size / settings.MIB:g} MiB"
    if size >= least:
        return ok(name, text)
    remedy = f"set {name} = '{least // settings.MIB}MB' or more"
    return warning(name, f"{text}: {harm}", remedy)


def _zone(connection: Connection, zone: str) -> Check:
    try:
        (row,) = run(connection, "nem_zone")
    except MeterError as error:
        remedy = "install the server's time zones (the package tzdata)"
        return fault("time zone", f"the server does not know Australia/Brisbane: {error}", remedy)
    if not row["is_right"]:
        remedy = "repair the server's time zones (the package tzdata)"
        return fault("time zone", "the server's Australia/Brisbane is not UTC+10", remedy)
    return ok("time zone", f"{zone}; NEM time is known")


def _roles(connection: Connection) -> Iterator[Check]:
    known = {row["name"]: row["is_mighty"] for row in run(connection, "roles", roles=list(_ROLES))}
    missing = [role for role in _ROLES if role not in known]
    mighty = [role for role, is_mighty in known.items() if is_mighty]
    if mighty:
        text = f"{', '.join(mighty)} may do more than their work needs"
        remedy = f"ALTER ROLE {mighty[0]} NOSUPERUSER NOCREATEROLE NOBYPASSRLS"
        yield fault("roles", text, remedy)
    if missing:
        text = f"{', '.join(missing)}: not there, so every connection has all rights"
        yield warning("roles", text, f"{_MAKE_ROLES}, then `{settings.command('migrate')}`")
    if not missing and not mighty:
        yield ok("roles", ", ".join(_ROLES))
    (row,) = run(connection, "open_schema")
    if row["is_open"]:
        text = f"everybody may make functions in the schema {row['name']}, which the owner may call"
        yield fault("schema rights", text, f"REVOKE CREATE ON SCHEMA {row['name']} FROM PUBLIC")


def _schema(connection: Connection) -> Check:
    try:
        with explained():
            found = installed(connection)
        schema.check(found)
    except SetupError as error:
        text, _, remedy = str(error).rpartition(": ")
        return fault("schema version", text, remedy)
    except MeterError as error:
        return fault("schema version", str(error), f"run `{settings.command('migrate')}`")
    return ok("schema version", f"{found}, as nem12 {schema.needed().package} needs it")


def _rights(connection: Connection) -> Iterator[Check]:
    known = [row["name"] for row in run(connection, "roles", roles=list(_ROLES[1:]))]
    lacking = run(
        connection,
        "missing_rights",
        roles=known,
        loader=settings.LOADER_ROLE,
        **schema.granted(),
    )
    for row in lacking:
        text = f"{row['role']} lacks rights on {', '.join(row['relations'])}"
        command = settings.command("migrate --print-grants")
        yield fault("rights", text, f'run as the owner: {command} | psql "$METER_DB_URI"')
    if known and not lacking:
        yield ok("rights", f"{' and '.join(known)} have what they need")
