-- name: put
INSERT INTO receipts (instance_id, message_id, participant, rank, at, retry_at)
VALUES (:instance_id, :message_id, :participant, :rank, :at, :retry_at)
ON CONFLICT (instance_id, message_id, participant) DO UPDATE SET
    rank = max(rank, excluded.rank),
    at = excluded.at,
    retry_at = CASE WHEN max(rank, excluded.rank) < 2 THEN coalesce(retry_at, excluded.retry_at) END;
