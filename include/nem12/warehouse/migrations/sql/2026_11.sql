-- What people query: one row per NMI, suffix and interval.
CREATE TABLE meter_readings (
    id uuid NOT NULL,
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    "timestamp" timestamptz NOT NULL,
    interval_minutes smallint NOT NULL,
    consumption numeric NOT NULL,
    uom varchar(5) NOT NULL,
    quality_method varchar(3) NOT NULL,
    -- Equal keys are dead but for one until VACUUM removes them. Measured: merging them takes a fifth
    -- of the time of a correction.
    PRIMARY KEY (nmi, nmi_suffix, "timestamp") WITH (deduplicate_items = off)
) PARTITION BY RANGE ("timestamp");

COMMENT ON TABLE meter_readings IS
    'Interval readings, each in its newest version. Partitioned by month in NEM time (UTC+10).';
COMMENT ON COLUMN meter_readings.id IS
    'Made of (nmi, nmi_suffix, timestamp): the same reading has the same id everywhere.';
COMMENT ON COLUMN meter_readings."timestamp" IS 'START of the interval.';
COMMENT ON COLUMN meter_readings.consumption IS 'Exact, in the kilo unit of uom.';
COMMENT ON COLUMN meter_readings.quality_method IS
    'Of this interval, 400 records applied; never V.';

-- The ledger: a file is its content, named by its SHA-256.
CREATE TABLE meter_files (
    file_id bigint PRIMARY KEY,
    sha256 text NOT NULL UNIQUE CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    name text NOT NULL,
    size bigint NOT NULL,
    status text NOT NULL DEFAULT 'loading'
        CHECK (status IN ('loading', 'loaded', 'partial', 'refused')),
    profile text NOT NULL,
    reader_version text NOT NULL,
    header_date_time timestamptz,
    delivered_at timestamptz,
    from_participant text NOT NULL DEFAULT '',
    to_participant text NOT NULL DEFAULT '',
    records bigint NOT NULL DEFAULT 0,
    refused_records bigint NOT NULL DEFAULT 0,
    readings bigint NOT NULL DEFAULT 0,
    refused_readings bigint NOT NULL DEFAULT 0,
    refused_sum numeric NOT NULL DEFAULT 0,
    days bigint NOT NULL DEFAULT 0,
    first_day date,
    last_day date,
    warnings jsonb NOT NULL DEFAULT '{}',
    removed_days bigint NOT NULL DEFAULT 0,
    removed_readings bigint NOT NULL DEFAULT 0,
    seen_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz
);

COMMENT ON COLUMN meter_files.file_id IS
    'The first 63 bits of the SHA-256: the same file has the same id in every database.';
COMMENT ON COLUMN meter_files.delivered_at IS
    'Of several deliveries of this content the earliest, in whole seconds.';
COMMENT ON COLUMN meter_files.records IS 'Read: accepted ones are records - refused_records.';
COMMENT ON COLUMN meter_files.readings IS 'Read: accepted ones are readings - refused_readings.';
COMMENT ON COLUMN meter_files.refused_sum IS
    'Exact sum, as delivered, of refused days whose values all parse.';
COMMENT ON COLUMN meter_files.removed_days IS
    'Of the days accepted, those that are not kept (meter_kept_from).';
COMMENT ON COLUMN meter_files.removed_readings IS
    'Of the readings accepted, those of days that are not kept.';

CREATE INDEX meter_files_header_date_time ON meter_files (header_date_time);
-- What the page asks: the newest files of a status, and the newest day there is.
CREATE INDEX meter_files_status ON meter_files (status, seen_at, file_id);
CREATE INDEX meter_files_last_day ON meter_files (last_day);

-- A batch is one staged SQL file; its parts are byte ranges of files.
CREATE TABLE meter_batches (
    batch_id text PRIMARY KEY,
    staged_name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL,
    process integer,
    run_id text,
    task_id text,
    map_index integer,
    try_number integer,
    CHECK (num_nonnulls(run_id, task_id, map_index, try_number) IN (0, 4))
);

COMMENT ON COLUMN meter_batches.applied_by IS
    'User and host, with the number of the process, of the command that applied it; else the '
    'database role.';
