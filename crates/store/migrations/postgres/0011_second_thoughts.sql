-- What a later answer must be held against.
-- When a telling was last found without an answer: a HIS that is still busy with it may refuse the next telling because of it.
ALTER TABLE write_backs ADD COLUMN doubted_at_ms BIGINT;
-- The one slip that is meant, so that no slip is given back beyond its own share.
ALTER TABLE refunds ADD COLUMN slip_no TEXT;
-- Digest of what was asked for: the same request number with another content is a mistake of the caller.
ALTER TABLE refunds ADD COLUMN request_digest TEXT;
-- When it last left us: the refunds of one payment go out one after the other.
ALTER TABLE refunds ADD COLUMN sent_at_ms BIGINT;
