-- name: put_alias
INSERT INTO chat_aliases (instance_id, alias, chat_key) VALUES (:instance_id, :old, :new)
ON CONFLICT (instance_id, alias) DO UPDATE SET chat_key = excluded.chat_key;

-- name: move_aliases
UPDATE chat_aliases SET chat_key = :new WHERE instance_id = :instance_id AND chat_key = :old;
