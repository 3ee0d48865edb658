-- NEM12 batch fdb98ba2c2e147cf582ebf3251c5c0f5: text_stays_text.csv
-- Applies to a migrated database, as one transaction, as often as you like:
--     psql -v ON_ERROR_STOP=1 -1 -f fdb98ba2c2e147cf582ebf3251c5c0f5.sql "$METER_DB_URI"
SET LOCAL client_encoding = 'UTF8';

SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE;

SET LOCAL standard_conforming_strings = on;

SET LOCAL array_nulls = on;

SET LOCAL datestyle = 'ISO';

SELECT meter_ensure_months('{2024-03-01}');

SELECT meter_begin_batch('fdb98ba2c2e147cf582ebf3251c5c0f5', 'fdb98ba2c2e147cf582ebf3251c5c0f5.sql');

INSERT INTO meter_files (file_id, sha256, name, size, profile, reader_version, header_date_time, from_participant, to_participant) VALUES
(8197055874458468900,'e38395c6a24084486f39dc387b26282100dd208e77c3e7c7e1be14a350786a8f','text_stays_text.csv',526,'standard','4','2024-03-15 10:30:00+10','WATTMDP','LUMENRET')
ON CONFLICT DO NOTHING;

SELECT meter_hold_file(file_id, profile, reader_version) FROM (VALUES
(8197055874458468900,'standard','4')
) AS planned (file_id, profile, reader_version);

INSERT INTO meter_200s (record_id, nmi, nmi_suffix, uom, uom_exponent, interval_minutes, register_id, meter_serial_number, nmi_configuration, mdm_data_stream) SELECT * FROM (VALUES
(8743702640903888042,'6407112380','E1','kWh',0,30,'01','O''BRIEN\1','E1Q1','N1')
) AS delivered (record_id, nmi, nmi_suffix, uom, uom_exponent, interval_minutes, register_id, meter_serial_number, nmi_configuration, mdm_data_stream)
WHERE NOT EXISTS (SELECT FROM meter_200s r WHERE r.record_id = delivered.record_id);

INSERT INTO meter_day_versions (nmi, nmi_suffix, uom, uom_exponent, interval_minutes, register_id, meter_serial_number, record_id, next_scheduled_read_date, file_id, header_date_time, day, line, last_line, records, update_date_time, update_rank, msats_load_date_time, quality_method, reason_code, reason_description, event_start_intervals, event_quality_methods, event_reason_codes, event_reason_descriptions, interval_values) VALUES
('6407112380','E1','kWh',0,30,'01','O''BRIEN\1',8743702640903888042,'2024-04-10',8197055874458468900,'2024-03-15 10:30:00+10','2024-03-01',3,3,1,'20240315T063000+10',0,NULL,'A',0,'it''s 50 % of :name; DROP TABLE x -- \ $1 {a}',NULL,NULL,NULL,NULL,'{1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}'),
('6407112380','E1','kWh',0,30,'01','O''BRIEN\1',8743702640903888042,'2024-04-10',8197055874458468900,'2024-03-15 10:30:00+10','2024-03-02',4,6,3,'20240315T063000+10',0,NULL,'V',NULL,'','{1,21}','{A,A}','{0,0}','{"it''s \"both\" \\ and {braces}","NULL"}','{1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}')
ON CONFLICT DO NOTHING;

INSERT INTO meter_refusals (level, first_line, last_line, file_id, line, code, nmi, nmi_suffix, day, last_day, field, message, excerpt) VALUES
('RECORD',7,7,8197055874458468900,7,'unknown-record','6407112380','E1',NULL,NULL,NULL,'record indicator ''400'''' is not one of the format','400'',1,2'),
('RECORD',8,8,8197055874458468900,8,'unknown-record','6407112380','E1',NULL,NULL,NULL,'record indicator ''\x1b[31m999'' is not one of the format','\x1b[31m999,''); DROP TABLE meter_readings; --')
ON CONFLICT DO NOTHING;

INSERT INTO meter_warnings (file_id, line, code, nmi, nmi_suffix, day, last_day, field, message, excerpt) VALUES
(8197055874458468900,5,'quote','6407112380','E1','2024-03-02','2024-03-02',6,'a quotation mark in ReasonDescription; the format has no quoting','400,1,20,A,0,►it''s "both" \ and {braces}◄')
ON CONFLICT DO NOTHING;

INSERT INTO meter_batch_parts (file_id, byte_start, byte_end, part, parts, batch_id, first_line, last_line, records, refused_records, readings, refused_readings, refused_sum, days, first_day, last_day, warnings) VALUES
(8197055874458468900,0,526,0,1,'fdb98ba2c2e147cf582ebf3251c5c0f5',1,9,9,2,96,0,0,2,'2024-03-01','2024-03-02','{"quote":1}')
ON CONFLICT (file_id, parts, byte_start, byte_end) DO UPDATE SET batch_id = excluded.batch_id
WHERE meter_batch_parts.batch_id <> excluded.batch_id;

SELECT meter_apply_batch('fdb98ba2c2e147cf582ebf3251c5c0f5') AS readings_put_in_force;
