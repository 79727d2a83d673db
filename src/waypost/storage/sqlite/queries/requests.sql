-- name: insert
INSERT INTO requests (
    uuid, instance_id, operation, chat_key, state, epoch, request, payload, payload_version, created_at,
    expires_at, blob_id, request_id, traceparent
) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: get
SELECT
    seq, uuid, instance_id, operation, chat_key, state, request, payload, payload_version, created_at,
    expires_at, blob_id, prepared, staged, attempts, next_attempt_at, failure, response_status, response_body,
    finished_at, epoch, request_id, traceparent,
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
    finished_at, epoch, request_id, traceparent,
    (
        SELECT json_group_object(name, message_status)
        FROM (SELECT name, message_status FROM steps WHERE steps.uuid = requests.uuid ORDER BY number)
    ) AS statuses
FROM requests
WHERE
    instance_id = :instance_id
    AND seq < :before
    AND (CAST(:operation AS text) IS NULL OR operation = :operation)
    AND (
        CAST(:chat_key AS text) IS NULL
        OR chat_key = coalesce(
            (
                SELECT a.chat_key FROM chat_aliases AS a
                WHERE a.instance_id = :instance_id AND a.alias = :chat_key
            ),
            :chat_key
        )
    )
    AND (CAST(:states AS text) IS NULL OR state IN (SELECT value FROM json_each(:states)))
ORDER BY seq DESC
LIMIT :limit;

-- name: adopt
UPDATE requests SET
    epoch = t.epoch,
    chat_key = coalesce(
        (
            SELECT a.chat_key FROM chat_aliases AS a
            WHERE a.instance_id = requests.instance_id AND a.alias = requests.chat_key
        ),
        requests.chat_key
    )
FROM (
    SELECT json_extract(value, '$[0]') AS instance_id, json_extract(value, '$[1]') AS epoch
    FROM json_each(:tenures)
) AS t
WHERE requests.instance_id = t.instance_id AND requests.finished_at IS NULL AND requests.epoch < t.epoch
RETURNING requests.instance_id, seq;

-- name: upcoming
SELECT
    r.seq, r.uuid, r.instance_id, r.operation, r.chat_key, r.state, r.request, r.payload, r.payload_version,
    r.created_at, r.expires_at, r.blob_id, r.prepared, r.staged, r.attempts, r.next_attempt_at, r.failure,
    r.response_status, r.response_body, r.finished_at, r.epoch, r.request_id, r.traceparent,
    NULL AS statuses
FROM requests AS r
WHERE
    r.instance_id = :instance_id
    AND r.finished_at IS NULL
    AND r.seq >= :since
    AND r.epoch = :epoch
    AND r.chat_key NOT IN (SELECT value FROM json_each(:without))
ORDER BY r.seq
LIMIT :limit;

-- name: overdue
-- INDEXED BY, since SQLite has no statistics and reads the whole queue for the few that are late.
SELECT
    r.seq, r.uuid, r.instance_id, r.operation, r.chat_key, r.state, r.request, r.payload, r.payload_version,
    r.created_at, r.expires_at, r.blob_id, r.prepared, r.staged, r.attempts, r.next_attempt_at, r.failure,
    r.response_status, r.response_body, r.finished_at, r.epoch, r.request_id, r.traceparent,
    NULL AS statuses
FROM requests AS r INDEXED BY requests_by_expiry
WHERE
    r.finished_at IS NULL
    AND r.expires_at <= :now
    AND (r.instance_id, r.epoch) IN (
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:tenures)
    )
ORDER BY r.expires_at, r.seq
LIMIT :limit;

-- name: is_ours
SELECT 1 FROM requests WHERE uuid = :uuid AND epoch = :epoch AND finished_at IS NULL;

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

-- name: forget
DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE finished_at < :before LIMIT :limit);

-- name: standings
SELECT
    r.uuid,
    EXISTS (SELECT 1 FROM steps AS s WHERE s.uuid = r.uuid AND s.state = 'unknown') AS unknown,
    EXISTS (
        SELECT 1 FROM requests AS o
        WHERE
            o.instance_id = r.instance_id
            AND o.chat_key = r.chat_key
            AND o.finished_at IS NULL
            AND o.seq < r.seq
    ) AS behind
FROM requests AS r
WHERE r.uuid IN (SELECT value FROM json_each(:uuids)) AND r.finished_at IS NULL;

-- name: left
SELECT uuid FROM requests WHERE uuid IN (SELECT value FROM json_each(:uuids)) AND finished_at IS NULL;

-- name: held
SELECT instance_id FROM requests WHERE finished_at IS NULL
UNION
SELECT instance_id FROM chat_aliases;

-- name: own
UPDATE requests SET epoch = :epoch WHERE finished_at IS NULL;
