-- What most who store readings have: a key without meaning, and the uniqueness beside it.
DROP TABLE IF EXISTS usual_readings;
CREATE TABLE usual_readings (
    id uuid PRIMARY KEY,
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    "timestamp" timestamptz NOT NULL,
    interval_minutes smallint NOT NULL,
    consumption numeric NOT NULL,
    uom varchar(5) NOT NULL,
    quality_method varchar(3) NOT NULL,
    UNIQUE (nmi, "timestamp")
);
GRANT ALL ON usual_readings TO nem12_loader;
