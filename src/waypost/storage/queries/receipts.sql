-- name: of_message
SELECT participant, rank FROM receipts WHERE instance_id = :instance_id AND message_id = :message_id;

-- name: each
SELECT participant, rank, at FROM receipts
WHERE instance_id = :instance_id AND message_id = :message_id AND participant <> ''
ORDER BY at DESC, participant;

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
