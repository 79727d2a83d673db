-- name: add
INSERT INTO instances (id, name, phone, network, created_at, caption_as_text, webhook_url)
VALUES (:id, :name, :phone, :network, :created_at, :caption_as_text, :webhook_url)
ON CONFLICT DO NOTHING;
