-- name: put
INSERT INTO untold (instance_id, at, what) VALUES (:instance_id, :at, :what);

-- name: after
SELECT seq, at, what FROM untold WHERE seq > :seq ORDER BY seq LIMIT :limit;

-- name: remove
DELETE FROM untold WHERE seq = ?;
