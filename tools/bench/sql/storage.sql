-- Bytes a reading takes: in meter_readings with its index; in the history, all indexes included.
SELECT count(*),
    (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits
     WHERE inhparent = 'meter_readings'::regclass),
    pg_total_relation_size('meter_day_versions') + pg_total_relation_size('meter_days')
FROM meter_readings
