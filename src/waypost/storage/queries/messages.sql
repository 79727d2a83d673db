-- name: put
INSERT INTO messages (
    instance_id, message_id, chat, sender, from_me, timestamp, content,
    kind, names, push_name, secret, source, seen
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (instance_id, message_id, sender) DO NOTHING;

-- name: delete_older
DELETE FROM messages
WHERE (instance_id, message_id, sender) IN (
    SELECT instance_id, message_id, sender FROM messages WHERE timestamp < :than LIMIT :limit
);

-- name: revoke
UPDATE messages SET revoked_at = :at
WHERE instance_id = :instance_id AND message_id = :message_id AND sender = :sender AND revoked_at IS NULL;

-- name: edit
UPDATE messages SET edited_at = :at, content = coalesce(:content, content), names = :names
WHERE instance_id = :instance_id AND message_id = :message_id AND sender = :sender;

-- name: history
SELECT message_id, chat, sender, from_me, timestamp, content, kind, names, push_name, secret, source, seen,
    edited_at, revoked_at
FROM messages
WHERE instance_id = :instance_id AND chat IN (:chat, :other)
  AND names IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
  AND (timestamp < :before OR (timestamp = :before AND message_id < :before_id))
ORDER BY timestamp DESC, message_id DESC LIMIT :limit;

-- name: about
SELECT message_id, chat, sender, from_me, timestamp, content, kind, names, push_name, secret, source, seen,
    edited_at, revoked_at
FROM messages
WHERE instance_id = :instance_id AND chat IN (:chat, :other)
  AND kind IN ('reaction', 'vote') AND timestamp >= :since
ORDER BY timestamp, message_id LIMIT :limit;

-- name: unseen
SELECT message_id, chat, sender, timestamp FROM messages
WHERE instance_id = :instance_id AND chat IN (:chat, :other) AND NOT from_me AND NOT seen
  AND timestamp >= :since
ORDER BY timestamp DESC LIMIT :limit;

-- name: seen
UPDATE messages SET seen = TRUE
WHERE instance_id = :instance_id AND message_id = :message_id AND NOT from_me AND NOT seen;

-- name: chats
SELECT m.chat, max(m.timestamp) AS latest, sum(CASE WHEN m.seen OR m.from_me THEN 0 ELSE 1 END) AS unseen
FROM messages AS m
WHERE m.instance_id = :instance_id AND m.names IS NOT NULL
  AND m.kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
GROUP BY m.chat
ORDER BY latest DESC, m.chat LIMIT :limit OFFSET :offset;
