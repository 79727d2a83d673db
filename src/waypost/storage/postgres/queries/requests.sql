-- name: insert
-- In the order of the rows, which is that of `seq`.
INSERT INTO requests (
    uuid, instance_id, operation, chat_key, state, epoch, request, payload, payload_version, created_at,
    expires_at, blob_id
)
SELECT n.uuid, n.instance_id, n.operation, n.chat_key, 'queued', n.epoch, n.request, n.payload,
    n.payload_version, n.created_at, n.expires_at, n.blob_id
FROM unnest(
    CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS bigint[]),
    CAST(? AS bytea[]), CAST(? AS bytea[]), CAST(? AS bigint[]), CAST(? AS double precision[]),
    CAST(? AS double precision[]), CAST(? AS text[])
) AS n (
    uuid, instance_id, operation, chat_key, epoch, request, payload, payload_version, created_at, expires_at,
    blob_id
)
RETURNING seq;

-- name: get
SELECT
    seq, uuid, instance_id, operation, chat_key, state, request, payload, payload_version, created_at,
    expires_at, blob_id, prepared, staged, attempts, next_attempt_at, failure, response_status, response_body,
    finished_at, epoch,
    (
        SELECT CAST(json_object_agg(name, message_status ORDER BY number) AS text)
        FROM steps WHERE steps.uuid = requests.uuid
    ) AS statuses
FROM requests
WHERE uuid = :uuid AND instance_id = :instance_id;

-- name: page
SELECT
    seq, uuid, instance_id, operation, chat_key, state, request, payload, payload_version, created_at,
    expires_at, blob_id, prepared, staged, attempts, next_attempt_at, failure, response_status, response_body,
    finished_at, epoch,
    (
        SELECT CAST(json_object_agg(name, message_status ORDER BY number) AS text)
        FROM steps WHERE steps.uuid = requests.uuid
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
    AND (CAST(:states AS text) IS NULL OR state IN (SELECT value FROM jsonb_array_elements_text(CAST(:states AS jsonb))))
ORDER BY seq DESC
LIMIT :limit;

-- name: adopt
UPDATE requests SET epoch = t.epoch
FROM (
    SELECT value ->> 0 AS instance_id, CAST(value ->> 1 AS bigint) AS epoch
    FROM jsonb_array_elements(CAST(:tenures AS jsonb))
) AS t
WHERE
    requests.instance_id = t.instance_id
    AND requests.finished_at IS NULL
    AND requests.epoch < t.epoch + :one_more
RETURNING
    seq, uuid, requests.instance_id, operation, chat_key, state, request, payload, payload_version, created_at,
    expires_at, blob_id, prepared, staged, attempts, next_attempt_at, failure, response_status, response_body,
    finished_at, requests.epoch,
    NULL AS statuses;

-- name: is_ours
-- Locked, so that nobody adopts it before what follows is committed.
SELECT 1 FROM requests WHERE uuid = :uuid AND epoch = :epoch AND finished_at IS NULL
FOR NO KEY UPDATE;

-- name: retry
UPDATE requests
SET
    seq = nextval('requests_seq_seq'),
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
DELETE FROM requests
WHERE seq IN (
    SELECT seq FROM requests WHERE finished_at < :before LIMIT :limit FOR UPDATE SKIP LOCKED
);

-- name: left
SELECT uuid FROM requests
WHERE
    uuid IN (SELECT value FROM jsonb_array_elements_text(CAST(:uuids AS jsonb)))
    AND finished_at IS NULL;
