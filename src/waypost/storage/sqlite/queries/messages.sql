-- name: put
INSERT INTO messages (instance_id, message_id, chat, sender, from_me, timestamp, content)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (instance_id, message_id, sender) DO NOTHING;

-- name: find
SELECT message_id, chat, sender, from_me, timestamp, content FROM messages
WHERE instance_id = ? AND message_id = ? ORDER BY timestamp DESC LIMIT 4;

-- name: delete_older
DELETE FROM messages WHERE timestamp < ?;
