-- NEM12 batch 3bda2be67b5e4163ba0ac25021c65de4: refused_file_has_no_days.csv
-- Applies to a migrated database, as one transaction, as often as you like:
--     psql -v ON_ERROR_STOP=1 -1 -f 3bda2be67b5e4163ba0ac25021c65de4.sql "$METER_DB_URI"
SET LOCAL client_encoding = 'UTF8';

SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE;

SET LOCAL standard_conforming_strings = on;

SET LOCAL array_nulls = on;

SET LOCAL datestyle = 'ISO';

SELECT meter_ensure_months('{}');

SELECT meter_begin_batch('3bda2be67b5e4163ba0ac25021c65de4', '3bda2be67b5e4163ba0ac25021c65de4.sql');

INSERT INTO meter_files (file_id, sha256, name, size, profile, reader_version, header_date_time, from_participant, to_participant) VALUES
(8523140270996326349,'ec908dd67f200f9b3aac6884acf0e97c894db00016410116d8efffeabfb48beb','refused_file_has_no_days.csv',273,'standard','4','2024-03-15 10:30:00+10','WATTMDP','LUMENRET')
ON CONFLICT DO NOTHING;

SELECT meter_hold_file(file_id, profile, reader_version) FROM (VALUES
(8523140270996326349,'standard','4')
) AS planned (file_id, profile, reader_version);

INSERT INTO meter_refusals (level, first_line, last_line, file_id, line, code, nmi, nmi_suffix, day, last_day, field, message, excerpt) VALUES
('FILE',1,5,8523140270996326349,4,'second-header',NULL,NULL,NULL,NULL,NULL,'a 100 record before the 900 record','100,NEM12,202403151030,WATTMDP,LUMENRET')
ON CONFLICT DO NOTHING;

INSERT INTO meter_refused_days (file_id, nmi, nmi_suffix, day, last_day) VALUES
(8523140270996326349,'6407112380','E1','2024-03-01','2024-03-01')
ON CONFLICT DO NOTHING;

INSERT INTO meter_batch_parts (file_id, byte_start, byte_end, part, parts, batch_id, first_line, last_line, records, refused_records, readings, refused_readings, refused_sum, days, first_day, last_day, warnings) VALUES
(8523140270996326349,0,273,0,1,'3bda2be67b5e4163ba0ac25021c65de4',1,5,5,5,48,48,1.5,0,NULL,NULL,'{}')
ON CONFLICT (file_id, parts, byte_start, byte_end) DO UPDATE SET batch_id = excluded.batch_id
WHERE meter_batch_parts.batch_id <> excluded.batch_id;

SELECT meter_apply_batch('3bda2be67b5e4163ba0ac25021c65de4') AS readings_put_in_force;
