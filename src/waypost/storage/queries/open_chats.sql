-- name: open
INSERT INTO open_chats (instance_id, chat, opened_at, ours) VALUES (:instance_id, :chat, :at, :ours)
ON CONFLICT (instance_id, chat) DO NOTHING;

-- name: is_open
-- Not as one question with OR, for which SQLite reads all chats of the instance.
SELECT 1 FROM open_chats WHERE instance_id = :instance_id AND chat = :chat
UNION ALL
SELECT 1
FROM chat_aliases AS a INNER JOIN open_chats AS o ON a.instance_id = o.instance_id AND a.alias = o.chat
WHERE a.instance_id = :instance_id AND a.chat_key = :chat
LIMIT 1;

-- name: firsts
SELECT opened_at FROM open_chats
WHERE instance_id = :instance_id AND ours AND opened_at > :since
ORDER BY opened_at;

-- name: sends
-- The newest of the last while; what sent no message (typing) is not among them.
SELECT finished_at FROM requests
WHERE
    finished_at > :since
    AND instance_id = :instance_id
    AND state = 'sent'
    AND EXISTS (SELECT 1 FROM steps WHERE steps.uuid = requests.uuid AND steps.message_id IS NOT NULL)
ORDER BY finished_at DESC
LIMIT :limit;

-- name: forget
DELETE FROM open_chats WHERE instance_id = :instance_id;
