CREATE TABLE contacts (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    asked TEXT NOT NULL,
    jid TEXT NOT NULL,
    lid TEXT,
    checked_at REAL NOT NULL,
    PRIMARY KEY (instance_id, asked)
) STRICT, WITHOUT ROWID;
