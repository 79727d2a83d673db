-- `names` is the content as JSON, by the names that clients of the API know. Timestamps are whole seconds: `place`
-- tells in which order those of the same second came.
CREATE TABLE messages (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    chat TEXT NOT NULL,
    sender TEXT NOT NULL,
    from_me INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    content BLOB NOT NULL,
    kind TEXT NOT NULL DEFAULT '',
    names BLOB,
    push_name TEXT NOT NULL DEFAULT '',
    secret BLOB,
    source TEXT NOT NULL DEFAULT 'app',
    seen INTEGER NOT NULL DEFAULT 1,
    edited_at REAL,
    revoked_at REAL,
    place INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (instance_id, message_id, sender)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_age ON messages (timestamp);

-- What a chat shows, in its order.
CREATE INDEX messages_shown ON messages (instance_id, chat, timestamp, message_id)
WHERE names IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote');

CREATE INDEX messages_unseen ON messages (instance_id, chat, timestamp)
WHERE NOT seen AND NOT from_me AND kind NOT IN ('reaction', 'edit', 'revoke', 'vote');

CREATE INDEX messages_about ON messages (instance_id, chat, timestamp) WHERE kind IN ('reaction', 'vote');
