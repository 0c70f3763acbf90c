CREATE TABLE documents (
  id         UUID   PRIMARY KEY NOT NULL,
  slug       TEXT   NOT NULL CONSTRAINT documents_slug UNIQUE,
  title      TEXT   NOT NULL,
  origin     TEXT   NOT NULL CHECK (origin IN ('manual', 'operator')),
  markdown   TEXT   NOT NULL,
  hash       BYTEA  NOT NULL,                 -- SHA-256 of title, text and the way they are cut
  updated_at BIGINT NOT NULL
);

-- Folding and stemming are done before, alike for both databases (src/server/knowledge/words.rs), hence 'simple'.
CREATE TABLE passages (
  id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id   UUID   NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  ordinal       BIGINT NOT NULL,
  heading       TEXT   NOT NULL,              -- from the title down, as people read it
  anchor        TEXT   NOT NULL,
  text          TEXT   NOT NULL,              -- Markdown
  heading_words TEXT   NOT NULL,              -- what the index takes: stems, a space between them
  text_words    TEXT   NOT NULL,
  words         TSVECTOR NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', heading_words), 'A') || setweight(to_tsvector('simple', text_words), 'C')
  ) STORED,
  CONSTRAINT passages_place UNIQUE (document_id, ordinal)
);
CREATE INDEX passages_words ON passages USING GIN (words);
