-- name: insert
INSERT INTO requests (
    uuid, instance_id, operation, chat_key, state, epoch, request, payload, payload_version, created_at,
    expires_at, blob_id
) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?);

-- name: get
SELECT
    seq, uuid, instance_id, operation, chat_key, state, request, payload, payload_version, created_at,
    expires_at, blob_id, prepared, staged, attempts, next_attempt_at, failure, response_status, response_body,
    finished_at,
    (
        SELECT json_group_object(name, message_status)
        FROM (SELECT name, message_status FROM steps WHERE steps.uuid = requests.uuid ORDER BY number)
    ) AS statuses
FROM requests
WHERE uuid = :uuid AND instance_id = :instance_id;

-- name: page
SELECT
    seq, uuid, instance_id, operation, chat_key, state, request, payload, payload_version, created_at,
    expires_at, blob_id, prepared, staged, attempts, next_attempt_at, failure, response_status, response_body,
    finished_at,
    (
        SELECT json_group_object(name, message_status)
        FROM (SELECT name, message_status FROM steps WHERE steps.uuid = requests.uuid ORDER BY number)
    ) AS statuses
FROM requests
WHERE
    instance_id = :instance_id
    AND seq < :before
    AND (:operation IS NULL OR operation = :operation)
    AND (:chat_key IS NULL OR chat_key = :chat_key)
    AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
ORDER BY seq DESC
LIMIT :limit;

-- name: unfinished
SELECT
    seq, uuid, instance_id, operation, chat_key, state, request, payload, payload_version, created_at,
    expires_at, blob_id, prepared, staged, attempts, next_attempt_at, failure, response_status, response_body,
    finished_at,
    NULL AS statuses
FROM requests
WHERE finished_at IS NULL
ORDER BY seq;

-- name: own_unfinished
UPDATE requests SET epoch = :epoch WHERE finished_at IS NULL;

-- name: is_ours
SELECT 1 FROM requests WHERE uuid = :uuid AND epoch = :epoch AND finished_at IS NULL;

-- name: prepared
UPDATE requests
SET state = 'preparing', prepared = :prepared, chat_key = :chat_key, next_attempt_at = NULL, failure = NULL
WHERE uuid = :uuid AND epoch = :epoch AND state IN ('queued', 'preparing');

-- name: staged
UPDATE requests
SET staged = :staged, chat_key = :chat_key, next_attempt_at = NULL, failure = NULL
WHERE uuid = :uuid AND epoch = :epoch AND state = 'preparing';

-- name: sending
UPDATE requests
SET state = 'sending', next_attempt_at = NULL
WHERE uuid = :uuid AND epoch = :epoch AND state IN ('preparing', 'sending');

-- name: postponed
UPDATE requests
SET attempts = :attempts, next_attempt_at = :next_attempt_at, failure = :failure
WHERE uuid = :uuid AND epoch = :epoch AND finished_at IS NULL;

-- name: ended
-- An ending that is repeated after it was stored has the same time.
UPDATE requests
SET
    state = :state,
    response_status = :status,
    response_body = :body,
    failure = :failure,
    next_attempt_at = NULL,
    finished_at = :at
WHERE uuid = :uuid AND epoch = :epoch AND (finished_at IS NULL OR finished_at = :at);

-- name: cancel
UPDATE requests
SET
    state = :state,
    response_status = :status,
    response_body = :body,
    failure = :failure,
    next_attempt_at = NULL,
    finished_at = :at
WHERE uuid = :uuid AND instance_id = :instance_id AND epoch = :epoch AND state IN ('queued', 'preparing');

-- name: retry
UPDATE requests
SET
    seq = (SELECT max(seq) + 1 FROM requests),
    state = 'queued',
    epoch = :epoch,
    expires_at = :expires_at,
    prepared = NULL,
    staged = NULL,
    attempts = 0,
    next_attempt_at = NULL,
    failure = NULL,
    response_status = NULL,
    response_body = NULL,
    finished_at = NULL
WHERE uuid = :uuid AND instance_id = :instance_id AND state IN ('failed', 'cancelled');

-- name: move_chat
UPDATE requests SET chat_key = :new WHERE instance_id = :instance_id AND chat_key = :old AND finished_at IS NULL;

-- name: forget
DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE finished_at < :before LIMIT :limit);
