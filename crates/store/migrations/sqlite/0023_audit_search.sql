-- The trail is read by people: newest first, by who, by what.
CREATE INDEX audit_events_by_time ON audit_events (at_ms, event_id);
CREATE INDEX audit_events_of_actor ON audit_events (actor, at_ms, event_id);
CREATE INDEX audit_events_of_action ON audit_events (action, at_ms, event_id);

-- What the trail was found to be, each time somebody had it verified.
CREATE TABLE audit_checks (
    check_id   TEXT   NOT NULL PRIMARY KEY,
    at_ms      BIGINT NOT NULL,
    asked_by   TEXT   NOT NULL,
    took_ms    BIGINT NOT NULL,
    chain_rows BIGINT NOT NULL,
    last_seq   BIGINT NOT NULL,
    last_hash  TEXT   NOT NULL,
    problems   TEXT   NOT NULL
);
CREATE INDEX audit_checks_by_time ON audit_checks (at_ms);