COMMENT ON COLUMN meter_batches.run_id IS
    'With what follows: the try of the task of the Airflow run that applied it; null where none did.';

CREATE TABLE meter_batch_parts (
    file_id bigint NOT NULL REFERENCES meter_files ON DELETE CASCADE,
    byte_start bigint NOT NULL,
    byte_end bigint NOT NULL,
    part integer NOT NULL,
    parts integer NOT NULL,
    batch_id text NOT NULL REFERENCES meter_batches ON DELETE CASCADE,
    first_line bigint NOT NULL,
    last_line bigint NOT NULL,
    records bigint NOT NULL,
    refused_records bigint NOT NULL,
    readings bigint NOT NULL,
    refused_readings bigint NOT NULL,
    refused_sum numeric NOT NULL,
    days bigint NOT NULL,
    first_day date,
    last_day date,
    warnings jsonb NOT NULL,
    PRIMARY KEY (file_id, parts, byte_start, byte_end)
);

CREATE INDEX meter_batch_parts_batch ON meter_batch_parts (batch_id);

CREATE TABLE meter_refusals (
    file_id bigint NOT NULL REFERENCES meter_files ON DELETE CASCADE,
    line bigint NOT NULL,
    level text NOT NULL CHECK (level IN ('FILE', 'BLOCK', 'RECORD')),
    code text NOT NULL,
    nmi varchar(10),
    nmi_suffix varchar(2),
    day date,
    last_day date,
    field integer,
    message text NOT NULL,
    excerpt text NOT NULL,
    first_line bigint NOT NULL,
    last_line bigint NOT NULL,
    PRIMARY KEY (file_id, line, code)
);

-- What was refused of a channel: asked by its pages, and by purge.
CREATE INDEX meter_refusals_channel ON meter_refusals (nmi, nmi_suffix, last_day) WHERE nmi IS NOT NULL;

COMMENT ON TABLE meter_refusals IS
    'Every refusal: the line at fault, and the lines first_line to last_line that it refuses.';
COMMENT ON COLUMN meter_refusals.nmi IS
    'With nmi_suffix: whose data it is; null where that cannot be read.';
COMMENT ON COLUMN meter_refusals.day IS
    'The day that is refused, and the same as last_day; of a refused block its first and last day.';
COMMENT ON COLUMN meter_refusals.field IS
    'Number of the field at fault in its record, from 1; null where it is not one field.';

CREATE TABLE meter_warnings (
    file_id bigint NOT NULL REFERENCES meter_files ON DELETE CASCADE,
    line bigint NOT NULL,
    code text NOT NULL,
    nmi varchar(10),
    nmi_suffix varchar(2),
    day date,
    last_day date,
    field integer,
    message text NOT NULL,
    excerpt text NOT NULL,
    PRIMARY KEY (file_id, line, code)
);

COMMENT ON TABLE meter_warnings IS
    'The first warnings of each code and part; meter_files.warnings counts all of them.';

-- The days of files that are refused as a whole: their refusals say nothing of single days.
CREATE TABLE meter_refused_days (
    file_id bigint NOT NULL REFERENCES meter_files ON DELETE CASCADE,
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    day date NOT NULL,
    last_day date NOT NULL,
    PRIMARY KEY (file_id, nmi, nmi_suffix, day)
);

CREATE INDEX meter_refused_days_channel ON meter_refused_days (nmi, nmi_suffix, last_day);

COMMENT ON TABLE meter_refused_days IS
    'Days, from day to last_day, that a file holds of which nothing is loaded; as far as they can be '
    'read, and the first 10,000 spans of each part.';

-- Every delivered version of a day, as delivered; rows are never changed.
CREATE TABLE meter_day_versions (
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    day date NOT NULL,
    file_id bigint NOT NULL,
    line bigint NOT NULL,
    last_line bigint NOT NULL,
    update_date_time timestamptz,
    header_date_time timestamptz,
    msats_load_date_time timestamptz,
    records integer NOT NULL,
    update_rank smallint NOT NULL,
    interval_minutes smallint NOT NULL,
    uom_exponent smallint NOT NULL,
    reason_code smallint,
    uom varchar(5) NOT NULL,
    quality_method varchar(3) NOT NULL,
    reason_description text NOT NULL,
    register_id text NOT NULL,
    meter_serial_number text NOT NULL,
    event_start_intervals smallint[],
    event_quality_methods varchar(3)[],
    event_reason_codes smallint[],
    event_reason_descriptions text[],
    interval_values numeric[] NOT NULL,
    PRIMARY KEY (nmi, nmi_suffix, day, file_id, line)
);

