-- One-time codes. `chat` is '' for a link that anybody may use; `texts` is JSON; `callback` is a URL to call, at `callback_at` next.
CREATE TABLE otps (
    uuid TEXT PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    chat TEXT NOT NULL,
    hashed BLOB NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    settled_at REAL,
    settled_by TEXT,
    settled_chat TEXT,
    texts TEXT,
    callback TEXT,
    callback_at REAL,
    callback_tries INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX otps_chat ON otps (instance_id, chat, created_at) WHERE kind = 'code';

CREATE INDEX otps_link ON otps (instance_id, hashed) WHERE kind = 'link';

CREATE INDEX otps_age ON otps (expires_at);

CREATE INDEX otps_callback ON otps (callback_at) WHERE callback_at IS NOT NULL;
