-- Chats in which somebody has written, we (`ours`) or they: requests to any other are first contacts. `chat` is a canonical key or another name.
CREATE TABLE open_chats (
    instance_id TEXT NOT NULL,
    chat TEXT NOT NULL,
    opened_at REAL NOT NULL,
    ours INTEGER NOT NULL,
    PRIMARY KEY (instance_id, chat)
) STRICT, WITHOUT ROWID;

CREATE INDEX open_chats_ours ON open_chats (instance_id, opened_at) WHERE ours;
