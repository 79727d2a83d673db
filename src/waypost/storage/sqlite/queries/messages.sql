-- name: find
-- A message of ours whose row here was lost in a crash is still known by the step that sent it.
SELECT message_id, chat, sender, from_me, timestamp, content, kind, names, push_name, secret, source, seen,
    edited_at, revoked_at, place
FROM messages
WHERE instance_id = :instance AND message_id = :message
UNION ALL
SELECT message_id, chat, device_jid, TRUE, coalesce(timestamp, 0), x'', '', NULL, '', secret, 'api', TRUE,
    NULL, NULL, 0
FROM steps
WHERE instance_id = :instance AND message_id = :message AND state = 'sent'
  AND NOT EXISTS (
    SELECT 1 FROM messages WHERE instance_id = :instance AND message_id = :message AND from_me
  )
ORDER BY timestamp DESC LIMIT 4;
