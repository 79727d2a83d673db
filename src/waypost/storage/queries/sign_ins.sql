-- name: add
INSERT INTO sign_ins (secret_sha256, token, token_sha256, created_at, seen_at)
VALUES (:secret_sha256, :token, :token_sha256, :at, :at);

-- name: get
SELECT token, token_sha256, created_at, seen_at FROM sign_ins WHERE secret_sha256 = :secret_sha256;

-- name: seen
UPDATE sign_ins SET seen_at = :at WHERE secret_sha256 = :secret_sha256 AND seen_at < :at;

-- name: end
DELETE FROM sign_ins WHERE secret_sha256 = :secret_sha256;

-- name: end_old
DELETE FROM sign_ins WHERE created_at < :created_before OR seen_at < :seen_before;
