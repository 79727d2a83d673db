-- name: put
INSERT INTO blobs (id, uuid, size, data)
SELECT n.id, n.uuid, n.size, n.data
FROM unnest(CAST(? AS text[]), CAST(? AS text[]), CAST(? AS bigint[]), CAST(? AS bytea[])) AS n (
    id, uuid, size, data
);

-- name: due
SELECT id, data IS NULL FROM blobs WHERE delete_after < :now LIMIT :limit
FOR UPDATE SKIP LOCKED;
