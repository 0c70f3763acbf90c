-- Deleting a site or an account looks for the rows that refer to it; without these it reads the whole table each time.
CREATE INDEX files_site ON files (site_id);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX invites_created_by ON invites (created_by);
CREATE INDEX invites_used_by ON invites (used_by);
