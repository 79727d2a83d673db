-- name: claim
-- A key that is still in use stays as it is, and then no row is changed.
INSERT INTO idempotency (instance_id, key, content_sha256, uuid, created_at)
VALUES (:instance_id, :key, :content_sha256, :uuid, :created_at)
ON CONFLICT (instance_id, key) DO UPDATE SET
    content_sha256 = excluded.content_sha256,
    uuid = excluded.uuid,
    created_at = excluded.created_at
WHERE
    idempotency.created_at <= :since
    AND NOT EXISTS (
        SELECT 1 FROM requests AS r WHERE r.uuid = idempotency.uuid AND r.finished_at IS NULL
    );

-- name: find
SELECT content_sha256, uuid FROM idempotency WHERE instance_id = :instance_id AND key = :key;

-- name: forget
DELETE FROM idempotency
WHERE (instance_id, key) IN (
    SELECT k.instance_id, k.key
    FROM idempotency AS k LEFT JOIN requests AS r ON k.uuid = r.uuid
    WHERE k.created_at < :before AND (r.uuid IS NULL OR r.finished_at IS NOT NULL)
    LIMIT :limit
);
