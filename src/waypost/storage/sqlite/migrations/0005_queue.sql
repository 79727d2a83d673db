-- A long queue is read in parts: by chat, and what has expired.
CREATE INDEX requests_of_chat ON requests (instance_id, chat_key, seq) WHERE finished_at IS NULL;

CREATE INDEX requests_by_expiry ON requests (expires_at) WHERE finished_at IS NULL;

CREATE INDEX blobs_in_files ON blobs (id) WHERE data IS NULL;
