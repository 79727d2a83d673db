-- name: put
INSERT INTO messages (
    instance_id, message_id, chat, sender, from_me, timestamp, content,
    kind, names, push_name, secret, source, seen, place
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (
    -- A chat is one by its number and by its LID. Each by itself, since an index finds one address only; and
    -- BETWEEN, since SQLite chooses the primary key over that index for equals.
    SELECT coalesce(max(place), 0) + 1 FROM (
        SELECT place FROM messages
        WHERE instance_id = ? AND chat = ?
          AND timestamp BETWEEN ? AND ? AND names IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
        UNION ALL
        SELECT place FROM messages
        WHERE instance_id = ? AND chat = (SELECT number FROM lids WHERE instance_id = ? AND lid = ?)
          AND timestamp BETWEEN ? AND ? AND names IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
        UNION ALL
        SELECT place FROM messages
        WHERE instance_id = ? AND chat = (SELECT lid FROM lids WHERE instance_id = ? AND number = ?)
          AND timestamp BETWEEN ? AND ? AND names IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
    ) AS there
))
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
-- Edits may come in another order than they were made, and again after a crash.
UPDATE messages SET edited_at = :at, content = coalesce(:content, content), names = :names
WHERE instance_id = :instance_id AND message_id = :message_id AND sender = :sender
  AND (edited_at IS NULL OR edited_at <= :at);

-- name: history
-- Each address of the chat by itself, since an index gives the order of one only. A page ends at a message that is
-- named by its id: its row tells the place that it has within its second.
SELECT message_id, chat, sender, from_me, timestamp, content, kind, names, push_name, secret, source, seen,
    edited_at, revoked_at, place
FROM (
    SELECT * FROM messages
    WHERE instance_id = :instance_id AND chat = :chat
      AND names IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
      AND (timestamp, place, message_id) < (:before, (
        SELECT coalesce(max(edge.place), 0) FROM messages AS edge
        WHERE edge.instance_id = :instance_id AND edge.message_id = :before_id AND edge.timestamp = :before
      ), :before_id)
    ORDER BY timestamp DESC, place DESC, message_id DESC LIMIT :limit
) AS one
UNION ALL
SELECT message_id, chat, sender, from_me, timestamp, content, kind, names, push_name, secret, source, seen,
    edited_at, revoked_at, place
FROM (
    SELECT * FROM messages
    WHERE instance_id = :instance_id AND chat = :other AND CAST(:other AS text) <> CAST(:chat AS text)
      AND names IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
      AND (timestamp, place, message_id) < (:before, (
        SELECT coalesce(max(edge.place), 0) FROM messages AS edge
        WHERE edge.instance_id = :instance_id AND edge.message_id = :before_id AND edge.timestamp = :before
      ), :before_id)
    ORDER BY timestamp DESC, place DESC, message_id DESC LIMIT :limit
) AS two
ORDER BY timestamp DESC, place DESC, message_id DESC LIMIT :limit;

-- name: about
SELECT message_id, chat, sender, from_me, timestamp, content, kind, names, push_name, secret, source, seen,
    edited_at, revoked_at, place
FROM (
    SELECT * FROM messages
    WHERE instance_id = :instance_id AND chat = :chat
      AND kind IN ('reaction', 'vote') AND timestamp >= :since
    ORDER BY timestamp LIMIT :limit
) AS one
UNION ALL
SELECT message_id, chat, sender, from_me, timestamp, content, kind, names, push_name, secret, source, seen,
    edited_at, revoked_at, place
FROM (
    SELECT * FROM messages
    WHERE instance_id = :instance_id AND chat = :other AND CAST(:other AS text) <> CAST(:chat AS text)
      AND kind IN ('reaction', 'vote') AND timestamp >= :since
    ORDER BY timestamp LIMIT :limit
) AS two
ORDER BY timestamp, message_id LIMIT :limit;

-- name: unseen
SELECT message_id, chat, sender, timestamp FROM (
    SELECT * FROM messages
    WHERE instance_id = :instance_id AND chat = :chat
      AND NOT seen AND NOT from_me AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
      AND timestamp >= :since
    ORDER BY timestamp DESC LIMIT :limit
) AS one
UNION ALL
SELECT message_id, chat, sender, timestamp FROM (
    SELECT * FROM messages
    WHERE instance_id = :instance_id AND chat = :other AND CAST(:other AS text) <> CAST(:chat AS text)
      AND NOT seen AND NOT from_me AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
      AND timestamp >= :since
    ORDER BY timestamp DESC LIMIT :limit
) AS two
ORDER BY timestamp DESC LIMIT :limit;

-- name: seen
UPDATE messages SET seen = TRUE
WHERE instance_id = :instance_id AND message_id = :message_id AND NOT from_me AND NOT seen;

-- name: note_chat
INSERT INTO chats (instance_id, chat, latest)
VALUES (
    :instance_id,
    coalesce((SELECT number FROM lids WHERE instance_id = :instance_id AND lid = :chat), :chat),
    :latest
)
ON CONFLICT (instance_id, chat) DO UPDATE SET latest = excluded.latest WHERE excluded.latest > chats.latest;

-- name: forget_chats
DELETE FROM chats WHERE latest < :than;

-- name: chats
-- A chat that was noted by its LID while somebody else learnt the number is shown by the number alone.
SELECT page.chat, l.lid, page.latest, (
    SELECT count(*) FROM (
        SELECT 1 AS one FROM messages
        WHERE instance_id = :instance_id AND chat = page.chat
          AND NOT seen AND NOT from_me AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
        ORDER BY timestamp DESC LIMIT :counted
    ) AS by_number
) + (
    SELECT count(*) FROM (
        SELECT 1 AS one FROM messages
        WHERE instance_id = :instance_id AND chat = l.lid
          AND NOT seen AND NOT from_me AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
        ORDER BY timestamp DESC LIMIT :counted
    ) AS by_lid
)
FROM (
    SELECT chat, latest FROM chats
    WHERE instance_id = :instance_id
      AND latest <= :before AND (latest < :before OR chat > CAST(:before_chat AS text))
      AND NOT EXISTS (
        SELECT 1 FROM lids
        JOIN chats AS same ON same.instance_id = lids.instance_id AND same.chat = lids.number
        WHERE lids.instance_id = :instance_id AND lids.lid = chats.chat
      )
    ORDER BY latest DESC, chat LIMIT :limit OFFSET :offset
) AS page
LEFT JOIN lids AS l ON l.instance_id = :instance_id AND l.number = page.chat
ORDER BY page.latest DESC, page.chat;
