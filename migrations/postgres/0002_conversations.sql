CREATE TABLE conversations (
  id            UUID    PRIMARY KEY NOT NULL,
  kind          TEXT    NOT NULL CHECK (kind IN ('chat', 'support')),
  owner_user_id UUID    REFERENCES users (id) ON DELETE CASCADE,
  title         TEXT    NOT NULL DEFAULT '',
  titled_by     TEXT    NOT NULL DEFAULT 'nobody' CHECK (titled_by IN ('nobody', 'machine', 'person')),
  answering     TEXT    NOT NULL DEFAULT 'bot' CHECK (answering IN ('bot', 'human', 'paused')),
  begun_with    TEXT,                         -- client_id of the send that made it, where one did
  last_seq      BIGINT NOT NULL DEFAULT 0,   -- of its events; raised in the transaction of each change
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  deleted_at    BIGINT,
  CONSTRAINT conversations_begun_with UNIQUE (owner_user_id, begun_with)
);
CREATE INDEX conversations_owner ON conversations (owner_user_id, updated_at DESC, id DESC);
CREATE INDEX conversations_deleted ON conversations (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE messages (
  id              UUID    PRIMARY KEY NOT NULL,
  conversation_id UUID    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  parent_id       UUID    REFERENCES messages (id) ON DELETE CASCADE,
  author          TEXT    NOT NULL CHECK (author IN ('user', 'bot', 'visitor', 'agent')),
  client_id       TEXT,
  content         TEXT    NOT NULL DEFAULT '', -- of a reply in the making: what stood before this generation
  state           TEXT    NOT NULL CHECK (state IN ('streaming', 'complete', 'stopped', 'interrupted', 'failed')),
  error_code      TEXT,
  error_message   TEXT,
  generation_id   UUID,                        -- the newest
  model           TEXT,
  sources         TEXT    NOT NULL DEFAULT '[]',
  active          BOOLEAN NOT NULL DEFAULT TRUE, -- false: a sibling took its place
  created_at      BIGINT NOT NULL,
  finished_at     BIGINT,
  CONSTRAINT messages_client_id UNIQUE (conversation_id, author, client_id)
);
CREATE INDEX messages_thread ON messages (conversation_id, id) WHERE active;
CREATE INDEX messages_parent ON messages (parent_id);

CREATE TABLE generations (
  id              UUID    PRIMARY KEY NOT NULL,
  conversation_id UUID    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  message_id      UUID    NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  owner           TEXT    NOT NULL,            -- the server process that runs it
  lease_until     BIGINT NOT NULL,            -- renewed by the heartbeat; past it the reaper takes over
  stop_requested  BOOLEAN NOT NULL DEFAULT FALSE,
  created_at      BIGINT NOT NULL,
  finished_at     BIGINT,
  input_tokens    BIGINT,
  output_tokens   BIGINT
);
CREATE INDEX generations_running ON generations (lease_until) WHERE finished_at IS NULL;
CREATE INDEX generations_message ON generations (message_id);
CREATE INDEX generations_conversation ON generations (conversation_id);

-- Every change of a conversation. While a reply streams each group of chunks is one `message.delta` row; when it ends
-- they become one `message.text` row that says which seq ended at which byte of the message, so that the text stands
-- once and a reader can still start anywhere.
CREATE TABLE events (
  conversation_id UUID    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  seq             BIGINT NOT NULL,
  kind            TEXT    NOT NULL,
  message_id      UUID,
  body            TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (conversation_id, seq)
);
CREATE INDEX events_message ON events (message_id, seq);
