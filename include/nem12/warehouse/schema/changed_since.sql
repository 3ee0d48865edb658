-- The sum of a version of a day, in the kilo unit of its uom; null of what does not add up.
CREATE OR REPLACE FUNCTION meter_version_total(v meter_day_versions) RETURNS numeric
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT CASE WHEN meter_adds_up(v.uom) THEN
        CASE v.uom_exponent WHEN 0 THEN sum(value)
             ELSE trim_scale(sum(value) * 10.0 ^ v.uom_exponent) END END
    FROM unnest(v.interval_values) AS value;
END;

-- Days of a span, of one NMI or of all, whose version in force came to be known at an instant or later
-- and gives other readings than the version in force before it. By when files were first seen here
-- (seen_at), not by when they were delivered: a copy keeps the time of its original, and a correction
-- that came after a bill must not seem older than that. A file that was loaded again counts as new,
-- and what it gave before is not known; a withdrawn file leaves no trace. No SET clause, so that the planner
-- can inline the function and begin with the NMI or with the files.
CREATE OR REPLACE FUNCTION meter_days_changed_since(
    since timestamptz, span_begins date, span_ends date, only_nmi text DEFAULT NULL)
RETURNS TABLE (nmi varchar, nmi_suffix varchar, day date, uom varchar, total_before numeric,
    total_after numeric, quality_before varchar, quality_after varchar, file_id bigint, line bigint,
    seen_at timestamptz, file_id_before bigint, line_before bigint)
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT v.nmi, v.nmi_suffix, v.day, v.uom,
        CASE WHEN (b.was).uom = v.uom THEN meter_version_total(b.was) END,
        meter_version_total(v), (b.was).quality_method, v.quality_method, v.file_id, v.line, f.seen_at,
        (b.was).file_id, (b.was).line
    FROM meter_files f
    JOIN meter_day_versions v ON v.file_id = f.file_id
    JOIN meter_days d ON d.nmi = v.nmi AND d.nmi_suffix = v.nmi_suffix AND d.day = v.day
        AND d.file_id = v.file_id AND d.line = v.line
    LEFT JOIN LATERAL (
        SELECT o AS was FROM meter_day_versions o JOIN meter_files g ON g.file_id = o.file_id
        WHERE o.nmi = v.nmi AND o.nmi_suffix = v.nmi_suffix AND o.day = v.day AND g.seen_at < since
        ORDER BY meter_precedence(o) DESC LIMIT 1
    ) AS b ON true
    WHERE f.seen_at >= since AND v.day BETWEEN span_begins AND span_ends
        AND (only_nmi IS NULL OR v.nmi = only_nmi)
        AND NOT coalesce(meter_same_readings(b.was, v), false);
END;
