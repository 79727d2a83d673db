-- name: queue
-- A request that was tried again has begun anew: its expiry tells when.
SELECT
    state,
    CASE WHEN next_attempt_at > :now THEN 1 ELSE 0 END AS held,
    count(*),
    min(CASE WHEN expires_at - :expires > created_at THEN expires_at - :expires ELSE created_at END)
FROM requests
WHERE finished_at IS NULL
GROUP BY 1, 2;

-- name: pending
SELECT count(*), min(seq) FROM deliveries WHERE state = 'pending';

-- name: made
SELECT created_at FROM deliveries WHERE seq = ?;

-- name: dead
SELECT count(*) FROM deliveries WHERE state = 'dead';
