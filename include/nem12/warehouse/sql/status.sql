SELECT
    (SELECT jsonb_object_agg(status, n) FROM (SELECT status, count(*) AS n FROM meter_files GROUP BY 1) f)
        AS files,
    (SELECT jsonb_object_agg(state, n) FROM (SELECT state, count(*) AS n FROM meter_drops GROUP BY 1) d)
        AS drops,
    (SELECT coalesce(sum(readings - refused_readings), 0)::bigint FROM meter_files) AS delivered_readings,
    (SELECT count(*) FROM meter_days) AS days,
    (SELECT count(DISTINCT (nmi, nmi_suffix)) FROM meter_days) AS channels,
    (SELECT count(*) FROM meter_days WHERE contradicted) AS contradictions,
    (SELECT min(day) FROM meter_days) AS first_day,
    (SELECT max(day) FROM meter_days) AS last_day,
    (SELECT count(*) FROM meter_rejects) AS refusals
