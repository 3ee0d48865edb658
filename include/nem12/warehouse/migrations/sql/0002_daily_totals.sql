-- The values of meter_daily, kept: made by the DAG nem12_daily_totals, of whole days.
CREATE TABLE meter_daily_totals (
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    day date NOT NULL,
    uom varchar(5) NOT NULL,
    total_consumption numeric,
    average_consumption numeric NOT NULL,
    minimum_consumption numeric NOT NULL,
    maximum_consumption numeric NOT NULL,
    readings integer NOT NULL,
    estimated_share numeric NOT NULL,
    file_id bigint NOT NULL,
    line bigint NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (nmi, nmi_suffix, day)
);

COMMENT ON TABLE meter_daily_totals IS 'Daily values of each channel, as in meter_daily.';
COMMENT ON COLUMN meter_daily_totals.file_id IS
    'With line and settled_at: the delivery that the values were made of; another one in force '
    'makes them stale.';
