-- name: files
SELECT id FROM blobs WHERE data IS NULL
UNION SELECT blob_id FROM media WHERE blob_id IS NOT NULL;

-- name: hold_back_steps
UPDATE steps SET state = 'unknown'
WHERE state = 'sending' AND uuid IN (SELECT uuid FROM requests WHERE finished_at IS NULL);

-- name: keep_files
UPDATE blobs SET delete_after = :until WHERE uuid IN (SELECT uuid FROM requests WHERE finished_at IS NULL);

-- name: hold_back
UPDATE requests
SET
    state = 'failed',
    response_status = 500,
    response_body = :body,
    failure = :failure,
    next_attempt_at = NULL,
    finished_at = :now
WHERE finished_at IS NULL;

-- name: new_key
UPDATE outbox_identity SET secret_key = :secret_key;