-- Measured: compressing the arrays costs more time than it saves space.
ALTER TABLE meter_day_versions ALTER COLUMN interval_values SET STORAGE EXTERNAL;

CREATE INDEX meter_day_versions_file ON meter_day_versions (file_id, line);

COMMENT ON COLUMN meter_day_versions.line IS 'Of the 300 record; its 400 and 500 records end at last_line.';
COMMENT ON COLUMN meter_day_versions.update_rank IS
    'What update_date_time is. 0: UpdateDateTime. 1: the DateTime of the 100 record, in its place. 2: null; '
    'the time of delivery is in its place. 3: an UpdateDateTime of 1900 to 1989, which ranks lowest.';
COMMENT ON COLUMN meter_day_versions.header_date_time IS
    'DateTime of the 100 record that the day stands under; null where there is none.';
COMMENT ON COLUMN meter_day_versions.uom_exponent IS
    'Delivered unit = 10 ^ uom_exponent of uom: -3 for Wh, 0 for kWh, 3 for MWh.';
COMMENT ON COLUMN meter_day_versions.event_start_intervals IS
    'First intervals (1-based, ascending, from 1) of the spans of one quality; null where the '
    'whole day has quality_method.';

-- Which version of a day is in force.
CREATE TABLE meter_days (
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    day date NOT NULL,
    file_id bigint,
    line bigint,
    update_date_time timestamptz,
    interval_minutes smallint,
    reason_code smallint,
    uom varchar(5),
    quality_method varchar(3),
    register_id text,
    meter_serial_number text,
    contradicted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (nmi, nmi_suffix, day)
) WITH (fillfactor = 90);

-- Few days are: they are counted and listed without a look at the others.
CREATE INDEX meter_days_contradicted ON meter_days (nmi, nmi_suffix, day) WHERE contradicted;

COMMENT ON COLUMN meter_days.file_id IS 'With line: where the readings of this day come from.';
COMMENT ON COLUMN meter_days.contradicted IS
    'Another file delivers other readings, and only the time of delivery or the hash decides; see '
    'meter_conflicts.';

-- A drop is a file that landed; its claim keeps two runs from working on it.
CREATE TABLE meter_drops (
    drop_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uri text NOT NULL,
    size bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    identity text NOT NULL,
    profile text NOT NULL,
    state text NOT NULL CHECK (state IN ('claimed', 'running', 'waiting', 'settled', 'failed')),
    claim text NOT NULL,
    run text NOT NULL DEFAULT '',
    attempt integer NOT NULL DEFAULT 1,
    not_before timestamptz NOT NULL DEFAULT now(),
    claimed_at timestamptz NOT NULL DEFAULT now(),
    checked_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    sha256 text,
    outcome text CHECK (outcome IN ('loaded', 'partial', 'refused', 'duplicate', 'failed')),
    kept_at text,
    message text NOT NULL DEFAULT '',
    begun bigint[] NOT NULL DEFAULT '{}',
    judge_as text,
    UNIQUE (uri, size, mtime_ns, identity)
);

COMMENT ON COLUMN meter_drops.claim IS
    'Who works on it: the watch starts the run nem12__<claim> for a claim of its own.';
COMMENT ON COLUMN meter_drops.run IS 'The Airflow run that took the claim.';
COMMENT ON COLUMN meter_drops.state IS
    'claimed: a run was asked for; running: it has begun; waiting: it failed or was put back, and the '
    'next attempt comes at not_before; failed: it failed too often and waits for redrive; settled: '
    'it is done, see outcome. Which statement leads from one to the next: warehouse/sql/drops.sql.';
COMMENT ON COLUMN meter_drops.outcome IS
    'What became of it: loaded, partial (something of it is refused), refused, duplicate (its content '
    'was known), failed. Recorded before it is moved; null before.';
