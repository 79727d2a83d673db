-- name: add
-- With its lease, which is free from the beginning.
WITH added AS (
    INSERT INTO instances (id, name, phone, network, created_at, caption_as_text, webhook_url)
    VALUES (:id, :name, :phone, :network, :created_at, :caption_as_text, :webhook_url)
    ON CONFLICT DO NOTHING
    RETURNING id
)
INSERT INTO leases (instance_id, expires_at) SELECT id, clock_timestamp() FROM added;
