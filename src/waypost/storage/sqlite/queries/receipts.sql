-- name: put
INSERT INTO receipts (instance_id, message_id, participant, rank, at, retry_at)
VALUES (:instance_id, :message_id, :participant, :rank, :at, :retry_at)
ON CONFLICT (instance_id, message_id, participant) DO UPDATE SET
    rank = max(rank, excluded.rank),
    at = excluded.at,
    retry_at = CASE WHEN max(rank, excluded.rank) < 2 THEN coalesce(retry_at, excluded.retry_at) END;

-- name: of_message
SELECT participant, rank FROM receipts WHERE instance_id = :instance_id AND message_id = :message_id;

-- name: give_up
UPDATE receipts
SET rank = -1, retry_at = NULL
WHERE (instance_id, message_id, participant) IN (
    SELECT instance_id, message_id, participant FROM receipts WHERE retry_at < :since LIMIT :limit
)
RETURNING instance_id, message_id;

-- name: forget
DELETE FROM receipts
WHERE (instance_id, message_id, participant) IN (
    SELECT instance_id, message_id, participant FROM receipts WHERE at < :before LIMIT :limit
);
