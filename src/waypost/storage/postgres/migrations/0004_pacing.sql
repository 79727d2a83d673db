-- Chats in which somebody has written, we (`ours`) or they: requests to any other are first contacts. `chat` is a canonical key or another name.
CREATE TABLE open_chats (
    instance_id text NOT NULL,
    chat text NOT NULL,
    opened_at double precision NOT NULL,
    ours boolean NOT NULL,
    PRIMARY KEY (instance_id, chat)
);

CREATE INDEX open_chats_ours ON open_chats (instance_id, opened_at) WHERE ours;

INSERT INTO open_chats
SELECT instance_id, chat_key, min(finished_at), TRUE FROM requests
WHERE state = 'sent'
GROUP BY instance_id, chat_key;

INSERT INTO open_chats
SELECT instance_id, chat, min(timestamp), FALSE FROM messages
GROUP BY instance_id, chat
ON CONFLICT DO NOTHING;

-- JSON: what of the gateway's settings is another for this instance.
ALTER TABLE instances ADD COLUMN overrides text NOT NULL DEFAULT '{}';
