-- name: begin
INSERT INTO outbox_identity (id, secret_key, epoch) VALUES (1, :secret_key, 1)
ON CONFLICT (id) DO UPDATE SET epoch = epoch + 1
RETURNING secret_key, epoch;

-- name: aliases
SELECT instance_id, alias, chat_key FROM chat_aliases
WHERE instance_id IN (SELECT value FROM json_each(:instance_ids));
