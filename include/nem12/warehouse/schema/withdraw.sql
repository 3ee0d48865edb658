-- Take a file out as if it had never been delivered: versions that its days had superseded come back into
-- force, and days that no other file delivers are deleted. For a reload in the same transaction the links from
-- its drops stay, and the batch decides its days: those that the reload does not change stay as they are.
-- Returns the number of day versions deleted; null if the file is not known.
CREATE OR REPLACE FUNCTION meter_withdraw_file(
    file bigint, for_reload boolean DEFAULT false, why text DEFAULT 'withdrawn') RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    known meter_files;
    span record;
    touched meter_day_key[];
    batches text[];
    withdrawn bigint;
BEGIN
    PERFORM meter_hold_kept();
    SELECT * INTO known FROM meter_files WHERE file_id = file FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF for_reload THEN
        -- Loading it again is not another delivery: it keeps its time. See meter_deliver_batch.
        PERFORM set_config('nem12.delivered', concat_ws(',',
            nullif(current_setting('nem12.delivered', true), ''),
            file || ':' || extract(epoch FROM known.delivered_at)::bigint), true);
    END IF;
    span := meter_span(ARRAY[file]);
    SELECT array_agg(DISTINCT batch_id) INTO batches FROM meter_batch_parts WHERE file_id = file;
    IF for_reload THEN
        PERFORM set_config('nem12.reloading', 'on', true);
        WITH gone AS (
            DELETE FROM meter_day_versions v
            WHERE file_id = file AND day BETWEEN span.first_day AND span.last_day
            RETURNING v.*
        )
        INSERT INTO meter_replaced_versions (nmi, nmi_suffix, day, file_id, line, last_line, update_date_time,
            header_date_time, msats_load_date_time, records, update_rank, interval_minutes, uom_exponent,
            reason_code, uom, quality_method, reason_description, register_id, meter_serial_number,
            event_start_intervals, event_quality_methods, event_reason_codes, event_reason_descriptions,
            interval_values, record_id, next_scheduled_read_date)
        SELECT nmi, nmi_suffix, day, file_id, line, last_line, update_date_time,
            header_date_time, msats_load_date_time, records, update_rank, interval_minutes, uom_exponent,
            reason_code, uom, quality_method, reason_description, register_id, meter_serial_number,
            event_start_intervals, event_quality_methods, event_reason_codes, event_reason_descriptions,
            interval_values, record_id, next_scheduled_read_date
        FROM gone;
        GET DIAGNOSTICS withdrawn = ROW_COUNT;
    ELSE
        WITH gone AS (
            DELETE FROM meter_day_versions
            WHERE file_id = file AND day BETWEEN span.first_day AND span.last_day
            RETURNING nmi, nmi_suffix, day
        )
        SELECT array_agg(meter_day_named(nmi, nmi_suffix, day)), count(*) INTO touched, withdrawn
        FROM gone;
        PERFORM meter_put_readings(meter_decide_days(touched));
    END IF;
    IF NOT for_reload THEN
        UPDATE meter_drops d SET message = why FROM meter_drop_files m
        WHERE m.file_id = file AND d.drop_id = m.drop_id;
        DELETE FROM meter_drop_files WHERE file_id = file;
    END IF;
    DELETE FROM meter_files WHERE file_id = file;
    -- A batch that another session holds is being applied: it stays. Waiting for it could deadlock.
    DELETE FROM meter_batches WHERE batch_id IN (
        SELECT b.batch_id FROM meter_batches b WHERE b.batch_id = ANY(batches)
            AND NOT EXISTS (SELECT FROM meter_batch_parts p WHERE p.batch_id = b.batch_id)
        FOR UPDATE SKIP LOCKED);
    RETURN withdrawn;
END $$;