COMMENT ON COLUMN meter_drops.kept_at IS 'Where the file lies now, or is about to lie.';
COMMENT ON COLUMN meter_drops.judge_as IS
    'By which profile redrive wants it judged, whatever is known of it; else null.';
COMMENT ON COLUMN meter_drops.begun IS
    'Files of it that a run may have loaded in part before it failed.';
COMMENT ON COLUMN meter_drops.checked_at IS 'When it was last known that its run is alive.';

CREATE INDEX meter_drops_claim ON meter_drops (claim);
CREATE INDEX meter_drops_identity ON meter_drops (identity);
CREATE INDEX meter_drops_kept_at ON meter_drops (kept_at);
CREATE INDEX meter_drops_run ON meter_drops (run);
CREATE INDEX meter_drops_open ON meter_drops (checked_at)
    WHERE state IN ('claimed', 'running', 'waiting', 'failed');

-- Files in the landing folder that may still grow: their content does not show its end. They are picked up
-- after a longer standstill than others.
CREATE TABLE meter_arrivals (
    uri text PRIMARY KEY,
    size bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    identity text NOT NULL,
    seen_at timestamptz NOT NULL
);

COMMENT ON COLUMN meter_arrivals.seen_at IS 'When it was first seen as it is.';

CREATE TABLE meter_drop_files (
    drop_id bigint NOT NULL REFERENCES meter_drops ON DELETE CASCADE,
    member text NOT NULL,
    -- Deferred: a file that is loaded again is taken out and put in in one transaction.
    file_id bigint NOT NULL REFERENCES meter_files DEFERRABLE INITIALLY DEFERRED,
    outcome text NOT NULL CHECK (outcome IN ('loaded', 'partial', 'refused', 'duplicate')),
    PRIMARY KEY (drop_id, member)
);

CREATE INDEX meter_drop_files_file ON meter_drop_files (file_id);

-- The values of meter_daily, kept: made by the DAG nem12_daily_totals, of whole days.
CREATE TABLE meter_daily_totals (
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    day date NOT NULL,
    uom varchar(5) NOT NULL,
    total_consumption numeric,
    average_consumption numeric NOT NULL,
    minimum_consumption numeric NOT NULL,
    maximum_consumption numeric NOT NULL,
    readings integer NOT NULL,
    estimated_share numeric NOT NULL,
    file_id bigint NOT NULL,
    line bigint NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (nmi, nmi_suffix, day)
);

COMMENT ON TABLE meter_daily_totals IS 'Daily values of each channel, as in meter_daily.';
COMMENT ON COLUMN meter_daily_totals.file_id IS
    'With line and settled_at: the delivery that the values were made of; another one in force '
    'makes them stale.';

-- What is not kept: months that were removed, NMIs that were purged. Their days are read, checked and counted
-- when they are delivered (again), but not stored.
CREATE TABLE meter_kept_from (
    nmi varchar(10) PRIMARY KEY,
    first_day date NOT NULL
);

COMMENT ON TABLE meter_kept_from IS
    'The first day that is kept: of one NMI, or, where nmi is empty, of all.';

-- What the functions hand to each other.
CREATE TYPE meter_day_key AS (
    nmi varchar(10),
    nmi_suffix varchar(2),
    day date,
    file_id bigint,
    line bigint,
    replaces boolean,
    redelivered boolean,
    contradicted boolean
);

-- Orders the versions of a day; see the function of this name.
CREATE TYPE meter_precedence AS (
    rank integer,
    update_date_time timestamptz,
    msats_load_date_time timestamptz,
    header_date_time timestamptz,
    file_id bigint,
    line bigint
);

-- What `migrate` has made last: one row. Every connection compares it with what its package needs.
CREATE TABLE meter_schema (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision text NOT NULL,
    fingerprint text NOT NULL,
    package text NOT NULL,
    objects text[] NOT NULL,
    migrated_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON COLUMN meter_schema.revision IS 'Of the tables.';
COMMENT ON COLUMN meter_schema.fingerprint IS 'Of the text of functions, views and rights.';
COMMENT ON COLUMN meter_schema.package IS 'The version of nem12 that this text is from.';
COMMENT ON COLUMN meter_schema.objects IS 'Functions and views that it has made, in this order.';
