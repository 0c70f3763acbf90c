CREATE TABLE documents (
  id         BLOB    PRIMARY KEY NOT NULL,
  slug       TEXT    NOT NULL CONSTRAINT documents_slug UNIQUE,
  title      TEXT    NOT NULL,
  origin     TEXT    NOT NULL CHECK (origin IN ('manual', 'operator')),
  markdown   TEXT    NOT NULL,
  hash       BLOB    NOT NULL,                -- SHA-256 of title, text and the way they are cut
  updated_at INTEGER NOT NULL
) STRICT;

-- The index points at these rows by number, and a number that is no primary key changes with every VACUUM.
CREATE TABLE passages (
  id            INTEGER PRIMARY KEY NOT NULL,
  document_id   BLOB    NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  ordinal       INTEGER NOT NULL,
  heading       TEXT    NOT NULL,             -- from the title down, as people read it
  anchor        TEXT    NOT NULL,
  text          TEXT    NOT NULL,             -- Markdown
  heading_words TEXT    NOT NULL,             -- what the index takes: stems, a space between them
  text_words    TEXT    NOT NULL,
  CONSTRAINT passages_place UNIQUE (document_id, ordinal)
) STRICT;

-- Folding and stemming are done before, alike for both databases; see src/server/knowledge/words.rs.
CREATE VIRTUAL TABLE passages_fts USING fts5 (
  heading_words, text_words,
  content = 'passages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
  INSERT INTO passages_fts (rowid, heading_words, text_words) VALUES (new.id, new.heading_words, new.text_words);
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
  INSERT INTO passages_fts (passages_fts, rowid, heading_words, text_words)
  VALUES ('delete', old.id, old.heading_words, old.text_words);
END;
CREATE TRIGGER passages_changed AFTER UPDATE ON passages BEGIN
  INSERT INTO passages_fts (passages_fts, rowid, heading_words, text_words)
  VALUES ('delete', old.id, old.heading_words, old.text_words);
  INSERT INTO passages_fts (rowid, heading_words, text_words) VALUES (new.id, new.heading_words, new.text_words);
END;
