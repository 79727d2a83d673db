CREATE INDEX chat_aliases_of_chat ON chat_aliases (instance_id, chat_key);
