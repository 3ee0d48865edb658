INSERT INTO meter_schema (revision, fingerprint, package, objects)
VALUES (%(revision)s, %(fingerprint)s, %(package)s, %(objects)s)
ON CONFLICT (one) DO UPDATE SET revision = excluded.revision, fingerprint = excluded.fingerprint,
    package = excluded.package, objects = excluded.objects, migrated_at = now()
