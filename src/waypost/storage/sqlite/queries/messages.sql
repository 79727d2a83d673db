-- name: put
INSERT INTO messages (instance_id, message_id, chat, sender, from_me, timestamp, content)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (instance_id, message_id, sender) DO NOTHING;

-- name: find
-- A message of ours whose row here was lost in a crash is still known by the step that sent it.
SELECT message_id, chat, sender, from_me, timestamp, content FROM messages
WHERE instance_id = :instance AND message_id = :message
UNION ALL
SELECT message_id, chat, device_jid, 1, coalesce(timestamp, 0), x'' FROM steps
WHERE instance_id = :instance AND message_id = :message AND state = 'sent'
  AND NOT EXISTS (
    SELECT 1 FROM messages WHERE instance_id = :instance AND message_id = :message AND from_me = 1
  )
ORDER BY timestamp DESC LIMIT 4;

-- name: delete_older
DELETE FROM messages WHERE timestamp < ?;
