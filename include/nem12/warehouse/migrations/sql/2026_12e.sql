-- The fields of the 200 records that are not stored with each day: once for each distinct content. No unique
-- key: batches that bring the same new content at once would wait for each other. Then there are equal rows.
CREATE TABLE meter_200s (
    record_id bigint NOT NULL,
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    nmi_configuration text NOT NULL,
    register_id text NOT NULL,
    mdm_data_stream text NOT NULL,
    meter_serial_number text NOT NULL,
    uom varchar(5) NOT NULL,
    uom_exponent smallint NOT NULL,
    interval_minutes smallint NOT NULL
);

CREATE INDEX meter_200s_record ON meter_200s (record_id);
CREATE INDEX meter_200s_nmi ON meter_200s (nmi);

COMMENT ON TABLE meter_200s IS
    'Distinct contents of 200 records, without NextScheduledReadDate. Rows stay when their files are withdrawn.';
COMMENT ON COLUMN meter_200s.record_id IS
    'The first 63 bits of a SHA-256 of the other columns: the same content has the same id in every database.';

-- Null of days that were loaded before this revision: a reprocess fills them.
ALTER TABLE meter_day_versions ADD COLUMN record_id bigint, ADD COLUMN next_scheduled_read_date date;
ALTER TABLE meter_replaced_versions ADD COLUMN record_id bigint, ADD COLUMN next_scheduled_read_date date;

COMMENT ON COLUMN meter_day_versions.record_id IS 'Of the 200 record that the day stands under; see meter_200s.';
COMMENT ON COLUMN meter_day_versions.next_scheduled_read_date IS
    'Of the same 200 record; null where it has none that counts.';
