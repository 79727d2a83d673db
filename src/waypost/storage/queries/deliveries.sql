-- name: delivered
UPDATE deliveries SET
    state = 'delivered',
    attempts = attempts + 1,
    next_attempt_at = NULL,
    finished_at = :at,
    status = :status,
    error = :error
WHERE seq = :seq AND state = 'pending';

-- name: postponed
UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = :next_attempt_at, status = :status, error = :error
WHERE seq = :seq AND state = 'pending';

-- name: given_up
UPDATE deliveries SET
    state = 'dead',
    attempts = attempts + 1,
    next_attempt_at = NULL,
    finished_at = :at,
    status = :status,
    error = :error
WHERE seq = :seq AND state = 'pending';

-- name: bound_attempts
DELETE FROM delivery_attempts
WHERE
    delivery_seq = :seq
    AND number <= (SELECT max(number) FROM delivery_attempts WHERE delivery_seq = :seq) - :most;

-- name: failing
UPDATE webhooks SET failing_since = :at WHERE id = :webhook_id AND failing_since IS NULL;

-- name: succeeding
UPDATE webhooks SET failing_since = NULL WHERE id = :webhook_id AND failing_since IS NOT NULL;

-- name: disable
UPDATE webhooks SET enabled = FALSE, reason = 'failing'
WHERE id = :webhook_id AND enabled AND failing_since <= :since;

-- name: attempts
SELECT number, at, ms, status, error, headers, answer FROM delivery_attempts
WHERE delivery_seq = ?
ORDER BY number;

-- name: get
SELECT
    d.seq, d.webhook_id, d.chat, d.state, d.attempts, d.created_at, d.retry_until, d.next_attempt_at,
    d.finished_at, d.status, d.error, e.seq, e.id, e.instance_id, e.name, e.chat, e.at, e.payload,
    e.request_id, e.traceparent
FROM deliveries AS d INNER JOIN events AS e ON d.event_seq = e.seq
WHERE d.webhook_id = :webhook_id AND d.seq = :seq;
