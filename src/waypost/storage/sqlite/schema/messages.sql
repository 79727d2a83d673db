-- `names` is the content as JSON, by the names that clients of the API know.
CREATE TABLE messages (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    chat TEXT NOT NULL,
    sender TEXT NOT NULL,
    from_me INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    content BLOB NOT NULL,
    kind TEXT NOT NULL DEFAULT '',
    names BLOB,
    push_name TEXT NOT NULL DEFAULT '',
    secret BLOB,
    source TEXT NOT NULL DEFAULT 'app',
    seen INTEGER NOT NULL DEFAULT 1,
    edited_at REAL,
    revoked_at REAL,
    PRIMARY KEY (instance_id, message_id, sender)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_age ON messages (timestamp);

CREATE INDEX messages_of_chat ON messages (instance_id, chat, timestamp);
