-- Sessions that wait until drops are settled LISTEN to this channel instead of polling.
CREATE OR REPLACE FUNCTION meter_notify_drops() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY meter_drops;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER meter_drops_changed AFTER INSERT OR UPDATE ON meter_drops
FOR EACH STATEMENT EXECUTE FUNCTION meter_notify_drops();
