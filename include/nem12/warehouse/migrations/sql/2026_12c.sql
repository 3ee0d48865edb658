-- What changed: one row for each change of what is in force, written by the transaction that makes it.
-- Append-only. How it is read: meter_take_changes.
CREATE TABLE meter_changes (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- CACHE 1: a session that keeps numbers in reserve draws them before the day is locked.
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY (CACHE 1),
    nmi varchar(10),
    nmi_suffix varchar(2),
    day date,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xid, number),
    CHECK (nmi IS NOT NULL OR nmi_suffix IS NULL)
);

COMMENT ON TABLE meter_changes IS
    'Notices that what is in force has changed: of a day of a channel; day null: of all days of the '
    'channel or NMI; NMI null: of the month that begins with day. What is in force is read from meter_days.';
COMMENT ON COLUMN meter_changes.xid IS
    'The transaction that made the change; 0 after the database has moved to another server.';
COMMENT ON COLUMN meter_changes.number IS 'Orders the changes of one day: drawn while the day is locked.';

-- Who reads the feed, and how far.
CREATE TABLE meter_consumers (
    consumer text PRIMARY KEY,
    state text NOT NULL DEFAULT 'rebuild' CHECK (state IN ('rebuild', 'rebuilding', 'following')),
    xid xid8 NOT NULL DEFAULT '0',
    number bigint NOT NULL DEFAULT 0,
    rebuilt_nmi varchar(10) NOT NULL DEFAULT '',
    rebuilt_nmi_suffix varchar(2) NOT NULL DEFAULT '',
    rebuilt_day date NOT NULL DEFAULT '-infinity',
    moved_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON COLUMN meter_consumers.state IS
    'rebuild: it has to begin anew with all days in force; rebuilding: it has read them up to '
    'rebuilt_day; following: it reads changes.';
COMMENT ON COLUMN meter_consumers.xid IS 'With number: the last change that it has read.';

-- The server that the transaction ids of meter_changes are of.
CREATE TABLE meter_cluster (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    system_identifier bigint NOT NULL
);

-- Versions of a file that is being loaded again: a transaction puts them in, compares them with the new
-- ones, and takes them out.
CREATE UNLOGGED TABLE meter_replaced_versions (LIKE meter_day_versions);

CREATE INDEX meter_replaced_versions_file ON meter_replaced_versions (file_id, line);

-- A change of the day tells the consumer that its totals are stale.
ALTER TABLE meter_daily_totals DROP COLUMN settled_at;

COMMENT ON COLUMN meter_daily_totals.file_id IS
    'With line: the version that the values were made of.';
