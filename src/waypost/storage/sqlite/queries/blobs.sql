-- name: put
INSERT INTO blobs (id, uuid, size, data) VALUES (?, ?, ?, ?);

-- name: due
SELECT id, data IS NULL FROM blobs WHERE delete_after < :now LIMIT :limit;
