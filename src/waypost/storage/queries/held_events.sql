-- name: put
INSERT INTO held_events (instance_id, key, chat, event, until, message_id, sender)
VALUES (?, ?, ?, ?, ?, CAST(? AS text), CAST(? AS text))
ON CONFLICT (instance_id, key) DO NOTHING;

-- name: chats
SELECT DISTINCT instance_id, chat FROM held_events WHERE instance_id = :instance_id;

-- name: after
SELECT seq, instance_id, key, chat, event, until, message_id, sender FROM held_events
WHERE seq > :seq ORDER BY seq LIMIT :limit;

-- name: remove
DELETE FROM held_events WHERE seq = ?;
