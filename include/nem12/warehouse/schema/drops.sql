-- Whoever waits for drops to be settled listens instead of asking again and again.
CREATE OR REPLACE FUNCTION meter_notify_drops() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY meter_drops;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER meter_drops_changed AFTER INSERT OR UPDATE ON meter_drops
FOR EACH STATEMENT EXECUTE FUNCTION meter_notify_drops();
