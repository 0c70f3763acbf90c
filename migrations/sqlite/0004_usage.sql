-- What the model reported for a reply, over all its generations (Continue makes another). Nothing where it reported none.
ALTER TABLE messages ADD COLUMN input_tokens INTEGER;
ALTER TABLE messages ADD COLUMN output_tokens INTEGER;
UPDATE messages SET (input_tokens, output_tokens) =
  (SELECT SUM(g.input_tokens), SUM(g.output_tokens) FROM generations g WHERE g.message_id = messages.id)
  WHERE generation_id IS NOT NULL;
