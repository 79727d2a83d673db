-- name: put
-- Nothing where the instance is gone, or a later holder has told.
INSERT INTO conditions (
    instance_id, epoch, state, reason, since, until, connected_at, qr_text, qr_expires_at
)
SELECT
    id,
    CAST(:epoch AS bigint),
    CAST(:state AS text),
    CAST(:reason AS text),
    CAST(:since AS double precision),
    CAST(:until AS double precision),
    CAST(:connected_at AS double precision),
    CAST(:qr_text AS text),
    CAST(:qr_expires_at AS double precision)
FROM instances WHERE id = :instance_id
ON CONFLICT (instance_id) DO UPDATE SET
    epoch = excluded.epoch,
    state = excluded.state,
    reason = excluded.reason,
    since = excluded.since,
    until = excluded.until,
    connected_at = excluded.connected_at,
    qr_text = excluded.qr_text,
    qr_expires_at = excluded.qr_expires_at
WHERE conditions.epoch <= excluded.epoch;

-- name: all
SELECT
    c.instance_id, c.state, c.reason, c.since, c.until, c.connected_at, c.qr_text, c.qr_expires_at,
    l.node_id IS NOT NULL AND l.epoch = c.epoch AND l.expires_at > now() AS held
FROM conditions AS c INNER JOIN leases AS l ON c.instance_id = l.instance_id
WHERE :instance_id = '' OR c.instance_id = :instance_id;
