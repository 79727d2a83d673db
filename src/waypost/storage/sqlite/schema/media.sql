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

CREATE INDEX media_waiting ON media (instance_id, next_attempt_at) WHERE state = 'wanted';
