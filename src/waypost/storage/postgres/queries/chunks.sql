-- name: put
INSERT INTO blob_chunks (blob_id, number, data) VALUES (:blob_id, :number, :data)
ON CONFLICT (blob_id, number) DO NOTHING;

-- name: get
SELECT data FROM blob_chunks WHERE blob_id = :blob_id AND number = :number;

-- name: delete
DELETE FROM blob_chunks WHERE blob_id = :blob_id;

-- name: sweep
-- An id begins with the time at which it was made, in microseconds.
DELETE FROM blob_chunks
WHERE blob_id IN (
    SELECT c.blob_id FROM blob_chunks AS c
    WHERE
        c.blob_id < :before
        AND c.number = 0
        AND NOT EXISTS (SELECT 1 FROM blobs AS b WHERE b.id = c.blob_id)
    LIMIT :limit
)
RETURNING number = 0;
