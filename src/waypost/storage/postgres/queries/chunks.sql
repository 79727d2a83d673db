-- name: put
INSERT INTO blob_chunks (blob_id, number, data) VALUES (:blob_id, :number, :data)
ON CONFLICT (blob_id, number) DO NOTHING;

-- name: get
SELECT data FROM blob_chunks WHERE blob_id = :blob_id AND number = :number;

-- name: delete
DELETE FROM blob_chunks WHERE blob_id = :blob_id;

-- name: files
SELECT blob_id FROM blob_chunks WHERE number = 0 AND blob_id > :after ORDER BY blob_id LIMIT :limit;
