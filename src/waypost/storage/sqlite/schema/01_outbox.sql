-- Times are seconds since the epoch. `seq` is the order of a chat; a retried request gets a new one. `request_id` and `traceparent` name the
-- call in logs and traces.
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    instance_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    chat_key TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'preparing', 'sending', 'sent', 'failed', 'cancelled')),
    epoch INTEGER NOT NULL,
    request BLOB NOT NULL,
    payload BLOB NOT NULL,
    payload_version INTEGER NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    blob_id TEXT,
    prepared BLOB,
    staged BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL,
    failure BLOB,
    response_status INTEGER,
    response_body BLOB,
    finished_at REAL,
    request_id TEXT,
    traceparent TEXT
) STRICT;

CREATE INDEX requests_of_instance ON requests (instance_id, seq);

CREATE INDEX requests_unfinished ON requests (instance_id, seq) WHERE finished_at IS NULL;

CREATE INDEX requests_of_chat ON requests (instance_id, chat_key, seq) WHERE finished_at IS NULL;

CREATE INDEX requests_by_expiry ON requests (expires_at) WHERE finished_at IS NULL;

CREATE INDEX requests_finished ON requests (finished_at) WHERE finished_at IS NOT NULL;

-- The messages of a request in order. A row is written before its message is sent.
CREATE TABLE steps (
    uuid TEXT NOT NULL REFERENCES requests (uuid) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    instance_id TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'unknown', 'failed')),
    attempt INTEGER NOT NULL DEFAULT 0,
    secret BLOB,
    device_jid TEXT,
    generation TEXT,
    message_id TEXT,
    chat TEXT,
    timestamp INTEGER,
    data BLOB,
    error_code TEXT,
    message_status TEXT CHECK (message_status IN ('PENDING', 'SENT', 'DELIVERED', 'READ', 'PLAYED', 'ERROR')),
    recipients INTEGER,
    PRIMARY KEY (uuid, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX steps_by_message ON steps (instance_id, message_id) WHERE message_id IS NOT NULL;

-- What each participant's devices told about a message, whether or not we know the message (yet).
-- `participant` is empty for what only proves that it was sent. `rank`: -1 could not decrypt, 0 asks again, 1 sent, 2 delivered, 3 read, 4 played.
CREATE TABLE receipts (
    instance_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    participant TEXT NOT NULL,
    rank INTEGER NOT NULL,
    at REAL NOT NULL,
    retry_at REAL,
    PRIMARY KEY (instance_id, message_id, participant)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_by_age ON receipts (at);

CREATE INDEX receipts_to_retry ON receipts (retry_at) WHERE retry_at IS NOT NULL;

CREATE TABLE idempotency (
    instance_id TEXT NOT NULL,
    key TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    uuid TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (instance_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Uploads of requests. `data` holds a small one; a larger one is a file of that id.
CREATE TABLE blobs (
    id TEXT PRIMARY KEY,
    uuid TEXT NOT NULL,
    size INTEGER NOT NULL,
    data BLOB,
    delete_after REAL
) STRICT;

CREATE INDEX blobs_of_request ON blobs (uuid);

CREATE INDEX blobs_to_delete ON blobs (delete_after) WHERE delete_after IS NOT NULL;

CREATE INDEX blobs_in_files ON blobs (id) WHERE data IS NULL;

-- Another name of a chat (a number, a corrected number) and the canonical key that its requests are ordered by.
CREATE TABLE chat_aliases (
    instance_id TEXT NOT NULL,
    alias TEXT NOT NULL,
    chat_key TEXT NOT NULL,
    PRIMARY KEY (instance_id, alias)
) STRICT, WITHOUT ROWID;

CREATE INDEX chat_aliases_of_chat ON chat_aliases (instance_id, chat_key);

-- One row: the key of the steps' secrets, and how often a gateway has taken over this database.
CREATE TABLE outbox_identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    secret_key BLOB NOT NULL,
    epoch INTEGER NOT NULL
) STRICT;
