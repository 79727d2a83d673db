-- name: instance
SELECT 1 FROM instances WHERE id = :instance_id;
