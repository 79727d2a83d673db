-- name: find
SELECT k.content_sha256, k.uuid
FROM idempotency AS k LEFT JOIN requests AS r ON k.uuid = r.uuid
WHERE
    k.instance_id = :instance_id
    AND k.key = :key
    AND (k.created_at > :since OR (r.uuid IS NOT NULL AND r.finished_at IS NULL));

-- name: put
INSERT INTO idempotency (instance_id, key, content_sha256, uuid, created_at)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (instance_id, key) DO UPDATE SET
    content_sha256 = excluded.content_sha256,
    uuid = excluded.uuid,
    created_at = excluded.created_at;

-- name: forget
DELETE FROM idempotency
WHERE (instance_id, key) IN (
    SELECT k.instance_id, k.key
    FROM idempotency AS k LEFT JOIN requests AS r ON k.uuid = r.uuid
    WHERE k.created_at < :before AND (r.uuid IS NULL OR r.finished_at IS NOT NULL)
    LIMIT :limit
);
