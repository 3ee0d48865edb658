-- Sessions that wait until drops are settled LISTEN to this channel instead of polling.
CREATE OR REPLACE FUNCTION meter_notify_drops() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY meter_drops;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER meter_drops_changed AFTER INSERT OR UPDATE ON meter_drops
FOR EACH STATEMENT EXECUTE FUNCTION meter_notify_drops();

-- Whether a drop in this state is not settled. The planner puts the expression in place of the call, as those of
-- facts.sql: it is the condition of the index meter_drops_open.
CREATE OR REPLACE FUNCTION meter_is_open(state text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT state IN ('claimed', 'running', 'waiting', 'failed');
END;
