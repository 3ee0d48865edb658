-- NEM12 batch 54fe2193ee31b7f75bb4ebcdd153de07: every_kind_of_row.csv
-- Applies to a migrated database, as one transaction, as often as you like:
--     psql -v ON_ERROR_STOP=1 -1 -f 54fe2193ee31b7f75bb4ebcdd153de07.sql "$METER_DB_URI"
SET LOCAL client_encoding = 'UTF8';

SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE;

SET LOCAL standard_conforming_strings = on;

SET LOCAL array_nulls = on;

SET LOCAL datestyle = 'ISO';

SELECT meter_ensure_months('{2024-02-01,2024-03-01}');

SELECT meter_begin_batch('54fe2193ee31b7f75bb4ebcdd153de07', '54fe2193ee31b7f75bb4ebcdd153de07.sql');

INSERT INTO meter_files (file_id, sha256, name, size, profile, reader_version, header_date_time, from_participant, to_participant) VALUES
(6649255338076468075,'b88dcd005dd5e6d770e8285838a888680809272019fa78a53731d4adb6ad4e6d','every_kind_of_row.csv',1232,'standard','4','2024-03-15 10:30:00+10','WATTMDP','LUMENRET')
ON CONFLICT DO NOTHING;

SELECT meter_hold_file(file_id, profile, reader_version) FROM (VALUES
(6649255338076468075,'standard','4')
) AS planned (file_id, profile, reader_version);

INSERT INTO meter_200s (record_id, nmi, nmi_suffix, uom, uom_exponent, interval_minutes, register_id, meter_serial_number, nmi_configuration, mdm_data_stream) SELECT * FROM (VALUES
(1886389579591801801,'6407112380','E1','kWh',0,30,'01','TX90417','E1Q1','N1'),
(6046850711713915806,'6407112380','Q1','kVArh',-3,30,'01','TX90417','E1Q1','N1')
) AS delivered (record_id, nmi, nmi_suffix, uom, uom_exponent, interval_minutes, register_id, meter_serial_number, nmi_configuration, mdm_data_stream)
WHERE NOT EXISTS (SELECT FROM meter_200s r WHERE r.record_id = delivered.record_id);

INSERT INTO meter_day_versions (nmi, nmi_suffix, uom, uom_exponent, interval_minutes, register_id, meter_serial_number, record_id, next_scheduled_read_date, file_id, header_date_time, day, line, last_line, records, update_date_time, update_rank, msats_load_date_time, quality_method, reason_code, reason_description, event_start_intervals, event_quality_methods, event_reason_codes, event_reason_descriptions, interval_values) VALUES
('6407112380','E1','kWh',0,30,'01','TX90417',1886389579591801801,'2024-04-10',6649255338076468075,'2024-03-15 10:30:00+10','2024-02-29',3,3,1,'20240315T063000+10',0,NULL,'A',NULL,'',NULL,NULL,NULL,NULL,'{1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}'),
('6407112380','E1','kWh',0,30,'01','TX90417',1886389579591801801,'2024-04-10',6649255338076468075,'2024-03-15 10:30:00+10','2024-03-01',4,4,1,'20240315T063000+10',0,NULL,'F51',13,'',NULL,NULL,NULL,NULL,'{.048,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}'),
('6407112380','E1','kWh',0,30,'01','TX90417',1886389579591801801,'2024-04-10',6649255338076468075,'2024-03-15 10:30:00+10','2024-03-02',5,8,4,'20240315T063000+10',0,'20240315T070000+10','V',NULL,'','{1,21}','{A,E52}','{NULL,NULL}','{"",""}','{1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}'),
('6407112380','E1','kWh',0,30,'01','TX90417',1886389579591801801,'2024-04-10',6649255338076468075,'2024-03-15 10:30:00+10','2024-03-03',9,10,2,'20240315T103000+10',1,NULL,'A',NULL,'','{1,11,13}','{A,S14,A}','{NULL,76,NULL}','{"","",""}','{1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}'),
('6407112380','Q1','kVArh',-3,30,'01','TX90417',6046850711713915806,'2024-04-10',6649255338076468075,'2024-03-15 10:30:00+10','2024-02-29',13,13,1,'20240315T063000+10',0,NULL,'A',NULL,'',NULL,NULL,NULL,NULL,'{461,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}')
ON CONFLICT DO NOTHING;

INSERT INTO meter_refusals (level, first_line, last_line, file_id, line, code, nmi, nmi_suffix, day, last_day, field, message, excerpt) VALUES
('RECORD',11,11,6649255338076468075,11,'value-negative','6407112380','E1','2024-03-04','2024-03-04',3,'IntervalValue 1 ''-1'' is negative','300,20240304,►-1◄,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,A,,,…'),
('RECORD',16,16,6649255338076468075,16,'unknown-record',NULL,'E1',NULL,NULL,NULL,'record indicator ''999'' is not one of the format','999,what is this'),
('BLOCK',14,16,6649255338076468075,14,'nmi',NULL,'E1','2024-02-29','2024-02-29',2,'NMI ''BAD!'' is not 10 letters and digits','200,►BAD!◄,E1Q1,01,E1,N1,TX90417,kWh,30,20240410')
ON CONFLICT DO NOTHING;

INSERT INTO meter_warnings (file_id, line, code, nmi, nmi_suffix, day, last_day, field, message, excerpt) VALUES
(6649255338076468075,9,'update-missing','6407112380','E1','2024-03-03','2024-03-03',54,'UpdateDateTime is empty; the header''s DateTime stands in for it','300,20240303,1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,A,,,►◄,'),
(6649255338076468075,9,'event-with-a','6407112380','E1','2024-03-03','2024-03-03',51,'400 records under QualityMethod A; applied','300,20240303,1.5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,►A◄,,,,')
ON CONFLICT DO NOTHING;

INSERT INTO meter_batch_parts (file_id, byte_start, byte_end, part, parts, batch_id, first_line, last_line, records, refused_records, readings, refused_readings, refused_sum, days, first_day, last_day, warnings) VALUES
(6649255338076468075,0,1232,0,1,'54fe2193ee31b7f75bb4ebcdd153de07',1,17,17,4,336,96,1.5,5,'2024-02-29','2024-03-03','{"event-with-a":1,"update-missing":1}')
ON CONFLICT (file_id, parts, byte_start, byte_end) DO UPDATE SET batch_id = excluded.batch_id
WHERE meter_batch_parts.batch_id <> excluded.batch_id;

SELECT meter_apply_batch('54fe2193ee31b7f75bb4ebcdd153de07') AS readings_put_in_force;
