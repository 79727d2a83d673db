-- name: fan_out
-- In the event's own transaction: what a webhook is owed is as durable as what happened.
INSERT INTO deliveries (webhook_id, event_seq, instance_id, chat, state, created_at, retry_until)
SELECT w.id, e.seq, e.instance_id, coalesce(e.chat, ''), 'pending', :now, :retry_until
FROM events AS e
INNER JOIN webhooks AS w ON e.instance_id = w.instance_id AND w.enabled
INNER JOIN webhook_names AS n ON w.id = n.webhook_id AND e.name = n.name
WHERE e.instance_id = :instance_id AND e.key = :key
ORDER BY w.created_at, w.id;

-- name: after
SELECT seq, id, instance_id, name, chat, at, payload, request_id, traceparent FROM events
WHERE instance_id = :instance_id AND seq > :after AND seq <= :until
ORDER BY seq
LIMIT :limit;

-- name: forget
DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE stored_at < :before ORDER BY stored_at LIMIT :limit);
