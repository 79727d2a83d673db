DROP INDEX messages_of_chat;

-- What a chat shows, in its order.
CREATE INDEX messages_shown ON messages (instance_id, chat, timestamp, message_id)
WHERE names IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote');

CREATE INDEX messages_unseen ON messages (instance_id, chat, timestamp)
WHERE NOT seen AND NOT from_me AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote');

CREATE INDEX messages_about ON messages (instance_id, chat, timestamp) WHERE kind IN ('reaction', 'vote');

-- Chats with messages, by the number where it is known, and when the latest was sent (epoch seconds).
CREATE TABLE chats (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    chat TEXT NOT NULL,
    latest INTEGER NOT NULL,
    PRIMARY KEY (instance_id, chat)
) STRICT, WITHOUT ROWID;

CREATE INDEX chats_latest ON chats (instance_id, latest DESC, chat);

INSERT INTO chats (instance_id, chat, latest)
SELECT m.instance_id, coalesce(l.number, m.chat), max(m.timestamp)
FROM messages AS m
LEFT JOIN lids AS l ON l.instance_id = m.instance_id AND l.lid = m.chat
WHERE m.names IS NOT NULL AND m.kind NOT IN ('reaction', 'edit', 'revoke', 'vote')
GROUP BY m.instance_id, coalesce(l.number, m.chat);

CREATE INDEX media_waiting ON media (instance_id, next_attempt_at) WHERE state = 'wanted';

CREATE INDEX held_events_chat ON held_events (instance_id, chat, seq);
