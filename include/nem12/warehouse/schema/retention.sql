-- Hold what is kept until the end of the transaction: loads share this lock, and a command that changes what
-- is kept waits for them. Call it before any row is locked: such a command locks rows of the ledger
-- afterwards. Not an advisory lock: every role that may connect can take those and hold up all loads.
-- SECURITY DEFINER: only a role that may change this table can lock it, and the loader may not.
CREATE OR REPLACE FUNCTION meter_hold_kept() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    LOCK TABLE meter_kept_from IN ROW SHARE MODE;
    -- A separate statement: it sees what was committed while the one before waited for the lock.
    RETURN EXISTS (SELECT FROM meter_kept_from);
END $$;

COMMENT ON FUNCTION meter_hold_kept IS 'Returns whether anything is not kept.';

CREATE OR REPLACE VIEW meter_days_not_kept AS
SELECT v.nmi, v.nmi_suffix, v.day, v.file_id, v.line, cardinality(v.interval_values) AS readings
FROM meter_day_versions v
LEFT JOIN meter_kept_from every ON every.nmi = ''
LEFT JOIN meter_kept_from own ON own.nmi = v.nmi
WHERE v.day < greatest(every.first_day, own.first_day);

COMMENT ON VIEW meter_days_not_kept IS
    'Day versions that go when their file is settled: it is judged as a whole.';

-- Keep no days before `new_first_day` any more: of this NMI, or of all NMIs if it is empty.
CREATE OR REPLACE FUNCTION meter_raise_kept(only_nmi text, new_first_day date) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- Waits for transactions that load, and makes later ones wait.
    LOCK TABLE meter_kept_from IN EXCLUSIVE MODE;
    INSERT INTO meter_kept_from AS k (nmi, first_day) VALUES (only_nmi, new_first_day)
    ON CONFLICT (nmi) DO UPDATE SET first_day = excluded.first_day
    WHERE k.first_day < excluded.first_day;
END $$;

-- Count in the ledger the versions before `new_first_day` that are deleted: of an NMI, or of all NMIs if it is
-- empty. Those of files that are not settled yet are deleted when the files are settled. Returns their number.
CREATE OR REPLACE FUNCTION meter_count_removed(only_nmi text, new_first_day date) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    removed bigint;
BEGIN
    WITH counted AS (
        UPDATE meter_files f
        SET removed_days = removed_days + g.days, removed_readings = removed_readings + g.readings
        FROM (SELECT v.file_id, count(*) AS days, sum(cardinality(v.interval_values)) AS readings
              FROM meter_day_versions v
              WHERE (only_nmi = '' OR v.nmi = only_nmi) AND v.day < new_first_day
              GROUP BY v.file_id) g
        WHERE f.file_id = g.file_id AND f.status <> 'loading'
        RETURNING g.days
    )
    SELECT coalesce(sum(days), 0) INTO removed FROM counted;
    RETURN removed;
END $$;

-- Keep no days of an NMI before `new_first_day` any more. Deletes them from versions and days in force; the
-- caller deletes their readings. Returns the number of day versions deleted.
CREATE OR REPLACE FUNCTION meter_keep_from(only_nmi text, new_first_day date) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM meter_raise_kept(only_nmi, new_first_day);
    removed := meter_count_removed(only_nmi, new_first_day);
    PERFORM meter_check_cluster();
    -- What is left refers to its 200 records by their id: they come back when they are delivered again.
    DELETE FROM meter_200s r
    WHERE r.nmi = only_nmi AND NOT EXISTS (
        SELECT FROM meter_day_versions v
        WHERE v.nmi = only_nmi AND v.record_id = r.record_id AND v.day >= new_first_day);
    -- One notice of all days of the NMI: the feed does not name those that are purged.
    DELETE FROM meter_changes WHERE nmi = only_nmi AND (day < new_first_day OR day IS NULL);
    INSERT INTO meter_changes (nmi) VALUES (only_nmi);
    DELETE FROM meter_days WHERE nmi = only_nmi AND day < new_first_day;
    DELETE FROM meter_day_versions v USING meter_files f
    WHERE f.file_id = v.file_id AND f.status <> 'loading'
        AND v.nmi = only_nmi AND v.day < new_first_day;
    RETURN removed;
END $$;

-- Lock the partitioned tables against readers: all of them at once or none, tried again and again. A session
-- that waited for one table while it holds another could deadlock, and all readers would queue behind it.
CREATE OR REPLACE FUNCTION meter_lock_readers_out() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    last_try timestamptz := clock_timestamp() + current_setting('lock_timeout')::interval;
BEGIN
    LOOP
        BEGIN
            LOCK TABLE ONLY meter_readings, ONLY meter_days, ONLY meter_day_versions
            IN ACCESS EXCLUSIVE MODE NOWAIT;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() > last_try THEN
                RAISE EXCEPTION 'a transaction that reads the tables has not ended in time: try again later'
                USING ERRCODE = 'lock_not_available';
            END IF;
        END;
        PERFORM pg_sleep(0.02);
    END LOOP;
