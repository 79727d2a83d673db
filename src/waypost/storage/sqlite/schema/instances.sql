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
    push_name TEXT NOT NULL DEFAULT '',
    overrides TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE UNIQUE INDEX instances_name ON instances (name);
