-- Facts of the market, each in one place. The planner inlines these functions, so that queries use indexes and
-- partitions as if the expressions were written out: none of them may be STRICT or SECURITY DEFINER, or have a
-- SET clause. Australia/Brisbane is NEM time, UTC+10 all year; '+10' would mean UTC-10 (POSIX).

-- When a NEM day begins.
CREATE OR REPLACE FUNCTION meter_midnight(day date) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT day::timestamp AT TIME ZONE 'Australia/Brisbane';
END;

-- An instant by the clocks of the market.
CREATE OR REPLACE FUNCTION meter_nem_time(instant timestamptz) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT instant AT TIME ZONE 'Australia/Brisbane';
END;

-- The NEM day of an instant.
CREATE OR REPLACE FUNCTION meter_nem_day(instant timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT (instant AT TIME ZONE 'Australia/Brisbane')::date;
END;

-- Whether readings in a unit can be summed: energy, not power.
CREATE OR REPLACE FUNCTION meter_adds_up(uom text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT uom IN ('kWh', 'kVArh', 'kVAh');
END;

-- Whether a reading is estimated or substituted (E, F or S).
CREATE OR REPLACE FUNCTION meter_is_estimated(quality_method text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT quality_method ~ '^[EFS]';
END;

-- Whether a profile refuses the whole file for any error.
CREATE OR REPLACE FUNCTION meter_loads_whole_files_only(profile text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT profile = 'strict';
END;

-- The part of time by which tables are partitioned: the first day of the one that a day lies in, the first
-- day of the next one, and what its tables are named by. Nothing else knows that it is a month.
CREATE OR REPLACE FUNCTION meter_month(day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT date_trunc('month', day::timestamp)::date;
END;

CREATE OR REPLACE FUNCTION meter_next_month(month date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT (month + interval '1 month')::date;
END;

CREATE OR REPLACE FUNCTION meter_month_name(month date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT to_char(month::timestamp, 'YYYY_MM');
END;

-- The reverse; null where this is no such name.
CREATE OR REPLACE FUNCTION meter_month_named(name text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT CASE WHEN name ~ '^[0-9]{4}_[0-9]{2}$' THEN to_date(name, 'YYYY_MM') END;
END;
