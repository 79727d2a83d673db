-- What happened on instances: what webhooks and live streams are made of. `seq` is the order in which it was stored and is never used again;
-- `at` is when it happened, `stored_at` when it was told here. Times are seconds since the epoch.
-- `request_id` and `traceparent` name the call that it came of, where there was one.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    chat TEXT,
    at REAL NOT NULL,
    stored_at REAL NOT NULL,
    payload BLOB NOT NULL,
    request_id TEXT,
    traceparent TEXT
) STRICT;

CREATE UNIQUE INDEX events_key ON events (instance_id, key);

CREATE INDEX events_of_instance ON events (instance_id, seq);

CREATE INDEX events_age ON events (stored_at);

-- `secret` goes into the authorization header, the signing secrets sign; the old one does until `old_until`. `headers` is a JSON object.
-- `failing_since` is when the first attempt failed after which none has succeeded.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    signing_secret TEXT NOT NULL,
    old_signing_secret TEXT,
    old_until REAL,
    headers TEXT NOT NULL,
    user_id TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    reason TEXT NOT NULL,
    failing_since REAL,
    created_at REAL NOT NULL
) STRICT;

CREATE INDEX webhooks_of_instance ON webhooks (instance_id);

-- The names of the events that go to a webhook.
CREATE TABLE webhook_names (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (webhook_id, name)
) STRICT, WITHOUT ROWID;

-- An event on its way to a webhook, made with the event. In each chat they go by `seq`; `chat` is empty for what is the instance's own.
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_seq INTEGER NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
    instance_id TEXT NOT NULL,
    chat TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    retry_until REAL NOT NULL,
    next_attempt_at REAL,
    finished_at REAL,
    status INTEGER,
    error TEXT
) STRICT;

CREATE INDEX deliveries_pending ON deliveries (webhook_id, seq, chat) WHERE state = 'pending';

CREATE INDEX deliveries_dead ON deliveries (webhook_id, seq) WHERE state = 'dead';

CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, seq);

CREATE INDEX deliveries_of_event ON deliveries (event_seq);

-- Each try of a delivery: `ms` it took, what was answered (its beginning) or why nothing was.
CREATE TABLE delivery_attempts (
    delivery_seq INTEGER NOT NULL REFERENCES deliveries (seq) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    ms INTEGER NOT NULL,
    status INTEGER,
    error TEXT,
    headers TEXT NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (delivery_seq, number)
) STRICT, WITHOUT ROWID;
