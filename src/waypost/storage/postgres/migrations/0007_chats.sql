-- What is shown of a message: `names` is its content as JSON, by the names that clients of the API know.
ALTER TABLE messages ADD COLUMN kind text NOT NULL DEFAULT '';

ALTER TABLE messages ADD COLUMN names bytea;

ALTER TABLE messages ADD COLUMN push_name text NOT NULL DEFAULT '';

ALTER TABLE messages ADD COLUMN secret bytea;

ALTER TABLE messages ADD COLUMN source text NOT NULL DEFAULT 'app';

ALTER TABLE messages ADD COLUMN seen boolean NOT NULL DEFAULT TRUE;

ALTER TABLE messages ADD COLUMN edited_at double precision;

ALTER TABLE messages ADD COLUMN revoked_at double precision;

CREATE INDEX messages_of_chat ON messages (instance_id, chat, timestamp);

-- Files of incoming messages: wanted, there (`blob_id`), or failed for good (`error`).
CREATE TABLE media (
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    message_id text NOT NULL,
    sender text NOT NULL,
    state text NOT NULL CHECK (state IN ('wanted', 'there', 'failed')),
    created_at double precision NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at double precision NOT NULL,
    blob_id text,
    size bigint,
    mimetype text NOT NULL,
    filename text,
    error text,
    PRIMARY KEY (instance_id, message_id, sender)
);

CREATE INDEX media_wanted ON media (next_attempt_at) WHERE state = 'wanted';

CREATE INDEX media_by_age ON media (created_at);

CREATE INDEX media_by_blob ON media (blob_id) WHERE blob_id IS NOT NULL;

-- Events that wait for a file, and those behind them in their chat. `event` is JSON; `message_id` and `sender` name the file.
CREATE TABLE held_events (
    seq bigserial PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    key text NOT NULL,
    chat text NOT NULL,
    event bytea NOT NULL,
    until double precision NOT NULL,
    message_id text,
    sender text
);

CREATE UNIQUE INDEX held_events_key ON held_events (instance_id, key);
