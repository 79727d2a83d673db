-- name: owing
-- INDEXED BY, since SQLite has no statistics and takes the index of all deliveries, of which most are long done.
SELECT id FROM webhooks
WHERE enabled AND EXISTS (
    SELECT 1 FROM deliveries INDEXED BY deliveries_pending WHERE webhook_id = webhooks.id AND state = 'pending'
);

-- name: upcoming
SELECT
    d.seq, d.webhook_id, d.chat, d.state, d.attempts, d.created_at, d.retry_until, d.next_attempt_at,
    d.finished_at, d.status, d.error, e.seq, e.id, e.instance_id, e.name, e.chat, e.at, e.payload,
    e.request_id, e.traceparent
FROM deliveries AS d INDEXED BY deliveries_pending INNER JOIN events AS e ON d.event_seq = e.seq
WHERE
    d.webhook_id = :webhook_id
    AND d.state = 'pending'
    AND d.chat NOT IN (SELECT value FROM json_each(:without))
ORDER BY d.seq
LIMIT :limit;

-- name: attempted
-- Nothing when the delivery went with its webhook meanwhile.
INSERT INTO delivery_attempts (delivery_seq, number, at, ms, status, error, headers, answer)
SELECT
    seq,
    coalesce((SELECT max(a.number) FROM delivery_attempts AS a WHERE a.delivery_seq = :seq), 0) + 1,
    :at, :ms, :status, :error, :headers, :answer
FROM deliveries WHERE seq = :seq;

-- name: page
SELECT
    d.seq, d.webhook_id, d.chat, d.state, d.attempts, d.created_at, d.retry_until, d.next_attempt_at,
    d.finished_at, d.status, d.error, e.seq, e.id, e.instance_id, e.name, e.chat, e.at, e.payload,
    e.request_id, e.traceparent
FROM deliveries AS d INNER JOIN events AS e ON d.event_seq = e.seq
WHERE
    d.webhook_id = :webhook_id
    AND d.seq < :before
    AND (:state IS NULL OR d.state = :state)
    AND (:event IS NULL OR e.name = :event)
    AND (:chat IS NULL OR d.chat = :chat)
ORDER BY d.seq DESC
LIMIT :limit;

-- name: redeliver
UPDATE deliveries SET
    state = 'pending',
    attempts = 0,
    next_attempt_at = NULL,
    finished_at = NULL,
    retry_until = :retry_until
WHERE webhook_id = :webhook_id AND seq IN (SELECT value FROM json_each(:seqs))
RETURNING seq;

-- name: redeliver_all
UPDATE deliveries SET
    state = 'pending',
    attempts = 0,
    next_attempt_at = NULL,
    finished_at = NULL,
    retry_until = :retry_until
WHERE seq IN (
    SELECT seq FROM deliveries
    WHERE
        webhook_id = :webhook_id AND state = :state AND seq > :after
        AND created_at >= :since AND created_at < :until
    ORDER BY seq
    LIMIT :limit
)
RETURNING seq;

-- name: bury
UPDATE deliveries INDEXED BY deliveries_pending SET state = 'dead', next_attempt_at = NULL, finished_at = :at
WHERE webhook_id = :webhook_id AND state = 'pending';

-- name: recovered
UPDATE deliveries INDEXED BY deliveries_pending SET next_attempt_at = NULL
WHERE webhook_id = :webhook_id AND state = 'pending' AND next_attempt_at IS NOT NULL;
