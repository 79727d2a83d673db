-- name: add
INSERT INTO tokens (number, secret_sha256, scopes, instance_id, name, created_at)
VALUES (coalesce(CAST(? AS bigint), nextval('tokens_number_seq')), ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
RETURNING number;
