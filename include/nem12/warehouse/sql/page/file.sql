SELECT file_id, sha256, name, size, status, profile, reader_version, header_at, from_participant,
    to_participant, records, refused_records, readings, refused_readings, refused_sum, days,
    first_day, last_day, warnings, seen_at, settled_at
FROM meter_files WHERE sha256 = %(sha256)s
