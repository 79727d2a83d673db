-- name: instance
-- Whoever deletes the instance waits for the commit.
SELECT 1 FROM instances WHERE id = :instance_id FOR KEY SHARE;
