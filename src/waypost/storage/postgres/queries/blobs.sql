-- name: due
SELECT id, data IS NULL FROM blobs WHERE delete_after < :now LIMIT :limit
FOR UPDATE SKIP LOCKED;
