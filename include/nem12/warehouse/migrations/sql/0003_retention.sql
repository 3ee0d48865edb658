-- What is not kept: months that were dropped, NMIs that were purged. Their days are read, judged and
-- counted when they come (again), and not stored.
CREATE TABLE meter_kept_from (
    nmi varchar(10) PRIMARY KEY,
    first_day date NOT NULL
);

COMMENT ON TABLE meter_kept_from IS
    'The first day that is kept: of one NMI, or, where nmi is empty, of all.';

ALTER TABLE meter_files ADD removed_days bigint NOT NULL DEFAULT 0,
    ADD removed_readings bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN meter_files.removed_days IS
    'Of the days accepted, those that are not kept (meter_kept_from).';
COMMENT ON COLUMN meter_files.removed_readings IS
    'Of the readings accepted, those of days that are not kept.';

-- Who loads holds what is kept until the end of the transaction; who changes it waits for them.
-- To be called before any row is locked: whoever changes it locks rows of the ledger afterwards.
CREATE FUNCTION meter_hold_kept() RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('nem12 kept', 12));
    -- A statement of its own: it sees what was committed while the lock was waited for.
    RETURN EXISTS (SELECT FROM meter_kept_from);
END $$;

COMMENT ON FUNCTION meter_hold_kept IS 'Returns whether anything is not kept.';

CREATE VIEW meter_days_not_kept AS
SELECT v.nmi, v.nmi_suffix, v.day, v.file_id, v.line, cardinality(v.interval_values) AS readings
FROM meter_day_versions v
LEFT JOIN meter_kept_from every ON every.nmi = ''
LEFT JOIN meter_kept_from own ON own.nmi = v.nmi
WHERE v.day < greatest(every.first_day, own.first_day);

COMMENT ON VIEW meter_days_not_kept IS
    'Day versions that go when their file is settled: it is judged as a whole.';

ALTER FUNCTION meter_ensure_months(date[]) RENAME TO meter_make_months;

CREATE FUNCTION meter_ensure_months(months date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM meter_hold_kept();
    RETURN meter_make_months(ARRAY(
        SELECT m FROM unnest(months) AS m
        LEFT JOIN meter_kept_from every ON every.nmi = ''
        WHERE (m < date_trunc('month', every.first_day)) IS NOT TRUE));
END $$;

ALTER FUNCTION meter_decide_days(meter_day_key[]) RENAME TO meter_decide_kept_days;

CREATE FUNCTION meter_decide_days(touched meter_day_key[]) RETURNS meter_day_key[]
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF meter_hold_kept() THEN
        SELECT array_agg(t) INTO touched
        FROM unnest(touched) t
        LEFT JOIN meter_kept_from every ON every.nmi = ''
        LEFT JOIN meter_kept_from own ON own.nmi = t.nmi
        WHERE (t.day < greatest(every.first_day, own.first_day)) IS NOT TRUE;
    END IF;
    RETURN meter_decide_kept_days(touched);
END $$;

ALTER FUNCTION meter_withdraw_file(bigint, boolean) RENAME TO meter_take_out_file;

CREATE FUNCTION meter_withdraw_file(file bigint, for_reload boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM meter_hold_kept();
    RETURN meter_take_out_file(file, for_reload);
END $$;

ALTER FUNCTION meter_settle_file(bigint) RENAME TO meter_judge_file;

CREATE FUNCTION meter_settle_file(file bigint) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    before text;
    judged text;
    removed record;
BEGIN
    IF NOT meter_hold_kept() THEN
        RETURN meter_judge_file(file);
    END IF;
    SELECT status INTO before FROM meter_files WHERE file_id = file FOR NO KEY UPDATE;
    judged := meter_judge_file(file);
    IF judged <> 'loading' THEN
        PERFORM meter_blank_findings(k.nmi, file) FROM meter_kept_from k
        WHERE k.nmi <> '' AND (
            EXISTS (SELECT FROM meter_day_versions v WHERE v.file_id = file AND v.nmi = k.nmi)
            OR EXISTS (SELECT FROM meter_rejects r
                       WHERE r.file_id = file AND strpos(r.message || r.excerpt, k.nmi) > 0)
            OR EXISTS (SELECT FROM meter_warnings w
                       WHERE w.file_id = file AND strpos(w.message || w.excerpt, k.nmi) > 0));
        WITH gone AS (
            DELETE FROM meter_day_versions v USING meter_days_not_kept n
            WHERE n.file_id = file AND v.file_id = n.file_id AND v.line = n.line
            RETURNING n.readings
        )
        SELECT count(*) AS days, coalesce(sum(readings), 0) AS readings INTO removed FROM gone;
        -- A batch that is applied again brings back what was counted before.
        IF before = 'loading' THEN
            UPDATE meter_files SET removed_days = removed.days, removed_readings = removed.readings
            WHERE file_id = file;
        END IF;
    END IF;
    RETURN judged;
END $$;

-- The same as before, without what is not kept: files that are not settled still hold it.
CREATE OR REPLACE FUNCTION meter_versions_as_at(instant timestamptz) RETURNS SETOF meter_day_versions
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT DISTINCT ON (v.nmi, v.nmi_suffix, v.day) v.* FROM meter_day_versions v
    WHERE v.updated_at <= instant
        AND v.day >= coalesce((SELECT first_day FROM meter_kept_from WHERE nmi = ''), v.day)
        AND NOT EXISTS (SELECT FROM meter_kept_from k WHERE k.nmi = v.nmi AND v.day < k.first_day)
    ORDER BY v.nmi, v.nmi_suffix, v.day, v.update_missing, v.updated_at DESC,
        v.msats_loaded_at DESC NULLS LAST, v.file_created_at DESC, v.file_id DESC, v.line;
END;
