-- One-time codes. `chat` is '' for a link that anybody may use; `texts` is JSON; `callback` is a URL to call, at `callback_at` next.
CREATE TABLE otps (
    uuid text PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    kind text NOT NULL,
    chat text NOT NULL,
    hashed bytea NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    created_at double precision NOT NULL,
    expires_at double precision NOT NULL,
    settled_at double precision,
    settled_by text,
    settled_chat text,
    texts text,
    callback text,
    callback_at double precision,
    callback_tries integer NOT NULL DEFAULT 0
);

CREATE INDEX otps_chat ON otps (instance_id, chat, created_at) WHERE kind = 'code';

CREATE INDEX otps_link ON otps (instance_id, hashed) WHERE kind = 'link';

CREATE INDEX otps_age ON otps (expires_at);

CREATE INDEX otps_callback ON otps (callback_at) WHERE callback_at IS NOT NULL;
