-- Who did what. Written unchained with the business; one leader seals in order, so that writers never wait for each other.
CREATE TABLE audit_events (
    event_id TEXT   NOT NULL PRIMARY KEY,
    at_ms    BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    seq      BIGINT UNIQUE,
    hash     TEXT
);
CREATE INDEX audit_events_unsealed ON audit_events (at_ms, event_id) WHERE seq IS NULL;
CREATE INDEX audit_events_of_subject ON audit_events (subject, at_ms);
