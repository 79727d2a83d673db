CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    network TEXT NOT NULL,
    created_at REAL NOT NULL,
    caption_as_text INTEGER NOT NULL DEFAULT 1,
    webhook_url TEXT,
    ended TEXT NOT NULL DEFAULT '',
    jid TEXT,
    lid TEXT,
    push_name TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX instances_name ON instances (name);
CREATE TABLE tokens (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_sha256 BLOB NOT NULL,
    scopes TEXT NOT NULL,
    instance_id TEXT REFERENCES instances (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;

CREATE INDEX tokens_instance ON tokens (instance_id);
CREATE TABLE contacts (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    asked TEXT NOT NULL,
    jid TEXT NOT NULL,
    lid TEXT,
    checked_at REAL NOT NULL,
    PRIMARY KEY (instance_id, asked)
) STRICT, WITHOUT ROWID;
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
