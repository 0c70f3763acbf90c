-- A website that embeds the widget.
CREATE TABLE sites (
  id              UUID    PRIMARY KEY NOT NULL,
  name            TEXT    NOT NULL,
  settings        TEXT    NOT NULL DEFAULT '{}', -- JSON, see SiteSettings in src/wire/site.rs
  identity_secret TEXT    NOT NULL,              -- the site's own server signs its visitors' tokens with it
  created_at      BIGINT NOT NULL,
  updated_at      BIGINT NOT NULL
);

-- Keys are public; the hash is what they are looked up by. Two hold while a rotation is under way.
CREATE TABLE site_keys (
  key_hash   BYTEA    PRIMARY KEY NOT NULL,
  site_id    UUID    NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
  key        TEXT    NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT
);
CREATE INDEX site_keys_site ON site_keys (site_id);

-- One row. Servers keep sites in memory and look here, often, whether anything was changed.
CREATE TABLE site_changes (
  one    BIGINT PRIMARY KEY NOT NULL CHECK (one = 1),
  number BIGINT NOT NULL
);
INSERT INTO site_changes (one, number) VALUES (1, 0);

CREATE TABLE visitors (
  id           UUID    PRIMARY KEY NOT NULL,
  site_id      UUID    NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
  client_hash  BYTEA    NOT NULL,                   -- SHA-256 of the id that the browser keeps
  level        TEXT    NOT NULL DEFAULT 'anonymous' CHECK (level IN ('anonymous', 'claimed', 'verified')),
  subject      TEXT,                             -- of the verified token, or the account's id
  claims       TEXT    NOT NULL DEFAULT '{}',    -- JSON: what the page or the token says of them
  context      TEXT    NOT NULL DEFAULT '{}',    -- JSON: what the page says of itself
  created_at   BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  CONSTRAINT visitors_client UNIQUE (site_id, client_hash)
);
CREATE INDEX visitors_subject ON visitors (site_id, subject) WHERE subject IS NOT NULL;

ALTER TABLE conversations ADD COLUMN site_id UUID REFERENCES sites (id) ON DELETE CASCADE;
ALTER TABLE conversations ADD COLUMN owner_visitor_id UUID REFERENCES visitors (id) ON DELETE CASCADE;
ALTER TABLE conversations ADD COLUMN session_key TEXT; -- what a program of the site calls it, unique for its visitor
ALTER TABLE conversations ADD COLUMN contact_email TEXT;
ALTER TABLE conversations ADD COLUMN visitor_read BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN agent_read BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX conversations_visitor_begun ON conversations (owner_visitor_id, begun_with);
CREATE UNIQUE INDEX conversations_visitor_session ON conversations (owner_visitor_id, session_key);
CREATE INDEX conversations_visitor ON conversations (owner_visitor_id, updated_at DESC, id DESC);
CREATE INDEX conversations_site ON conversations (site_id, updated_at DESC, id DESC);

ALTER TABLE messages ADD COLUMN rich TEXT;     -- JSON, see Rich in src/wire/rich.rs
ALTER TABLE messages ADD COLUMN metadata TEXT; -- JSON, for programs
ALTER TABLE messages ADD COLUMN rating SMALLINT NOT NULL DEFAULT 0;

-- The bytes are with the file store; without a message, a file is swept after a day.
CREATE TABLE files (
  id         UUID    PRIMARY KEY NOT NULL,
  site_id    UUID    NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
  visitor_id UUID    NOT NULL REFERENCES visitors (id) ON DELETE CASCADE,
  message_id UUID    REFERENCES messages (id) ON DELETE SET NULL,
  name       TEXT    NOT NULL,
  media_type TEXT    NOT NULL,
  size       BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX files_visitor ON files (visitor_id);
CREATE INDEX files_message ON files (message_id);
CREATE INDEX files_loose ON files (created_at) WHERE message_id IS NULL;
