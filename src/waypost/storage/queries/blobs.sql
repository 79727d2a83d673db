-- name: data
SELECT data FROM blobs WHERE id = ?;

-- name: exists
SELECT 1 FROM blobs WHERE id = ?;

-- name: files
SELECT id FROM blobs WHERE data IS NULL
UNION ALL
SELECT blob_id FROM media WHERE blob_id IS NOT NULL;

-- name: keep_until
UPDATE blobs SET delete_after = :until WHERE uuid = :uuid;

-- name: forget
DELETE FROM blobs WHERE id = ?;
