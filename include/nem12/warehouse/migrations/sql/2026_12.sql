-- Who did what on the page, and when. Rows are added and stay.
CREATE TABLE meter_acts (
    act_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    acted_at timestamptz NOT NULL DEFAULT now(),
    acted_by text NOT NULL,
    act text NOT NULL CHECK (act IN ('upload', 'redrive', 'reprocess', 'withdraw')),
    name text NOT NULL,
    sha256 text,
    uri text,
    size bigint,
    detail text NOT NULL DEFAULT ''
);

COMMENT ON TABLE meter_acts IS 'What users did on the page.';
COMMENT ON COLUMN meter_acts.acted_by IS 'The user, by the name that Airflow knows.';
COMMENT ON COLUMN meter_acts.name IS 'Of the file or drop.';
COMMENT ON COLUMN meter_acts.uri IS
    'Of an upload: where it landed. With its size it is found in meter_drops once it is claimed.';

CREATE INDEX meter_acts_sha256 ON meter_acts (sha256);

-- What people write about a refusal, or about a file as a whole. By the hash, so that a note outlives
-- the reload of its file.
CREATE TABLE meter_notes (
    note_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    written_at timestamptz NOT NULL DEFAULT now(),
    written_by text NOT NULL,
    sha256 text NOT NULL,
    line bigint NOT NULL,
    code text NOT NULL,
    note text NOT NULL,
    asked_again boolean NOT NULL
);

COMMENT ON TABLE meter_notes IS 'Notes about refusals; of one refusal the newest says whether it was asked for again.';
COMMENT ON COLUMN meter_notes.line IS 'Of the refusal; 0 of the file as a whole, with an empty code.';
COMMENT ON COLUMN meter_notes.asked_again IS 'Whether its sender was asked to send it again.';

CREATE INDEX meter_notes_refusal ON meter_notes (sha256, line, code, note_id);
