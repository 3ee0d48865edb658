-- Of each day the highest version whose stamp is not later than an instant, without what is not kept:
-- files that are not settled still hold it. The same order as in meter_decide_days, which cannot use
-- this: it looks at a few days only.
CREATE OR REPLACE FUNCTION meter_versions_as_at(instant timestamptz) RETURNS SETOF meter_day_versions
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT DISTINCT ON (v.nmi, v.nmi_suffix, v.day) v.* FROM meter_day_versions v
    WHERE v.updated_at <= instant
        AND v.day >= coalesce((SELECT first_day FROM meter_kept_from WHERE nmi = ''), v.day)
        AND NOT EXISTS (SELECT FROM meter_kept_from k WHERE k.nmi = v.nmi AND v.day < k.first_day)
    ORDER BY v.nmi, v.nmi_suffix, v.day, v.update_missing, v.updated_at DESC,
        v.msats_loaded_at DESC NULLS LAST, v.file_created_at DESC, v.file_id DESC, v.line;
END;

-- The readings that were in force at an instant.
CREATE OR REPLACE FUNCTION meter_readings_as_at(instant timestamptz)
RETURNS TABLE (nmi varchar, nmi_suffix varchar, "timestamp" timestamptz, interval_minutes smallint,
    consumption numeric, uom varchar, quality_method varchar)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT r.* FROM meter_versions_as_at(instant) v CROSS JOIN LATERAL meter_version_readings(v) r
$$;

-- The version of each day that has to be in force, and the readings that meter_readings has to hold.
CREATE OR REPLACE VIEW meter_highest_versions AS SELECT * FROM meter_versions_as_at('infinity');

CREATE OR REPLACE VIEW meter_expected_readings AS
SELECT r.* FROM meter_versions_as_at('infinity') v CROSS JOIN LATERAL meter_version_readings(v) r;