END $$;

-- meter_day_versions_passing is the partition of the days before the first day that is kept. Their versions
-- stay in it until their file is settled, so that the file is judged as a whole. Its bound changes while it is
-- detached.
CREATE OR REPLACE FUNCTION meter_detach_passing() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF to_regclass('meter_day_versions_passing') IS NULL THEN
        CREATE TABLE meter_day_versions_passing (LIKE meter_day_versions INCLUDING ALL);
    ELSE
        ALTER TABLE meter_day_versions DETACH PARTITION meter_day_versions_passing;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION meter_attach_passing() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    EXECUTE (
        SELECT format('ALTER TABLE meter_day_versions ATTACH PARTITION meter_day_versions_passing '
            'FOR VALUES FROM (MINVALUE) TO (%L)', first_day)
        FROM meter_kept_from WHERE nmi = '');
END $$;

-- Keep no months before `new_first_day` any more, nor their days. A detached table of readings stays as it is,
-- so that it can be moved elsewhere. The versions of files that are not settled yet move to the passing ones.
-- Returns the number of day versions deleted.
CREATE OR REPLACE FUNCTION meter_remove_months(new_first_day date, keep_tables boolean) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    removed bigint;
    found record;
BEGIN
    IF new_first_day <> meter_month(new_first_day) THEN
        RAISE EXCEPTION 'a month begins on its first day, not on %', new_first_day;
    END IF;
    PERFORM meter_raise_kept('', new_first_day);
    removed := meter_count_removed('', new_first_day);
    PERFORM meter_check_cluster();
    INSERT INTO meter_changes (day)
    SELECT DISTINCT meter_month(day) FROM meter_days WHERE day < new_first_day ORDER BY 1;
    -- Readers queue behind a session that waits for this lock: take it last, and wait only briefly.
    SET LOCAL lock_timeout = '5s';
    PERFORM meter_lock_readers_out();
    PERFORM meter_detach_passing();
    FOR found IN SELECT * FROM meter_partitions WHERE month < new_first_day ORDER BY month, parent LOOP
        IF found.attached THEN
            EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', found.parent, found.partition);
        END IF;
        IF found.parent = 'meter_day_versions'::regclass THEN
            EXECUTE format('INSERT INTO meter_day_versions_passing (%1$s) SELECT %1$s FROM %2$s '
                'WHERE file_id IN (SELECT file_id FROM meter_files WHERE status = %3$L)',
                (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                 WHERE attrelid = 'meter_day_versions'::regclass AND attnum > 0 AND NOT attisdropped),
                found.partition, 'loading');
        END IF;
        IF found.parent <> 'meter_readings'::regclass OR NOT keep_tables THEN
            EXECUTE format('DROP TABLE %s', found.partition);
        END IF;
    END LOOP;
    PERFORM meter_attach_passing();
    RETURN removed;
END $$;

-- Keep the days from an earlier month on again. They come back when their files are loaded again.
CREATE OR REPLACE FUNCTION meter_keep_again(new_first_day date) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF new_first_day <> meter_month(new_first_day) THEN
        RAISE EXCEPTION 'a month begins on its first day, not on %', new_first_day;
    END IF;
    LOCK TABLE meter_kept_from IN EXCLUSIVE MODE;
    UPDATE meter_kept_from SET first_day = new_first_day WHERE nmi = '' AND first_day > new_first_day;
    IF FOUND THEN
        SET LOCAL lock_timeout = '5s';
        PERFORM meter_lock_readers_out();
        PERFORM meter_detach_passing();
        PERFORM meter_attach_passing();
    END IF;
END $$;

