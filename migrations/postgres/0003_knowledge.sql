CREATE TABLE documents (
  id         UUID   PRIMARY KEY NOT NULL,
  slug       TEXT   NOT NULL CONSTRAINT documents_slug UNIQUE,
  title      TEXT   NOT NULL,
  origin     TEXT   NOT NULL CHECK (origin IN ('manual', 'operator')),
  markdown   TEXT   NOT NULL,
  hash       BYTEA  NOT NULL,                 -- SHA-256 of title, text and the way they are cut
  updated_at BIGINT NOT NULL
);

-- Two configurations: 'english' finds inflected words, 'simple' finds those of other languages and English stop words.
CREATE TABLE passages (
  id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id   UUID   NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  ordinal       BIGINT NOT NULL,
  heading       TEXT   NOT NULL,              -- from the title down, as people read it
  anchor        TEXT   NOT NULL,
  text          TEXT   NOT NULL,              -- Markdown
  heading_words TEXT   NOT NULL,              -- what the index takes: folded, a space between words
  text_words    TEXT   NOT NULL,
  words         TSVECTOR NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('english', heading_words), 'A') || setweight(to_tsvector('simple', heading_words), 'A') ||
    setweight(to_tsvector('english', text_words), 'C') || setweight(to_tsvector('simple', text_words), 'C')
  ) STORED,
  CONSTRAINT passages_place UNIQUE (document_id, ordinal)
);
CREATE INDEX passages_words ON passages USING GIN (words);
