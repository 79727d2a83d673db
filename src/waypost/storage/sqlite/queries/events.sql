-- name: put
-- Nothing where the event was told before, or its instance is gone.
INSERT INTO events (id, instance_id, name, key, chat, at, stored_at, payload, request_id, traceparent)
SELECT :id, id, :name, :key, :chat, :at, :now, :payload, :request_id, :traceparent
FROM instances WHERE id = :instance_id
ON CONFLICT (instance_id, key) DO NOTHING;

-- name: numbered
-- One transaction writes at a time: what is numbered and not there will never be.
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0);

-- name: writing
SELECT '' WHERE FALSE;
