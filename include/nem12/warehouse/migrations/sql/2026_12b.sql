-- What people say of NMIs and channels: which are expected to deliver, and until when. Only the room
-- `coverage` reads and writes these.
CREATE TABLE meter_expected_nmis (
    nmi varchar(10) PRIMARY KEY,
    label text NOT NULL,
    first_day date,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE meter_expected_nmis IS 'NMIs that are expected to deliver; coverage lists those of which nothing has come.';
COMMENT ON COLUMN meter_expected_nmis.label IS 'A name for people; empty where none was given.';
COMMENT ON COLUMN meter_expected_nmis.first_day IS 'From when on; null from the beginning of what is looked at.';
COMMENT ON COLUMN meter_expected_nmis.said_by IS 'User of Airflow, or user and host of the command.';

CREATE TABLE meter_channel_ends (
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    last_day date,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (nmi, nmi_suffix)
);

COMMENT ON TABLE meter_channel_ends IS 'The last day that a channel is expected to have, as somebody said.';
COMMENT ON COLUMN meter_channel_ends.nmi_suffix IS 'Empty: of all channels of the NMI that have no row of their own.';
COMMENT ON COLUMN meter_channel_ends.last_day IS 'Null: it goes on, also where its meter was exchanged.';
