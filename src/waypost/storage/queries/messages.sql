-- name: put
INSERT INTO messages (instance_id, message_id, chat, sender, from_me, timestamp, content)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (instance_id, message_id, sender) DO NOTHING;

-- name: delete_older
DELETE FROM messages
WHERE (instance_id, message_id, sender) IN (
    SELECT instance_id, message_id, sender FROM messages WHERE timestamp < :than LIMIT :limit
);
