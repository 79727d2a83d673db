-- name: insert
-- In the order of the rows, which is that of `seq`.
INSERT INTO requests (
    uuid, instance_id, operation, chat_key, state, epoch, request, payload, payload_version, created_at,
    expires_at, blob_id, request_id, traceparent
)
SELECT n.uuid, n.instance_id, n.operation, n.chat_key, 'queued', n.epoch, n.request, n.payload,
    n.payload_version, n.created_at, n.expires_at, n.blob_id, n.request_id, n.traceparent
FROM unnest(
    CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS bigint[]),
    CAST(? AS bytea[]), CAST(? AS bytea[]), CAST(? AS bigint[]), CAST(? AS double precision[]),
    CAST(? AS double precision[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[])
) AS n (
    uuid, instance_id, operation, chat_key, epoch, request, payload, payload_version, created_at, expires_at,
    blob_id, request_id, traceparent
)
RETURNING seq;

-- name: get
SELECT
    seq, uuid, instance_id, operation, chat_key, state, request, payload, payload_version, created_at,
    expires_at, blob_id, prepared, staged, attempts, next_attempt_at, failure, response_status, response_body,
    finished_at, epoch, request_id, traceparent,
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
    finished_at, epoch, request_id, traceparent,
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
WITH adopted AS (
    UPDATE requests SET epoch = found.epoch, chat_key = found.chat_key
    FROM (
        -- Who accepted it elsewhere does not know the names that its holder knows the chat by.
        SELECT r.seq, t.epoch, coalesce(a.chat_key, r.chat_key) AS chat_key
        FROM (
            SELECT value ->> 0 AS instance_id, CAST(value ->> 1 AS bigint) AS epoch
            FROM jsonb_array_elements(CAST(:tenures AS jsonb))
        ) AS t
        CROSS JOIN LATERAL (
            -- ORDER and LIMIT keep the planner at the index, which leads to the few that are not ours yet; as
            -- a plain join it reads all of a long queue, every second or two.
            SELECT seq, chat_key FROM requests
            WHERE instance_id = t.instance_id AND finished_at IS NULL AND epoch < t.epoch
            ORDER BY epoch
            LIMIT 1000000
        ) AS r
        LEFT JOIN chat_aliases AS a ON a.instance_id = t.instance_id AND a.alias = r.chat_key
    ) AS found
    WHERE requests.seq = found.seq AND requests.finished_at IS NULL AND requests.epoch < found.epoch
    RETURNING requests.instance_id, requests.seq
)
SELECT instance_id, min(seq) FROM adopted
WHERE seq NOT IN (SELECT CAST(value AS bigint) FROM jsonb_array_elements_text(CAST(:known AS jsonb)))
GROUP BY instance_id;

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
    AND r.chat_key NOT IN (SELECT value FROM jsonb_array_elements_text(CAST(:without AS jsonb)))
ORDER BY r.seq
LIMIT :limit;

-- name: overdue
SELECT
    r.seq, r.uuid, r.instance_id, r.operation, r.chat_key, r.state, r.request, r.payload, r.payload_version,
    r.created_at, r.expires_at, r.blob_id, r.prepared, r.staged, r.attempts, r.next_attempt_at, r.failure,
    r.response_status, r.response_body, r.finished_at, r.epoch, r.request_id, r.traceparent,
    NULL AS statuses
FROM requests AS r INNER JOIN (
    SELECT value ->> 0 AS instance_id, CAST(value ->> 1 AS bigint) AS epoch
    FROM jsonb_array_elements(CAST(:tenures AS jsonb))
) AS t
    ON r.instance_id = t.instance_id AND r.epoch = t.epoch
WHERE r.finished_at IS NULL AND r.expires_at <= :now
ORDER BY r.expires_at, r.seq
LIMIT :limit;

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
WHERE r.uuid IN (SELECT value FROM jsonb_array_elements_text(CAST(:uuids AS jsonb))) AND r.finished_at IS NULL;

-- name: left
SELECT uuid FROM requests
WHERE
    uuid IN (SELECT value FROM jsonb_array_elements_text(CAST(:uuids AS jsonb)))
    AND finished_at IS NULL;
