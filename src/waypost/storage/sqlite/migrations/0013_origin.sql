-- Which call a request and an event came of, for logs and traces.
ALTER TABLE requests ADD COLUMN request_id TEXT;

ALTER TABLE requests ADD COLUMN traceparent TEXT;

ALTER TABLE events ADD COLUMN request_id TEXT;

ALTER TABLE events ADD COLUMN traceparent TEXT;
