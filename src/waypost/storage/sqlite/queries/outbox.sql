-- name: take_over
INSERT INTO outbox_identity (id, secret_key, epoch) VALUES (1, :secret_key, 1)
ON CONFLICT (id) DO UPDATE SET epoch = epoch + 1
RETURNING secret_key, epoch;

-- name: aliases
SELECT instance_id, alias, chat_key FROM chat_aliases;

-- name: put_alias
INSERT INTO chat_aliases (instance_id, alias, chat_key) VALUES (:instance_id, :old, :new)
ON CONFLICT (instance_id, alias) DO UPDATE SET chat_key = excluded.chat_key;

-- name: move_aliases
UPDATE chat_aliases SET chat_key = :new WHERE instance_id = :instance_id AND chat_key = :old;
