-- Everything a provider told us: notifications as they came, before they are believed, and what was seen of an order.
CREATE TABLE notifications (
    notification_id TEXT   NOT NULL PRIMARY KEY,
    channel_id      TEXT   NOT NULL,
    received_at_ms  BIGINT NOT NULL,
    headers_sealed  BYTEA  NOT NULL,
    body_sealed     BYTEA  NOT NULL,
    body_sha256     TEXT   NOT NULL,
    verdict         TEXT   NOT NULL,
    event_id        TEXT,
    subject         TEXT
);
CREATE INDEX notifications_by_event ON notifications (channel_id, event_id);
CREATE INDEX notifications_of_subject ON notifications (subject);

CREATE TABLE sightings (
    sighting_id     TEXT   NOT NULL PRIMARY KEY,
    subject         TEXT   NOT NULL,
    way             TEXT   NOT NULL,
    seen            TEXT   NOT NULL,
    detail          TEXT   NOT NULL,
    outcome         TEXT   NOT NULL,
    at_ms           BIGINT NOT NULL,
    notification_id TEXT
);
CREATE INDEX sightings_of_subject ON sightings (subject, at_ms);
