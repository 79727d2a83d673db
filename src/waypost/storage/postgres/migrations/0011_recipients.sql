ALTER TABLE steps ADD COLUMN recipients integer;
