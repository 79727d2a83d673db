-- What a writer touches to find out whether the database takes writes again.
CREATE TABLE writer_probe (
    count bigint NOT NULL
);

INSERT INTO writer_probe VALUES (0);
-- Times are seconds since the epoch. `seq` is the order of a chat; a retried request gets a new one.
CREATE TABLE requests (
    seq bigserial PRIMARY KEY,
    uuid text NOT NULL UNIQUE,
    instance_id text NOT NULL,
    operation text NOT NULL,
    chat_key text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'preparing', 'sending', 'sent', 'failed', 'cancelled')),
    epoch bigint NOT NULL,
    request bytea NOT NULL,
    payload bytea NOT NULL,
    payload_version bigint NOT NULL,
    created_at double precision NOT NULL,
    expires_at double precision NOT NULL,
    blob_id text,
    prepared bytea,
    staged bytea,
    attempts bigint NOT NULL DEFAULT 0,
    next_attempt_at double precision,
    failure bytea,
    response_status bigint,
    response_body bytea,
    finished_at double precision
) WITH (fillfactor = 70);

CREATE INDEX requests_of_instance ON requests (instance_id, seq);

-- Leads a node to the few that it has not adopted yet.
CREATE INDEX requests_unfinished ON requests (instance_id, epoch) WHERE finished_at IS NULL;

CREATE INDEX requests_finished ON requests (finished_at) WHERE finished_at IS NOT NULL;

-- The messages of a request in order. A row is written before its message is sent.
CREATE TABLE steps (
    uuid text NOT NULL REFERENCES requests (uuid) ON DELETE CASCADE,
    number bigint NOT NULL,
    instance_id text NOT NULL,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'unknown', 'failed')),
    attempt bigint NOT NULL DEFAULT 0,
    secret bytea,
    device_jid text,
    generation text,
    message_id text,
    chat text,
    timestamp bigint,
    data bytea,
    error_code text,
    message_status text CHECK (message_status IN ('PENDING', 'SENT', 'DELIVERED', 'READ', 'PLAYED', 'ERROR')),
    PRIMARY KEY (uuid, number)
);

CREATE INDEX steps_by_message ON steps (instance_id, message_id) WHERE message_id IS NOT NULL;

-- What each participant's devices told about a message, whether or not we know the message (yet).
-- `participant` is empty for what only proves that it was sent. `rank`: -1 could not decrypt, 0 asks again, 1 sent, 2 delivered, 3 read, 4 played.
CREATE TABLE receipts (
    instance_id text NOT NULL,
    message_id text NOT NULL,
    participant text NOT NULL,
    rank bigint NOT NULL,
    at double precision NOT NULL,
    retry_at double precision,
    PRIMARY KEY (instance_id, message_id, participant)
);

CREATE INDEX receipts_by_age ON receipts (at);

CREATE INDEX receipts_to_retry ON receipts (retry_at) WHERE retry_at IS NOT NULL;

CREATE TABLE idempotency (
    instance_id text NOT NULL,
    key text NOT NULL,
    content_sha256 text NOT NULL,
    uuid text NOT NULL,
    created_at double precision NOT NULL,
    PRIMARY KEY (instance_id, key)
);

CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Uploads of requests. `data` holds a small one; a larger one is in chunks or in an object store.
CREATE TABLE blobs (
    id text PRIMARY KEY,
    uuid text NOT NULL,
    size bigint NOT NULL,
    data bytea,
    delete_after double precision
);

CREATE INDEX blobs_of_request ON blobs (uuid);

CREATE INDEX blobs_to_delete ON blobs (delete_after) WHERE delete_after IS NOT NULL;

-- Another name of a chat (a number, a corrected number) and the canonical key that its requests are ordered by.
CREATE TABLE chat_aliases (
    instance_id text NOT NULL,
    alias text NOT NULL,
    chat_key text NOT NULL,
    PRIMARY KEY (instance_id, alias)
);

-- One row: the key of the steps' secrets. `epoch` stays 0; leases have the epochs here.
CREATE TABLE outbox_identity (
    id bigint PRIMARY KEY CHECK (id = 1),
    secret_key bytea NOT NULL,
    epoch bigint NOT NULL
);
