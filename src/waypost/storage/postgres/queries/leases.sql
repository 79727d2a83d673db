-- name: see
INSERT INTO nodes (node_id, name, url, started_at, seen_at, draining)
VALUES (:node_id, :name, :url, :started_at, now(), :draining)
ON CONFLICT (node_id) DO UPDATE SET
    name = excluded.name,
    url = excluded.url,
    seen_at = excluded.seen_at,
    draining = excluded.draining;

-- name: renew
UPDATE leases SET expires_at = now() + :ttl * interval '1 second'
WHERE node_id = :node_id AND expires_at > now()
RETURNING instance_id, epoch;

-- name: claim
WITH free AS MATERIALIZED (
    SELECT instance_id FROM leases
    WHERE node_id IS NULL OR expires_at <= now()
    ORDER BY expires_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE leases SET node_id = :node_id, epoch = epoch + 1, expires_at = now() + :ttl * interval '1 second'
FROM free
WHERE leases.instance_id = free.instance_id
RETURNING leases.instance_id, leases.epoch;

-- name: free
UPDATE leases SET node_id = NULL, expires_at = now()
FROM (
    SELECT value ->> 0 AS instance_id, CAST(value ->> 1 AS bigint) AS epoch
    FROM jsonb_array_elements(CAST(:tenures AS jsonb))
) AS t
WHERE leases.instance_id = t.instance_id AND leases.epoch = t.epoch AND leases.node_id = :node_id;

-- name: free_all
UPDATE leases SET node_id = NULL, expires_at = now() WHERE node_id = :node_id;

-- name: forget
-- A node that vanished a day ago is of no interest to anybody.
DELETE FROM nodes WHERE node_id = :node_id OR seen_at < now() - interval '1 day';

-- name: count
SELECT
    count(*),
    CAST(extract(EPOCH FROM min(expires_at) FILTER (WHERE expires_at > now()) - now()) AS double precision)
FROM leases;

-- name: alive
SELECT
    n.node_id, n.name, n.url, n.started_at, n.draining,
    (SELECT count(*) FROM leases AS l WHERE l.node_id = n.node_id AND l.expires_at > now()) AS held,
    CAST(extract(EPOCH FROM now() - n.seen_at) AS double precision) AS silent
FROM nodes AS n
WHERE n.seen_at > now() - :within * interval '1 second'
ORDER BY n.node_id;

-- name: owners
SELECT l.instance_id, n.node_id, n.name, n.url, n.started_at, n.draining
FROM leases AS l JOIN nodes AS n ON n.node_id = l.node_id
WHERE l.expires_at > now();
