-- Events that wait for a file, and those behind them in their chat. `event` is JSON; `message_id` and `sender` name the file.
CREATE TABLE held_events (
    seq INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    chat TEXT NOT NULL,
    event BLOB NOT NULL,
    until REAL NOT NULL,
    message_id TEXT,
    sender TEXT
) STRICT;

CREATE UNIQUE INDEX held_events_key ON held_events (instance_id, key);

CREATE INDEX held_events_chat ON held_events (instance_id, chat, seq);