-- Blank refusals and warnings about an NMI and its days before `new_first_day`: of one file, or of all. If the
-- NMI of a finding could not be read, its place in the file tells whose it may be: a finding between days of
-- one other NMI stays. The line and code of a refusal stay too, or the counts would not balance. The days of
-- files that were refused as a whole are deleted. Returns the number of findings.
CREATE OR REPLACE FUNCTION meter_blank_findings(
    only_nmi text, new_first_day date, only_file bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    about record;
    blanked bigint := 0;
    span_begins date := '-infinity';
    span_ends date := 'infinity';
BEGIN
    IF only_file IS NOT NULL THEN
        SELECT first_day, last_day INTO span_begins, span_ends FROM meter_span(ARRAY[only_file]);
    END IF;
    FOR about IN
        WITH findings AS (
            SELECT file_id, line, level, code, nmi, day,
                strpos(message || ' ' || excerpt, only_nmi) > 0 AS names_it
            FROM meter_findings WHERE only_file IS NULL OR file_id = only_file
        ), holding AS (
            SELECT only_file AS file_id WHERE only_file IS NOT NULL
            UNION
            SELECT file_id FROM meter_day_versions
            WHERE nmi = only_nmi AND day BETWEEN span_begins AND span_ends
            UNION
            SELECT file_id FROM meter_refused_days WHERE nmi = only_nmi
            UNION
            SELECT file_id FROM meter_files WHERE removed_days > 0
            UNION
            SELECT file_id FROM findings WHERE nmi = only_nmi OR nmi IS NULL AND names_it
        )
        SELECT f.file_id, f.line, f.level, f.code
        FROM findings f
        JOIN holding USING (file_id)
        LEFT JOIN LATERAL (
            SELECT v.nmi FROM meter_day_versions v WHERE v.file_id = f.file_id AND v.line <= f.line
                AND v.day BETWEEN span_begins AND span_ends
            ORDER BY v.line DESC LIMIT 1) before ON f.nmi IS NULL
        LEFT JOIN LATERAL (
            SELECT v.nmi FROM meter_day_versions v WHERE v.file_id = f.file_id AND v.line > f.line
                AND v.day BETWEEN span_begins AND span_ends
            ORDER BY v.line LIMIT 1) after ON f.nmi IS NULL
        WHERE f.nmi = only_nmi AND (f.day >= new_first_day) IS NOT TRUE
            OR f.nmi IS NULL AND (f.names_it OR before.nmi = only_nmi
                OR (before.nmi = after.nmi) IS NOT TRUE)
    LOOP
        UPDATE meter_refusals r SET message = 'purged', excerpt = '', nmi = NULL, nmi_suffix = NULL,
            day = NULL, last_day = NULL, field = NULL
        WHERE about.level <> 'WARN'
            AND (r.file_id, r.line, r.code) = (about.file_id, about.line, about.code);
        UPDATE meter_warnings w SET message = 'purged', excerpt = '', nmi = NULL, nmi_suffix = NULL,
            day = NULL, last_day = NULL, field = NULL
        WHERE about.level = 'WARN'
            AND (w.file_id, w.line, w.code) = (about.file_id, about.line, about.code);
        blanked := blanked + 1;
    END LOOP;
    INSERT INTO meter_refused_days AS d (file_id, nmi, nmi_suffix, day, last_day)
    SELECT file_id, nmi, nmi_suffix, new_first_day, max(last_day) FROM meter_refused_days
    WHERE nmi = only_nmi AND day < new_first_day AND last_day >= new_first_day
        AND (only_file IS NULL OR file_id = only_file)
    GROUP BY file_id, nmi, nmi_suffix
    ON CONFLICT (file_id, nmi, nmi_suffix, day) DO UPDATE
    SET last_day = greatest(d.last_day, excluded.last_day);
    DELETE FROM meter_refused_days
    WHERE nmi = only_nmi AND day < new_first_day
        AND (only_file IS NULL OR file_id = only_file);
    RETURN blanked;
END $$;

-- Delete an NMI: everything of it before `new_first_day`, also in detached months, and all text about it.
CREATE OR REPLACE FUNCTION meter_purge_nmi(only_nmi text, new_first_day date)
RETURNS TABLE (day_versions bigint, readings bigint, findings bigint)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    month regclass;
    gone bigint;
BEGIN
    IF only_nmi = '' THEN
        RAISE EXCEPTION 'an NMI is needed';
    END IF;
    LOCK TABLE meter_kept_from IN EXCLUSIVE MODE;
    readings := 0;
    findings := meter_blank_findings(only_nmi, new_first_day);
    UPDATE meter_notes SET note = 'purged' WHERE strpos(note, only_nmi) > 0;
    day_versions := meter_keep_from(only_nmi, new_first_day);
    DELETE FROM meter_expected_nmis WHERE nmi = only_nmi;
    DELETE FROM meter_channel_ends WHERE nmi = only_nmi;
    FOR month IN SELECT m.partition FROM meter_months m LOOP
        EXECUTE format('DELETE FROM %s WHERE nmi = $1 AND "timestamp" < $2', month)
        USING only_nmi, meter_midnight(new_first_day);
        GET DIAGNOSTICS gone = ROW_COUNT;
        readings := readings + gone;
    END LOOP;
    RETURN NEXT;
END $$;
