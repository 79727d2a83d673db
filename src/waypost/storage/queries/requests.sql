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
WHERE uuid = :uuid AND instance_id = :instance_id AND state IN ('queued', 'preparing');

-- name: deserted
SELECT r.uuid, r.instance_id FROM requests AS r
WHERE
    r.finished_at IS NULL
    AND r.state IN ('queued', 'preparing')
    AND NOT EXISTS (SELECT 1 FROM instances AS i WHERE i.id = r.instance_id)
LIMIT :limit;

-- name: move_chat
UPDATE requests SET chat_key = :new WHERE instance_id = :instance_id AND chat_key = :old AND finished_at IS NULL;

-- name: depths
SELECT instance_id, count(*) FROM requests WHERE finished_at IS NULL GROUP BY instance_id;

-- name: upcoming_of_chat
SELECT
    r.seq, r.uuid, r.instance_id, r.operation, r.chat_key, r.state, r.request, r.payload, r.payload_version,
    r.created_at, r.expires_at, r.blob_id, r.prepared, r.staged, r.attempts, r.next_attempt_at, r.failure,
    r.response_status, r.response_body, r.finished_at, r.epoch, r.request_id, r.traceparent,
    NULL AS statuses
FROM requests AS r
WHERE
    r.instance_id = :instance_id
    AND r.chat_key = :chat_key
    AND r.finished_at IS NULL
    AND r.seq >= :since
    AND r.epoch = :epoch
ORDER BY r.seq
LIMIT :limit;
