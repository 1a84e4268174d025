-- Slip links that must not open any more although they have not run out: by a digest of the token, which holds a patient.
CREATE TABLE revoked_links (
    token_sha256  TEXT   NOT NULL PRIMARY KEY,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX revoked_links_by_expiry ON revoked_links (expires_at_ms);
