-- name: place
INSERT INTO orders (id, instance_id, kind, made_at, payload)
VALUES (:id, :instance_id, :kind, :made_at, :payload);

-- name: open
SELECT id, instance_id, kind, made_at, payload FROM orders
WHERE
    done_at IS NULL
    AND instance_id IN (SELECT jsonb_array_elements_text(CAST(:instance_ids AS jsonb)))
ORDER BY made_at, id;

-- name: done
UPDATE orders SET done_at = extract(EPOCH FROM now()), error_code = :error_code, result = :result
WHERE id = :id AND done_at IS NULL
RETURNING instance_id;

-- name: outcome
SELECT error_code, result FROM orders WHERE id = :id AND done_at IS NOT NULL;

-- name: remove
DELETE FROM orders WHERE id = :id;

-- name: forget
DELETE FROM orders WHERE made_at < :before;
