-- name: add
INSERT INTO tokens (number, secret_sha256, scopes, instance_id, name, created_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
RETURNING number;
