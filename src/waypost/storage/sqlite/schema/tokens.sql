CREATE TABLE tokens (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_sha256 BLOB NOT NULL,
    scopes TEXT NOT NULL,
    instance_id TEXT REFERENCES instances (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;

CREATE INDEX tokens_instance ON tokens (instance_id);
