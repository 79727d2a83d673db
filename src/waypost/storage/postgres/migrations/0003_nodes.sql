-- Gateway processes; `seen_at` is this server's clock.
CREATE TABLE nodes (
    node_id text PRIMARY KEY,
    name text NOT NULL,
    url text NOT NULL,
    started_at double precision NOT NULL,
    seen_at timestamptz NOT NULL,
    draining boolean NOT NULL
);

-- One row per instance, made with it: the node that holds it, in which epoch, until when by this server's clock.
-- Without a node, `expires_at` is since when it has been free.
CREATE TABLE leases (
    instance_id text PRIMARY KEY REFERENCES instances (id) ON DELETE CASCADE,
    node_id text,
    epoch bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What the holder knows of an instance, so that every node can answer.
CREATE TABLE conditions (
    instance_id text PRIMARY KEY REFERENCES instances (id) ON DELETE CASCADE,
    epoch bigint NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    since double precision NOT NULL,
    until double precision,
    connected_at double precision,
    qr_text text,
    qr_expires_at double precision
) WITH (fillfactor = 50);

-- Asked of an instance at a node that does not hold it. Outlives its instance, so that its end can be told.
CREATE TABLE orders (
    id text PRIMARY KEY,
    instance_id text NOT NULL,
    kind text NOT NULL,
    made_at double precision NOT NULL,
    done_at double precision,
    error_code text
);

CREATE INDEX orders_open ON orders (instance_id, made_at) WHERE done_at IS NULL;

CREATE INDEX orders_age ON orders (made_at);

-- Larger uploads. They are compressed already, so that the server need not try.
CREATE TABLE blob_chunks (
    blob_id text NOT NULL,
    number bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (blob_id, number)
);

ALTER TABLE blob_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

-- The instances of a database that knew no nodes yet.
INSERT INTO leases (instance_id, expires_at) SELECT id, now() FROM instances;
