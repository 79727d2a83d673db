CREATE TABLE messages (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    chat TEXT NOT NULL,
    sender TEXT NOT NULL,
    from_me INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (instance_id, message_id, sender)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_age ON messages (timestamp);
