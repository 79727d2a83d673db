-- What happened on instances: what webhooks and live streams are made of. `seq` is the order in which it was stored and is never used again;
-- `at` is when it happened, `stored_at` when it was told here. Times are seconds since the epoch.
CREATE TABLE events (
    seq bigserial PRIMARY KEY,
    id text NOT NULL,
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    name text NOT NULL,
    key text NOT NULL,
    chat text,
    at double precision NOT NULL,
    stored_at double precision NOT NULL,
    payload bytea NOT NULL
);

CREATE UNIQUE INDEX events_key ON events (instance_id, key);

CREATE INDEX events_of_instance ON events (instance_id, seq);

CREATE INDEX events_age ON events (stored_at);

-- `secret` goes into the authorization header, the signing secrets sign; the old one does until `old_until`. `headers` is a JSON object.
-- `failing_since` is when the first attempt failed after which none has succeeded.
CREATE TABLE webhooks (
    id text PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    url text NOT NULL,
    secret text NOT NULL,
    signing_secret text NOT NULL,
    old_signing_secret text,
    old_until double precision,
    headers text NOT NULL,
    user_id text NOT NULL,
    enabled boolean NOT NULL,
    reason text NOT NULL,
    failing_since double precision,
    created_at double precision NOT NULL
);

CREATE INDEX webhooks_of_instance ON webhooks (instance_id);

-- The names of the events that go to a webhook.
CREATE TABLE webhook_names (
    webhook_id text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    name text NOT NULL,
    PRIMARY KEY (webhook_id, name)
);

-- An event on its way to a webhook, made with the event. In each chat they go by `seq`; `chat` is empty for what is the instance's own.
CREATE TABLE deliveries (
    seq bigserial PRIMARY KEY,
    webhook_id text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_seq bigint NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
    instance_id text NOT NULL,
    chat text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts bigint NOT NULL DEFAULT 0,
    created_at double precision NOT NULL,
    retry_until double precision NOT NULL,
    next_attempt_at double precision,
    finished_at double precision,
    status bigint,
    error text
);

CREATE INDEX deliveries_pending ON deliveries (webhook_id, seq, chat) WHERE state = 'pending';

CREATE INDEX deliveries_dead ON deliveries (webhook_id, seq) WHERE state = 'dead';

CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, seq);

CREATE INDEX deliveries_of_event ON deliveries (event_seq);

-- Each try of a delivery: `ms` it took, what was answered (its beginning) or why nothing was.
CREATE TABLE delivery_attempts (
    delivery_seq bigint NOT NULL REFERENCES deliveries (seq) ON DELETE CASCADE,
    number bigint NOT NULL,
    at double precision NOT NULL,
    ms bigint NOT NULL,
    status bigint,
    error text,
    headers text NOT NULL,
    answer bytea NOT NULL,
    PRIMARY KEY (delivery_seq, number)
);
