-- name: begin
-- Nothing changes where there is a row, which has to be touched to be returned.
INSERT INTO outbox_identity (id, secret_key, epoch) VALUES (1, :secret_key, 0)
ON CONFLICT (id) DO UPDATE SET epoch = 0
RETURNING secret_key, epoch;

-- name: aliases
SELECT instance_id, alias, chat_key FROM chat_aliases
WHERE instance_id IN (SELECT value FROM jsonb_array_elements_text(CAST(:instance_ids AS jsonb)));
