-- Which call a request and an event came of, for logs and traces.
ALTER TABLE requests ADD COLUMN request_id text;

ALTER TABLE requests ADD COLUMN traceparent text;

ALTER TABLE events ADD COLUMN request_id text;

ALTER TABLE events ADD COLUMN traceparent text;
