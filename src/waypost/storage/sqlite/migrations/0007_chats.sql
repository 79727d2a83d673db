-- What is shown of a message: `names` is its content as JSON, by the names that clients of the API know.
ALTER TABLE messages ADD COLUMN kind TEXT NOT NULL DEFAULT '';

ALTER TABLE messages ADD COLUMN names BLOB;

ALTER TABLE messages ADD COLUMN push_name TEXT NOT NULL DEFAULT '';

ALTER TABLE messages ADD COLUMN secret BLOB;

ALTER TABLE messages ADD COLUMN source TEXT NOT NULL DEFAULT 'app';

ALTER TABLE messages ADD COLUMN seen INTEGER NOT NULL DEFAULT 1;

ALTER TABLE messages ADD COLUMN edited_at REAL;

ALTER TABLE messages ADD COLUMN revoked_at REAL;

CREATE INDEX messages_of_chat ON messages (instance_id, chat, timestamp);

-- Files of incoming messages: wanted, there (`blob_id`), or failed for good (`error`).
CREATE TABLE media (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('wanted', 'there', 'failed')),
    created_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL,
    blob_id TEXT,
    size INTEGER,
    mimetype TEXT NOT NULL,
    filename TEXT,
    error TEXT,
    PRIMARY KEY (instance_id, message_id, sender)
) STRICT, WITHOUT ROWID;

CREATE INDEX media_wanted ON media (next_attempt_at) WHERE state = 'wanted';

CREATE INDEX media_by_age ON media (created_at);

CREATE INDEX media_by_blob ON media (blob_id) WHERE blob_id IS NOT NULL;

-- Events that wait for a file, and those behind them in their chat. `event` is JSON; `message_id` and `sender` name the file.
CREATE TABLE held_events (
    seq INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    chat TEXT NOT NULL,
    event BLOB NOT NULL,
    until REAL NOT NULL,
    message_id TEXT,
    sender TEXT
) STRICT;

CREATE UNIQUE INDEX held_events_key ON held_events (instance_id, key);
