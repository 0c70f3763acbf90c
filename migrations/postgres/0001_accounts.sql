CREATE TABLE users (
  id            UUID    PRIMARY KEY NOT NULL,
  username      TEXT    NOT NULL,
  username_key  TEXT    NOT NULL CONSTRAINT users_username_key UNIQUE, -- lower case
  email         TEXT    NOT NULL CONSTRAINT users_email UNIQUE,        -- lower case
  first_name    TEXT    NOT NULL DEFAULT '',
  last_name     TEXT    NOT NULL DEFAULT '',
  password_hash TEXT    NOT NULL,
  role          TEXT    NOT NULL CHECK (role IN ('user', 'agent', 'admin')),
  disabled_at   BIGINT,
  created_at    BIGINT NOT NULL
);

-- One log-in; the family of its refresh tokens.
CREATE TABLE sessions (
  id           UUID    PRIMARY KEY NOT NULL,
  user_id      UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind         TEXT    NOT NULL CHECK (kind IN ('browser', 'program')),
  device       TEXT    NOT NULL DEFAULT '',
  created_at   BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,              -- absolute; no refresh extends it
  revoked_at   BIGINT
);
CREATE INDEX sessions_user ON sessions (user_id, last_seen_at DESC);

-- Only the head of a family and its parent stand here; of both only the SHA-256.
CREATE TABLE refresh_tokens (
  token_hash    BYTEA    PRIMARY KEY NOT NULL,
  session_id    UUID    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  user_id       UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  counter       BIGINT NOT NULL,             -- 0 at log-in, one more with each rotation
  created_at    BIGINT NOT NULL,
  idle_until    BIGINT NOT NULL,
  first_used_at BIGINT,
  UNIQUE (session_id, counter)
);

CREATE TABLE invites (
  code_hash  BYTEA    PRIMARY KEY NOT NULL,
  created_by UUID    REFERENCES users (id) ON DELETE SET NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_by    UUID    REFERENCES users (id) ON DELETE SET NULL,
  used_at    BIGINT
);
