-- Days by month: the keys of one table for all days grow with the years, and each night's days touch every
-- page of them. The days there are are copied in this transaction. Months are made here as
-- meter_ensure_months makes them, but in the simple way: nobody else sees these tables yet.
ALTER TABLE meter_day_versions RENAME TO meter_day_versions_before;
ALTER INDEX meter_day_versions_pkey RENAME TO meter_day_versions_before_pkey;
ALTER INDEX meter_day_versions_file RENAME TO meter_day_versions_before_file;
ALTER TABLE meter_days RENAME TO meter_days_before;
ALTER INDEX meter_days_pkey RENAME TO meter_days_before_pkey;
ALTER INDEX meter_days_contradicted RENAME TO meter_days_before_contradicted;

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
) PARTITION BY RANGE (day);

-- Measured: compressing the arrays costs more time than it saves space.
ALTER TABLE meter_day_versions ALTER COLUMN interval_values SET STORAGE EXTERNAL;

CREATE INDEX meter_day_versions_file ON meter_day_versions (file_id, line);

COMMENT ON TABLE meter_day_versions IS
    'Every delivered version of a day. Partitioned by month of the day; days that are not kept are in '
    'meter_day_versions_passing until their file is settled.';
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
) PARTITION BY RANGE (day);

-- Few days are: they are counted and listed without a look at the others.
CREATE INDEX meter_days_contradicted ON meter_days (nmi, nmi_suffix, day) WHERE contradicted;

COMMENT ON TABLE meter_days IS
    'Which version of a day is in force. Partitioned by month of the day.';
COMMENT ON COLUMN meter_days.file_id IS 'With line: where the readings of this day come from.';
COMMENT ON COLUMN meter_days.contradicted IS
    'Another file delivers other readings, and only the time of delivery or the hash decides; see '
    'meter_conflicts.';

DO $$
DECLARE
    kept date := (SELECT first_day FROM meter_kept_from WHERE nmi = '');
    month date;
    named text;
BEGIN
    FOR month IN
        SELECT to_date(substring(relname FROM '[0-9]{4}_[0-9]{2}$'), 'YYYY_MM') FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'meter_readings'::regclass
        UNION
        SELECT date_trunc('month', day::timestamp)::date FROM meter_day_versions_before
        WHERE (day < kept) IS NOT TRUE
    LOOP
        named := to_char(month, 'YYYY_MM');
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF meter_day_versions FOR VALUES FROM (%L) TO (%L)',
            'meter_day_versions_' || named, month, (month + interval '1 month')::date);
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF meter_days FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 90)',
            'meter_days_' || named, month, (month + interval '1 month')::date);
    END LOOP;
    IF kept IS NOT NULL THEN
        EXECUTE format(
            'CREATE TABLE meter_day_versions_passing PARTITION OF meter_day_versions '
            'FOR VALUES FROM (MINVALUE) TO (%L)', kept);
    END IF;
END $$;

-- In the order of the key, in which queries read them.
INSERT INTO meter_day_versions (nmi, nmi_suffix, day, file_id, line, last_line, update_date_time, header_date_time,
    msats_load_date_time, records, update_rank, interval_minutes, uom_exponent, reason_code, uom, quality_method,
    reason_description, register_id, meter_serial_number, event_start_intervals, event_quality_methods,
    event_reason_codes, event_reason_descriptions, interval_values)
SELECT nmi, nmi_suffix, day, file_id, line, last_line, update_date_time, header_date_time,
    msats_load_date_time, records, update_rank, interval_minutes, uom_exponent, reason_code, uom, quality_method,
    reason_description, register_id, meter_serial_number, event_start_intervals, event_quality_methods,
    event_reason_codes, event_reason_descriptions, interval_values
FROM meter_day_versions_before ORDER BY nmi, nmi_suffix, day, file_id, line;
INSERT INTO meter_days (nmi, nmi_suffix, day, file_id, line, update_date_time, interval_minutes, reason_code, uom,
    quality_method, register_id, meter_serial_number, contradicted)
SELECT nmi, nmi_suffix, day, file_id, line, update_date_time, interval_minutes, reason_code, uom,
    quality_method, register_id, meter_serial_number, contradicted
FROM meter_days_before ORDER BY nmi, nmi_suffix, day;

DROP TABLE meter_day_versions_before;
DROP TABLE meter_days_before;
