CREATE TABLE users (
  id            BLOB    PRIMARY KEY NOT NULL,
  username      TEXT    NOT NULL,
  username_key  TEXT    NOT NULL CONSTRAINT users_username_key UNIQUE, -- lower case
  email         TEXT    NOT NULL CONSTRAINT users_email UNIQUE,        -- lower case
  first_name    TEXT    NOT NULL DEFAULT '',
  last_name     TEXT    NOT NULL DEFAULT '',
  password_hash TEXT    NOT NULL,
  role          TEXT    NOT NULL CHECK (role IN ('user', 'agent', 'admin')),
  disabled_at   INTEGER,
  created_at    INTEGER NOT NULL
) STRICT;

-- One log-in; the family of its refresh tokens.
CREATE TABLE sessions (
  id           BLOB    PRIMARY KEY NOT NULL,
  user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind         TEXT    NOT NULL CHECK (kind IN ('browser', 'program')),
  device       TEXT    NOT NULL DEFAULT '',
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,              -- absolute; no refresh extends it
  revoked_at   INTEGER
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, last_seen_at DESC);

-- Only the head of a family and its parent stand here; of both only the SHA-256.
CREATE TABLE refresh_tokens (
  token_hash    BLOB    PRIMARY KEY NOT NULL,
  session_id    BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  user_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  counter       INTEGER NOT NULL,             -- 0 at log-in, one more with each rotation
  created_at    INTEGER NOT NULL,
  idle_until    INTEGER NOT NULL,
  first_used_at INTEGER,
  UNIQUE (session_id, counter)
) STRICT;

CREATE TABLE invites (
  code_hash  BLOB    PRIMARY KEY NOT NULL,
  created_by BLOB    REFERENCES users (id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_by    BLOB    REFERENCES users (id) ON DELETE SET NULL,
  used_at    INTEGER
) STRICT;
