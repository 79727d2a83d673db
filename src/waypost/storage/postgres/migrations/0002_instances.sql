CREATE TABLE instances (
    id text PRIMARY KEY,
    name text NOT NULL,
    phone text NOT NULL,
    network text NOT NULL,
    created_at double precision NOT NULL,
    caption_as_text boolean NOT NULL DEFAULT TRUE,
    webhook_url text,
    ended text NOT NULL DEFAULT '',
    jid text,
    lid text,
    push_name text NOT NULL DEFAULT ''
);

CREATE UNIQUE INDEX instances_name ON instances (name);
CREATE TABLE tokens (
    number bigserial PRIMARY KEY,
    secret_sha256 bytea NOT NULL,
    scopes text NOT NULL,
    instance_id text REFERENCES instances (id) ON DELETE CASCADE,
    name text NOT NULL,
    created_at double precision NOT NULL
);

CREATE INDEX tokens_instance ON tokens (instance_id);
CREATE TABLE contacts (
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    asked text NOT NULL,
    jid text NOT NULL,
    lid text,
    checked_at double precision NOT NULL,
    PRIMARY KEY (instance_id, asked)
);
CREATE TABLE messages (
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    message_id text NOT NULL,
    chat text NOT NULL,
    sender text NOT NULL,
    from_me boolean NOT NULL,
    timestamp bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (instance_id, message_id, sender)
);

CREATE INDEX messages_age ON messages (timestamp);
