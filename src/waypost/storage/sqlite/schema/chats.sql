-- Chats with messages, by the number where it is known, and when the latest was sent (epoch seconds).
CREATE TABLE chats (
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    chat TEXT NOT NULL,
    latest INTEGER NOT NULL,
    PRIMARY KEY (instance_id, chat)
) STRICT, WITHOUT ROWID;

CREATE INDEX chats_latest ON chats (instance_id, latest DESC, chat);
