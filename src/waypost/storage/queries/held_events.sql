-- name: put
INSERT INTO held_events (instance_id, key, chat, event, until, message_id, sender)
VALUES (?, ?, ?, ?, ?, CAST(? AS text), CAST(? AS text))
ON CONFLICT (instance_id, key) DO NOTHING;

-- name: has
SELECT 1 FROM held_events WHERE instance_id = :instance_id AND chat = :chat LIMIT 1;

-- name: ready
SELECT h.seq, h.instance_id, h.key, h.chat, h.event, h.until, h.message_id, h.sender,
    m.state, m.mimetype, m.filename, m.size, m.blob_id, m.error, m.attempts, m.next_attempt_at
FROM held_events AS h
LEFT JOIN media AS m
    ON m.instance_id = h.instance_id AND m.message_id = h.message_id AND m.sender = h.sender
WHERE h.seq > :seq AND (m.state IS NULL OR m.state <> 'wanted')
  AND NOT EXISTS (
    SELECT 1 FROM held_events AS before
    JOIN media AS file
        ON file.instance_id = before.instance_id AND file.message_id = before.message_id
        AND file.sender = before.sender
    WHERE before.instance_id = h.instance_id AND before.chat = h.chat AND before.seq < h.seq
      AND before.until > :now AND file.state = 'wanted'
  )
ORDER BY h.seq LIMIT :limit;

-- name: next_until
SELECT min(until) FROM held_events WHERE until > :now;

-- name: remove
DELETE FROM held_events WHERE seq = ?;
