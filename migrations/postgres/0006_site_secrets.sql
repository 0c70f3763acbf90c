-- While the site's own server changes to a new secret, tokens signed with the one before hold, until this time.
ALTER TABLE sites ADD COLUMN previous_secret TEXT;
ALTER TABLE sites ADD COLUMN previous_secret_until BIGINT;
