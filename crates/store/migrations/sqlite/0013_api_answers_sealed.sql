-- An answer may repeat what a person wrote, so it is kept sealed; those that were kept in clear are forgotten, because whatever
-- changes something has a number of its own besides. The attempt names who is at a request: only they may end it.
DELETE FROM api_answers;
ALTER TABLE api_answers ADD COLUMN body_sealed BLOB;
ALTER TABLE api_answers ADD COLUMN attempt TEXT;
